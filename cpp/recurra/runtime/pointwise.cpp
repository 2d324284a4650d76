// Layers that are a function of each row: activations, and those that change nothing once training is over.
#include <algorithm>
#include <array>
#include <limits>

#include "recurra/runtime/function.h"
#include "recurra/runtime/stage.h"

namespace recurra::runtime {
namespace {

template <class T>
class Pointwise final : public Stage<T> {
 public:
  Pointwise(Function<T> function, Index features, Index inner)
      : function_(function), features_(features), inner_(inner) {}

  Index scratch_size(Index batch) const noexcept override { return batch * inner_ * features_; }
  double operations() const noexcept override { return 10.0 * static_cast<double>(inner_ * features_); }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    const Index size = inner_ * features_;
    for (Index row = 0; row < moment.batch; ++row) std::copy_n(in[row], size, moment.scratch + row * size);
    function_(moment.scratch, moment.batch * inner_, features_);
    return {moment.scratch, size};
  }

 private:
  const Function<T> function_;
  const Index features_, inner_;
};

// What is the identity when nothing is trained.
constexpr std::array<const char*, 8> identities = {"Dropout",         "SpatialDropout1D", "GaussianNoise",
                                                   "GaussianDropout", "AlphaDropout",     "ActivityRegularization",
                                                   "Identity",        "InputLayer"};

constexpr double infinite = std::numeric_limits<double>::infinity();

template <class T>
Function<T> softmax_of(const Description& layer, const Flow& flow) {
  const std::vector<Index> axes = layer.integers("axis");
  const auto last = static_cast<Index>(flow.shape.size()) + (flow.sequence ? 1 : 0);
  if (axes.size() != 1 || (axes[0] != -1 && axes[0] != last)) layer.refuse("its axis must be the last one");
  return Function<T>::softmax();
}

template <class T>
Function<T> relu_of(const Description& layer) {
  const double slope = layer.number("negative_slope"), threshold = layer.number("threshold");
  const double most = layer.has("max_value") ? layer.number("max_value") : infinite;
  if (slope == 0 && threshold == 0 && most < infinite) return Function<T>::limited_relu(most);
  return Function<T>::rectifier(slope, most, threshold);
}

}  // namespace

template <class T>
bool build_function(const Build<T>& build) {
  const Description& layer = build.layer;
  if (!layer.from("recurra.layers")) return false;
  const std::string& kind = layer.class_name();
  if (std::ranges::any_of(identities, [&](const char* known) { return kind == known; })) return true;
  Function<T> function;
  if (kind == "Activation") function = Function<T>::named(layer, "activation");
  else if (kind == "ReLU") function = relu_of<T>(layer);
  else if (kind == "LeakyReLU") function = Function<T>::rectifier(layer.number("negative_slope"), infinite, 0);
  else if (kind == "ELU") function = Function<T>::elu(layer.number("alpha"));
  else if (kind == "Softmax") function = softmax_of<T>(layer, build.flow);
  else return false;
  if (!function.is_identity())
    build.add(std::make_unique<Pointwise<T>>(function, build.flow.features(), build.flow.inner()));
  return true;
}

template bool build_function(const Build<float>&);
template bool build_function(const Build<double>&);

}  // namespace recurra::runtime
