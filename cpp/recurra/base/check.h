// Checks at the public border. A failed check throws std::invalid_argument before any state has changed; below the
// border the engine uses assert().
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace recurra {

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

/// Throws std::invalid_argument with the parts joined into one line when `holds` is false.
template <class... Parts>
void check(bool holds, const Parts&... parts) {
  if (!holds) [[unlikely]]
    throw std::invalid_argument(text(parts...));
}

}  // namespace recurra
