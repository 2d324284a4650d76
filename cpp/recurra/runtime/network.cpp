#include "recurra/runtime/network.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "recurra/base/parallel.h"
#include "recurra/runtime/described.h"

namespace recurra::runtime {
namespace {

// Every stage's numbers begin on a cache line.
template <class T>
Index aligned(Index count) {
  constexpr auto line = static_cast<Index>(memory::alignment / sizeof(T));
  return (count + line - 1) / line * line;
}

bool is_input(const Description& layer) { return layer.class_name() == "InputLayer"; }

Flow flow_of(const Chain& chain, bool tokens) {
  Flow flow;
  const std::vector<Index>& shape = chain.input;
  const Description& first = chain.links.front().layer;
  flow.sequence = tokens || shape.size() > 2;
  flow.shape.assign(shape.begin() + (shape.size() > 2 ? 2 : 1), shape.end());
  if (tokens) {
    if (shape.size() != 2) first.refuse("it must take one number a step, of shape (batch, time)");
    flow.shape = {1};
  }
  constexpr Index most = 2'000'000'000;  // numbers of a step
  Index size = 1;
  for (const Index extent : flow.shape) {
    if (extent < 1) first.refuse("the shape of a step of its input is not known");
    check(extent <= most / size, first.title(), ": a step of its input is too large");
    size *= extent;
  }
  return flow;
}

// A model of few weights may have so many numbers of state, workspace and copies beside them.
constexpr Index free_numbers = Index{1} << 24;
constexpr Index per_weight = 64;
constexpr Index most_layers = 10000;

}  // namespace

Weights::Weights(const Arrays& arrays) : arrays_(arrays) {
  for (const auto& [name, array] : arrays) size_ += array.shape.size();
}

bool Weights::any_below(const std::string& path) const {
  const auto found = arrays_.lower_bound(path);
  return found != arrays_.end() && found->first.starts_with(path);
}

void Weights::count_layer(const Description& layer) const {
  check(++counts_->layers <= most_layers, layer.title(), ": the model has more than ", most_layers, " layers");
}

const Array& Weights::find(const Description& layer, const std::string& path) const {
  if (replaced_ && path == *replaced_) return *replacement_;
  const auto found = arrays_.find(path);
  check(found != arrays_.end(), layer.title(), ": there is no weight '", path, "'");
  return found->second;
}

template <class T>
Buffer<T> Weights::copy(const Description& layer, const std::string& path, const Shape& shape) const {
  const Array& array = find(layer, path);
  check(array.dtype == dtype_of<T>() && array.shape == shape, layer.title(), ": the weight '", path, "' must be ",
        name_of(dtype_of<T>()), shape, ", got ", name_of(array.dtype), array.shape);
  counts_->copied += shape.size();
  check(counts_->copied <= free_numbers + per_weight * size_, layer.title(),
        ": layers that share weights are called too often for copies of them");
  Buffer<T> out(shape.size());
  if (out.size()) std::memcpy(out.data(), array.data, static_cast<std::size_t>(out.size()) * sizeof(T));
  return out;
}

template Buffer<float> Weights::copy(const Description&, const std::string&, const Shape&) const;
template Buffer<double> Weights::copy(const Description&, const std::string&, const Shape&) const;

template <class T>
void build_layer(const Build<T>& build) {
  build.weights.count_layer(build.layer);
  if (build.layer.from("recurra.models")) {
    for (const ChainLink& link : links_of(build.layer))
      build_layer(Build<T>{build.weights, link.layer, build.flow, build.stages});
    return;
  }
  const bool known = build_recurrent(build) || build_connection(build) || build_convolution(build) ||
                     build_dense(build) || build_normalization(build) || build_function(build) ||
                     build_masking(build) || build_shape(build) || build_temporal(build) ||
                     build_weight_normalization(build);
  if (!known) {
    if (!build.layer.from("recurra.layers")) build.layer.refuse("it is a class of your own");
    build.layer.refuse("its output at a step does not follow from this step and a state of fixed size");
  }
}

template void build_layer(const Build<float>&);
template void build_layer(const Build<double>&);

template <class T>
Network<T>::Network(const Json& model, const Arrays& arrays) {
  const Chain chain = chain_of(model);
  const Weights weights(arrays);
  const Description& first = chain.links.front().layer;
  const bool tokens = first.from("recurra.layers") && first.class_name() == "Embedding";
  flow_ = input_ = flow_of(chain, tokens);
  for (const ChainLink& link : chain.links) {
    const Description& layer = link.layer;
    if (is_input(layer)) continue;
    const std::string dtype = layer.has("dtype") ? layer.word("dtype") : "float32";
    check(dtype == name_of(dtype_of<T>()), layer.title(), " computes in ", dtype, ", but the model in ",
          name_of(dtype_of<T>()), "; all layers must have one dtype");
    if (tokens && &link == &chain.links.front()) {
      add_table(layer, weights);
      continue;
    }
    const std::size_t before = stages_.size();
    build_layer(Build<T>{weights, layer, flow_, stages_});
    for (std::size_t stage = before; stage < stages_.size(); ++stage) {
      const auto shapes = stages_[stage]->state_shapes();
      for (std::size_t which = 0; which < shapes.size(); ++which)
        states_.push_back({link.name, shapes[which], stage, which});
      operations_ += stages_[stage]->operations();
      numbers_ += stages_[stage]->state_size(1) + stages_[stage]->scratch_size(1);
    }
    check(numbers_ <= free_numbers + per_weight * weights.size(), layer.title(),
          ": the state and the workspace of one sequence would have ", numbers_, " numbers up to here");
  }
}

template <class T>
void Network<T>::add_table(const Description& layer, const Weights& weights) {
  const Index vocabulary = layer.integer("input_dim"), width = layer.integer("output_dim");
  check(vocabulary >= 1 && width >= 1 && vocabulary <= std::numeric_limits<std::int32_t>::max(), layer.title(),
        ": input_dim and output_dim must be at least 1");
  table_ = TokenTable<T>{weights.copy<T>(layer, layer.path() + "embeddings", {vocabulary, width}), vocabulary, width,
                         layer.flag("mask_zero")};
  flow_.shape = {width};
  flow_.masked = table_->zero_is_padding;
}

template <class T>
Memory<T> Network<T>::memory(Index batch) const {
  check(batch >= 1, "a stream needs at least one sequence, got a batch of ", batch);
  constexpr Index most = Index{1} << 46;
  check(batch <= most / (numbers_ + (table_ ? table_->width : 0) + 1), "a stream of ", batch,
        " sequences is larger than any memory");
  Memory<T> memory;
  memory.batch = batch;
  Index end = 0;
  const auto take = [&end](Index count) { return std::exchange(end, end + aligned<T>(count)); };
  for (const auto& stage : stages_)
    memory.places.push_back({take(stage->state_size(batch)), take(stage->scratch_size(batch))});
  memory.places.push_back({take(table_ ? batch * table_->width : 0), end});
  memory.numbers = Buffer<T>(end, T(0));
  memory.inputs = Buffer<Rows<T>>(std::ssize(stages_));
  memory.counts = Buffer<bool>(batch, true);
  memory.tokens = Buffer<std::int32_t>(table_ ? batch : 0, 0);
  return memory;
}

template <class T>
Moment<T> Network<T>::moment(const Memory<T>& memory, std::size_t stage) const noexcept {
  const auto& place = memory.places[stage];
  return {memory.batch,
          memory.time,
          memory.numbers.data() + place.state,
          memory.numbers.data() + place.scratch,
          memory.counts.data(),
          memory.inputs.data()};
}

template <class T>
void Network<T>::copy(const Memory<T>& from, Memory<T>& to) const noexcept {
  to.time = from.time;
  std::copy_n(from.numbers.data(), from.numbers.size(), to.numbers.data());
}

template <class T>
void Network<T>::clear(Memory<T>& memory) const noexcept {
  memory.time = 0;
  std::fill_n(memory.numbers.data(), memory.numbers.size(), T(0));
}

template <class T>
void Network<T>::clear_row(Memory<T>& memory, Index row) const noexcept {
  for (std::size_t stage = 0; stage < stages_.size(); ++stage) stages_[stage]->clear_row(moment(memory, stage), row);
}

template <class T>
Rows<T> Network<T>::look_up(const TokenTable<T>& table, Memory<T>& memory) const noexcept {
  T* out = memory.numbers.data() + memory.places.back().state;
  for (Index row = 0; row < memory.batch; ++row) {
    const std::int32_t token = memory.tokens[row];
    T* to = out + row * table.width;
    if (token >= 0 && token < table.vocabulary) std::copy_n(table.rows.data() + token * table.width, table.width, to);
    else std::fill_n(to, table.width, std::numeric_limits<T>::quiet_NaN());
    memory.counts[row] = !table.zero_is_padding || token != 0;
  }
  return {out, table.width};
}

template <class T>
void Network<T>::step(Memory<T>& memory, Rows<T> x, T* y, Index y_stride) const noexcept {
  Rows<T> rows = table_ ? look_up(*table_, memory) : x;
  for (std::size_t stage = 0; stage < stages_.size(); ++stage) {
    memory.inputs[static_cast<Index>(stage)] = rows;
    rows = stages_[stage]->step(moment(memory, stage), rows);
  }
  const Index size = flow_.size();
  for (Index row = 0; row < memory.batch; ++row) std::copy_n(rows[row], size, y + row * y_stride);
  ++memory.time;
}

template <class T>
void Network<T>::read_state(const Memory<T>& memory, std::size_t index, T* values) const noexcept {
  const StateArray& array = states_[index];
  stages_[array.stage]->read_state(moment(memory, array.stage), array.which, values);
}

template <class T>
void Network<T>::write_state(Memory<T>& memory, std::size_t index, const T* values) const noexcept {
  const StateArray& array = states_[index];
  stages_[array.stage]->write_state(moment(memory, array.stage), array.which, values);
}

template class Network<float>;
template class Network<double>;

template <class T>
Model<T> model_of(const std::string& words, const Arrays& arrays, const std::string& source) {
  const FlushDenormals flush;
  const Json model = parsed(words, source);
  return Model<T>(std::make_shared<const Network<T>>(model, arrays));
}

template Model<float> model_of(const std::string&, const Arrays&, const std::string&);
template Model<double> model_of(const std::string&, const Arrays&, const std::string&);

DType dtype_of_model(const std::string& words, const std::string& source) {
  const Json model = parsed(words, source);
  for (const ChainLink& link : chain_of(model).links)
    if (!is_input(link.layer) && link.layer.has("dtype")) {
      const std::string name = link.layer.word("dtype");
      if (name == "float64") return DType::float64;
      if (name != "float32") link.layer.refuse(text("its dtype is ", name));
      return DType::float32;
    }
  return DType::float32;
}

}  // namespace recurra::runtime
