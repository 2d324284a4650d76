// How a sliding window moves over one axis of a sequence or an image: shared by convolution and pooling.
//
// Output t sees the inputs t*stride + k*dilation - before for 0 <= k < size; those outside [0, input) are padding.
#pragma once

#include <algorithm>
#include <string>

#include "recurra/base/checked.h"
#include "recurra/base/shape.h"

namespace recurra::ops {

enum class Padding { valid, same, causal };

inline Padding padding_named(const std::string& name, const char* who) {
  if (name == "valid") return Padding::valid;
  if (name == "same") return Padding::same;
  check(name == "causal", who, ": padding is 'valid', 'same' or 'causal', got '", name, "'");
  return Padding::causal;
}

struct Window {
  Index size = 1;
  Index stride = 1;
  Index dilation = 1;
  Index before = 0;  ///< padding in front of the first input
  Index input = 1;
  Index output = 1;

  /// Inputs from the first tap to the last one. Throws where 64 bits do not hold it.
  Index span(const char* who) const { return checked_add(checked_multiply(size - 1, dilation, who), 1, who); }
};

/// The window of `size` taps over `input` numbers. Throws if a valid window does not fit or a number is not positive.
inline Window window_over(Index input, Index size, Index stride, Index dilation, Padding padding, const char* who) {
  check(size >= 1 && stride >= 1 && dilation >= 1, who, ": window size, stride and dilation must be at least 1, got ",
        size, ", ", stride, " and ", dilation);
  Window w{size, stride, dilation, 0, input, 0};
  const Index span = w.span(who);
  // From the first padded input to the last one: every position of a tap lies within.
  [[maybe_unused]] const Index reach = checked_add(input, span, who);
  if (padding == Padding::valid) {
    check(input >= span, who, ": the window covers ", span, " steps (size ", size, ", dilation ", dilation,
          ") but the input has only ", input, "; use padding='same', a smaller window or a longer input");
    w.output = (input - span) / stride + 1;
    return w;
  }
  w.output = divide_up(input, stride);
  if (padding == Padding::causal) w.before = span - 1;
  else if (w.output > 0) w.before = std::max<Index>((w.output - 1) * stride + span - input, 0) / 2;
  return w;
}

}  // namespace recurra::ops
