#include "recurra/ops/layer_normalization.h"

#include <cmath>

#include "recurra/ops/row_reduction.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

struct Layout {
  Index rows, columns;
  double operations() const { return 8.0 * static_cast<double>(rows * columns); }
};

constexpr Index row_block = 16;

template <class T, class Term>
T row_sum(Index columns, const Term& term) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (Index i = 0; i < columns; ++i) sum += term(i);
  return sum;
}

// What a row is shifted by, the centre its spread is measured from, and one over its spread.
template <class T>
struct RowStatistics {
  T shift, centre, inverse;
};

template <class T>
RowStatistics<T> statistics_of(const T* x, Index columns, RowNorm norm, T epsilon) {
  const T n = static_cast<T>(columns);
  const T mean = norm == RowNorm::root_mean_square ? T(0) : row_sum<T>(columns, [&](Index i) { return x[i]; }) / n;
  const T spread = row_sum<T>(columns, [&](Index i) { return (x[i] - mean) * (x[i] - mean); }) / n;
  return {norm == RowNorm::layer ? mean : T(0), mean, T(1) / std::sqrt(spread + epsilon)};
}

template <class T>
void normalize(const T* x, Index columns, const T* gamma, const T* beta, const RowStatistics<T>& s, T* y) {
  for (Index i = 0; i < columns; ++i) {
    const T normal = (x[i] - s.shift) * s.inverse;
    y[i] = (gamma ? gamma[i] * normal : normal) + (beta ? beta[i] : T(0));
  }
}

template <class T>
void forward(const Layout& l, const T* x, const T* gamma, const T* beta, T epsilon, RowNorm norm, T* y,
             RowStatistics<T>* statistics) {
  parallel_blocks(l.rows, row_block, l.operations(), [&](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const T* in = x + row * l.columns;
      const RowStatistics<T> s = statistics_of(in, l.columns, norm, epsilon);
      if (statistics) statistics[row] = s;
      normalize(in, l.columns, gamma, beta, s, y + row * l.columns);
    }
  });
}

// With g = dy gamma, v one over the spread, a the shift, c the centre:
//   dx = v (g - [layer] mean(g)) - v^3 (x - c) mean(g (x - a))
template <class T>
void input_gradient(const Layout& l, const T* dy, const T* x, const T* gamma, const RowStatistics<T>* statistics,
                    RowNorm norm, T* dx) {
  parallel_blocks(l.rows, row_block, l.operations(), [&](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const T* in = x + row * l.columns;
      const T* upstream = dy + row * l.columns;
      T* out = dx + row * l.columns;
      const RowStatistics<T> s = statistics[row];
      const T n = static_cast<T>(l.columns);
      const auto g = [&](Index i) { return gamma ? upstream[i] * gamma[i] : upstream[i]; };
      const T mean = norm == RowNorm::layer ? row_sum<T>(l.columns, g) / n : T(0);
      const T along = row_sum<T>(l.columns, [&](Index i) { return g(i) * (in[i] - s.shift); }) / n;
      const T pull = s.inverse * s.inverse * s.inverse * along;
      for (Index i = 0; i < l.columns; ++i) out[i] = s.inverse * (g(i) - mean) - pull * (in[i] - s.centre);
    }
  });
}

// dgamma = sum over rows of dy (x - shift) / spread
template <class T>
void gamma_gradient(const Layout& l, const T* dy, const T* x, const RowStatistics<T>* statistics, T* dgamma) {
  reduce_rows(l.rows, l.columns, l.operations(), dgamma, [&](Index begin, Index end, T* sum) {
    for (Index row = begin; row < end; ++row) {
      const RowStatistics<T> s = statistics[row];
      for (Index i = 0; i < l.columns; ++i)
        sum[i] += dy[row * l.columns + i] * (x[row * l.columns + i] - s.shift) * s.inverse;
    }
  });
}

}  // namespace

template <class T>
void normalize_row(const T* x, Index D, const T* gamma, const T* beta, T epsilon, RowNorm norm, T* y) noexcept {
  normalize(x, D, gamma, beta, statistics_of(x, D, norm, epsilon), y);
}

template void normalize_row(const float*, Index, const float*, const float*, float, RowNorm, float*) noexcept;
template void normalize_row(const double*, Index, const double*, const double*, double, RowNorm, double*) noexcept;

Tensor layer_normalization(const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon, RowNorm norm) {
  constexpr const char* who = "layer_normalization";
  check(x.rank() >= 1 && x.shape().back() > 0, who, ": expected rows of at least one number, got shape ", x.shape());
  const Index columns = x.shape().back();
  for (const Tensor* parameter : {&gamma, &beta}) {
    if (!parameter->defined()) continue;
    check_same_dtype(x, *parameter, who);
    check(parameter->shape() == Shape{columns}, who, ": expected gamma and beta of shape (", columns, ",), got ",
          parameter->shape());
  }
  const Layout l{x.size() / columns, columns};
  const Tensor y = Tensor::empty_like(x);
  const Tensor statistics =
      needs_recording({&x, &gamma, &beta}) ? Tensor({l.rows, 3}, x.dtype()) : Tensor();  // RowStatistics
  dispatch_float(x.dtype(), who, [&]<class T>() {
    forward(l, x.data<T>(), gamma.defined() ? gamma.data<T>() : nullptr, beta.defined() ? beta.data<T>() : nullptr,
            static_cast<T>(epsilon), norm, y.data<T>(),
            statistics.defined() ? reinterpret_cast<RowStatistics<T>*>(statistics.bytes()) : nullptr);
  });
  record(who, {x, gamma, beta}, {y},
         [l, norm, x = x.detach(), gamma = gamma.defined() ? gamma.detach() : gamma,
          statistics](const BackwardPass& pass) {
           const Tensor& dy = pass.output_gradient();
           dispatch_float(dy.dtype(), who, [&]<class T>() {
             const auto* rows = reinterpret_cast<const RowStatistics<T>*>(statistics.bytes());
             if (pass.wants(0)) {
               const Tensor dx = Tensor::empty_like(x);
               input_gradient(l, dy.data<T>(), x.data<T>(), gamma.defined() ? gamma.data<T>() : nullptr, rows, norm,
                              dx.data<T>());
               pass.add(0, dx);
             }
             if (pass.wants(1)) {
               const Tensor dgamma({l.columns}, dy.dtype());
               gamma_gradient(l, dy.data<T>(), x.data<T>(), rows, dgamma.data<T>());
               pass.add(1, dgamma);
             }
             if (pass.wants(2)) {
               const Tensor dbeta({l.columns}, dy.dtype());
               sum_rows(dy.data<T>(), l.rows, l.columns, dbeta.data<T>());
               pass.add(2, dbeta);
             }
           });
         });
  return y;
}

}  // namespace recurra::ops
