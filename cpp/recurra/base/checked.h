// Arithmetic on sizes, offsets and positions that come from a user's numbers: a result that 64 bits do not hold is
// refused with std::invalid_argument. `who` names the caller in the error.
#pragma once

#include "recurra/base/check.h"
#include "recurra/base/index.h"

namespace recurra {

inline Index checked_add(Index a, Index b, const char* who) {
  Index sum = 0;
  check(!__builtin_add_overflow(a, b, &sum), who, ": the size ", a, " + ", b, " does not fit into 64 bits");
  return sum;
}

inline Index checked_multiply(Index a, Index b, const char* who) {
  Index product = 0;
  check(!__builtin_mul_overflow(a, b, &product), who, ": the size ", a, " * ", b, " does not fit into 64 bits");
  return product;
}

/// a / b rounded up, for a >= 0 and b >= 1, without the sum that could overflow.
constexpr Index divide_up(Index a, Index b) {
  assert(a >= 0 && b >= 1);
  return a / b + (a % b != 0 ? 1 : 0);
}

}  // namespace recurra
