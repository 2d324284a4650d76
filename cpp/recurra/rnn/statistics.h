// The mean and variance of normalised sums at each step that has its own.
#pragma once

#include "recurra/rnn/normal.h"

namespace recurra::rnn {

template <class T>
class StepStatistics {
 public:
  /// Zeros; those of no step where there are none.
  StepStatistics(const Normal<T>& normal, Index steps) : steps_(steps), numbers_(2 * steps * normal.size(), T(0)) {}

  Index steps() const { return steps_; }
  /// Of a step, as Normal reads and writes them; those of the last step serve all later ones. nullptr without.
  T* mean(const Normal<T>& normal, Index step) const { return at(normal, 2 * std::min(step, steps_ - 1)); }
  T* variance(const Normal<T>& normal, Index step) const { return at(normal, 2 * std::min(step, steps_ - 1) + 1); }

  /// From and to (steps, normalised columns).
  void pack(const Normal<T>& normal, const T* mean, const T* variance) const {
    for (Index step = 0; step < steps_; ++step) {
      normal.pack(mean + step * normal.columns(), this->mean(normal, step));
      normal.pack(variance + step * normal.columns(), this->variance(normal, step));
    }
  }
  void unpack(const Normal<T>& normal, T* mean, T* variance) const {
    for (Index step = 0; step < steps_; ++step) {
      normal.unpack(this->mean(normal, step), mean + step * normal.columns());
      normal.unpack(this->variance(normal, step), variance + step * normal.columns());
    }
  }

 private:
  T* at(const Normal<T>& normal, Index number) const {
    return numbers_.size() > 0 ? numbers_.data() + number * normal.size() : nullptr;
  }

  Index steps_;
  Buffer<T> numbers_;
};

}  // namespace recurra::rnn
