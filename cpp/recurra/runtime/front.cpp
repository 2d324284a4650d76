// Stages in front of cells that read more than a step's input.
//
// Letters: F features, K steps of a window.
#include <algorithm>
#include <utility>

#include "recurra/kernels/math.h"
#include "recurra/runtime/cell.h"
#include "recurra/runtime/cell_weights.h"

namespace recurra::runtime {
namespace {

// A stage whose state is one array of each row's, kept at steps that are padding.
template <class T>
class RowMemory : public Stage<T> {
 public:
  RowMemory(std::vector<Index> shape, bool masked) : shape_(std::move(shape)), masked_(masked) {
    for (const Index extent : shape_) size_ *= extent;
  }

  Index state_size(Index batch) const noexcept override { return batch * size_; }
  std::vector<std::vector<Index>> state_shapes() const override { return {shape_}; }
  void read_state(const Moment<T>& moment, std::size_t, T* values) const noexcept override {
    std::copy_n(moment.state, moment.batch * size_, values);
  }
  void write_state(const Moment<T>& moment, std::size_t, const T* values) const noexcept override {
    std::copy_n(values, moment.batch * size_, moment.state);
  }
  void clear_row(const Moment<T>& moment, Index row) const noexcept override {
    std::fill_n(moment.state + row * size_, size_, T(0));
  }

 protected:
  bool counts(const Moment<T>& moment, Index row) const { return !masked_ || moment.counts[row]; }
  T* memory(const Moment<T>& moment, Index row) const { return moment.state + row * size_; }
  Index size() const { return size_; }

 private:
  const std::vector<Index> shape_;
  const bool masked_;
  Index size_ = 1;
};

// The last K inputs that counted side by side, oldest first. State: the K - 1 before this step's, (K - 1) F.
template <class T>
class Window final : public RowMemory<T> {
 public:
  Window(Index features, Index steps, bool masked)
      : RowMemory<T>({(steps - 1) * features}, masked), features_(features) {}

  Index scratch_size(Index batch) const noexcept override { return batch * (this->size() + features_); }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    const Index width = this->size() + features_;
    for (Index row = 0; row < moment.batch; ++row) {
      T* window = moment.scratch + row * width;
      std::copy_n(in[row], features_, std::copy_n(this->memory(moment, row), this->size(), window));
      if (this->counts(moment, row)) std::copy_n(window + features_, this->size(), this->memory(moment, row));
    }
    return {moment.scratch, width};
  }

 private:
  const Index features_;
};

// Missing values decay from the last one observed to the mean, as layers.GRUD has it:
//
//   x' = x where observed, else mean + exp(-max(0, w delta + b)) last
//
// In and out come values, whether they were observed, and the time since they were last observed, F each. Every product
// is rounded by itself, as the layer's operations do. State: last, the value last observed less the mean, F.
template <class T>
class Completion final : public RowMemory<T> {
 public:
  Completion(Buffer<T> decay, Buffer<T> bias, Buffer<T> mean, bool masked)
      : RowMemory<T>({mean.size()}, masked),
        F(mean.size()),
        decay_(std::move(decay)),
        bias_(std::move(bias)),
        mean_(std::move(mean)) {}

  Index scratch_size(Index batch) const noexcept override { return batch * 3 * F; }
  double operations() const noexcept override { return 20.0 * static_cast<double>(F); }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    for (Index row = 0; row < moment.batch; ++row) {
      const T *values = in[row], *observed = values + F, *delta = observed + F;
      T *out = moment.scratch + row * 3 * F, *last = this->memory(moment, row);
      for (Index i = 0; i < F; i += lanes<T>) {
        const Index left = F - i;
        const Vec<T> mean = load_part(mean_.data() + i, left);
        const Vec<T> scaled = in_register(load_part(decay_.data() + i, left) * load_part(delta + i, left));
        const Vec<T> share = math::exp<T>(-max<T>(Vec<T>{}, scaled + load_part(bias_.data() + i, left)));
        const Vec<T> rest = in_register(share * load_part(last + i, left));
        const Vec<T> there = load_part(observed + i, left);
        store_part(out + i, there != T(0) ? load_part(values + i, left) : mean + rest, left);
        store_part(out + F + i, there != T(0) ? broadcast(T(1)) : Vec<T>{}, left);
        store_part(out + 2 * F + i, load_part(delta + i, left), left);
      }
      if (!this->counts(moment, row)) continue;
      for (Index i = 0; i < F; ++i)
        if (observed[i] != 0) last[i] = values[i] - mean_[i];
    }
    return {moment.scratch, 3 * F};
  }

 private:
  const Index F;
  const Buffer<T> decay_, bias_, mean_;
};

}  // namespace

template <class T>
Index add_front(const Build<T>& build, const Description& cell, const std::string& path) {
  const Index features = build.flow.features();
  const std::string kind = cell_kind(cell);
  if (kind == "QRNN") {
    constexpr Index longest = 4096;
    const Index window = cell.integer("window");
    check(window >= 1 && window <= longest, cell.title(), ": window must be from 1 to ", longest, ", got ", window);
    if (window > 1) build.add(std::make_unique<Window<T>>(features, window, build.flow.masked));
    return window * features;
  }
  if (kind == "GRUD") {
    check(features % 3 == 0, cell.title(), ": it needs values, masks and times, a third of the features each, got ",
          features, " features");
    const auto weight = [&](const char* name) {
      return build.weights.template copy<T>(cell, path + name, Shape{features / 3});
    };
    build.add(std::make_unique<Completion<T>>(weight("input_decay"), weight("input_decay_bias"), weight("mean"),
                                              build.flow.masked));
  }
  return features;
}

template Index add_front(const Build<float>&, const Description&, const std::string&);
template Index add_front(const Build<double>&, const Description&, const std::string&);

}  // namespace recurra::runtime
