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
      [](const std::string& cell, const Tensor& x, const std::vector<const Tensor*>& weights,
         const std::vector<const Tensor*>& states, const Tensor* mask, const Tensor* input_dropout,
         const Tensor* recurrent_dropout, const std::vector<const Tensor*>& zoneout,
         const std::vector<double>& zoneout_rate, const Tensor* vectors, const Tensor* projection,
         const Tensor* projection_bias, const std::vector<Index>& skips, double clip, bool go_backwards,
         bool return_sequences, bool zero_output_for_mask, const std::string& activation,
         const std::string& recurrent_activation, const Tensor* mean, const Tensor* variance, bool batch_statistics,
         bool checkpoint) {
        check(weights.size() == 2 || weights.size() == 3,
              "rnn: expected [kernel, recurrent_kernel] or [kernel, "
              "recurrent_kernel, bias], got ",
              weights.size(), " weights");
        rnn::RecurrentInputs in{x,
                                optional(weights[0]),
                                optional(weights[1]),
                                weights.size() == 3 ? optional(weights[2]) : Tensor(),
                                optional(vectors),
                                optional(projection),
                                optional(projection_bias),
                                {},
                                optional(mask),
                                optional(input_dropout),
                                optional(recurrent_dropout),
                                optional(mean),
                                optional(variance),
                                {}};
        for (const Tensor* state : states) in.initial.push_back(optional(state));
        for (const Tensor* share : zoneout) in.zoneout.push_back(optional(share));
        rnn::RecurrentOutputs out;
        {
          const py::gil_scoped_release unlocked;
          out = rnn::recurrent(cell, in,
                               {activation, recurrent_activation, go_backwards, return_sequences, zero_output_for_mask,
                                clip, zoneout_rate, skips, batch_statistics, checkpoint});
        }
        py::object statistics = py::none();
        if (out.mean.defined()) statistics = py::make_tuple(out.mean, out.variance);
        return py::make_tuple(out.output, out.states, statistics);
      },
      py::arg("cell"), py::arg("x"), py::arg("weights"), py::arg("states") = std::vector<const Tensor*>{},
      py::kw_only(), py::arg("mask") = nullptr, py::arg("input_dropout") = nullptr,
      py::arg("recurrent_dropout") = nullptr, py::arg("zoneout") = std::vector<const Tensor*>{},
      py::arg("zoneout_rate") = std::vector<double>{}, py::arg("vectors") = nullptr, py::arg("projection") = nullptr,
      py::arg("projection_bias") = nullptr, py::arg("skips") = std::vector<Index>{}, py::arg("clip") = 0.0,
      py::arg("go_backwards") = false, py::arg("return_sequences") = false, py::arg("zero_output_for_mask") = false,
      py::arg("activation") = "tanh", py::arg("recurrent_activation") = "sigmoid", py::arg("mean") = nullptr,
      py::arg("variance") = nullptr, py::arg("batch_statistics") = false, py::arg("checkpoint") = false,
      "A recurrent layer over whole sequences, as one node of the graph.\n\n"
      "cell: a name of cell_names(). x: (B, T, F). weights: kernel (F, blocks*U), recurrent_kernel (U, blocks*U) and\n"
      "optionally bias, in Keras's layouts; recurrent_kernel is None for a cell without recurrent product. states:\n"
      "initial states (B, U), None for zeros. mask: bool (B, T). input_dropout (B, F), recurrent_dropout (B, U):\n"
      "scales, the same for all time steps; recurrent_dropout (B, T, U): a scale for each. zoneout: for each state\n"
      "None or (B, T, U), the share of the previous state that stays; zoneout_rate: the same as one number for each\n"
      "state. vectors: (n, U), weights of one number a unit of cells that have them. clip: bound of the cell state, 0\n"
      "for none. projection (U, P), projection_bias (P) of a cell that projects: its state 0 and output have P units,\n"
      "and recurrent_kernel is (P, blocks*U). skips: numbers of steps, each at least 2; recurrent products also read\n"
      "the states so many steps ago, and recurrent_kernel has a further part of rows for each. mean, variance (steps,\n"
      "columns): what a cell that normalises goes by, instead of each row's own; with batch_statistics it goes by\n"
      "those of the batch. Columns: recurrent blocks, those of what a stage takes as it is, input blocks.\n"
      "Returns (output, final states, None or the batch's mean and variance at each step); output is (B, T, U) with\n"
      "return_sequences, else (B, U).");
}

}  // namespace recurra::bindings
