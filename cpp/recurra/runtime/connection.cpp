// Connections around layers, Residual and Highway, and Stack, copies of a recurrent layer with connections around them.
#include <nlohmann/json.hpp>

#include "recurra/kernels/vec.h"
#include "recurra/runtime/cell.h"
#include "recurra/runtime/dense.h"

namespace recurra::runtime {
namespace {

// y = x + f(x); f are the stages from `first` on, up to this one.
template <class T>
class Residual final : public Stage<T> {
 public:
  Residual(std::size_t first, Index size) : first_(first), size_(size) {}

  Index scratch_size(Index batch) const noexcept override { return batch * size_; }
  double operations() const noexcept override { return static_cast<double>(size_); }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    const Rows<T> x = moment.inputs[first_];
    for (Index row = 0; row < moment.batch; ++row) {
      T* y = moment.scratch + row * size_;
      for (Index i = 0; i < size_; ++i) y[i] = x[row][i] + in[row][i];
    }
    return {moment.scratch, size_};
  }

 private:
  const std::size_t first_;
  const Index size_;
};

// y = x + g (f(x) - x), g = sigmoid(x W + b); the product is rounded by itself, as the layer's operations do.
template <class T>
class Highway final : public Stage<T> {
 public:
  /// gate: a Dense layer.
  Highway(std::unique_ptr<Stage<T>> gate, std::size_t first, Index size)
      : gate_(std::move(gate)), first_(first), size_(size) {}

  Index scratch_size(Index batch) const noexcept override { return batch * size_ + gate_->scratch_size(batch); }
  double operations() const noexcept override { return gate_->operations() + 3 * static_cast<double>(size_); }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    const Rows<T> x = moment.inputs[first_];
    Moment<T> of_gate = moment;
    of_gate.scratch += moment.batch * size_;
    const Rows<T> gate = gate_->step(of_gate, x);
    for (Index row = 0; row < moment.batch; ++row)
      for (Index i = 0; i < size_; i += lanes<T>) {
        const Index left = size_ - i;
        const Vec<T> from = load_part(x[row] + i, left);
        const Vec<T> move = in_register(load_part(gate[row] + i, left) * (load_part(in[row] + i, left) - from));
        store_part(moment.scratch + row * size_ + i, from + move, left);
      }
    return {moment.scratch, size_};
  }

 private:
  const std::unique_ptr<Stage<T>> gate_;
  const std::size_t first_;
  const Index size_;
};

// Units of the output of a recurrent layer; -1 where it does not tell by itself.
Index width_of(const Description& layer) {
  if (layer.class_name() != "RNN") return layer.has("units") ? output_width(layer) : -1;
  const Description cell = layer.inside("cell");
  if (cell.class_name() != "StackedRNNCells") return output_width(cell);
  check(!cell.list("cells").empty(), cell.title(), " has no cells");
  const Description last(cell.list("cells").back(), cell.title() + ": its last cell", "");
  return output_width(last);
}

// The connection that a layer of one of the two kinds is, around the stages from `first` on.
template <class T>
void add_connection(const Build<T>& build, bool highway, const std::string& path, std::size_t first) {
  const Index size = build.flow.size(), features = build.flow.features();
  if (!highway) return build.add(std::make_unique<Residual<T>>(first, size));
  const auto weight = [&](const char* name, const Shape& shape) {
    return build.weights.template copy<T>(build.layer, path + name, shape);
  };
  auto gate = dense_stage(weight("gate_kernel", {features, features}), weight("gate_bias", {features}), features,
                          features, build.flow.inner(), Function<T>::sigmoid());
  build.add(std::make_unique<Highway<T>>(std::move(gate), first, size));
}

template <class T>
void build_around(const Build<T>& build) {
  const Description inner = build.layer.inside("layer");
  const Flow before = build.flow;
  const std::size_t first = build.stages.size();
  build_layer(Build<T>{build.weights, inner, build.flow, build.stages});
  if (build.flow.shape != before.shape || build.flow.sequence != before.sequence)
    build.layer.refuse("the output of the layer inside does not have the shape of its input");
  build.flow.masked = before.masked;
  add_connection(build, build.layer.class_name() == "Highway", build.layer.path(), first);
}

template <class T>
void build_stack(const Build<T>& build) {
  const Description& stack = build.layer;
  const Json& layer = stack.value("layer");
  const Description kind = stack.inside("layer");
  const Index depth = stack.integer("depth");
  constexpr Index deepest = 10000;
  check(depth >= 1 && depth <= deepest, stack.title(), ": depth must be from 1 to ", deepest, ", got ", depth);
  const std::string connection = stack.has("connection") ? stack.word("connection") : "";
  if (!connection.empty() && connection != "residual" && connection != "highway")
    stack.refuse(text("its connection '", connection, "' is not known to the engine"));
  // The layer that is copied has a name beside those of its copies, though no weights.
  Names taken;
  const std::string name = kind.has("name") ? kind.word("name") : "";
  path_step(name, kind.class_name(), taken);
  for (Index number = 0; number < depth; ++number) {
    Json copy = layer;
    copy["config"]["name"] = text(name, "_", number);
    const bool sequences = kind.flag("return_sequences") || number + 1 < depth;
    copy["config"]["return_sequences"] = sequences;
    const bool connected = !connection.empty() && sequences && build.flow.shape == std::vector<Index>{width_of(kind)};
    std::string path = stack.path();
    if (connected)
      path += path_step(text(connection, "_", number), connection == "residual" ? "Residual" : "Highway", taken) + "/";
    Names alone;
    std::string step = path_step(text(name, "_", number), kind.class_name(), connected ? alone : taken);
    // In files of earlier versions the number that the layer got by itself is part of the path.
    if (!build.weights.any_below(path + step + "/")) step = text(name, "_", number);
    const Description described(&copy, text(stack.title(), ": copy ", number, " (", kind.class_name(), ")"),
                                path + step + "/");
    const std::size_t first = build.stages.size();
    build_layer(Build<T>{build.weights, described, build.flow, build.stages});
    if (connected) add_connection(build, connection == "highway", path, first);
  }
}

}  // namespace

template <class T>
bool build_connection(const Build<T>& build) {
  if (!build.layer.from("recurra.layers")) return false;
  const std::string& kind = build.layer.class_name();
  if (kind == "Residual" || kind == "Highway") build_around(build);
  else if (kind == "Stack") build_stack(build);
  else return false;
  return true;
}

template bool build_connection(const Build<float>&);
template bool build_connection(const Build<double>&);

}  // namespace recurra::runtime
