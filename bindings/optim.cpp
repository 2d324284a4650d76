// Optimizer steps over a ParameterBlock: see cpp/recurra/optim/rules.h for the rules, gradients.h for the rest.
#include "bindings.h"
#include "recurra/optim/gradients.h"
#include "recurra/optim/rules.h"

namespace recurra::bindings {
namespace {

using Slot = const std::optional<Tensor>&;

Tensor given(Slot slot) { return slot ? *slot : Tensor(); }

void register_rules(py::module_& m) {
  m.def(
      "sgd_step",
      [](const ParameterBlock& block, Slot velocity, double rate, double momentum, bool nesterov) {
        optim::sgd(block, given(velocity), rate, momentum, nesterov);
      },
      py::arg("block"), py::arg("velocity"), py::arg("rate"), py::arg("momentum"), py::arg("nesterov"), Unlocked());
  m.def(
      "rmsprop_step",
      [](const ParameterBlock& block, const Tensor& square, Slot momenta, Slot mean, double rate, double rho,
         double momentum,
         double epsilon) { optim::rmsprop(block, square, given(momenta), given(mean), rate, rho, momentum, epsilon); },
      py::arg("block"), py::arg("square"), py::arg("momenta"), py::arg("mean"), py::arg("rate"), py::arg("rho"),
      py::arg("momentum"), py::arg("epsilon"), Unlocked());
  m.def(
      "adam_step",
      [](const ParameterBlock& block, const Tensor& first, const Tensor& second, Slot largest, double rate,
         double beta_1, double beta_2, double epsilon,
         Index step) { optim::adam(block, first, second, given(largest), rate, beta_1, beta_2, epsilon, step); },
      py::arg("block"), py::arg("first"), py::arg("second"), py::arg("largest"), py::arg("rate"), py::arg("beta_1"),
      py::arg("beta_2"), py::arg("epsilon"), py::arg("step"), Unlocked());
  m.def("adamax_step", &optim::adamax, py::arg("block"), py::arg("first"), py::arg("norm"), py::arg("rate"),
        py::arg("beta_1"), py::arg("beta_2"), py::arg("epsilon"), py::arg("step"), Unlocked());
  m.def("nadam_step", &optim::nadam, py::arg("block"), py::arg("first"), py::arg("second"), py::arg("rate"),
        py::arg("beta_1"), py::arg("beta_2"), py::arg("epsilon"), py::arg("step"), py::arg("product"), Unlocked());
  m.def("adagrad_step", &optim::adagrad, py::arg("block"), py::arg("accumulator"), py::arg("rate"), py::arg("epsilon"),
        Unlocked());
  m.def("adadelta_step", &optim::adadelta, py::arg("block"), py::arg("gradients"), py::arg("updates"), py::arg("rate"),
        py::arg("rho"), py::arg("epsilon"), Unlocked());
  m.def("ftrl_step", &optim::ftrl, py::arg("block"), py::arg("accumulator"), py::arg("linear"), py::arg("rate"),
        py::arg("power"), py::arg("l1"), py::arg("l2"), py::arg("shrinkage"), py::arg("beta"), Unlocked());
  m.def("lion_step", &optim::lion, py::arg("block"), py::arg("momenta"), py::arg("rate"), py::arg("beta_1"),
        py::arg("beta_2"), Unlocked());
}

}  // namespace

void register_optim(py::module_& m) {
  register_rules(m);
  m.def("global_norm", &optim::global_norm, py::arg("block"), Unlocked(), "Norm of all gradients of a block together.");
  m.def("clip_by_value", &optim::clip_by_value, py::arg("block"), py::arg("limit"), Unlocked());
  m.def("clip_by_norm", &optim::clip_by_norm, py::arg("block"), py::arg("limit"), Unlocked());
  m.def("clip_by_global_norm", &optim::clip_by_global_norm, py::arg("block"), py::arg("limit"), Unlocked());
  m.def("decay", &optim::decay, py::arg("block"), py::arg("parameters"), py::arg("rate"), Unlocked());
  m.def("accumulate", &optim::accumulate, py::arg("block"), py::arg("sum"), Unlocked());
  m.def("release_accumulated", &optim::release_accumulated, py::arg("block"), py::arg("sum"), py::arg("count"),
        Unlocked());
  m.def("track_average", &optim::track_average, py::arg("block"), py::arg("average"), py::arg("momentum"), Unlocked());
}

}  // namespace recurra::bindings
