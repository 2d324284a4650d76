// The linear recurrent unit: a step of what layers.LRU does over a sequence.
//
//   x' = L x + G (u B)      y' = Re(x' C) + u D + b      L = exp(-exp(v) + i exp(w)),  G = sqrt(1 - |L|^2)
//
// The products with B and D are a stage in front. As the layer takes these as operations one after another, every
// product here is rounded by itself but those of complex_step and of C.
//
// Letters: U units, N complex numbers of the state, in two halves.
#include "recurra/kernels/vec.h"
#include "recurra/ops/arithmetic.h"
#include "recurra/ops/elementwise.h"
#include "recurra/ops/scan.h"
#include "recurra/runtime/cell.h"
#include "recurra/runtime/dense.h"
#include "recurra/tensor/tape.h"

namespace recurra::runtime {
namespace {

// States: the output, and x.
template <class T>
class LruStepper final : public rnn::Stepper<T> {
 public:
  /// factor is L, scale is G, twice; out is the product with C.
  LruStepper(Buffer<T> factor, Buffer<T> scale, std::unique_ptr<Stage<T>> out, Index units)
      : U(units),
        N(factor.size() / 2),
        padded_(padded<T>(std::max(units, factor.size()))),
        factor_(std::move(factor)),
        scale_(std::move(scale)),
        out_(std::move(out)) {}

  int states() const noexcept override { return 2; }
  Index held() const noexcept override { return 2; }
  Index padded_units() const noexcept override { return padded_; }
  Index scratch_size(Index rows) const noexcept override { return 2 * N + out_->scratch_size(rows); }

  void step(Index rows, const T* sums, Index stride, const rnn::StateRing<T>& ring,
            T* scratch) const noexcept override {
    const auto place = [&](Index set, Index state) { return ring.sets + (set * 2 + state) * rows * padded_; };
    const T* before = place(ring.now, 1);
    T *y = place(1 - ring.now, 0), *x = place(1 - ring.now, 1);
    for (Index row = 0; row < rows; ++row) {
      const T* sum = sums + row * stride;
      for (Index i = 0; i < 2 * N; i += lanes<T>)
        store_part(scratch + i, load_part(scale_.data() + i, 2 * N - i) * load_part(sum + i, 2 * N - i), 2 * N - i);
      ops::complex_step(factor_.data(), before + row * padded_, scratch, x + row * padded_, N, N);
    }
    const Moment<T> moment{rows, 0, nullptr, scratch + 2 * N, nullptr, nullptr};
    const Rows<T> product = out_->step(moment, {x, padded_});
    for (Index row = 0; row < rows; ++row) {
      const T* passing = sums + row * stride + 2 * N;
      for (Index u = 0; u < U; ++u) y[row * padded_ + u] = product[row][u] + passing[u];
    }
  }

 private:
  const Index U, N, padded_;
  const Buffer<T> factor_, scale_;
  const std::unique_ptr<Stage<T>> out_;
};

// The numbers of two tensors, one behind the other.
template <class T>
Buffer<T> joined(const Tensor& first, const Tensor& second) {
  Buffer<T> out(2 * first.size());
  std::copy_n(second.data<T>(), second.size(), std::copy_n(first.data<T>(), first.size(), out.data()));
  return out;
}

}  // namespace

template <class T>
Cell<T> make_lru_cell(const Build<T>& build, const Description& cell, const std::string& path) {
  const Index units = cell.integer("units"), features = build.flow.features();
  const Index state = cell.has("state_units") ? cell.integer("state_units") : units;
  check(state >= 1, cell.title(), ": state_units must be at least 1, got ", state);
  const auto weight = [&](const char* name, const Shape& shape) {
    return build.weights.template copy<T>(cell, path + name, shape);
  };
  const Buffer<T> entering = weight("kernel", {features, 2 * state}),
                  passing = weight("skip_kernel", {features, units});
  const Index columns = 2 * state + units;
  const Buffer<T> kernel(features * columns);
  for (Index row = 0; row < features; ++row)
    std::copy_n(passing.data() + row * units, units,
                std::copy_n(entering.data() + row * 2 * state, 2 * state, kernel.data() + row * columns));
  build.add(dense_stage(kernel, Buffer<T>(), features, columns, 1, Function<T>()));
  auto out =
      dense_stage(weight("output_kernel", {2 * state, units}),
                  cell.flag("use_bias") ? weight("bias", {units}) : Buffer<T>(), 2 * state, units, 1, Function<T>());

  const NoGradient off;
  const Buffer<T> polar = weight("recurrent_kernel", {2, state});
  const auto row_of = [&](Index row) {
    const Tensor numbers(Shape{state}, dtype_of<T>());
    std::copy_n(polar.data() + row * state, state, numbers.data<T>());
    return numbers;
  };
  const Tensor size = ops::exp(ops::negative(ops::exp(row_of(0)))), angle = ops::exp(row_of(1));
  const Tensor scale = ops::sqrt(ops::subtract(Tensor::scalar(1, dtype_of<T>()), ops::multiply(size, size)));
  return {std::make_unique<LruStepper<T>>(
              joined<T>(ops::multiply(size, ops::cos(angle)), ops::multiply(size, ops::sin(angle))),
              joined<T>(scale, scale), std::move(out), units),
          {units, 2 * state},
          4.0 * static_cast<double>(state * (units + 2))};
}

template Cell<float> make_lru_cell(const Build<float>&, const Description&, const std::string&);
template Cell<double> make_lru_cell(const Build<double>&, const Description&, const std::string&);

}  // namespace recurra::runtime
