// Arithmetic on integers that wraps round at the ends of their range, as in NumPy; plain C++ leaves that undefined.
#pragma once

#include <type_traits>

namespace recurra::ops {

/// f(a, b), computed without signs where T is an integer.
template <class F, class T>
T wrapping(const F& f, T a, T b) {
  if constexpr (std::is_floating_point_v<T> || std::is_same_v<T, bool>) {
    return static_cast<T>(f(a, b));
  } else {
    using Unsigned = std::make_unsigned_t<T>;
    return static_cast<T>(f(static_cast<Unsigned>(a), static_cast<Unsigned>(b)));
  }
}

}  // namespace recurra::ops
