#include "recurra/rnn/inputs.h"

#include "recurra/base/check.h"

namespace recurra::rnn {
namespace {

void check_shape(const Tensor& tensor, const Shape& expected, DType dtype, const char* what) {
  if (!tensor.defined()) return;
  check(tensor.shape() == expected && tensor.dtype() == dtype, "rnn: ", what, " must be ", name_of(dtype), expected,
        ", got ", name_of(tensor.dtype()), tensor.shape());
}

Units units_of(const CellEntry& cell, const RecurrentInputs& in, Index taps) {
  check(in.projection.defined() == cell.shape.projects, "rnn: ", cell.shape.name,
        cell.shape.projects ? " needs its projection" : " has no projection");
  if (cell.shape.recurrent_blocks > 0) {
    check_rank(in.recurrent_kernel, 2, "rnn", "recurrent_kernel");
    const Index U = in.recurrent_kernel.shape(1) / cell.shape.recurrent_blocks;
    return {U, cell.shape.projects ? in.recurrent_kernel.shape(0) / taps : U};
  }
  check(!in.recurrent_kernel.defined(), "rnn: ", cell.shape.name, " has no recurrent kernel");
  check_rank(in.kernel, 2, "rnn", "kernel");
  const Index U = in.kernel.shape(1) / cell.shape.input_blocks;
  return {U, U};
}

}  // namespace

Units check_inputs(const CellEntry& cell, const RecurrentInputs& in, const RecurrentOptions& options) {
  check_rank(in.x, 3, "rnn", "x");
  check(is_floating(in.x.dtype()), "rnn: x must be float32 or float64, got ", name_of(in.x.dtype()));
  const Index B = in.x.shape(0), T = in.x.shape(1), F = in.x.shape(2);
  check(T >= 1, "rnn: x has no time steps; its shape is ", in.x.shape());
  const Index taps = 1 + std::ssize(options.skips);
  check(taps == 1 || (cell.shape.recurrent_blocks > 0 && !options.checkpoint),
        "rnn: skips need a cell with a recurrent product, and no checkpoints");
  for (const Index skip : options.skips)
    check(skip >= 2 && skip < T, "rnn: a skip must be of at least 2 steps, and less than the ", T,
          " of the sequences, got ", skip);
  const Units units = units_of(cell, in, taps);
  const auto [U, P] = units;
  const Index columns = cell.shape.input_blocks * U;
  const DType dtype = in.x.dtype();
  check_shape(in.recurrent_kernel, {taps * P, cell.shape.recurrent_blocks * U}, dtype, "recurrent_kernel");
  check(in.kernel.defined(), "rnn: ", cell.shape.name, " needs its kernel");
  check_shape(in.kernel, {F, columns}, dtype, "kernel");
  check_shape(in.projection, {U, P}, dtype, "projection");
  check_shape(in.projection_bias, {P}, dtype, "projection_bias");
  if (in.bias.defined())
    check(in.bias.size() == cell.shape.bias_rows * columns && in.bias.shape().back() == columns &&
              in.bias.dtype() == dtype,
          "rnn: bias must be ", name_of(dtype), Shape{cell.shape.bias_rows, columns}, ", got ",
          name_of(in.bias.dtype()), in.bias.shape());
  check(cell.shape.vectors > 0 || !in.vectors.defined(), "rnn: ", cell.shape.name, " has no weight vectors");
  check(in.vectors.defined() || !cell.shape.needs_vectors, "rnn: ", cell.shape.name, " needs its weight vectors");
  check_shape(in.vectors, {cell.shape.vectors, U}, dtype, "vectors");
  check(in.initial.empty() || in.initial.size() == static_cast<std::size_t>(cell.shape.states),
        "rnn: ", cell.shape.name, " has ", cell.shape.states, " states, got ", in.initial.size());
  for (int state = 0; const Tensor& initial : in.initial)
    check_shape(initial, {B, units.of_state(state++)}, dtype, "an initial state");
  check_shape(in.mask, {B, T}, DType::boolean, "mask");
  check_shape(in.input_dropout, {B, F}, dtype, "input_dropout");
  const bool per_step = in.recurrent_dropout.defined() && in.recurrent_dropout.rank() == 3;
  check_shape(in.recurrent_dropout, per_step ? Shape{B, T, P} : Shape{B, P}, dtype, "recurrent_dropout");
  check(in.zoneout.empty() || in.zoneout.size() == static_cast<std::size_t>(cell.shape.states),
        "rnn: ", cell.shape.name, " has ", cell.shape.states, " states, got zoneout for ", in.zoneout.size());
  check(in.mean.defined() == in.variance.defined(), "rnn: mean and variance go together");
  check(cell.shape.normal_count() > 0 || !(in.mean.defined() || options.batch_statistics), "rnn: ", cell.shape.name,
        " normalises nothing");
  check(!in.mean.defined() || !options.batch_statistics, "rnn: statistics are given, or the batch's, not both");
  if (in.mean.defined()) {
    check_rank(in.mean, 2, "rnn", "mean");
    check(in.mean.shape(0) > 0, "rnn: mean has no steps");
    for (const Tensor* each : {&in.mean, &in.variance})
      check_shape(*each, {in.mean.shape(0), cell.shape.normal_count() * U}, dtype, "mean and variance");
  }
  for (int state = 0; const Tensor& share : in.zoneout)
    check_shape(share, {B, T, units.of_state(state++)}, dtype, "zoneout");
  return units;
}

}  // namespace recurra::rnn
