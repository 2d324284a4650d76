// The fused recurrent layer.
#include "bindings.h"
#include "recurra/rnn/cell_table.h"
#include "recurra/rnn/recurrent.h"

namespace recurra::bindings {
namespace {

using Given = std::vector<OptionalTensor>;

py::tuple run(const rnn::RecurrentLayer& layer, const Tensor& x, const Given& weights, const Given& states,
              const OptionalTensor& mask, const OptionalTensor& input_dropout, const OptionalTensor& recurrent_dropout,
              const Given& zoneout, const OptionalTensor& mean, const OptionalTensor& variance) {
  check(weights.size() >= 2 && weights.size() <= 6,
        "rnn: expected kernel, recurrent_kernel and at most bias, vectors, projection, projection_bias, got ",
        weights.size(), " weights");
  const auto weight = [&](std::size_t i) { return i < weights.size() ? weights[i] : OptionalTensor(); };
  const rnn::RecurrentInputs in{.x = x,
                                .kernel = weights[0],
                                .recurrent_kernel = weights[1],
                                .bias = weight(2),
                                .vectors = weight(3),
                                .projection = weight(4),
                                .projection_bias = weight(5),
                                .initial = {states.begin(), states.end()},
                                .mask = mask,
                                .input_dropout = input_dropout,
                                .recurrent_dropout = recurrent_dropout,
                                .mean = mean,
                                .variance = variance,
                                .zoneout = {zoneout.begin(), zoneout.end()}};
  rnn::RecurrentOutputs out;
  {
    const InterpreterUnlocked unlocked;
    out = layer(in);
  }
  py::object statistics = py::none();
  if (out.mean.defined()) statistics = py::make_tuple(out.mean, out.variance);
  return py::make_tuple(out.output, out.states, statistics);
}

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
  py::class_<rnn::RecurrentLayer>(
      m, "RecurrentLayer",
      "A cell with its settings. Packed weights are cached across inference calls while unchanged.\n\n"
      "cell: a name of cell_names(). clip: bound of the cell state, 0 for none. skips: numbers of steps,\n"
      "each at least 2; recurrent products also read the states so many steps ago, and recurrent_kernel has\n"
      "a further part of rows for each. zoneout_rate: for each state the share of the previous state that\n"
      "stays. batch_statistics: a cell that normalises goes by the mean and variance of the batch.\n"
      "return_states: whether the final states are given.")
      .def(py::init([](const std::string& cell, const std::string& activation, const std::string& recurrent_activation,
                       double clip, const std::vector<Index>& skips, const std::vector<double>& zoneout_rate,
                       bool go_backwards, bool return_sequences, bool return_states, bool zero_output_for_mask,
                       bool batch_statistics, bool checkpoint) {
             return rnn::RecurrentLayer(cell, {.activation = activation,
                                               .recurrent_activation = recurrent_activation,
                                               .go_backwards = go_backwards,
                                               .return_sequences = return_sequences,
                                               .zero_output_for_mask = zero_output_for_mask,
                                               .clip = clip,
                                               .zoneout_rate = zoneout_rate,
                                               .skips = skips,
                                               .batch_statistics = batch_statistics,
                                               .return_states = return_states,
                                               .checkpoint = checkpoint});
           }),
           py::arg("cell"), py::kw_only(), py::arg("activation") = "tanh", py::arg("recurrent_activation") = "sigmoid",
           py::arg("clip") = 0.0, py::arg("skips") = std::vector<Index>{},
           py::arg("zoneout_rate") = std::vector<double>{}, py::arg("go_backwards") = false,
           py::arg("return_sequences") = false, py::arg("return_states") = true,
           py::arg("zero_output_for_mask") = false, py::arg("batch_statistics") = false, py::arg("checkpoint") = false)
      .def("run", &run, py::arg("x"), py::arg("weights"), py::arg("states") = py::tuple(), py::arg("mask") = py::none(),
           py::arg("input_dropout") = py::none(), py::arg("recurrent_dropout") = py::none(),
           py::arg("zoneout") = py::tuple(), py::arg("mean") = py::none(), py::arg("variance") = py::none(),
           "Runs over whole sequences, as one node of the graph.\n\n"
           "x: (B, T, F). weights: kernel (F, blocks*U), recurrent_kernel (U, blocks*U), bias, vectors (n, U),\n"
           "projection (U, P), projection_bias (P), in Keras's layouts; None for what a cell does not have,\n"
           "which may be left out at the end. A cell that projects has a state 0 and an output of P units.\n"
           "states: initial states (B, U), None or [] for zeros. mask: bool (B, T). input_dropout (B, F),\n"
           "recurrent_dropout (B, U): scales, the same for all time steps; recurrent_dropout (B, T, U): a scale\n"
           "for each. zoneout: for each state None or (B, T, U), the share of the previous state that stays.\n"
           "mean, variance (steps, columns): what a cell that normalises goes by, instead of each row's own.\n"
           "Columns: recurrent blocks, those of what a stage takes as it is, input blocks.\n"
           "Returns (output, final states, None or the batch's mean and variance at each step); output is (B, T,\n"
           "U) with return_sequences, else (B, U).");

  py::class_<rnn::SideBySide>(m, "SideBySide",
                              "Within it runs of a RecurrentLayer only begin; they run side by side at its end.\n"
                              "Nobody may read or use their outputs before.")
      .def(py::init<>())
      .def("__enter__",
           [](rnn::SideBySide& self) -> rnn::SideBySide& {
             self.begin();
             return self;
           })
      .def("__exit__", [](rnn::SideBySide& self, const py::object& error, const py::object&, const py::object&) {
        const bool whole = error.is_none();
        const InterpreterUnlocked unlocked;
        self.end(whole);
      });
}

}  // namespace recurra::bindings
