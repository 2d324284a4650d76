#include "recurra/optim/gradients.h"

#include <array>
#include <cmath>

#include "recurra/optim/sweep.h"

namespace recurra::optim {
namespace {

// Sum of squares with a fixed order: lanes within a block, then blocks in turn.
template <class T>
double sum_of_squares(const T* data, Index count) {
  constexpr Index lanes = 16;
  const Index blocks = (count + sweep_block - 1) / sweep_block;
  std::vector<double> partial(as_size(blocks), 0.0);
  sweep(count, 2, [&](Index begin, Index end) {
    std::array<double, lanes> sum{};
    Index i = begin;
    for (; i + lanes <= end; i += lanes)
      for (Index lane = 0; lane < lanes; ++lane) {
        const auto x = static_cast<double>(data[i + lane]);
        sum[as_size(lane)] += x * x;
      }
    double total = 0;
    for (; i < end; ++i) total += static_cast<double>(data[i]) * static_cast<double>(data[i]);
    for (double s : sum) total += s;
    partial[as_size(begin / sweep_block)] = total;
  });
  double total = 0;
  for (double p : partial) total += p;
  return total;
}

template <class T>
void scale(T* data, Index count, double factor) {
  const T f = static_cast<T>(factor);
  sweep(count, 1, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) data[i] *= f;
  });
}

}  // namespace

double global_norm(const ParameterBlock& block) {
  const Tensor& g = block.gradients();
  return dispatch_float(g.dtype(), "global_norm",
                        [&]<class T>() { return std::sqrt(sum_of_squares(g.data<T>(), g.size())); });
}

void clip_by_value(const ParameterBlock& block, double limit) {
  const Tensor& gradients = block.gradients();
  dispatch_float(gradients.dtype(), "clip_by_value", [&]<class T>() {
    T* const g = gradients.data<T>();
    const T top = static_cast<T>(limit);
    sweep(gradients.size(), 2, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) g[i] = g[i] > top ? top : g[i] < -top ? -top : g[i];
    });
  });
}

void clip_by_norm(const ParameterBlock& block, double limit) {
  const Tensor& gradients = block.gradients();
  dispatch_float(gradients.dtype(), "clip_by_norm", [&]<class T>() {
    for (std::size_t i = 0; i < block.parameters().size(); ++i) {
      T* const g = gradients.data<T>() + block.offsets()[i];
      const Index count = block.parameters()[i].size();
      const double norm = std::sqrt(sum_of_squares(g, count));
      if (!(norm <= limit)) scale(g, count, limit / norm);
    }
  });
}

void clip_by_global_norm(const ParameterBlock& block, double limit) {
  const double norm = global_norm(block);
  if (norm <= limit) return;
  const Tensor& g = block.gradients();
  // norm − norm is 0 when finite, NaN otherwise.
  dispatch_float(g.dtype(), "clip_by_global_norm",
                 [&]<class T>() { scale(g.data<T>(), g.size(), limit / norm + (norm - norm)); });
}

void decay(const ParameterBlock& block, const std::vector<Index>& parameters, double rate) {
  const Tensor& values = block.values();
  const Change change(*values.storage());
  dispatch_float(values.dtype(), "decay", [&]<class T>() {
    const T r = static_cast<T>(rate);
    for (Index number : parameters) {
      const auto p = as_size(number);
      T* const v = values.data<T>() + block.offsets()[p];
      sweep(block.parameters()[p].size(), 2, [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) v[i] -= v[i] * r;
      });
    }
  });
}

void accumulate(const ParameterBlock& block, const Tensor& sum) {
  check_slot(block, sum, "accumulate");
  dispatch_float(sum.dtype(), "accumulate", [&]<class T>() {
    const T* const g = block.gradients().data<T>();
    T* const s = sum.data<T>();
    sweep(sum.size(), 1, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) s[i] += g[i];
    });
  });
}

void release_accumulated(const ParameterBlock& block, const Tensor& sum, double count) {
  check_slot(block, sum, "release_accumulated");
  dispatch_float(sum.dtype(), "release_accumulated", [&]<class T>() {
    T* const g = block.gradients().data<T>();
    T* const s = sum.data<T>();
    const T divisor = static_cast<T>(count);
    sweep(sum.size(), 2, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) {
        g[i] = (g[i] + s[i]) / divisor;
        s[i] = T(0);
      }
    });
  });
}

void track_average(const ParameterBlock& block, const Tensor& average, double momentum) {
  check_slot(block, average, "track_average");
  dispatch_float(average.dtype(), "track_average", [&]<class T>() {
    const T* const v = block.values().data<T>();
    T* const a = average.data<T>();
    const T keep = static_cast<T>(momentum);
    const T take = static_cast<T>(1 - momentum);
    sweep(average.size(), 3, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) a[i] = keep * a[i] + take * v[i];
    });
  });
}

}  // namespace recurra::optim
