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

#include "recurra/rnn/layout.h"

namespace recurra::rnn {

/// Added to a variance before its root is taken; Keras's in its normalisation layers.
inline constexpr double normal_epsilon = 1e-3;

enum class Statistics { row, batch, given };

/// The rows that are normalised together, and pointers to what is saved of them.
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

/// Packed gradients of the weights, a set for each so many rows.
template <class T>
struct RowGradients {
  T* first = nullptr;
  Index rows = 1;    // of a set
  Index stride = 0;  // between sets
  T* of(Index row) const { return first + row / rows * stride; }
};

template <class T>
class Normal {
  static constexpr int L = lanes<T>;

 public:
  explicit Normal(const CellLayout<T>& layout) : layout_(layout) {}

  /// Numbers of one step's mean, or variance, as NormalRows has them; and without padding, by column blocks: recurrent
  /// ones, what a stage takes as it is, those of the input.
  Index size() const { return layout_.J * layout_.shape.normal_count() * L; }
  Index columns() const { return layout_.shape.normal_count() * layout_.U; }
  void pack(const T* by_columns, T* packed) const;
  void unpack(const T* packed, T* by_columns) const;

  /// Normalises the sums of a set.
  void forward(int set, const NormalRows<T>& rows) const;
  /// Gradients of the sums, from those that stand among the slots; adds to those of the gains, which follow the weight
  /// vectors' in `gradients`.
  void backward(int set, const NormalRows<T>& rows, const RowGradients<T>& gradients) const;

 private:
  struct Set;
  template <class Body>
  void for_numbers(const Body& body) const;

  const CellLayout<T>& layout_;
};

}  // namespace recurra::rnn
