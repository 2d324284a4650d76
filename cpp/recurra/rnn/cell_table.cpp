#include "recurra/rnn/cell_table.h"

#include <algorithm>
#include <deque>
#include <stdexcept>

#include "recurra/base/check.h"

namespace recurra::rnn {
namespace {

// A deque: entries stay where they are while others are added.
std::deque<CellEntry>& cells() {
  static std::deque<CellEntry> entries;
  return entries;
}

}  // namespace

void add_cell(const CellEntry& entry) { cells().push_back(entry); }

const CellEntry& find_cell(const std::string& name) {
  for (const CellEntry& entry : cells())
    if (name == entry.shape.name) return entry;
  std::string known;
  for (const std::string& each : cell_names()) known += (known.empty() ? "" : ", ") + each;
  throw std::invalid_argument(text("rnn: cell '", name, "' is not one of ", known));
}

std::vector<std::string> cell_names() {
  std::vector<std::string> names;
  for (const CellEntry& entry : cells()) names.emplace_back(entry.shape.name);
  std::ranges::sort(names);
  return names;
}

}  // namespace recurra::rnn
