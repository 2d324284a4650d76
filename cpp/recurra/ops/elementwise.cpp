#include "recurra/ops/elementwise.h"

#include <cmath>
#include <numbers>

#include "recurra/kernels/math.h"
#include "recurra/ops/pointwise.h"
#include "recurra/ops/wrapping.h"

namespace recurra::ops {
namespace {

// Piecewise constant functions of any type: integers are left alone, the gradient is 0.
template <class F>
Tensor stepwise(const char* name, const Tensor& x, const F& f) {
  if (!is_floating(x.dtype())) return x;
  const Tensor out = Tensor::empty_like(x);
  dispatch_float(x.dtype(), name, [&]<class T>() { apply<T>(x, out, 2, f); });
  record(name, {x}, {out}, [](const BackwardPass& pass) { pass.add(0, Tensor::zeros_like(pass.output_gradient())); });
  return out;
}

// -v; the lowest integer stays what it is, as in NumPy.
template <class T>
T opposite(T v) {
  if constexpr (std::is_floating_point_v<T>) return -v;
  else return wrapping([](auto a, auto b) { return a - b; }, T(0), v);
}

}  // namespace

Tensor negative(const Tensor& x) {
  const Tensor out = Tensor::empty_like(x);
  dispatch_any(x.dtype(), [&]<class T>() { apply<T>(x, out, 1, [](T v) { return opposite(v); }); });
  record("negative", {x}, {out}, [](const BackwardPass& pass) { pass.add(0, negative(pass.output_gradient())); });
  return out;
}

Tensor abs(const Tensor& x) {
  if (is_floating(x.dtype()))
    return smooth(
        "abs", x, 1, From::input, [](auto v) { return std::abs(v); },
        []<class T>(T v) { return static_cast<T>((v > 0) - (v < 0)); });
  const Tensor out = Tensor::empty_like(x);
  dispatch_any(x.dtype(), [&]<class T>() { apply<T>(x, out, 1, [](T v) { return v < T(0) ? opposite(v) : v; }); });
  return out;
}

Tensor square(const Tensor& x) {
  if (is_floating(x.dtype()))
    return smooth("square", x, 1, From::input, [](auto v) { return v * v; }, [](auto v) { return 2 * v; });
  const Tensor out = Tensor::empty_like(x);
  dispatch_any(x.dtype(), [&]<class T>() {
    apply<T>(x, out, 1, [](T v) { return wrapping([](auto a, auto b) { return a * b; }, v, v); });
  });
  return out;
}

Tensor sign(const Tensor& x) {
  if (is_floating(x.dtype()))
    return stepwise("sign", x, []<class T>(T v) { return v != v ? v : static_cast<T>((v > 0) - (v < 0)); });
  const Tensor out = Tensor::empty_like(x);
  dispatch_any(x.dtype(), [&]<class T>() { apply<T>(x, out, 1, [](T v) { return (v > T(0)) - (v < T(0)); }); });
  return out;
}

Tensor floor(const Tensor& x) {
  return stepwise("floor", x, [](auto v) { return std::floor(v); });
}
Tensor ceil(const Tensor& x) {
  return stepwise("ceil", x, [](auto v) { return std::ceil(v); });
}
Tensor trunc(const Tensor& x) {
  return stepwise("trunc", x, [](auto v) { return std::trunc(v); });
}
Tensor round(const Tensor& x) {
  return stepwise("round", x, [](auto v) { return std::nearbyint(v); });
}

Tensor sqrt(const Tensor& x) {
  return smooth(
      "sqrt", x, 5, From::output, [](auto v) { return std::sqrt(v); }, []<class T>(T y) { return T(0.5) / y; });
}
Tensor rsqrt(const Tensor& x) {
  return smooth(
      "rsqrt", x, 8, From::output, []<class T>(T v) { return T(1) / std::sqrt(v); },
      []<class T>(T y) { return T(-0.5) * y * y * y; });
}
Tensor reciprocal(const Tensor& x) {
  return smooth("reciprocal", x, 4, From::output, []<class T>(T v) { return T(1) / v; }, [](auto y) { return -y * y; });
}
Tensor exp(const Tensor& x) {
  return smooth_vector(
      "exp", x, 15, From::output, []<class T>(Vec<T> v) { return math::exp<T>(v); },
      []<class T>(Vec<T> y) { return y; });
}
Tensor exp2(const Tensor& x) {
  return smooth(
      "exp2", x, 15, From::output, [](auto v) { return std::exp2(v); },
      []<class T>(T y) { return y * std::numbers::ln2_v<T>; });
}
Tensor expm1(const Tensor& x) {
  return smooth(
      "expm1", x, 20, From::output, [](auto v) { return std::expm1(v); }, []<class T>(T y) { return y + T(1); });
}
Tensor log(const Tensor& x) {
  return smooth("log", x, 15, From::input, [](auto v) { return std::log(v); }, []<class T>(T v) { return T(1) / v; });
}
Tensor log2(const Tensor& x) {
  return smooth(
      "log2", x, 15, From::input, [](auto v) { return std::log2(v); },
      []<class T>(T v) { return T(1) / (v * std::numbers::ln2_v<T>); });
}
Tensor log10(const Tensor& x) {
  return smooth(
      "log10", x, 15, From::input, [](auto v) { return std::log10(v); },
      []<class T>(T v) { return T(1) / (v * std::numbers::ln10_v<T>); });
}
Tensor log1p(const Tensor& x) {
  return smooth(
      "log1p", x, 20, From::input, [](auto v) { return std::log1p(v); },
      []<class T>(T v) { return T(1) / (T(1) + v); });
}
Tensor sin(const Tensor& x) {
  return smooth("sin", x, 20, From::input, [](auto v) { return std::sin(v); }, [](auto v) { return std::cos(v); });
}
Tensor cos(const Tensor& x) {
  return smooth("cos", x, 20, From::input, [](auto v) { return std::cos(v); }, [](auto v) { return -std::sin(v); });
}
Tensor tan(const Tensor& x) {
  return smooth(
      "tan", x, 30, From::output, [](auto v) { return std::tan(v); }, []<class T>(T y) { return T(1) + y * y; });
}
Tensor arcsin(const Tensor& x) {
  return smooth(
      "arcsin", x, 30, From::input, [](auto v) { return std::asin(v); },
      []<class T>(T v) { return T(1) / std::sqrt((T(1) - v) * (T(1) + v)); });
}
Tensor arccos(const Tensor& x) {
  return smooth(
      "arccos", x, 30, From::input, [](auto v) { return std::acos(v); },
      []<class T>(T v) { return T(-1) / std::sqrt((T(1) - v) * (T(1) + v)); });
}
Tensor arctan(const Tensor& x) {
  return smooth(
      "arctan", x, 30, From::input, [](auto v) { return std::atan(v); },
      []<class T>(T v) { return T(1) / (T(1) + v * v); });
}
Tensor sinh(const Tensor& x) {
  return smooth("sinh", x, 30, From::input, [](auto v) { return std::sinh(v); }, [](auto v) { return std::cosh(v); });
}
Tensor cosh(const Tensor& x) {
  return smooth("cosh", x, 30, From::input, [](auto v) { return std::cosh(v); }, [](auto v) { return std::sinh(v); });
}
Tensor arcsinh(const Tensor& x) {
  return smooth(
      "arcsinh", x, 30, From::input, [](auto v) { return std::asinh(v); },
      []<class T>(T v) { return T(1) / std::sqrt(v * v + T(1)); });
}
Tensor arccosh(const Tensor& x) {
  return smooth(
      "arccosh", x, 30, From::input, [](auto v) { return std::acosh(v); },
      []<class T>(T v) { return T(1) / std::sqrt((v - T(1)) * (v + T(1))); });
}
Tensor arctanh(const Tensor& x) {
  return smooth(
      "arctanh", x, 30, From::input, [](auto v) { return std::atanh(v); },
      []<class T>(T v) { return T(1) / ((T(1) - v) * (T(1) + v)); });
}
Tensor erf(const Tensor& x) {
  return smooth(
      "erf", x, 30, From::input, [](auto v) { return std::erf(v); },
      []<class T>(T v) { return T(2) * std::numbers::inv_sqrtpi_v<T> * std::exp(-v * v); });
}

Tensor clip(const Tensor& x, double low, double high) {
  const Tensor out = Tensor::empty_like(x);
  dispatch_any(x.dtype(), [&]<class T>() {
    apply<T>(x, out, 2, [low, high](T v) {
      if constexpr (std::is_floating_point_v<T>) {
        const auto l = static_cast<T>(low);
        const auto h = static_cast<T>(high);
        return v < l ? l : v > h ? h : v;
      } else {
        const auto number = static_cast<double>(v);
        return number < low ? static_cast<T>(low) : number > high ? static_cast<T>(high) : v;
      }
    });
  });
  if (needs_recording({&x}))
    record("clip", {x}, {out}, [low, high, kept = x.detach()](const BackwardPass& pass) {
      const Tensor& g = pass.output_gradient();
      const Tensor dx = Tensor::empty_like(g);
      dispatch_float(g.dtype(), "clip", [&]<class T>() {
        const auto l = static_cast<T>(low);
        const auto h = static_cast<T>(high);
        broadcast_apply<T, T>(g, kept, dx, 2, [l, h](T d, T v) { return v >= l && v <= h ? d : T(0); });
      });
      pass.add(0, dx);
    });
  return out;
}

}  // namespace recurra::ops
