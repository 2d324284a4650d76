#include "recurra/rnn/normal.h"

#include <cmath>

namespace recurra::rnn {

// One set of sums, and what is done with it.
template <class T>
struct Normal<T>::Set {
  const CellLayout<T>& layout;
  const int number;
  const CellShape::NormalSet place = layout.shape.normal_set(number);
  const Vec<T> last = units_of_last_vector(layout);
  const Index J = layout.J;

  static Vec<T> units_of_last_vector(const CellLayout<T>& layout) {
    Vec<T> units{};
    for (int lane = 0; lane < L; ++lane) units[lane] = (layout.J - 1) * L + lane < layout.U ? T(1) : T(0);
    return units;
  }

  // body(normalised sum, gradient of it, vector of units, number in the set) for all numbers of a row.
  template <class Body>
  RECURRA_INLINE void for_row(const NormalRows<T>& rows, Index row, Body&& body) const {
    for (Index j = 0; j < J; ++j) {
      T* saved = rows.saved + layout.saved_place(rows.capacity, j, row);
      for (int s = 0; s < place.count; ++s) body(saved + (place.place + s) * L, saved + (place.slot + s) * L, j, s);
    }
  }
  // body(normalised sum, gradient of it, row) for all rows of a column of numbers.
  template <class Body>
  RECURRA_INLINE void for_rows(const NormalRows<T>& rows, Index j, int s, Body&& body) const {
    for (Index i = 0; i < rows.count; ++i) {
      T* saved = rows.saved + layout.saved_place(rows.capacity, j, rows.place[i]);
      body(saved + (place.place + s) * L, saved + (place.slot + s) * L, rows.place[i]);
    }
  }
  template <class Body>
  RECURRA_INLINE void for_columns(const Share& share, Body&& body) const {
    for (Index j = share.begin(J); j < share.end(J); ++j)
      for (int s = 0; s < place.count; ++s) body(j, s);
  }

  T& inverse_of(const NormalRows<T>& rows, Index row) const {
    return rows.saved[layout.saved_place(rows.capacity, 0, row) + layout.shape.spread() * L + number];
  }
  const T* gain_of(Index j, int s) const { return layout.vectors_at(j) + layout.shape.normal_gain(number, s) * L; }
  Index column(Index j, int s) const {
    return (j * layout.shape.normal_count() + place.place - layout.shape.normal() + s) * L;
  }
  static Vec<T> inverse(const T* variance) { return 1 / square_root<T>(load(variance) + T(normal_epsilon)); }

  // Zero past the last unit.
  Vec<T> counted(Index j, Vec<T> x) const { return j + 1 == J ? x * last : x; }

  void forward_row(const NormalRows<T>& rows, Index row) const {
    // Sums are zero past the last unit, as weights are.
    const T count = static_cast<T>(layout.U * place.count);
    Vec<T> sum{}, squares{};
    for_row(rows, row, [&](const T* x, const T*, Index, int) { sum += load(x); });
    const T mean = lane_sum<T>(sum) / count;
    for_row(rows, row, [&](T* x, const T*, Index j, int) {
      const Vec<T> centred = counted(j, load(x) - mean);
      store(x, centred);
      squares += centred * centred;
    });
    const T scale = T(1) / std::sqrt(lane_sum<T>(squares) / count + T(normal_epsilon));
    for_row(rows, row, [&](T* x, const T*, Index, int) { store(x, load(x) * scale); });
    inverse_of(rows, row) = scale;
  }

  void forward_column(const NormalRows<T>& rows, Index j, int s) const {
    T* mean = rows.mean + column(j, s);
    T* variance = rows.variance + column(j, s);
    if (rows.statistics == Statistics::batch) {
      const T count = static_cast<T>(rows.count);
      Vec<T> sum{}, squares{};
      for_rows(rows, j, s, [&](const T* x, const T*, Index) { sum += load(x); });
      sum /= count;
      for_rows(rows, j, s, [&](const T* x, const T*, Index) { squares += (load(x) - sum) * (load(x) - sum); });
      store(mean, sum);
      store(variance, squares / count);
    }
    const Vec<T> centre = load(mean), scale = inverse(variance);
    for_rows(rows, j, s, [&](T* x, const T*, Index) { store(x, (load(x) - centre) * scale); });
  }

