// The integer type of sizes, positions and axes, and its conversion for the standard library's containers.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>

namespace recurra {

using Index = std::int64_t;

/// A count or position as the standard library wants it.
constexpr std::size_t as_size(Index index) {
  assert(index >= 0);
  return static_cast<std::size_t>(index);
}

}  // namespace recurra
