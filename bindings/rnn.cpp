// The fused recurrent layer.
#include "bindings.h"
#include "recurra/rnn/recurrent.h"

namespace recurra::bindings {
namespace {

Tensor optional(const Tensor* tensor) { return tensor ? *tensor : Tensor(); }

}  // namespace

void register_rnn(py::module_& m) {
  m.def("cell_names", &rnn::cell_names, "Names of the recurrent cells the engine has.");
  m.def(
      "activation_names",
      [] {
        std::vector<std::string> names;
        for (const ActivationName& row : activation_names) names.emplace_back(row.name);
        return names;
      },
      "Names of the activation functions that a cell of the engine can have.");
  m.def(
      "rnn",
      [](const std::string& cell, const Tensor& x, const std::vector<Tensor>& weights,
         const std::vector<const Tensor*>& states, const Tensor* mask, const Tensor* input_dropout,
         const Tensor* recurrent_dropout, const std::vector<const Tensor*>& zoneout,
         const std::vector<double>& zoneout_rate, const Tensor* vectors, double clip, bool go_backwards,
         bool return_sequences, bool zero_output_for_mask, const std::string& activation,
         const std::string& recurrent_activation, bool checkpoint) {
        check(weights.size() == 2 || weights.size() == 3,
              "rnn: expected [kernel, recurrent_kernel] or [kernel, "
              "recurrent_kernel, bias], got ",
              weights.size(), " weights");
        rnn::RecurrentInputs in{x,
                                weights[0],
                                weights[1],
                                weights.size() == 3 ? weights[2] : Tensor(),
                                optional(vectors),
                                {},
                                optional(mask),
                                optional(input_dropout),
                                optional(recurrent_dropout),
                                {}};
        for (const Tensor* state : states) in.initial.push_back(optional(state));
        for (const Tensor* share : zoneout) in.zoneout.push_back(optional(share));
        rnn::RecurrentOutputs out;
        {
          const py::gil_scoped_release unlocked;
          out = rnn::recurrent(cell, in,
                               {activation, recurrent_activation, go_backwards, return_sequences, zero_output_for_mask,
                                clip, zoneout_rate, checkpoint});
        }
        return std::make_pair(out.output, out.states);
      },
      py::arg("cell"), py::arg("x"), py::arg("weights"), py::arg("states") = std::vector<const Tensor*>{},
      py::kw_only(), py::arg("mask") = nullptr, py::arg("input_dropout") = nullptr,
      py::arg("recurrent_dropout") = nullptr, py::arg("zoneout") = std::vector<const Tensor*>{},
      py::arg("zoneout_rate") = std::vector<double>{}, py::arg("vectors") = nullptr, py::arg("clip") = 0.0,
      py::arg("go_backwards") = false, py::arg("return_sequences") = false, py::arg("zero_output_for_mask") = false,
      py::arg("activation") = "tanh", py::arg("recurrent_activation") = "sigmoid", py::arg("checkpoint") = false,
      "A recurrent layer over whole sequences, as one node of the graph.\n\n"
      "cell: a name of cell_names(). x: (B, T, F). weights: kernel (F, blocks*U), recurrent_kernel (U, blocks*U) and\n"
      "optionally bias, in Keras's layouts. states: initial states (B, U), None for zeros. mask: bool (B, T).\n"
      "input_dropout (B, F), recurrent_dropout (B, U): scales, the same for all time steps.\n"
      "zoneout: for each state None or (B, T, U), the share of the previous state that stays; zoneout_rate: the same "
      "as\n"
      "one number for each state. vectors: (n, U), weights of one number a unit of cells that have them. clip: bound "
      "of\n"
      "the cell state, 0 for none.\n"
      "Returns (output, final states); output is (B, T, U) with return_sequences, else (B, U).");
}

}  // namespace recurra::bindings
