// Sequences of different lengths laid into one block: row i of `out` holds sequence i, cut to `length` steps or filled
// up with a padding step, before or after. A step is any fixed number of bytes, so one routine serves every element
// type.
#pragma once

#include <cstddef>
#include <span>

#include "recurra/base/shape.h"

namespace recurra {

/// `steps` steps one behind the other in memory.
struct SequenceView {
  const std::byte* data = nullptr;
  Index steps = 0;
};

/// The side of a row at which something is added or taken away.
enum class Side { before, after };

/// Fills out[sequences.size()][length][padding_step.size()]; `padding_step` is the step that stands for "nothing".
void pad_sequences(std::span<const SequenceView> sequences, Index length, std::span<const std::byte> padding_step,
                   Side padding, Side truncating, std::byte* out);

}  // namespace recurra
