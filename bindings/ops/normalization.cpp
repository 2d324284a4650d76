// Normalisation: see cpp/recurra/ops/{batch,layer}_normalization.h.
#include "ops.h"
#include "recurra/ops/batch_normalization.h"
#include "recurra/ops/layer_normalization.h"

namespace recurra::bindings {
namespace {

py::tuple batch_normalization(Object x, Object gamma, Object beta, Object mask, Object epsilon) {
  const Tensor t = operand(x), scale = optional_operand(gamma), shift = optional_operand(beta);
  const Tensor rows = optional_operand(mask);
  const double least = real(epsilon, "batch_normalization", "epsilon");
  const ops::BatchNormalized out =
      compute(t.size(), [&] { return ops::batch_normalization(t, scale, shift, rows, least); });
  return py::make_tuple(out.y, out.mean, out.variance);
}

Tensor layer_normalization(Object x, Object gamma, Object beta, Object epsilon, ops::RowNorm norm) {
  const Tensor t = operand(x), scale = optional_operand(gamma), shift = optional_operand(beta);
  const double least = real(epsilon, "layer_normalization", "epsilon");
  return compute(t.size(), [&] { return ops::layer_normalization(t, scale, shift, least, norm); });
}

}  // namespace

void register_normalization(py::module_& m) {
  m.def("batch_normalization", &batch_normalization, py::arg("x"), py::arg("gamma") = py::none(),
        py::arg("beta") = py::none(), py::arg("mask") = py::none(), py::arg("epsilon") = 1e-3,
        "x (..., C) normalised by the statistics of the batch -> (y, mean (C), variance (C)); gamma, beta (C) or None, "
        "mask bool of shape x.shape[:-1] or x.shape, or None.");

  py::enum_<ops::RowNorm>(m, "RowNorm", "What layer_normalization divides by and whether it centres.")
      .value("layer", ops::RowNorm::layer)
      .value("root_mean_square", ops::RowNorm::root_mean_square)
      .value("variance", ops::RowNorm::variance);
  m.def("layer_normalization", &layer_normalization, py::arg("x"), py::arg("gamma") = py::none(),
        py::arg("beta") = py::none(), py::arg("epsilon") = 1e-3, py::arg("norm") = ops::RowNorm::layer,
        "x (..., D) normalised row by row; gamma, beta (D) or None.");
}

}  // namespace recurra::bindings
