// Causal Conv1D of stride 1 on a ring of past inputs.
//
// With dilation d the steps t, t - d, t - 2d, … of a window are neighbours if the steps of each residue modulo d have a
// ring of their own. A ring of K steps is kept twice, one copy behind the other, so that a window of K steps lies in
// one piece wherever it begins, and the product reads it where it is: [row][group][residue][2 K][channels of a group].
// The sum over taps and channels runs in the order of ops::conv1d.
//
// Letters: B rows, K taps, C channels of a group, O filters of a group, d dilation.
#include <algorithm>

#include "recurra/kernels/gemm.h"
#include "recurra/runtime/function.h"
#include "recurra/runtime/stage.h"

namespace recurra::runtime {
namespace {

struct ConvolutionShape {
  Index taps, dilation, groups, channels, filters;  // channels and filters of a group
};

template <class T>
class CausalConvolution final : public Stage<T> {
 public:
  CausalConvolution(const Buffer<T>& kernel, Buffer<T> bias, const ConvolutionShape& shape, Function<T> function)
      : s_(shape),
        packed_(s_.groups * gemm::packed_size<T>(s_.taps * s_.channels, s_.filters)),
        bias_(std::move(bias)),
        function_(function) {
    for (Index group = 0; group < s_.groups; ++group)
      gemm::pack(kernel.data() + group * s_.filters, s_.groups * s_.filters, 1, s_.taps * s_.channels, s_.filters,
                 packed_.data() + group * packed_size());
  }

  Index state_size(Index batch) const noexcept override { return batch * row_size(); }
  Index scratch_size(Index batch) const noexcept override { return batch * s_.groups * s_.filters; }
  double operations() const noexcept override {
    return 2.0 * static_cast<double>(s_.taps * s_.channels * s_.groups * s_.filters);
  }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    const Index residue = this->residue(moment.time), slot = this->slot(moment.time);
    for (Index row = 0; row < moment.batch; ++row)
      for (Index group = 0; group < s_.groups; ++group) {
        T* ring = ring_of(moment.state, row, group, residue);
        const T* values = in[row] + group * s_.channels;
        std::copy_n(values, s_.channels, ring + slot * s_.channels);
        std::copy_n(values, s_.channels, ring + (slot + s_.taps) * s_.channels);
      }
    const Index filters = s_.groups * s_.filters;
    for (Index group = 0; group < s_.groups; ++group)
      gemm::multiply(ring_of(moment.state, 0, group, residue) + (slot + 1) * s_.channels, row_size(), moment.batch,
                     s_.taps * s_.channels, packed_.data() + group * packed_size(), s_.filters,
                     moment.scratch + group * s_.filters, filters, bias_.size() ? gemm::Start::bias : gemm::Start::zero,
                     bias_.size() ? bias_.data() + group * s_.filters : nullptr);
    function_(moment.scratch, moment.batch, filters);
    return {moment.scratch, filters};
  }

  // Past inputs in the order of time: (K - 1) d steps, all channels.
  std::vector<std::vector<Index>> state_shapes() const override {
    if (s_.taps == 1) return {};
    return {{past(), s_.groups * s_.channels}};
  }
  void read_state(const Moment<T>& moment, std::size_t, T* values) const noexcept override {
    for_past(moment, [&](const T* first, const T*) { values = std::copy_n(first, s_.channels, values); });
  }
  void write_state(const Moment<T>& moment, std::size_t, const T* values) const noexcept override {
    for_past(moment, [&](T* first, T* second) {
      std::copy_n(values, s_.channels, first);
      std::copy_n(values, s_.channels, second);
      values += s_.channels;
    });
  }
  void clear_row(const Moment<T>& moment, Index row) const noexcept override {
    std::fill_n(moment.state + row * row_size(), row_size(), T(0));
  }

