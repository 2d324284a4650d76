// Elementwise arithmetic, functions and comparisons.
#include "recurra/ops/arithmetic.h"
#include "ops.h"
#include "recurra/ops/activation.h"
#include "recurra/ops/cast.h"
#include "recurra/ops/comparison.h"
#include "recurra/ops/elementwise.h"

namespace recurra::bindings {
namespace {

using Unary = Tensor (*)(const Tensor&);
using Binary = Tensor (*)(const Tensor&, const Tensor&);

void unary(py::module_& m, const char* name, Unary f) {
  m.def(name, [f](Object x) {
    const Tensor t = operand(x);
    return compute(t.size(), [&] { return f(t); });
  });
}

void binary(py::module_& m, const char* name, Binary f) {
  m.def(name, [f](Object x1, Object x2) {
    const auto pair = operands(x1, x2);
    return compute(pair.first.size() + pair.second.size(), [&] { return f(pair.first, pair.second); });
  });
}

void with_number(py::module_& m, const char* name, const char* argument, Tensor (*f)(const Tensor&, double)) {
  m.def(name, [f, name, argument](Object x, Object number) {
    const Tensor t = operand(x);
    const double value = real(number, name, argument);
    return compute(t.size(), [&] { return f(t, value); });
  });
}

Tensor where(Object condition, Object x1, Object x2) {
  const Tensor truth = operand(condition);
  const auto pair = operands(x1, x2);
  return compute(truth.size() + pair.first.size(), [&] { return ops::where(truth, pair.first, pair.second); });
}

// The limits of integers may be whole numbers that a double does not hold.
Tensor clip(Object x, Object low, Object high) {
  const Tensor t = operand(x);
  if (!is_floating(t.dtype()) && PyIndex_Check(low.ptr()) && PyIndex_Check(high.ptr())) {
    const Tensor least = operands(x, low).second, most = operands(x, high).second;
    return compute(t.size(), [&] { return ops::cast(ops::minimum(ops::maximum(t, least), most), t.dtype()); });
  }
  const double least = real(low, "clip", "x_min"), most = real(high, "clip", "x_max");
  return compute(t.size(), [&] { return ops::clip(t, least, most); });
}

Tensor cast(Object x, Object dtype) {
  const Tensor t = operand(x);
  const DType type = dtype_from_python(dtype);
  return compute(t.size(), [&] { return ops::cast(t, type); });
}

Tensor relu(Object x, Object negative_slope, Object max_value, Object threshold) {
  const Tensor t = operand(x);
  const double slope = real(negative_slope, "relu", "negative_slope");
  const double top = real(max_value, "relu", "max_value"), bottom = real(threshold, "relu", "threshold");
  return compute(t.size(), [&] { return ops::relu(t, slope, top, bottom); });
}

Tensor gelu(Object x, Object approximate) {
  const Tensor t = operand(x);
  const bool by_tanh = truth(approximate);
  return compute(t.size(), [&] { return ops::gelu(t, by_tanh); });
}

Tensor threshold(Object x, Object limit, Object otherwise) {
  const Tensor t = operand(x);
  const double least = real(limit, "threshold", "threshold"), other = real(otherwise, "threshold", "default_value");
  return compute(t.size(), [&] { return ops::threshold(t, least, other); });
}

}  // namespace

void register_arithmetic(py::module_& m) {
  m.def("operand", [](Object x) { return operand(x); });
  binary(m, "add", ops::add);
  binary(m, "subtract", ops::subtract);
  binary(m, "multiply", ops::multiply);
  binary(m, "divide", ops::divide);
  binary(m, "divide_no_nan", ops::divide_no_nan);
  binary(m, "floor_divide", ops::floor_divide);
  binary(m, "mod", ops::mod);
  binary(m, "power", ops::power);
  binary(m, "maximum", ops::maximum);
  binary(m, "minimum", ops::minimum);
  binary(m, "arctan2", ops::arctan2);
  binary(m, "logaddexp", ops::logaddexp);

  binary(m, "equal", ops::equal);
  binary(m, "not_equal", ops::not_equal);
  binary(m, "less", ops::less);
  binary(m, "less_equal", ops::less_equal);
  binary(m, "greater", ops::greater);
  binary(m, "greater_equal", ops::greater_equal);
  binary(m, "logical_and", ops::logical_and);
  binary(m, "logical_or", ops::logical_or);
  binary(m, "logical_xor", ops::logical_xor);
  unary(m, "logical_not", ops::logical_not);
  unary(m, "isnan", ops::isnan);
  unary(m, "isinf", ops::isinf);
  unary(m, "isfinite", ops::isfinite);
  m.def("where", &where);

  unary(m, "negative", ops::negative);
  unary(m, "abs", ops::abs);
  unary(m, "square", ops::square);
  unary(m, "sign", ops::sign);
  unary(m, "floor", ops::floor);
  unary(m, "ceil", ops::ceil);
  unary(m, "trunc", ops::trunc);
  unary(m, "round", ops::round);
  unary(m, "sqrt", ops::sqrt);
  unary(m, "rsqrt", ops::rsqrt);
  unary(m, "reciprocal", ops::reciprocal);
  unary(m, "exp", ops::exp);
  unary(m, "exp2", ops::exp2);
  unary(m, "expm1", ops::expm1);
  unary(m, "log", ops::log);
  unary(m, "log2", ops::log2);
  unary(m, "log10", ops::log10);
  unary(m, "log1p", ops::log1p);
  unary(m, "sin", ops::sin);
  unary(m, "cos", ops::cos);
  unary(m, "tan", ops::tan);
  unary(m, "arcsin", ops::arcsin);
  unary(m, "arccos", ops::arccos);
  unary(m, "arctan", ops::arctan);
  unary(m, "sinh", ops::sinh);
  unary(m, "cosh", ops::cosh);
  unary(m, "arcsinh", ops::arcsinh);
  unary(m, "arccosh", ops::arccosh);
  unary(m, "arctanh", ops::arctanh);
  unary(m, "erf", ops::erf);
  m.def("clip", &clip);
  m.def("cast", &cast);

  unary(m, "selu", ops::selu);
  unary(m, "softplus", ops::softplus);
  unary(m, "softsign", ops::softsign);
  unary(m, "tanh", ops::tanh);
  unary(m, "sigmoid", ops::sigmoid);
  unary(m, "hard_sigmoid", ops::hard_sigmoid);
  unary(m, "silu", ops::silu);
  unary(m, "hard_silu", ops::hard_silu);
  unary(m, "mish", ops::mish);
  unary(m, "log_sigmoid", ops::log_sigmoid);
  unary(m, "tanh_shrink", ops::tanh_shrink);
  with_number(m, "elu", "alpha", ops::elu);
  with_number(m, "celu", "alpha", ops::celu);
  with_number(m, "hard_shrink", "threshold", ops::hard_shrink);
  with_number(m, "soft_shrink", "threshold", ops::soft_shrink);
  m.def("relu", &relu, py::arg("x"), py::arg("negative_slope") = 0.0, py::arg("max_value") = 1.0 / 0.0,
        py::arg("threshold") = 0.0);
  m.def("gelu", &gelu);
  m.def("threshold", &threshold);
}

}  // namespace recurra::bindings
