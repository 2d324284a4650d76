// The engine as a Python extension module: a table of contents. The module's name carries the SIMD level it was
// compiled for; recurra/_engine.py loads exactly one.
#include "bindings.h"

PYBIND11_MODULE(engine_of_one_level, m, py::mod_gil_not_used()) {
  using namespace recurra::bindings;
  m.doc() = "recurra's engine, compiled for one SIMD level.";
  register_config(m);
  register_tensor(m);
  register_ops(m);
  register_optim(m);
  register_rnn(m);
  register_runtime(m);
  register_data(m);
  register_text(m);
}

#define RECURRA_JOIN(a, b) a##b
#define RECURRA_INIT_FUNCTION(module) RECURRA_JOIN(PyInit_, module)

// What Python calls. pybind11's own function waits for ever in an interpreter that is not the main one.
extern "C" PYBIND11_EXPORT PyObject* RECURRA_INIT_FUNCTION(RECURRA_MODULE_NAME)() {
  if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    PyErr_SetString(PyExc_ImportError,
                    "recurra: the engine can be imported in the main interpreter only, not in a subinterpreter; with "
                    "mod_wsgi set WSGIApplicationGroup %{GLOBAL}");
    return nullptr;
  }
  return PyInit_engine_of_one_level();
}
