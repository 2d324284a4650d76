// Masking: rows whose numbers all equal a value are padding at this step, and become zero.
#include <algorithm>

#include "recurra/runtime/stage.h"

namespace recurra::runtime {
namespace {

template <class T>
class Masking final : public Stage<T> {
 public:
  Masking(T value, Index features) : value_(value), features_(features) {}

  Index scratch_size(Index batch) const noexcept override { return batch * features_; }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    for (Index row = 0; row < moment.batch; ++row) {
      const T* x = in[row];
      T* out = moment.scratch + row * features_;
      moment.counts[row] = std::any_of(x, x + features_, [this](T number) { return number != value_; });
      if (moment.counts[row]) std::copy_n(x, features_, out);
      else std::fill_n(out, features_, T(0));
    }
    return {moment.scratch, features_};
  }

 private:
  const T value_;
  const Index features_;
};

}  // namespace

template <class T>
bool build_masking(const Build<T>& build) {
  const Description& layer = build.layer;
  if (!layer.from("recurra.layers") || layer.class_name() != "Masking") return false;
  if (!build.flow.sequence || build.flow.shape.size() != 1)
    layer.refuse("it needs a sequence of (batch, time, features)");
  build.add(std::make_unique<Masking<T>>(static_cast<T>(layer.number("mask_value")), build.flow.features()));
  build.flow.masked = true;
  return true;
}

template bool build_masking(const Build<float>&);
template bool build_masking(const Build<double>&);

}  // namespace recurra::runtime
