// Reductions, running sums and matrix products.
#include "recurra/ops/reduction.h"
#include "ops.h"
#include "recurra/ops/activation.h"
#include "recurra/ops/matmul.h"

namespace recurra::bindings {
namespace {

using Reduce = Tensor (*)(const Tensor&, const ops::Axes&, bool);
using Along = Tensor (*)(const Tensor&, Index);

void reduction(py::module_& m, const char* name, Reduce f) {
  m.def(
      name,
      [f, name](Object x, Object axis, Object keepdims) {
        const Tensor t = operand(x);
        const std::vector<Index> axes = axes_from_python(axis, name);
        // An empty list of axes reduces nothing; to the engine it means all.
        if (!axis.is_none() && axes.empty())
          throw py::value_error(text(name, ": axis must be None, an integer or at least one axis, got none"));
        const bool keep = truth(keepdims);
        return compute(static_cast<double>(t.size()), [&] { return f(t, axes, keep); });
      },
      py::arg("x"), py::arg("axis") = py::none(), py::arg("keepdims") = false);
}

void along(py::module_& m, const char* name, Along f) {
  m.def(name, [f, name](Object x, Object axis) {
    const Tensor t = operand(x);
    const Index place = integer(axis, name, "axis");
    return compute(static_cast<double>(t.size()), [&] { return f(t, place); });
  });
}

void position(py::module_& m, const char* name, Tensor (*f)(const Tensor&, Index, bool)) {
  m.def(name, [f, name](Object x, Object axis, Object keepdims) {
    const Tensor t = operand(x);
    const Index place = integer(axis, name, "axis");
    const bool keep = truth(keepdims);
    return compute(static_cast<double>(t.size()), [&] { return f(t, place, keep); });
  });
}

}  // namespace

void register_reductions(py::module_& m) {
  reduction(m, "sum", ops::sum);
  reduction(m, "mean", ops::mean);
  reduction(m, "var", ops::var);
  reduction(m, "std", ops::std);
  reduction(m, "prod", ops::prod);
  reduction(m, "max", ops::max);
  reduction(m, "min", ops::min);
  reduction(m, "logsumexp", ops::logsumexp);
  reduction(m, "any", ops::any);
  reduction(m, "all", ops::all);
  m.def(
      "all_finite",
      [](Object x) {
        const Tensor t = operand(x);
        return compute(t.size(), [&] { return ops::all_finite(t); });
      },
      py::arg("x"), "Whether no element is NaN or infinite.");
  position(m, "argmax", ops::argmax);
  position(m, "argmin", ops::argmin);
  along(m, "cumsum", ops::cumsum);
  along(m, "cumprod", ops::cumprod);
  along(m, "softmax", ops::softmax);
  along(m, "log_softmax", ops::log_softmax);
  m.def("matmul", [](Object x1, Object x2) {
    const auto pair = operands(x1, x2);
    return compute(pair.first.size() + pair.second.size(), [&] { return ops::matmul(pair.first, pair.second); });
  });
}

}  // namespace recurra::bindings
