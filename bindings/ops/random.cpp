// Random tensors: see cpp/recurra/ops/random.h.
#include "recurra/ops/random.h"
#include "ops.h"

namespace recurra::bindings {
namespace {

using Random = Tensor (*)(const Shape&, const Philox&, double, double, DType);

// The two parameters of a distribution, by their names and defaults.
struct Parameters {
  const char *first, *second;
  double first_default, second_default;
};

void distribution(py::module_& m, const char* name, Random f, const Parameters& p, const char* docstring) {
  m.def(
      name,
      [f, name, p](Object shape, std::uint64_t seed, std::uint64_t stream, Object first, Object second, Object dtype) {
        const Shape dims = shape_from_python(shape, name);
        const double a = real(first, name, p.first), b = real(second, name, p.second);
        const DType type = dtype_from_python(dtype);
        return compute(dims.size(), [&] { return f(dims, Philox(seed, stream), a, b, type); });
      },
      py::arg("shape"), py::arg("seed"), py::arg("stream"), py::arg(p.first) = p.first_default,
      py::arg(p.second) = p.second_default, py::arg("dtype") = "float32", docstring);
}

}  // namespace

void register_random(py::module_& m) {
  distribution(m, "random_uniform", ops::random_uniform, {"low", "high", 0, 1}, "Uniform numbers in [low, high).");
  distribution(m, "random_normal", ops::random_normal, {"mean", "stddev", 0, 1}, "Normal numbers.");
  distribution(m, "random_truncated_normal", ops::random_truncated_normal, {"mean", "stddev", 0, 1},
               "Normal numbers, drawn again where they are more than two deviations off.");
}

}  // namespace recurra::bindings
