// Random tensors, as pure functions of (seed, stream): see cpp/recurra/base/random.h.
#include "recurra/base/random.h"
#include "bindings.h"
#include "recurra/base/parallel.h"

namespace recurra::bindings {
namespace {

template <class Draw>
Tensor filled(const py::object& shape, const py::object& dtype, const Draw& draw) {
  const Tensor out(shape_from_python(shape), dtype_from_python(dtype));
  const py::gil_scoped_release unlocked;
  dispatch_float(out.dtype(), "random", [&]<class T>() {
    T* data = out.data<T>();
    parallel_blocks(out.size(), 1 << 14, 30.0 * static_cast<double>(out.size()), [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) data[i] = draw.template operator()<T>(static_cast<std::uint64_t>(i));
    });
  });
  return out;
}

}  // namespace

void register_random(py::module_& m) {
  m.def(
      "random_uniform",
      [](const py::object& shape, std::uint64_t seed, std::uint64_t stream, double low, double high,
         const py::object& dtype) {
        const Philox numbers(seed, stream);
        return filled(shape, dtype, [&]<class T>(std::uint64_t i) {
          return static_cast<T>(low + (high - low) * static_cast<double>(numbers.uniform<T>(i)));
        });
      },
      py::arg("shape"), py::arg("seed"), py::arg("stream"), py::arg("low") = 0.0, py::arg("high") = 1.0,
      py::arg("dtype") = "float32", "Uniform numbers in [low, high).");
  m.def(
      "random_normal",
      [](const py::object& shape, std::uint64_t seed, std::uint64_t stream, double mean, double stddev,
         const py::object& dtype) {
        const Philox numbers(seed, stream);
        return filled(shape, dtype, [&]<class T>(std::uint64_t i) {
          return static_cast<T>(mean + stddev * static_cast<double>(numbers.normal<T>(i)));
        });
      },
      py::arg("shape"), py::arg("seed"), py::arg("stream"), py::arg("mean") = 0.0, py::arg("stddev") = 1.0,
      py::arg("dtype") = "float32", "Normal numbers.");
  m.def(
      "random_truncated_normal",
      [](const py::object& shape, std::uint64_t seed, std::uint64_t stream, double mean, double stddev,
         const py::object& dtype) {
        const Philox numbers(seed, stream);
        const auto count = static_cast<std::uint64_t>(shape_from_python(shape).size());
        return filled(shape, dtype, [&]<class T>(std::uint64_t i) {
          double number = numbers.normal<double>(i);
          for (std::uint64_t attempt = i + count; std::abs(number) > 2; attempt += count)
            number = numbers.normal<double>(attempt);
          return static_cast<T>(mean + stddev * number);
        });
      },
      py::arg("shape"), py::arg("seed"), py::arg("stream"), py::arg("mean") = 0.0, py::arg("stddev") = 1.0,
      py::arg("dtype") = "float32", "Normal numbers, drawn again where they are more than two deviations off.");
}

}  // namespace recurra::bindings
