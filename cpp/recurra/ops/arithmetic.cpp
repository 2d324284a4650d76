#include "recurra/ops/arithmetic.h"

#include <cmath>
#include <limits>

#include "recurra/ops/broadcast.h"
#include "recurra/ops/cast.h"
#include "recurra/ops/comparison.h"
#include "recurra/ops/elementwise.h"
#include "recurra/ops/reduction.h"
#include "recurra/ops/wrapping.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

struct Operands {
  Tensor a, b, out;

  Operands(const Tensor& x, const Tensor& y, DType dtype, const char* who)
      : a(cast(x, dtype)), b(cast(y, dtype)), out(broadcast_shape(x.shape(), y.shape(), who), dtype) {}
};

template <class F>
Operands any_type(const Tensor& x, const Tensor& y, const char* who, double cost, const F& f) {
  Operands o(x, y, promoted(x.dtype(), y.dtype()), who);
  dispatch_any(o.out.dtype(), [&]<class T>() { broadcast_apply<T, T>(o.a, o.b, o.out, cost, f); });
  return o;
}

template <class F>
Operands floating_type(const Tensor& x, const Tensor& y, const char* who, double cost, const F& f) {
  Operands o(x, y, floating(promoted(x.dtype(), y.dtype())), who);
  dispatch_float(o.out.dtype(), who, [&]<class T>() { broadcast_apply<T, T>(o.a, o.b, o.out, cost, f); });
  return o;
}

// Calls adjoint(a, b, gradient) -> {da, db} lazily: each side is computed only where wanted.
template <class Left, class Right>
Tensor recorded(const char* name, const Operands& o, const Left& left, const Right& right) {
  if (needs_recording({&o.a, &o.b}))
    record(name, {o.a, o.b}, {o.out},
           [a = o.a.detach(), b = o.b.detach(), y = o.out.detach(), left, right](const BackwardPass& pass) {
             const Tensor& g = pass.output_gradient();
             if (pass.wants(0)) pass.add(0, sum_to(left(a, b, y, g), a.shape()));
             if (pass.wants(1)) pass.add(1, sum_to(right(a, b, y, g), b.shape()));
           });
  return o.out;
}

// Python's sign rule: the result of a % b has the sign of b.
template <class T>
T remainder(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    const T r = std::fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  } else if constexpr (std::is_same_v<T, bool>) {
    return false;
  } else {
    if (b == 0 || b == T(-1)) return T(0);  // the lowest number modulo -1 would overflow
    const T r = static_cast<T>(a % b);
    return r != T(0) && (r < T(0)) != (b < T(0)) ? static_cast<T>(r + b) : r;
  }
}

template <class T>
T integer_power(T base, T exponent) {
  if (exponent < 0) return base == 1 ? T(1) : base == T(-1) ? (exponent % 2 ? T(-1) : T(1)) : T(0);
  using Unsigned = std::make_unsigned_t<T>;  // wraps like NumPy instead of overflowing
  Unsigned result = 1;
  auto factor = static_cast<Unsigned>(base);
  for (; exponent > 0; exponent /= 2, factor *= factor)
    if (exponent % 2) result *= factor;
  return static_cast<T>(result);
}

constexpr auto identity = [](const Tensor&, const Tensor&, const Tensor&, const Tensor& g) { return g; };

// Weight of the first operand in a choice between two: 1, 0, or 1/2 in a tie.
Tensor share(const Tensor& chosen, const Tensor& other) {
  const Tensor first = cast(greater(chosen, other), chosen.dtype());
  const Tensor tie = cast(equal(chosen, other), chosen.dtype());
  return add(first, multiply(tie, Tensor::scalar(0.5, chosen.dtype())));
}

}  // namespace

Tensor add(const Tensor& x, const Tensor& y) {
  const auto o =
      any_type(x, y, "add", 1, [](auto a, auto b) { return wrapping([](auto u, auto v) { return u + v; }, a, b); });
  if (needs_recording({&o.a, &o.b}))
    record("add", {o.a, o.b}, {o.out}, [a = o.a.shape(), b = o.b.shape()](const BackwardPass& pass) {
      if (pass.wants(0)) pass.add(0, sum_to(pass.output_gradient(), a));
      if (pass.wants(1)) pass.add(1, sum_to(pass.output_gradient(), b));
    });
  return o.out;
}

Tensor subtract(const Tensor& x, const Tensor& y) {
  const auto o = any_type(x, y, "subtract", 1,
                          [](auto a, auto b) { return wrapping([](auto u, auto v) { return u - v; }, a, b); });
  if (needs_recording({&o.a, &o.b}))
    record("subtract", {o.a, o.b}, {o.out}, [a = o.a.shape(), b = o.b.shape()](const BackwardPass& pass) {
      if (pass.wants(0)) pass.add(0, sum_to(pass.output_gradient(), a));
      if (pass.wants(1)) pass.add(1, negative(sum_to(pass.output_gradient(), b)));
    });
  return o.out;
}

Tensor multiply(const Tensor& x, const Tensor& y) {
  const auto o = any_type(x, y, "multiply", 1,
                          [](auto a, auto b) { return wrapping([](auto u, auto v) { return u * v; }, a, b); });
  if (needs_recording({&o.a, &o.b}))
    record("multiply", {o.a, o.b}, {o.out}, [a = o.a.detach(), b = o.b.detach()](const BackwardPass& pass) {
      const Tensor& g = pass.output_gradient();
      if (pass.wants(0)) pass.add(0, sum_to(multiply(g, b), a.shape()));
      if (pass.wants(1)) pass.add(1, sum_to(multiply(g, a), b.shape()));
    });
  return o.out;
}

