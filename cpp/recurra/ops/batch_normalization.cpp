#include "recurra/ops/batch_normalization.h"

#include <cmath>

#include "recurra/ops/row_reduction.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

// The mask of row r and channel c is flags[r * per_row + c * per_channel].
struct Weights {
  const bool* flags = nullptr;
  Index per_row = 0, per_channel = 0;

  template <class T>
  T operator()(Index row, Index channel) const {
    return !flags || flags[row * per_row + channel * per_channel] ? T(1) : T(0);
  }
};

struct Layout {
  Index rows, channels;
  double operations() const { return 4.0 * static_cast<double>(rows * channels); }
};

Weights weights_of(const Tensor& mask, const Tensor& x) {
  if (!mask.defined()) return {};
  if (mask.rank() == x.rank()) return {mask.data<bool>(), x.shape().back(), 1};
  return {mask.data<bool>(), 1, 0};
}

// sums = sum over rows of term(row, channel)
template <class T, class Term>
void sum_terms(const Layout& l, T* sums, const Term& term) {
  if (l.channels == 0) return;
  reduce_rows(l.rows, l.channels, l.operations(), sums, [&](Index begin, Index end, T* out) {
    for (Index row = begin; row < end; ++row)
      for (Index c = 0; c < l.channels; ++c) out[c] += term(row * l.channels + c, row, c);
  });
}

// Statistics in two passes: the mean first, then squared distances from it, which cancel nothing.
template <class T>
void statistics(const Layout& l, const Weights& w, const T* x, T* mean, T* variance, T* count) {
  std::fill_n(count, l.channels, static_cast<T>(l.rows));
  if (w.flags != nullptr) {
    sum_terms(l, count, [&](Index, Index row, Index c) { return w.operator()<T>(row, c); });
    for (Index c = 0; c < l.channels; ++c) count[c] += T(1e-7);
    sum_terms(l, mean, [&](Index i, Index row, Index c) { return w.operator()<T>(row, c) != 0 ? x[i] : T(0); });
  } else {
    sum_terms(l, mean, [&](Index i, Index, Index) { return x[i]; });
  }
  for (Index c = 0; c < l.channels; ++c) mean[c] /= count[c];
  const auto square = [&](Index i, Index c) { return (x[i] - mean[c]) * (x[i] - mean[c]); };
  if (w.flags != nullptr)
    sum_terms(l, variance,
              [&](Index i, Index row, Index c) { return w.operator()<T>(row, c) != 0 ? square(i, c) : T(0); });
  else sum_terms(l, variance, [&](Index i, Index, Index c) { return square(i, c); });
  for (Index c = 0; c < l.channels; ++c) variance[c] /= count[c];
}

template <class T>
void normalise(const Layout& l, const T* x, const T* mean, const T* inverse, const T* gamma, const T* beta, T* y) {
  if (l.channels == 0) return;
  parallel_blocks(l.rows, 64, l.operations(), [&](Index begin, Index end) {
    for (Index i = begin * l.channels, row = begin; row < end; ++row)
      for (Index c = 0; c < l.channels; ++c, ++i) {
        const T normal = (x[i] - mean[c]) * inverse[c];
        y[i] = (gamma ? gamma[c] * normal : normal) + (beta ? beta[c] : T(0));
      }
  });
}

// With x^ = (x - mean) / s, s = sqrt(variance + epsilon), e = sum of w (x - mean) / n = mean (1 - sum of w / n):
//   dbeta = sum dy,  dgamma = sum dy x^,  dx = gamma / s (dy - w / n (dbeta + dgamma (x^ - e / s)))
template <class T>
void input_gradient(const Layout& l, const Weights& w, const T* dy, const T* x, const T* mean, const T* inverse,
                    const T* count, const T* gamma, const T* dgamma, const T* dbeta, T* dx) {
  parallel_blocks(l.rows, 64, 2 * l.operations(), [&](Index begin, Index end) {
    for (Index i = begin * l.channels, row = begin; row < end; ++row) {
      for (Index c = 0; c < l.channels; ++c, ++i) {
        const T excess = w.flags ? mean[c] * T(1e-7) / count[c] : T(0);
        const T centred = (x[i] - mean[c] - excess) * inverse[c];
        const T share = w.operator()<T>(row, c) / count[c];
        const T scale = gamma ? gamma[c] * inverse[c] : inverse[c];
        dx[i] = scale * (dy[i] - share * (dbeta[c] + dgamma[c] * centred));
      }
    }
  });
}

}  // namespace

