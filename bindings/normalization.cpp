// Normalisation: translation only, see cpp/recurra/ops/{batch,layer}_normalization.h.
#include "bindings.h"
#include "recurra/ops/batch_normalization.h"
#include "recurra/ops/layer_normalization.h"

namespace recurra::bindings {

void register_normalization(py::module_& m) {
  m.def(
      "batch_normalization",
      [](const Tensor& x, const OptionalTensor& gamma, const OptionalTensor& beta, const OptionalTensor& mask,
         double epsilon) {
        const ops::BatchNormalized out = [&] {
          const py::gil_scoped_release unlocked;
          return ops::batch_normalization(x, gamma, beta, mask, epsilon);
        }();
        return py::make_tuple(out.y, out.mean, out.variance);
      },
      py::arg("x"), py::arg("gamma") = py::none(), py::arg("beta") = py::none(), py::arg("mask") = py::none(),
      py::arg("epsilon") = 1e-3,
      "x (..., C) normalised by the statistics of the batch -> (y, mean (C), variance (C)); gamma, beta (C) or None, "
      "mask bool of shape x.shape[:-1] or x.shape, or None.");

  py::enum_<ops::RowNorm>(m, "RowNorm", "What layer_normalization divides by and whether it centres.")
      .value("layer", ops::RowNorm::layer)
      .value("root_mean_square", ops::RowNorm::root_mean_square)
      .value("variance", ops::RowNorm::variance);
  m.def(
      "layer_normalization",
      [](const Tensor& x, const OptionalTensor& gamma, const OptionalTensor& beta, double epsilon, ops::RowNorm norm) {
        return ops::layer_normalization(x, gamma, beta, epsilon, norm);
      },
      py::arg("x"), py::arg("gamma") = py::none(), py::arg("beta") = py::none(), py::arg("epsilon") = 1e-3,
      py::arg("norm") = ops::RowNorm::layer, Unlocked(), "x (..., D) normalised row by row; gamma, beta (D) or None.");
}

}  // namespace recurra::bindings