Tensor divide(const Tensor& x, const Tensor& y) {
  const auto o = floating_type(x, y, "divide", 4, [](auto a, auto b) { return a / b; });
  return recorded(
      "divide", o, [](const Tensor&, const Tensor& b, const Tensor&, const Tensor& g) { return divide(g, b); },
      [](const Tensor&, const Tensor& b, const Tensor& q, const Tensor& g) {
        return negative(divide(multiply(g, q), b));
      });
}

Tensor divide_no_nan(const Tensor& x, const Tensor& y) {
  const auto o =
      floating_type(x, y, "divide_no_nan", 4, [](auto a, auto b) { return b == 0 ? decltype(a)(0) : a / b; });
  return recorded(
      "divide_no_nan", o,
      [](const Tensor&, const Tensor& b, const Tensor&, const Tensor& g) { return divide_no_nan(g, b); },
      [](const Tensor&, const Tensor& b, const Tensor& q, const Tensor& g) {
        return negative(divide_no_nan(multiply(g, q), b));
      });
}

Tensor floor_divide(const Tensor& x, const Tensor& y) {
  return any_type(x, y, "floor_divide", 8,
                  []<class T>(T a, T b) {
                    if constexpr (std::is_floating_point_v<T>) {
                      return std::floor(a / b);
                    } else {
                      if (b == 0) return T(0);
                      if constexpr (std::is_signed_v<T>)
                        if (b == T(-1)) return wrapping([](auto u, auto v) { return u - v; }, T(0), a);
                      const T quotient = static_cast<T>(a / b);
                      return a % b != 0 && (a < 0) != (b < 0) ? static_cast<T>(quotient - 1) : quotient;
                    }
                  })
      .out;
}

Tensor mod(const Tensor& x, const Tensor& y) {
  const auto o = any_type(x, y, "mod", 20, []<class T>(T a, T b) { return remainder(a, b); });
  if (!is_floating(o.out.dtype())) return o.out;
  return recorded("mod", o, identity, [](const Tensor& a, const Tensor& b, const Tensor&, const Tensor& g) {
    return negative(multiply(g, floor(divide(a, b))));
  });
}

Tensor power(const Tensor& x, const Tensor& y) {
  const auto o = any_type(x, y, "power", 40, []<class T>(T a, T b) {
    if constexpr (std::is_floating_point_v<T>) return std::pow(a, b);
    else if constexpr (std::is_same_v<T, bool>) return a || !b;
    else return integer_power(a, b);
  });
  if (!is_floating(o.out.dtype())) return o.out;
  return recorded(
      "power", o,
      [](const Tensor& a, const Tensor& b, const Tensor&, const Tensor& g) {
        const Tensor one = Tensor::scalar(1, b.dtype());
        // b a^(b-1), which is 0 for b = 0 even where a is 0.
        const Tensor slope = where(equal(b, Tensor::scalar(0, b.dtype())), Tensor::scalar(0, b.dtype()),
                                   multiply(b, power(a, subtract(b, one))));
        return multiply(g, slope);
      },
      [](const Tensor& a, const Tensor&, const Tensor& p, const Tensor& g) {
        // a^b log(a), and 0 at a = 0, where the power is constant in b > 0.
        const Tensor zero = Tensor::scalar(0, a.dtype());
        return multiply(g, where(equal(a, zero), zero, multiply(p, log(a))));
      });
}

Tensor maximum(const Tensor& x, const Tensor& y) {
  const auto o = any_type(x, y, "maximum", 1, []<class T>(T a, T b) { return a > b || a != a ? a : b; });
  if (!is_floating(o.out.dtype())) return o.out;
  return recorded(
      "maximum", o,
      [](const Tensor& a, const Tensor& b, const Tensor&, const Tensor& g) { return multiply(g, share(a, b)); },
      [](const Tensor& a, const Tensor& b, const Tensor&, const Tensor& g) { return multiply(g, share(b, a)); });
}

Tensor minimum(const Tensor& x, const Tensor& y) {
  const auto o = any_type(x, y, "minimum", 1, []<class T>(T a, T b) { return a < b || a != a ? a : b; });
  if (!is_floating(o.out.dtype())) return o.out;
  return recorded(
      "minimum", o,
      [](const Tensor& a, const Tensor& b, const Tensor&, const Tensor& g) { return multiply(g, share(b, a)); },
      [](const Tensor& a, const Tensor& b, const Tensor&, const Tensor& g) { return multiply(g, share(a, b)); });
}

Tensor arctan2(const Tensor& x, const Tensor& y) {
  const auto o = floating_type(x, y, "arctan2", 40, [](auto a, auto b) { return std::atan2(a, b); });
  return recorded(
      "arctan2", o,
      [](const Tensor& a, const Tensor& b, const Tensor&, const Tensor& g) {
        return multiply(g, divide(b, add(square(a), square(b))));
      },
      [](const Tensor& a, const Tensor& b, const Tensor&, const Tensor& g) {
        return negative(multiply(g, divide(a, add(square(a), square(b)))));
      });
}

Tensor logaddexp(const Tensor& x, const Tensor& y) {
  const auto o = floating_type(x, y, "logaddexp", 60, []<class T>(T a, T b) {
    const T larger = a > b ? a : b;
    const T gap = a > b ? b - a : a - b;
    return a == b ? a + std::log(T(2)) : larger + std::log1p(std::exp(gap));
  });
  return recorded(
      "logaddexp", o,
      [](const Tensor& a, const Tensor&, const Tensor& l, const Tensor& g) { return multiply(g, exp(subtract(a, l))); },
      [](const Tensor&, const Tensor& b, const Tensor& l, const Tensor& g) {
        return multiply(g, exp(subtract(b, l)));
      });
}

}  // namespace recurra::ops
