// The linear recurrence, h' = a h + b, number by number: a step of what ops::linear_scan does over a sequence. The
// input product is a stage in front.
//
//   a = exp(-exp(v)) for all steps, b = sqrt(1 - a^2) (input sums)
//
// Zoneout of rate p turns them into a' = (a - p a) + p, b' = b - p b. As the layer takes these as operations one after
// another, every product here is rounded by itself but that of a and h.
//
// Letters: U units.
#include <cmath>

#include "recurra/kernels/vec.h"
#include "recurra/ops/arithmetic.h"
#include "recurra/ops/elementwise.h"
#include "recurra/runtime/cell.h"
#include "recurra/runtime/dense.h"
#include "recurra/tensor/tape.h"

namespace recurra::runtime {
namespace {

template <class T>
class LinearRnnStepper final : public rnn::Stepper<T> {
 public:
  /// decay is a, scale the factor of the input sums.
  LinearRnnStepper(Buffer<T> decay, Buffer<T> scale, T zoneout)
      : U(decay.size()), decay_(std::move(decay)), scale_(std::move(scale)), zoneout_(zoneout) {}

  int states() const noexcept override { return 1; }
  Index held() const noexcept override { return 2; }
  Index padded_units() const noexcept override { return U; }
  Index scratch_size(Index) const noexcept override { return 0; }

  void step(Index rows, const T* x, Index x_stride, const rnn::StateRing<T>& ring, T*) const noexcept override {
    for (Index row = 0; row < rows; ++row) {
      const T* before = ring.sets + (ring.now * rows + row) * U;
      T* after = ring.sets + ((1 - ring.now) * rows + row) * U;
      for (Index u = 0; u < U; u += lanes<T>) {
        const Index left = U - u;
        Vec<T> b = in_register(load_part(scale_.data() + u, left) * load_part(x + row * x_stride + u, left));
        if (zoneout_ != 0) b = b - in_register(zoneout_ * b);
        store_part(after + u, load_part(decay_.data() + u, left) * load_part(before + u, left) + b, left);
      }
    }
  }

 private:
  const Index U;
  const Buffer<T> decay_, scale_;
  const T zoneout_;
};

template <class T>
Buffer<T> buffer_of(const Tensor& tensor) {
  Buffer<T> out(tensor.size());
  std::copy_n(tensor.data<T>(), out.size(), out.data());
  return out;
}

// a and sqrt(1 - a^2), by the operations the layer takes.
template <class T>
std::unique_ptr<rnn::Stepper<T>> linear_rnn(const Buffer<T>& v, T zoneout) {
  const NoGradient off;
  const Tensor exponent(Shape{v.size()}, dtype_of<T>());
  std::copy_n(v.data(), v.size(), exponent.data<T>());
  const auto number = [](T value) { return Tensor::scalar(value, dtype_of<T>()); };
  Tensor a = ops::exp(ops::negative(ops::exp(exponent)));
  const Tensor scale = ops::sqrt(ops::subtract(number(1), ops::multiply(a, a)));
  if (zoneout != 0) a = ops::add(ops::subtract(a, ops::multiply(number(zoneout), a)), number(zoneout));
  return std::make_unique<LinearRnnStepper<T>>(buffer_of<T>(a), buffer_of<T>(scale), zoneout);
}

}  // namespace

template <class T>
Cell<T> make_linear_cell(const Build<T>& build, const Description& cell, const std::string& path) {
  const Index units = cell.integer("units"), features = build.flow.features();
  const auto weight = [&](const char* name, const Shape& shape) {
    return build.weights.template copy<T>(cell, path + name, shape);
  };
  build.add(dense_stage(weight("kernel", {features, units}),
                        cell.flag("use_bias") ? weight("bias", {units}) : Buffer<T>(), features, units, 1,
                        Function<T>()));
  const std::vector<T> rates = zoneout_rates<T>(cell, 1);
  return {linear_rnn(weight("recurrent_kernel", {units}), rates.empty() ? T(0) : rates[0]),
          {units},
          4.0 * static_cast<double>(units)};
}

template Cell<float> make_linear_cell(const Build<float>&, const Description&, const std::string&);
template Cell<double> make_linear_cell(const Build<double>&, const Description&, const std::string&);

}  // namespace recurra::runtime
