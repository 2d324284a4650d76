#include "recurra/rnn/register.h"

#include <algorithm>
#include <stdexcept>

#include "recurra/base/check.h"
#include "recurra/rnn/recurrent.h"

namespace recurra::rnn {
namespace {

std::vector<CellEntry>& cells() {
  static std::vector<CellEntry> entries;
  return entries;
}

}  // namespace

void add_cell(const CellEntry& entry) { cells().push_back(entry); }

const CellEntry& find_cell(const std::string& name) {
  for (const CellEntry& entry : cells())
    if (name == entry.name) return entry;
  std::string known;
  for (const std::string& each : cell_names()) known += (known.empty() ? "" : ", ") + each;
  throw std::invalid_argument(text("rnn: cell '", name, "' is not one of ", known));
}

std::vector<std::string> cell_names() {
  std::vector<std::string> names;
  for (const CellEntry& entry : cells()) names.emplace_back(entry.name);
  std::ranges::sort(names);
  return names;
}

template <class T>
std::unique_ptr<Stepper<T>> make_stepper(const std::string& cell, const StepperOptions<T>& options) {
  return find_cell(cell).makers<T>().stepper(options);
}

template std::unique_ptr<Stepper<float>> make_stepper(const std::string&, const StepperOptions<float>&);
template std::unique_ptr<Stepper<double>> make_stepper(const std::string&, const StepperOptions<double>&);

}  // namespace recurra::rnn
