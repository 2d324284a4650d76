// Convolution and pooling: see cpp/recurra/ops/{conv,depthwise,pool}.h.
#include "ops.h"
#include "recurra/ops/conv.h"
#include "recurra/ops/depthwise.h"
#include "recurra/ops/pool.h"

namespace recurra::bindings {
namespace {

std::array<Index, 2> pair(Object value, const char* who, const char* argument) {
  const std::vector<Index> numbers = integers(value, who, argument);
  check(numbers.size() == 2, who, ": ", argument, " must be two integers, got ", numbers.size());
  return {numbers[0], numbers[1]};
}

ops::Padding padding_of(Object padding, const char* who) {
  return ops::padding_named(string(padding, who, "padding"), who);
}

Tensor conv1d(Object x, Object kernel, Object bias, Object stride, Object dilation, Object groups, Object padding,
              Object activation) {
  constexpr const char* who = "conv1d";
  const Tensor t = operand(x), w = operand(kernel), b = optional_operand(bias);
  const Index step = integer(stride, who, "stride"), apart = integer(dilation, who, "dilation");
  const Index parts = integer(groups, who, "groups");
  const ops::Padding around = padding_of(padding, who);
  const Activation kind = activation_named(string(activation, who, "activation"), who);
  return compute(t.size() + w.size(), [&] { return ops::conv1d(t, w, b, step, apart, parts, around, kind); });
}

Tensor conv2d(Object x, Object kernel, Object bias, Object strides, Object dilations, Object groups, Object padding,
              Object activation) {
  constexpr const char* who = "conv2d";
  const Tensor t = operand(x), w = operand(kernel), b = optional_operand(bias);
  const auto steps = pair(strides, who, "strides"), apart = pair(dilations, who, "dilations");
  const Index parts = integer(groups, who, "groups");
  const ops::Padding around = padding_of(padding, who);
  const Activation kind = activation_named(string(activation, who, "activation"), who);
  return compute(t.size() + w.size(), [&] { return ops::conv2d(t, w, b, steps, apart, parts, around, kind); });
}

Tensor conv1d_transpose(Object x, Object kernel, Object output, Object bias, Object stride, Object dilation,
                        Object before) {
  constexpr const char* who = "conv1d_transpose";
  const Tensor t = operand(x), w = operand(kernel), b = optional_operand(bias);
  const Index extent = integer(output, who, "output"), cut = integer(before, who, "before");
  const Index step = integer(stride, who, "stride"), apart = integer(dilation, who, "dilation");
  return compute(t.size() + w.size(), [&] { return ops::conv1d_transpose(t, w, b, step, apart, cut, extent); });
}

Tensor depthwise_conv1d(Object x, Object kernel, Object stride, Object dilation, Object padding) {
  constexpr const char* who = "depthwise_conv1d";
  const Tensor t = operand(x), w = operand(kernel);
  const Index step = integer(stride, who, "stride"), apart = integer(dilation, who, "dilation");
  const ops::Padding around = padding_of(padding, who);
  return compute(t.size() + w.size(), [&] { return ops::depthwise_conv1d(t, w, step, apart, around); });
}

void pool1d(py::module_& m, const char* name, Tensor (*f)(const Tensor&, Index, Index, ops::Padding),
            const char* docstring) {
  m.def(
      name,
      [f, name](Object x, Object size, Object stride, Object padding) {
        const Tensor t = operand(x);
        const Index window = integer(size, name, "size"), step = integer(stride, name, "stride");
        const ops::Padding around = padding_of(padding, name);
        return compute(t.size(), [&] { return f(t, window, step, around); });
      },
      py::arg("x"), py::arg("size"), py::arg("stride"), py::arg("padding") = "valid", docstring);
}

void pool2d(py::module_& m, const char* name,
            Tensor (*f)(const Tensor&, std::array<Index, 2>, std::array<Index, 2>, ops::Padding),
            const char* docstring) {
  m.def(
      name,
      [f, name](Object x, Object size, Object strides, Object padding) {
        const Tensor t = operand(x);
        const auto window = pair(size, name, "size"), steps = pair(strides, name, "strides");
        const ops::Padding around = padding_of(padding, name);
        return compute(t.size(), [&] { return f(t, window, steps, around); });
      },
      py::arg("x"), py::arg("size"), py::arg("strides"), py::arg("padding") = "valid", docstring);
}

}  // namespace

void register_convolution(py::module_& m) {
  m.def("conv1d", &conv1d, py::arg("x"), py::arg("kernel"), py::arg("bias") = py::none(), py::arg("stride") = 1,
        py::arg("dilation") = 1, py::arg("groups") = 1, py::arg("padding") = "valid", py::arg("activation") = "linear",
        "x (B, T, F), kernel (K, F/groups, O), bias (O) or None -> (B, T', O); padding 'valid', 'same' or 'causal'.");
  m.def("conv2d", &conv2d, py::arg("x"), py::arg("kernel"), py::arg("bias") = py::none(),
        py::arg("strides") = py::make_tuple(1, 1), py::arg("dilations") = py::make_tuple(1, 1), py::arg("groups") = 1,
        py::arg("padding") = "valid", py::arg("activation") = "linear",
        "x (B, H, W, F), kernel (K, L, F/groups, O), bias (O) or None -> (B, H', W', O); padding 'valid' or 'same'.");
  m.def("conv1d_transpose", &conv1d_transpose, py::arg("x"), py::arg("kernel"), py::arg("output"),
        py::arg("bias") = py::none(), py::arg("stride") = 1, py::arg("dilation") = 1, py::arg("before") = 0,
        "x (B, T, F), kernel (K, O, F), bias (O) or None -> (B, output, O), without the first `before` steps.");
  m.def("depthwise_conv1d", &depthwise_conv1d, py::arg("x"), py::arg("kernel"), py::arg("stride") = 1,
        py::arg("dilation") = 1, py::arg("padding") = "valid", "x (B, T, F), kernel (K, F, M) -> (B, T', F*M).");
  pool1d(m, "max_pool1d", ops::max_pool1d, "x (B, T, C) -> (B, T', C); padding 'valid' or 'same'.");
  pool2d(m, "max_pool2d", ops::max_pool2d, "x (B, H, W, C) -> (B, H', W', C).");
  pool1d(m, "average_pool1d", ops::average_pool1d, "x (B, T, C) -> (B, T', C); the mean leaves padding out.");
  pool2d(m, "average_pool2d", ops::average_pool2d, "x (B, H, W, C) -> (B, H', W', C); the mean leaves padding out.");
}

}  // namespace recurra::bindings
