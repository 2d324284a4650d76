// The normalised sums of a cell: what stands between its products and its pointwise step.
//
// Sums are normalised in sets: the recurrent sums of each stage, and the input sums of all stages. The numbers of a set
// are shifted and scaled to mean 0 and variance 1, and then multiplied by gains. Mean and variance are those of
//   row    all units and slots of the set in a row (Ba et al., "Layer normalization", 2016)
//   batch  all rows of the batch, for each unit and slot by itself and anew at each step (Cooijmans et al., "Recurrent
//          batch normalization", 2016)
//   given  the same, known beforehand
// Normalised numbers replace the sums among what is saved, and going backward the gradients of the sums replace them.
//
// Letters: U units, L lanes, J vectors of units, N the numbers that a mean is taken over.
#pragma once

#include <cmath>

#include "recurra/rnn/layout.h"

namespace recurra::rnn {

/// Added to a variance before its root is taken; Keras's in its normalisation layers.
inline constexpr double normal_epsilon = 1e-3;

enum class Statistics { row, batch, given };

/// The rows that are normalised together and where their numbers lie.
template <class T>
struct NormalRows {
  Index count = 0;
  const Index* place = nullptr;  // where each stands among `capacity` rows
  T* saved = nullptr;
  Index capacity = 0;
  Share share = {};  // of the units; all of them where statistics are those of a row
  Statistics statistics = Statistics::row;
  T* mean = nullptr;  // batch, given: [unit vector][normalised slot][lane]
  T* variance = nullptr;
};

template <class Cell, class T>
class Normal {
  using Layout = CellLayout<Cell, T>;
  static constexpr int L = lanes<T>;

 public:
  explicit Normal(const Layout& layout) : layout_(layout) {
    for (int lane = 0; lane < L; ++lane) last_[lane] = (layout.J - 1) * L + lane < layout.U ? T(1) : T(0);
  }

  /// Numbers of one step's mean, or variance, as NormalRows has them; and without padding, by column blocks: recurrent
  /// ones, what a stage takes as it is, those of the input.
  Index size() const { return layout_.J * Layout::normal_count * L; }
  Index columns() const { return Layout::normal_count * layout_.U; }
  void pack(const T* by_columns, T* packed) const {
    for_numbers([&](Index column, Index place) { packed[place] = by_columns[column]; });
  }
  void unpack(const T* packed, T* by_columns) const {
    for_numbers([&](Index column, Index place) { by_columns[column] = packed[place]; });
  }

  /// Normalises the sums of a set.
  template <int set>
  [[gnu::noinline]] void forward(const NormalRows<T>& rows) const {
    if (rows.statistics == Statistics::row) {
      for (Index i = 0; i < rows.count; ++i) forward_row<set>(rows, rows.place[i]);
    } else if (rows.count > 0) {
      for_columns<set>([&](Index j, int s) { forward_column<set>(rows, j, s); }, rows.share);
    }
  }

  /// Gradients of the sums, from those that stand among the slots; adds to those of the gains, which for a row stand
  /// from gains(row) on.
  template <int set, class Gains>
  [[gnu::noinline]] void backward(const NormalRows<T>& rows, const Gains& gains) const {
    for_columns<set>([&](Index j, int s) { gain_gradient<set>(rows, j, s, gains); }, rows.share);
    if (rows.statistics == Statistics::row) {
      for (Index i = 0; i < rows.count; ++i) backward_row<set>(rows, rows.place[i]);
    } else {
      for_columns<set>([&](Index j, int s) { backward_column<set>(rows, j, s); }, rows.share);
    }
  }

 private:
  template <int set, class Body>
  RECURRA_INLINE void for_columns(const Body& body, Share share = {}) const {
    for (Index j = share.begin(layout_.J); j < share.end(layout_.J); ++j)
      for (int s = 0; s < Layout::normal_set(set).count; ++s) body(j, s);
  }
  template <class Body>
  void for_numbers(const Body& body) const {
    if constexpr (normalised<Cell>)
      unroll<Layout::stages + 1>([&](auto set) {
        for (int s = 0; s < Layout::normal_set(set).count; ++s)
          for (Index u = 0; u < layout_.U; ++u)
            body(Layout::normal_block(set, s) * layout_.U + u, column<set>(u / L, s) + u % L);
      });
  }

  static T* vector_of(const NormalRows<T>& rows, Index j, Index row, int number) {
    return rows.saved + Layout::saved_place(rows.capacity, j, row) + number * L;
  }
  template <int set>
  static T* normal_of(const NormalRows<T>& rows, Index j, Index row, int s) {
    return vector_of(rows, j, row, Layout::normal_set(set).place + s);
  }
  template <int set>
  static const T* gradient_of(const NormalRows<T>& rows, Index j, Index row, int s) {
    return vector_of(rows, j, row, Layout::normal_set(set).slot + s);
  }
  template <int set>
  static T& inverse_of(const NormalRows<T>& rows, Index row) {
    return rows.saved[Layout::saved_place(rows.capacity, 0, row) + Layout::spread * L + set];
  }
  template <int set>
  const T* gain_of(Index j, int s) const {
    return layout_.vectors_at(j) + Layout::normal_gain(set, s) * L;
  }
  template <int set>
  static Index column(Index j, int s) {
    return (j * Layout::normal_count + Layout::normal_set(set).place - Layout::normal + s) * L;
  }
  static Vec<T> inverse(const T* variance) { return 1 / square_root<T>(load(variance) + T(normal_epsilon)); }

