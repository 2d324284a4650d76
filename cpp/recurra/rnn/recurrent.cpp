#include "recurra/rnn/recurrent.h"

#include <utility>

#include "recurra/base/parallel.h"
#include "recurra/rnn/layer_call.h"

namespace recurra::rnn {
namespace {

// Runs passes side by side.
void finish(const std::vector<Pass>& passes) {
  Index tasks = 0;
  double operations = 0;
  for (const Pass& pass : passes) {
    tasks += pass.tasks;
    operations += pass.operations;
  }
  parallel_for(tasks, operations, [&](Index task) {
    const Pass* pass = passes.data();
    for (; task >= pass->tasks; ++pass) task -= pass->tasks;
    pass->task(task);
  });
  for (const Pass& pass : passes)
    if (pass.end) pass.end();
}

// Runs calls side by side and puts those that train on the tape as one node.
void run(std::vector<std::unique_ptr<Call>> calls) {
  std::vector<Pass> passes;
  for (const auto& call : calls) passes.push_back(call->forward());
  finish(passes);
  std::erase_if(calls, [](const auto& call) { return !call->training; });
  if (calls.empty()) return;

  struct Placed {
    std::shared_ptr<Call> call;
    int first_input, first_output;
  };
  std::vector<Placed> parts;
  std::vector<Tensor> inputs, outputs;
  for (auto& call : calls) {
    const int first_input = static_cast<int>(inputs.size()), first_output = static_cast<int>(outputs.size());
    inputs.insert(inputs.end(), call->inputs.begin(), call->inputs.end());
    outputs.insert(outputs.end(), call->outputs.begin(), call->outputs.end());
    call->inputs.clear();
    call->outputs.clear();
    parts.push_back({std::move(call), first_input, first_output});
  }
  record("rnn", std::move(inputs), outputs, [parts](const BackwardPass& pass) {
    std::vector<Pass> backward;
    for (const Placed& part : parts)
      backward.push_back(part.call->backward({pass, part.first_input, part.first_output}));
    finish(backward);
    for (const Placed& part : parts) part.call->add_gradients({pass, part.first_input, part.first_output});
  });
}

// What collects the calls of this thread, if somebody does.
thread_local std::vector<std::unique_ptr<Call>>* collector = nullptr;

}  // namespace

RecurrentLayer::RecurrentLayer(const std::string& cell, RecurrentOptions options)
    : cell_(find_cell(cell)),
      options_(std::move(options)),
      activation_(activation_named(options_.activation, "rnn")),
      recurrent_activation_(activation_named(options_.recurrent_activation, "rnn")),
      cache_(std::make_shared<PackedWeightsCache>()) {}

RecurrentOutputs RecurrentLayer::operator()(const RecurrentInputs& in) const {
  const Units units = check_inputs(cell_, in, options_);
  const Index B = in.x.shape(0), steps = in.x.shape(1);
  const DType dtype = in.x.dtype();
  std::vector<Tensor> inputs{in.x,       in.kernel,     in.recurrent_kernel, in.bias,
                             in.vectors, in.projection, in.projection_bias};
  inputs.insert(inputs.end(), in.initial.begin(), in.initial.end());
  const bool training = needs_recording(inputs);

  RecurrentOutputs out;
  out.output = Tensor(options_.return_sequences ? Shape{B, steps, units.P} : Shape{B, units.P}, dtype);
  if (options_.return_states)
    for (int state = 0; state < cell_.shape.states; ++state)
      out.states.emplace_back(Shape{B, units.of_state(state)}, dtype);
  if (options_.batch_statistics)
    for (Tensor* each : {&out.mean, &out.variance})
      *each = Tensor({steps, cell_.shape.normal_count() * units.U}, dtype);
  std::unique_ptr<Call> call =
      make_call(cell_, in, units, options_, {activation_, recurrent_activation_}, cache_, out, training);
  if (collector) {
    collector->push_back(std::move(call));
  } else {
    std::vector<std::unique_ptr<Call>> alone;
    alone.push_back(std::move(call));
    run(std::move(alone));
  }
  return out;
}

SideBySide::SideBySide() = default;
SideBySide::~SideBySide() = default;

void SideBySide::begin() { outer_ = std::exchange(collector, &calls_); }

void SideBySide::end(bool run) {
  collector = outer_;
  auto calls = std::exchange(calls_, {});
  if (run) rnn::run(std::move(calls));
}

}  // namespace recurra::rnn
