// Normalisation with fixed statistics (BatchNormalization after training) and of each row by its own.
//
// Formulas and roundings are those of the layers: BatchNormalization takes its difference, product and sum one after
// another; the others are ops::layer_normalization.
#include <cmath>

#include "recurra/kernels/vec.h"
#include "recurra/ops/layer_normalization.h"
#include "recurra/runtime/stage.h"

namespace recurra::runtime {
namespace {

// y = (x - mean) factor + offset
template <class T>
class FixedNormalization final : public Stage<T> {
 public:
  FixedNormalization(Buffer<T> mean, Buffer<T> factor, Buffer<T> offset, Index inner)
      : mean_(std::move(mean)), factor_(std::move(factor)), offset_(std::move(offset)), inner_(inner) {}

  Index scratch_size(Index batch) const noexcept override { return batch * inner_ * mean_.size(); }
  double operations() const noexcept override { return 3.0 * static_cast<double>(inner_ * mean_.size()); }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    const Index count = mean_.size();
    T* out = moment.scratch;
    for (Index row = 0; row < moment.batch; ++row)
      for (Index i = 0; i < inner_; ++i, out += count) normalize(in[row] + i * count, out, count);
    return {moment.scratch, inner_ * count};
  }

 private:
  void normalize(const T* x, T* y, Index count) const noexcept {
    for (Index i = 0; i < count; i += lanes<T>) {
      const Index part = count - i;
      // The product is rounded by itself, as the layer's ops do.
      const Vec<T> scaled = in_register((load_part(x + i, part) - load_part(mean_.data() + i, part)) *
                                        load_part(factor_.data() + i, part));
      store_part(y + i, offset_.size() ? scaled + load_part(offset_.data() + i, part) : scaled, part);
    }
  }

  Buffer<T> mean_, factor_, offset_;
  const Index inner_;
};

template <class T>
class RowNormalization final : public Stage<T> {
 public:
  RowNormalization(Buffer<T> gamma, Buffer<T> beta, double epsilon, ops::RowNorm norm, Index columns, Index inner)
      : gamma_(std::move(gamma)),
        beta_(std::move(beta)),
        epsilon_(static_cast<T>(epsilon)),
        norm_(norm),
        columns_(columns),
        inner_(inner) {}

  Index scratch_size(Index batch) const noexcept override { return batch * inner_ * columns_; }
  double operations() const noexcept override { return 8.0 * static_cast<double>(inner_ * columns_); }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    T* out = moment.scratch;
    for (Index row = 0; row < moment.batch; ++row)
      for (Index i = 0; i < inner_; ++i, out += columns_)
        ops::normalize_row(in[row] + i * columns_, columns_, gamma_.data(), beta_.data(), epsilon_, norm_, out);
    return {moment.scratch, inner_ * columns_};
  }

 private:
  Buffer<T> gamma_, beta_;
  const T epsilon_;
  const ops::RowNorm norm_;
  const Index columns_, inner_;
};

// The axes of a step's row that a layer names, counted from its first; refused unless they are its last ones.
template <class T>
Index trailing_size(const Build<T>& build) {
  const Description& layer = build.layer;
  const auto rank = static_cast<Index>(build.flow.shape.size()) + (build.flow.sequence ? 2 : 1);
  std::vector<Index> axes = layer.integers("axis");
  for (Index& axis : axes) axis = axis < 0 ? axis + rank : axis;
  std::ranges::sort(axes);
  Index size = 1;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const Index expected = rank - static_cast<Index>(axes.size() - i);
    if (axes[i] != expected || expected < rank - static_cast<Index>(build.flow.shape.size()))
      layer.refuse("its axis must name the last axes of the input, and not time");
    size *= build.flow.shape[static_cast<std::size_t>(expected - (rank - static_cast<Index>(build.flow.shape.size())))];
  }
  if (axes.empty()) layer.refuse("its axis names no axis");
  return size;
}

template <class T>
Buffer<T> optional_weight(const Build<T>& build, bool there, const char* name, const Shape& shape) {
  return there ? build.weight(name, shape) : Buffer<T>();
}

template <class T>
Shape trailing_shape(const Build<T>& build) {
  const std::size_t axes = build.layer.integers("axis").size();
  Shape shape;
  for (std::size_t i = build.flow.shape.size() - axes; i < build.flow.shape.size(); ++i)
    shape.push_back(build.flow.shape[i]);
  return shape;
}

template <class T>
void build_fixed(const Build<T>& build) {
  const Description& layer = build.layer;
  const Index channels = trailing_size(build);
  check(layer.integers("axis").size() == 1, layer.title(), ": axis must be one axis");
  const Buffer<T> variance = build.weight("moving_variance", {channels});
  const Buffer<T> gamma = optional_weight(build, layer.flag("scale"), "gamma", {channels});
  Buffer<T> factor(channels);
  const T epsilon = static_cast<T>(layer.number("epsilon"));
  for (Index i = 0; i < channels; ++i) {
    factor[i] = T(1) / std::sqrt(variance[i] + epsilon);
    if (gamma.size()) factor[i] *= gamma[i];
  }
  build.add(std::make_unique<FixedNormalization<T>>(build.weight("moving_mean", {channels}), std::move(factor),
                                                    optional_weight(build, layer.flag("center"), "beta", {channels}),
                                                    build.flow.inner()));
}

}  // namespace

template <class T>
bool build_normalization(const Build<T>& build) {
  const Description& layer = build.layer;
  if (!layer.from("recurra.layers")) return false;
  const std::string& kind = layer.class_name();
  if (kind == "BatchNormalization") {
    build_fixed(build);
    return true;
  }
  if (kind != "LayerNormalization" && kind != "RMSNormalization") return false;
  const Index columns = trailing_size(build);
  check(columns >= 1, layer.title(), ": there is nothing to normalise");
  const bool root = kind == "RMSNormalization", rms = !root && layer.flag("rms_scaling");
  const Shape shape = trailing_shape(build);
  Buffer<T> gamma =
      root ? build.weight("scale", shape) : optional_weight(build, layer.flag("scale") || rms, "gamma", shape);
  Buffer<T> beta = optional_weight(build, !root && layer.flag("center") && !rms, "beta", shape);
  const auto norm = root ? ops::RowNorm::root_mean_square : rms ? ops::RowNorm::variance : ops::RowNorm::layer;
  build.add(std::make_unique<RowNormalization<T>>(std::move(gamma), std::move(beta), layer.number("epsilon"), norm,
                                                  columns, build.flow.size() / columns));
  return true;
}

template bool build_normalization(const Build<float>&);
template bool build_normalization(const Build<double>&);

}  // namespace recurra::runtime