  void gain_gradient(const NormalRows<T>& rows, Index j, int s, const RowGradients<T>& gradients) const {
    const Index offset = (j * layout.shape.vectors + layout.shape.normal_gain(number, s)) * L;
    T* to = nullptr;
    Vec<T> sum{};
    for_rows(rows, j, s, [&](const T* x, const T* gradient, Index row) {
      T* set = gradients.of(row) + offset;
      if (set != to) {
        if (to) store(to, sum);
        sum = load(set);
        to = set;
      }
      sum += load(gradient) * load(x);
    });
    if (to) store(to, sum);
  }

  // With g the gradient times the gain, x the normalised number, v one over the spread, means over N:
  //   v (g - mean(g) - x mean(g x))
  void backward_row(const NormalRows<T>& rows, Index row) const {
    const T count = static_cast<T>(layout.U * place.count);
    // Zero past the last unit, as gains are.
    const auto scaled = [&](const T* gradient, Index j, int s) { return load(gradient) * load(gain_of(j, s)); };
    Vec<T> sum{}, along{};
    for_row(rows, row, [&](const T* x, const T* gradient, Index j, int s) {
      const Vec<T> g = scaled(gradient, j, s);
      sum += g;
      along += g * load(x);
    });
    const T mean = lane_sum<T>(sum) / count, pull = lane_sum<T>(along) / count, scale = inverse_of(rows, row);
    for_row(rows, row, [&](T* x, const T* gradient, Index j, int s) {
      store(x, counted(j, scale * (scaled(gradient, j, s) - mean - load(x) * pull)));
    });
  }

  void backward_column(const NormalRows<T>& rows, Index j, int s) const {
    const Vec<T> gain = load(gain_of(j, s));
    const Vec<T> scale = inverse(rows.variance + column(j, s));
    Vec<T> mean{}, pull{};
    if (rows.statistics == Statistics::batch) {
      for_rows(rows, j, s, [&](const T* x, const T* gradient, Index) {
        const Vec<T> g = gain * load(gradient);
        mean += g;
        pull += g * load(x);
      });
      const T count = static_cast<T>(std::max<Index>(1, rows.count));
      mean /= count;
      pull /= count;
    }
    for_rows(rows, j, s, [&](T* x, const T* gradient, Index) {
      const Vec<T> g = gain * load(gradient);
      store(x, scale * (g - mean - load(x) * pull));
    });
  }
};

template <class T>
void Normal<T>::forward(int number, const NormalRows<T>& rows) const {
  const Set set{layout_, number};
  if (rows.statistics == Statistics::row) {
    for (Index i = 0; i < rows.count; ++i) set.forward_row(rows, rows.place[i]);
  } else if (rows.count > 0) {
    set.for_columns(rows.share, [&](Index j, int s) { set.forward_column(rows, j, s); });
  }
}

template <class T>
void Normal<T>::backward(int number, const NormalRows<T>& rows, const RowGradients<T>& gradients) const {
  const Set set{layout_, number};
  set.for_columns(rows.share, [&](Index j, int s) { set.gain_gradient(rows, j, s, gradients); });
  if (rows.statistics == Statistics::row) {
    for (Index i = 0; i < rows.count; ++i) set.backward_row(rows, rows.place[i]);
  } else {
    set.for_columns(rows.share, [&](Index j, int s) { set.backward_column(rows, j, s); });
  }
}

// body(number by columns, packed number) for all of a step's statistics.
template <class T>
template <class Body>
void Normal<T>::for_numbers(const Body& body) const {
  if (!layout_.shape.normalised) return;
  for (int number = 0; number <= layout_.shape.stages; ++number) {
    const Set set{layout_, number};
    for (int s = 0; s < set.place.count; ++s)
      for (Index u = 0; u < layout_.U; ++u)
        body(layout_.shape.normal_block(number, s) * layout_.U + u, set.column(u / L, s) + u % L);
  }
}

template <class T>
void Normal<T>::pack(const T* by_columns, T* packed) const {
  for_numbers([&](Index column, Index place) { packed[place] = by_columns[column]; });
}

template <class T>
void Normal<T>::unpack(const T* packed, T* by_columns) const {
  for_numbers([&](Index column, Index place) { by_columns[column] = packed[place]; });
}

template class Normal<float>;
template class Normal<double>;

}  // namespace recurra::rnn