  // Zero past the last unit.
  Vec<T> counted(Index j, Vec<T> x) const { return j + 1 == layout_.J ? x * last_ : x; }

  template <int set>
  RECURRA_INLINE void forward_row(const NormalRows<T>& rows, Index row) const {
    // Sums are zero past the last unit, as weights are.
    const T number = static_cast<T>(layout_.U * Layout::normal_set(set).count);
    Vec<T> sum{}, squares{};
    for_columns<set>([&](Index j, int s) { sum += load(normal_of<set>(rows, j, row, s)); });
    const T mean = lane_sum<T>(sum) / number;
    for_columns<set>([&](Index j, int s) {
      T* place = normal_of<set>(rows, j, row, s);
      const Vec<T> centred = counted(j, load(place) - mean);
      store(place, centred);
      squares += centred * centred;
    });
    const T scale = T(1) / std::sqrt(lane_sum<T>(squares) / number + T(normal_epsilon));
    for_columns<set>([&](Index j, int s) {
      T* place = normal_of<set>(rows, j, row, s);
      store(place, load(place) * scale);
    });
    inverse_of<set>(rows, row) = scale;
  }

  template <int set>
  RECURRA_INLINE void forward_column(const NormalRows<T>& rows, Index j, int s) const {
    const auto each = [&](auto&& body) {
      for (Index i = 0; i < rows.count; ++i) body(normal_of<set>(rows, j, rows.place[i], s));
    };
    T* mean = rows.mean + column<set>(j, s);
    T* variance = rows.variance + column<set>(j, s);
    if (rows.statistics == Statistics::batch) {
      const T number = static_cast<T>(rows.count);
      Vec<T> sum{}, squares{};
      each([&](const T* place) { sum += load(place); });
      sum /= number;
      each([&](const T* place) { squares += (load(place) - sum) * (load(place) - sum); });
      store(mean, sum);
      store(variance, squares / number);
    }
    const Vec<T> centre = load(mean), scale = inverse(variance);
    each([&](T* place) { store(place, (load(place) - centre) * scale); });
  }

  template <int set, class Gains>
  RECURRA_INLINE void gain_gradient(const NormalRows<T>& rows, Index j, int s, const Gains& gains) const {
    const Index offset = (j * Layout::vectors + Layout::normal_gain(set, s)) * L;
    for (Index i = 0; i < rows.count;) {
      T* to = gains(rows.place[i]);
      Vec<T> sum = load(to + offset);
      for (; i < rows.count && gains(rows.place[i]) == to; ++i) {
        const Index row = rows.place[i];
        sum += load(gradient_of<set>(rows, j, row, s)) * load(normal_of<set>(rows, j, row, s));
      }
      store(to + offset, sum);
    }
  }

  // With g the gradient times the gain, x the normalised number, v one over the spread, means over N:
  //   v (g - mean(g) - x mean(g x))
  template <int set>
  RECURRA_INLINE void backward_row(const NormalRows<T>& rows, Index row) const {
    const T number = static_cast<T>(layout_.U * Layout::normal_set(set).count);
    const auto g = [&](Index j, int s) __attribute__((always_inline)) {
      return load(gradient_of<set>(rows, j, row, s)) * load(gain_of<set>(j, s));  // zero past the last unit, as gains
    };
    Vec<T> sum{}, along{};
    for_columns<set>([&](Index j, int s) {
      const Vec<T> scaled = g(j, s);
      sum += scaled;
      along += scaled * load(normal_of<set>(rows, j, row, s));
    });
    const T mean = lane_sum<T>(sum) / number, pull = lane_sum<T>(along) / number, scale = inverse_of<set>(rows, row);
    for_columns<set>([&](Index j, int s) {
      T* place = normal_of<set>(rows, j, row, s);
      store(place, counted(j, scale * (g(j, s) - mean - load(place) * pull)));
    });
  }

  template <int set>
  RECURRA_INLINE void backward_column(const NormalRows<T>& rows, Index j, int s) const {
    const Vec<T> gain = load(gain_of<set>(j, s));
    const Vec<T> scale = inverse(rows.variance + column<set>(j, s));
    Vec<T> mean{}, pull{};
    if (rows.statistics == Statistics::batch) {
      for (Index i = 0; i < rows.count; ++i) {
        const Vec<T> scaled = gain * load(gradient_of<set>(rows, j, rows.place[i], s));
        mean += scaled;
        pull += scaled * load(normal_of<set>(rows, j, rows.place[i], s));
      }
      const T number = static_cast<T>(std::max<Index>(1, rows.count));
      mean /= number;
      pull /= number;
    }
    for (Index i = 0; i < rows.count; ++i) {
      T* place = normal_of<set>(rows, j, rows.place[i], s);
      const Vec<T> scaled = gain * load(gradient_of<set>(rows, j, rows.place[i], s));
      store(place, scale * (scaled - mean - load(place) * pull));
    }
  }

  const Layout& layout_;
  Vec<T> last_{};
};

}  // namespace recurra::rnn
