// Dense: y = f(x kernel + bias).
#include "recurra/runtime/dense.h"

#include "recurra/kernels/gemm.h"

namespace recurra::runtime {
namespace {

template <class T>
class Dense final : public Stage<T> {
 public:
  Dense(const Buffer<T>& kernel, Buffer<T> bias, Index features, Index units, Index inner, Function<T> function)
      : features_(features),
        units_(units),
        inner_(inner),
        packed_(gemm::packed_size<T>(features, units)),
        bias_(std::move(bias)),
        function_(function) {
    gemm::pack(kernel.data(), units, 1, features, units, packed_.data());
  }

  Index scratch_size(Index batch) const noexcept override { return batch * inner_ * units_; }
  double operations() const noexcept override { return 2.0 * static_cast<double>(inner_ * features_ * units_); }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    if (inner_ == 1) {
      multiply(in.data, in.stride, moment.batch, moment.scratch);
    } else {
      for (Index row = 0; row < moment.batch; ++row)
        multiply(in[row], features_, inner_, moment.scratch + row * inner_ * units_);
    }
    function_(moment.scratch, moment.batch * inner_, units_);
    return {moment.scratch, inner_ * units_};
  }

 private:
  void multiply(const T* x, Index stride, Index rows, T* y) const noexcept {
    gemm::multiply(x, stride, rows, features_, packed_.data(), units_, y, units_,
                   bias_.size() ? gemm::Start::bias : gemm::Start::zero, bias_.data());
  }

  const Index features_, units_, inner_;
  Buffer<T> packed_, bias_;
  const Function<T> function_;
};

}  // namespace

template <class T>
std::unique_ptr<Stage<T>> dense_stage(const Buffer<T>& kernel, Buffer<T> bias, Index features, Index units, Index inner,
                                      Function<T> function) {
  return std::make_unique<Dense<T>>(kernel, std::move(bias), features, units, inner, function);
}

template std::unique_ptr<Stage<float>> dense_stage(const Buffer<float>&, Buffer<float>, Index, Index, Index,
                                                   Function<float>);
template std::unique_ptr<Stage<double>> dense_stage(const Buffer<double>&, Buffer<double>, Index, Index, Index,
                                                    Function<double>);

template <class T>
bool build_dense(const Build<T>& build) {
  const Description& layer = build.layer;
  if (!layer.from("recurra.layers") || layer.class_name() != "Dense") return false;
  const Index features = build.flow.features(), units = layer.integer("units");
  check(units >= 1, layer.title(), ": units must be at least 1, got ", units);
  build.add(dense_stage(build.weight("kernel", {features, units}),
                        layer.flag("use_bias") ? build.weight("bias", {units}) : Buffer<T>(), features, units,
                        build.flow.inner(), Function<T>::named(layer, "activation")));
  build.flow.shape.back() = units;
  return true;
}

template bool build_dense(const Build<float>&);
template bool build_dense(const Build<double>&);

}  // namespace recurra::runtime
