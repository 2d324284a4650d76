#include "recurra/runtime/cell_weights.h"

#include <algorithm>

#include "recurra/ops/arithmetic.h"
#include "recurra/ops/elementwise.h"
#include "recurra/ops/reduction.h"
#include "recurra/runtime/cell.h"
#include "recurra/tensor/tape.h"

namespace recurra::runtime {
namespace {

template <class T>
Buffer<T> joined(const std::vector<Buffer<T>>& parts) {
  Index size = 0;
  for (const Buffer<T>& part : parts) size += part.size();
  Buffer<T> whole(size);
  T* to = whole.data();
  for (const Buffer<T>& part : parts) to = std::copy_n(part.data(), part.size(), to);
  return whole;
}

// A matrix whose columns are brought to the lengths `scale`, by the operations the layer takes.
template <class T>
Buffer<T> with_lengths(Buffer<T> matrix, const Buffer<T>& scale) {
  const NoGradient off;
  const auto tensor = [](const Buffer<T>& numbers, const Shape& shape) {
    Tensor out(shape, dtype_of<T>());
    std::copy_n(numbers.data(), numbers.size(), out.data<T>());
    return out;
  };
  const Index columns = scale.size();
  const Tensor given = tensor(matrix, {matrix.size() / columns, columns});
  const Tensor length = ops::sqrt(ops::sum(ops::multiply(given, given), {0}));
  const Tensor out = ops::multiply(given, ops::divide(tensor(scale, {columns}), length));
  std::copy_n(out.data<T>(), matrix.size(), matrix.data());
  return matrix;
}

// Copies a block of `columns` columns into a matrix of `whole` columns, from a row and a column on.
template <class T>
void put(const Buffer<T>& block, Index columns, const Buffer<T>& into, Index whole, Index row, Index column) {
  for (Index i = 0; i < block.size() / columns; ++i)
    std::copy_n(block.data() + i * columns, columns, into.data() + (row + i) * whole + column);
}

// Weights of one number a unit: gains of a normalised cell, what an IndRNN has for a matrix, or peepholes.
template <class T>
Buffer<T> vectors_of(const auto& weight, const Description& cell, const rnn::CellEntry& entry, Index units) {
  if (cell.has("normalization")) {
    std::vector<Buffer<T>> parts;
    parts.push_back(weight("recurrent_gain", {entry.shape.recurrent_blocks * units}));
    if (cell.class_name().starts_with("LSTM"))
      for (const char* name : {"cell_gain", "cell_shift"}) parts.push_back(weight(name, {units}));
    parts.push_back(weight("input_gain", {entry.shape.input_blocks * units}));
    return joined(parts);
  }
  if (cell_kind(cell) == "EchoState") return Buffer<T>(units, static_cast<T>(cell.number("leak")));
  if (cell_kind(cell) == "CoRNN") {
    std::vector<Buffer<T>> parts;
    for (const char* name : {"time_step", "frequency", "damping"})
      parts.emplace_back(units, static_cast<T>(cell.number(name)));
    return joined(parts);
  }
  if (entry.shape.needs_vectors)
    return weight("recurrent_kernel", entry.shape.vectors == 1 ? Shape{units} : Shape{entry.shape.vectors, units});
  return cell.has("peephole") && entry.shape.vectors > 0 ? weight("peephole_kernel", {entry.shape.vectors, units})
                                                         : Buffer<T>();
}

// u, f, r and what passes by the memory: a product, or the input itself. Gates alone have biases.
template <class T>
void take_sru(CellWeights<T>& w, const auto& weight, const Description& cell, Index features, Index units) {
  w.kernel = Buffer<T>(features * 4 * units, T(0));
  const Index columns = (features == units ? 3 : 4) * units;
  put(weight("kernel", {features, columns}), columns, w.kernel, 4 * units, 0, 0);
  if (features == units)
    for (Index u = 0; u < units; ++u) w.kernel[u * 4 * units + 3 * units + u] = 1;
  if (!cell.flag("use_bias")) return;
  w.bias = Buffer<T>(4 * units, T(0));
  put(weight("bias", {2 * units}), 2 * units, w.bias, 4 * units, 0, units);
}

// z, r, n of the completed values and of what was observed; the decay of the time that passed.
template <class T>
void take_gru_decay(CellWeights<T>& w, const auto& weight, const Description& cell, Index features, Index units) {
  const Index each = features / 3, gates = 3 * units, columns = 4 * units;
  w.kernel = Buffer<T>(features * columns, T(0));
  put(weight("kernel", {each, gates}), gates, w.kernel, columns, 0, 0);
  put(weight("mask_kernel", {each, gates}), gates, w.kernel, columns, each, 0);
  put(weight("decay_kernel", {each, units}), units, w.kernel, columns, 2 * each, gates);
  w.bias = Buffer<T>(columns, T(0));
  if (cell.flag("use_bias")) put(weight("bias", {gates}), gates, w.bias, columns, 0, 0);
  put(weight("decay_bias", {units}), units, w.bias, columns, 0, gates);
}

}  // namespace

template <class T>
CellWeights<T> cell_weights(const Build<T>& build, const Description& cell, const std::string& path,
                            const rnn::CellEntry& entry, const CellSizes& sizes) {
  const auto [features, units, width, depth] = sizes;
  const auto weight = [&](const char* name, const Shape& shape) {
    return build.weights.template copy<T>(cell, path + name, shape);
  };
  const Index input_columns = entry.shape.input_blocks * units,
              recurrent_columns = entry.shape.recurrent_blocks * units;
  const std::string kind = cell_kind(cell);
  CellWeights<T> w;
  if (kind == "SRU") {
    take_sru(w, weight, cell, features, units);
  } else if (kind == "GRUD") {
    take_gru_decay(w, weight, cell, features, units);
  } else {
    w.kernel = weight("kernel", {features, input_columns});
    if (cell.flag("use_bias"))
      w.bias = weight("bias",
                      entry.shape.bias_rows == 1 ? Shape{input_columns} : Shape{entry.shape.bias_rows, input_columns});
  }
  if (entry.shape.recurrent_blocks > 0) {
    w.recurrent_kernel = weight("recurrent_kernel", {depth, recurrent_columns});
    if (cell.flag("weight_normalization"))
      w.recurrent_kernel = with_lengths(std::move(w.recurrent_kernel), weight("recurrent_scale", {recurrent_columns}));
  }
  const bool jordan = kind == "Jordan";
  if (entry.shape.projects) w.projection = weight(jordan ? "output_kernel" : "projection_kernel", {units, width});
  if (jordan && cell.flag("use_bias")) w.projection_bias = weight("output_bias", {width});
  w.vectors = vectors_of<T>(weight, cell, entry, units);
  return w;
}

template CellWeights<float> cell_weights(const Build<float>&, const Description&, const std::string&,
                                         const rnn::CellEntry&, const CellSizes&);
template CellWeights<double> cell_weights(const Build<double>&, const Description&, const std::string&,
                                          const rnn::CellEntry&, const CellSizes&);

}  // namespace recurra::runtime
