// The ops of the engine: a table of contents.
#include "ops.h"

namespace recurra::bindings {

void register_ops(py::module_& m) {
  auto tensor = py::class_<Tensor>(m.attr("Tensor"));
  register_operators(tensor);
  register_arithmetic(m);
  register_attention(m);
  register_reductions(m);
  register_layout(m);
  register_memory(m);
  register_neural(m);
  register_convolution(m);
  register_normalization(m);
  register_random(m);
}

}  // namespace recurra::bindings
