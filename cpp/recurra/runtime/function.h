// Activation functions on rows of numbers, as the layers Dense, Conv1D and Activation compute them: formula for formula
// what ops/activation.h computes on tensors, with the same roundings, so that a stream gives the bits of a batch.
#pragma once

#include "recurra/runtime/description.h"

namespace recurra::runtime {

/// A function of `rows` rows of `count` numbers, in place.
template <class T>
class Function {
 public:
  using Body = void (*)(const Function& f, T* data, Index rows, Index count);

  /// f(x) = x.
  Function() = default;
  /// The activation that a layer's configuration names under `key`. Throws if it has no body here.
  static Function named(const Description& layer, const char* key);
  /// min(x, most) for x >= threshold, slope (x - threshold) below it.
  static Function rectifier(double slope, double most, double threshold);
  /// min(max(x, 0), most), where no zero is negative.
  static Function limited_relu(double most);
  static Function elu(double alpha);
  static Function softmax();
  static Function sigmoid();

  bool is_identity() const noexcept { return body_ == nullptr; }
  void operator()(T* data, Index rows, Index count) const noexcept {
    if (body_) body_(*this, data, rows, count);
  }

  T a = 0, b = 0, c = 0;  // settings, as the body reads them

 private:
  explicit Function(Body body) : body_(body) {}

  Body body_ = nullptr;
};

}  // namespace recurra::runtime
