// Heads on a memory; see cpp/recurra/ops/memory.h.
#include "recurra/ops/memory.h"

#include "ops.h"

namespace recurra::bindings {
namespace {

Tensor memory_addressing(Object memory, Object key, Object strength, Object gate, Object shift, Object sharpening,
                         Object previous_weights) {
  const Tensor m = operand(memory);
  const Tensor k = operand(key);
  const Tensor b = operand(strength);
  const Tensor g = operand(gate);
  const Tensor s = operand(shift);
  const Tensor c = operand(sharpening);
  const Tensor w = operand(previous_weights);
  return compute(static_cast<double>(m.size()), [&] { return ops::memory_addressing(m, k, b, g, s, c, w); });
}

Tensor memory_read(Object memory, Object weights) {
  const Tensor m = operand(memory);
  const Tensor w = operand(weights);
  return compute(static_cast<double>(m.size()), [&] { return ops::memory_read(m, w); });
}

Tensor memory_write(Object memory, Object weights, Object erase, Object add) {
  const Tensor m = operand(memory);
  const Tensor w = operand(weights);
  const Tensor e = operand(erase);
  const Tensor a = operand(add);
  return compute(static_cast<double>(m.size()), [&] { return ops::memory_write(m, w, e, a); });
}

py::tuple memory_step(Object memory, Object parameters, Object previous_weights, Object read_heads,
                      Object shift_range) {
  const Tensor m = operand(memory);
  const Tensor p = operand(parameters);
  const Tensor w = operand(previous_weights);
  const Index reads = integer(read_heads, "memory_step", "read_heads");
  const Index range = integer(shift_range, "memory_step", "shift_range");
  auto [read, weights, written] =
      compute(static_cast<double>(m.size()), [&] { return ops::memory_step(m, p, w, reads, range); });
  return py::make_tuple(std::move(read), std::move(weights), std::move(written));
}

}  // namespace

void register_memory(py::module_& m) {
  m.def("memory_addressing", &memory_addressing, py::arg("memory"), py::arg("key"), py::arg("strength"),
        py::arg("gate"), py::arg("shift"), py::arg("sharpening"), py::arg("previous_weights"),
        "memory (B, M, N), previous_weights (B, H, N) -> weights (B, H, N).");
  m.def("memory_read", &memory_read, py::arg("memory"), py::arg("weights"),
        "memory (B, M, N), weights (B, H, N) -> (B, H, M).");
  m.def("memory_write", &memory_write, py::arg("memory"), py::arg("weights"), py::arg("erase"), py::arg("add"),
        "memory (B, M, N), weights (B, H, N), erase and add (B, H, M) -> (B, M, N).");
  m.def("memory_step", &memory_step, py::arg("memory"), py::arg("parameters"), py::arg("previous_weights"),
        py::arg("read_heads"), py::arg("shift_range"),
        "memory (B, M, N), parameters (B, P), previous_weights (B, H, N) -> reads (B, R, M), weights, memory.");
}

}  // namespace recurra::bindings
