// The engine as a Python extension module: a table of contents. The module's name carries the SIMD level it was
// compiled for; recurra/_engine.py loads exactly one.
#include "bindings.h"

PYBIND11_MODULE(RECURRA_MODULE_NAME, m, py::mod_gil_not_used()) {
  using namespace recurra::bindings;
  m.doc() = "recurra's engine, compiled for one SIMD level.";
  register_config(m);
  register_tensor(m);
  register_convolution(m);
  register_normalization(m);
  register_ops(m);
  register_optim(m);
  register_random(m);
  register_rnn(m);
  register_runtime(m);
  register_data(m);
  register_text(m);
}
