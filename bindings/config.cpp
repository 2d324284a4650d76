// Threads, SIMD level, memory.
#include "bindings.h"
#include "recurra/base/memory.h"
#include "recurra/base/parallel.h"
#include "recurra/kernels/peak.h"

namespace recurra::bindings {

void register_config(py::module_& m) {
  m.attr("simd_level") = RECURRA_SIMD_LEVEL;
  m.def("num_threads", &num_threads, "Threads a parallel loop may use now.");
  m.def("set_num_threads", &set_num_threads, py::arg("count"),
        "Sets how many threads parallel loops may use. Results do not depend on it.\n\n"
        "Raises ValueError unless count >= 1.");
  m.def(
      "memory_statistics",
      [] {
        const auto s = memory::statistics();
        return py::dict(py::arg("in_use") = s.in_use, py::arg("cached") = s.cached, py::arg("peak") = s.peak,
                        py::arg("requests") = s.requests);
      },
      "Bytes in use, bytes kept for reuse, the peak of use, and how often the system was asked.");
  m.def("fma_peak", &fma_peak, py::arg("seconds") = 0.2, Unlocked(),
        "Measured peak of float32 multiply-adds of num_threads() threads together, in floating-point operations a "
        "second.");
  m.def("trim_memory", &memory::trim, "Gives cached buffers back to the system.");
#if defined(__clang__)
  m.attr("compiler") = __VERSION__;  // "Clang 14.0.6" and the like
#else
  m.attr("compiler") = "GCC " __VERSION__;
#endif
  m.attr("openmp") = _OPENMP;
}

}  // namespace recurra::bindings
