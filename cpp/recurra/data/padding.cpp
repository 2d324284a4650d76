#include "recurra/data/padding.h"

#include <algorithm>
#include <cstring>

#include "recurra/base/parallel.h"

namespace recurra {
namespace {

// Writes `steps` copies of `step`, doubling the part already written.
void fill(std::byte* out, Index steps, std::span<const std::byte> step) {
  if (steps == 0 || step.empty()) return;
  const std::size_t total = as_size(steps) * step.size();
  std::memcpy(out, step.data(), step.size());
  for (std::size_t done = step.size(); done < total;) {
    const std::size_t more = std::min(done, total - done);
    std::memcpy(out + done, out, more);
    done += more;
  }
}

}  // namespace

void pad_sequences(std::span<const SequenceView> sequences, Index length, std::span<const std::byte> padding_step,
                   Side padding, Side truncating, std::byte* out) {
  const auto step_bytes = static_cast<Index>(padding_step.size());
  const auto count = static_cast<Index>(sequences.size());
  parallel_for(count, static_cast<double>(count * length * step_bytes) / 4, [&](Index i) {
    const SequenceView& sequence = sequences[as_size(i)];
    const Index kept = std::min(sequence.steps, length);
    const Index cut = truncating == Side::before ? sequence.steps - kept : 0;
    const Index missing = length - kept;
    std::byte* row = out + i * length * step_bytes;
    if (padding == Side::before) fill(row, missing, padding_step);
    std::byte* body = padding == Side::before ? row + missing * step_bytes : row;
    if (kept > 0 && step_bytes > 0) std::memcpy(body, sequence.data + cut * step_bytes, as_size(kept * step_bytes));
    if (padding == Side::after) fill(row + kept * step_bytes, missing, padding_step);
  });
}

}  // namespace recurra