BatchNormalized batch_normalization(const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& mask,
                                    double epsilon) {
  constexpr const char* who = "batch_normalization";
  check(x.rank() >= 1, who, ": x has no axis of channels");
  const Index channels = x.shape().back();
  for (const Tensor* parameter : {&gamma, &beta}) {
    if (!parameter->defined()) continue;
    check_same_dtype(x, *parameter, who);
    check(parameter->shape() == Shape{channels}, who, ": expected gamma and beta of shape (", channels, ",), got ",
          parameter->shape());
  }
  if (mask.defined()) {
    const Shape rows(std::span<const Index>(x.shape().begin(), as_size(x.rank() - 1)));
    check(mask.dtype() == DType::boolean && (mask.shape() == rows || mask.shape() == x.shape()), who,
          ": expected a bool mask of shape ", rows, " or ", x.shape(), ", got ", name_of(mask.dtype()), mask.shape());
  }
  const Layout l{x.shape().count(0, x.rank() - 1), channels};
  check(l.rows > 0, who, ": an empty batch has no statistics; x has shape ", x.shape());
  const Tensor y = Tensor::empty_like(x);
  const Tensor mean({channels}, x.dtype()), variance({channels}, x.dtype()), count({channels}, x.dtype());
  const Tensor inverse({channels}, x.dtype());
  dispatch_float(x.dtype(), who, [&]<class T>() {
    statistics(l, weights_of(mask, x), x.data<T>(), mean.data<T>(), variance.data<T>(), count.data<T>());
    for (Index c = 0; c < channels; ++c)
      inverse.data<T>()[c] = T(1) / std::sqrt(variance.data<T>()[c] + static_cast<T>(epsilon));
    normalise(l, x.data<T>(), mean.data<T>(), inverse.data<T>(), gamma.defined() ? gamma.data<T>() : nullptr,
              beta.defined() ? beta.data<T>() : nullptr, y.data<T>());
  });
  record(who, {x, gamma, beta}, {y},
         [l, x = x.detach(), gamma = gamma.defined() ? gamma.detach() : gamma, mask, mean, inverse,
          count](const BackwardPass& pass) {
           const Tensor& dy = pass.output_gradient();
           dispatch_float(dy.dtype(), who, [&]<class T>() {
             const T* g = dy.data<T>();
             const T* in = x.data<T>();
             const Tensor dgamma = Tensor::empty_like(mean), dbeta = Tensor::empty_like(mean);
             sum_rows(g, l.rows, l.channels, dbeta.data<T>());
             const T* centre = mean.data<T>();
             const T* scale = inverse.data<T>();
             sum_terms(l, dgamma.data<T>(),
                       [&](Index i, Index, Index c) { return g[i] * (in[i] - centre[c]) * scale[c]; });
             if (pass.wants(0)) {
               const Tensor dx = Tensor::empty_like(x);
               input_gradient(l, weights_of(mask, x), g, in, centre, scale, count.data<T>(),
                              gamma.defined() ? gamma.data<T>() : nullptr, dgamma.data<T>(), dbeta.data<T>(),
                              dx.data<T>());
               pass.add(0, dx);
             }
             pass.add(1, dgamma);
             pass.add(2, dbeta);
           });
         });
  return {y, mean, variance};
}

}  // namespace recurra::ops