 private:
  Index packed_size() const { return gemm::packed_size<T>(s_.taps * s_.channels, s_.filters); }
  Index ring_size() const { return 2 * s_.taps * s_.channels; }
  Index row_size() const { return s_.groups * s_.dilation * ring_size(); }
  Index past() const { return (s_.taps - 1) * s_.dilation; }
  Index residue(std::uint64_t time) const {
    return s_.dilation == 1 ? 0 : static_cast<Index>(time % static_cast<std::uint64_t>(s_.dilation));
  }
  Index slot(std::uint64_t time) const {
    return static_cast<Index>(time / static_cast<std::uint64_t>(s_.dilation) % static_cast<std::uint64_t>(s_.taps));
  }
  T* ring_of(T* state, Index row, Index group, Index residue) const {
    return state + row * row_size() + (group * s_.dilation + residue) * ring_size();
  }

  // body(place, its copy) for every past step of every row, oldest first, group by group.
  template <class Body>
  void for_past(const Moment<T>& moment, const Body& body) const {
    // A span of taps * dilation steps has every slot once; counting from it keeps time positive.
    const auto period = static_cast<std::uint64_t>(s_.taps * s_.dilation);
    const std::uint64_t now = moment.time % period + period;
    for (Index row = 0; row < moment.batch; ++row)
      for (Index back = past(); back >= 1; --back) {
        const std::uint64_t time = now - static_cast<std::uint64_t>(back);
        for (Index group = 0; group < s_.groups; ++group) {
          T* ring = ring_of(moment.state, row, group, residue(time));
          body(ring + slot(time) * s_.channels, ring + (slot(time) + s_.taps) * s_.channels);
        }
      }
  }

  const ConvolutionShape s_;
  Buffer<T> packed_, bias_;
  const Function<T> function_;
};

}  // namespace

template <class T>
bool build_convolution(const Build<T>& build) {
  const Description& layer = build.layer;
  if (!layer.from("recurra.layers") || layer.class_name() != "Conv1D") return false;
  const auto one = [&](const char* key) {
    const std::vector<Index> given = layer.integers(key);
    check(given.size() == 1 && given[0] >= 1, layer.title(), ": ", key, " must be one integer of at least 1");
    return given[0];
  };
  const Index taps = one("kernel_size"), dilation = one("dilation_rate"), strides = one("strides");
  const Index filters = layer.integer("filters"), groups = layer.integer("groups");
  const Index channels = build.flow.features();
  if (!build.flow.sequence || build.flow.shape.size() != 1)
    layer.refuse("it needs a sequence of (batch, time, channels)");
  if (layer.has("data_format") && layer.word("data_format") != "channels_last")
    layer.refuse("its data_format must be 'channels_last'");
  if (strides != 1)
    layer.refuse(text("its strides must be 1, got ", strides, ": a stream has an output at every step"));
  if (taps > 1 && layer.word("padding") != "causal")
    layer.refuse(text("its padding must be 'causal', got '", layer.word("padding"),
                      "': other outputs need inputs of later steps, or are missing at the first ones"));
  check(filters >= 1 && groups >= 1 && filters % groups == 0 && channels % groups == 0, layer.title(),
        ": groups=", groups, " must divide the ", channels, " channels and the ", filters, " filters");
  constexpr Index longest = 16'777'216;
  check(taps <= longest && dilation <= longest / taps, layer.title(), ": the window is longer than ", longest,
        " steps");
  build.add(std::make_unique<CausalConvolution<T>>(
      build.weight("kernel", {taps, channels / groups, filters}),
      layer.flag("use_bias") ? build.weight("bias", {filters}) : Buffer<T>(),
      ConvolutionShape{taps, dilation, groups, channels / groups, filters / groups},
      Function<T>::named(layer, "activation")));
  build.flow.shape = {filters};
  build.flow.masked = false;  // a convolution does not pass a mask on
  return true;
}

template bool build_convolution(const Build<float>&);
template bool build_convolution(const Build<double>&);

}  // namespace recurra::runtime
