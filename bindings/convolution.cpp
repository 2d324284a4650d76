// Convolution and pooling: translation only, see cpp/recurra/ops/{conv,depthwise,pool}.h.
#include "bindings.h"
#include "recurra/ops/conv.h"
#include "recurra/ops/depthwise.h"
#include "recurra/ops/pool.h"

namespace recurra::bindings {

void register_convolution(py::module_& m) {
  using Pair = std::array<Index, 2>;
  m.def(
      "conv1d",
      [](const Tensor& x, const Tensor& kernel, const OptionalTensor& bias, Index stride, Index dilation, Index groups,
         const std::string& padding, const std::string& activation) {
        return ops::conv1d(x, kernel, bias, stride, dilation, groups, ops::padding_named(padding, "conv1d"),
                           activation_named(activation, "conv1d"));
      },
      py::arg("x"), py::arg("kernel"), py::arg("bias") = py::none(), py::arg("stride") = 1, py::arg("dilation") = 1,
      py::arg("groups") = 1, py::arg("padding") = "valid", py::arg("activation") = "linear", Unlocked(),
      "x (B, T, F), kernel (K, F/groups, O), bias (O) or None -> (B, T', O); padding 'valid', 'same' or 'causal'.");
  m.def(
      "conv2d",
      [](const Tensor& x, const Tensor& kernel, const OptionalTensor& bias, Pair strides, Pair dilations, Index groups,
         const std::string& padding, const std::string& activation) {
        return ops::conv2d(x, kernel, bias, strides, dilations, groups, ops::padding_named(padding, "conv2d"),
                           activation_named(activation, "conv2d"));
      },
      py::arg("x"), py::arg("kernel"), py::arg("bias") = py::none(), py::arg("strides") = Pair{1, 1},
      py::arg("dilations") = Pair{1, 1}, py::arg("groups") = 1, py::arg("padding") = "valid",
      py::arg("activation") = "linear", Unlocked(),
      "x (B, H, W, F), kernel (K, L, F/groups, O), bias (O) or None -> (B, H', W', O); padding 'valid' or 'same'.");
  m.def(
      "conv1d_transpose",
      [](const Tensor& x, const Tensor& kernel, Index output, const OptionalTensor& bias, Index stride, Index dilation,
         Index before) { return ops::conv1d_transpose(x, kernel, bias, stride, dilation, before, output); },
      py::arg("x"), py::arg("kernel"), py::arg("output"), py::arg("bias") = py::none(), py::arg("stride") = 1,
      py::arg("dilation") = 1, py::arg("before") = 0, Unlocked(),
      "x (B, T, F), kernel (K, O, F), bias (O) or None -> (B, output, O), without the first `before` steps.");
  m.def(
      "depthwise_conv1d",
      [](const Tensor& x, const Tensor& kernel, Index stride, Index dilation, const std::string& padding) {
        return ops::depthwise_conv1d(x, kernel, stride, dilation, ops::padding_named(padding, "depthwise_conv1d"));
      },
      py::arg("x"), py::arg("kernel"), py::arg("stride") = 1, py::arg("dilation") = 1, py::arg("padding") = "valid",
      Unlocked(), "x (B, T, F), kernel (K, F, M) -> (B, T', F*M).");

  m.def(
      "max_pool1d",
      [](const Tensor& x, Index size, Index stride, const std::string& padding) {
        return ops::max_pool1d(x, size, stride, ops::padding_named(padding, "max_pool1d"));
      },
      py::arg("x"), py::arg("size"), py::arg("stride"), py::arg("padding") = "valid", Unlocked(),
      "x (B, T, C) -> (B, T', C); padding 'valid' or 'same'.");
  m.def(
      "max_pool2d",
      [](const Tensor& x, Pair size, Pair strides, const std::string& padding) {
        return ops::max_pool2d(x, size, strides, ops::padding_named(padding, "max_pool2d"));
      },
      py::arg("x"), py::arg("size"), py::arg("strides"), py::arg("padding") = "valid", Unlocked(),
      "x (B, H, W, C) -> (B, H', W', C).");
  m.def(
      "average_pool1d",
      [](const Tensor& x, Index size, Index stride, const std::string& padding) {
        return ops::average_pool1d(x, size, stride, ops::padding_named(padding, "average_pool1d"));
      },
      py::arg("x"), py::arg("size"), py::arg("stride"), py::arg("padding") = "valid", Unlocked(),
      "x (B, T, C) -> (B, T', C); the mean leaves padding out.");
  m.def(
      "average_pool2d",
      [](const Tensor& x, Pair size, Pair strides, const std::string& padding) {
        return ops::average_pool2d(x, size, strides, ops::padding_named(padding, "average_pool2d"));
      },
      py::arg("x"), py::arg("size"), py::arg("strides"), py::arg("padding") = "valid", Unlocked(),
      "x (B, H, W, C) -> (B, H', W', C); the mean leaves padding out.");
}

}  // namespace recurra::bindings
