// The loops over rows and vectors of units around a cell's pointwise step, compiled for each cell.
#pragma once

#include "recurra/rnn/cell.h"
#include "recurra/rnn/step_kernels.h"

namespace recurra::rnn {

/// Vectors that take a cell's step together.
template <class T>
inline constexpr int unit_width = std::is_same_v<T, float> ? 3 : 1;

/// Functions known to the compiler.
template <Activation kind>
struct KnownFunctions {
  static constexpr Activation activation = kind;
  static constexpr Activation recurrent = Activation::sigmoid;
};

/// Functions that only run time knows.
struct ChosenFunctions {
  ChosenActivation activation;
  ChosenActivation recurrent;
};

template <int form>
constexpr auto functions_of([[maybe_unused]] const Functions& functions) {
  if constexpr (form == usual_tanh) return KnownFunctions<Activation::tanh>{};
  else if constexpr (form == usual_relu) return KnownFunctions<Activation::relu>{};
  else return ChosenFunctions{{functions.activation}, {functions.recurrent}};
}

// body(row, vector of units in the group, constant number of it) … for the next `width` items: rows first.
struct UnitItem {
  Index row = 0;
  Index b = 0;
  RECURRA_INLINE void advance(int group) {
    if (++b < group) return;
    b = 0;
    ++row;
  }
};

template <class Cell, int stage, int form, class T>
void forward_units(const Functions& functions, const ForwardRows<T>& rows) {
  constexpr const CellShape& shape = shape_of<Cell>;
  constexpr int L = lanes<T>, first_slot = shape.stage[stage].first, count = shape.stage[stage].count;
  constexpr Index saved_width = shape.saved_vectors(L) * L;
  const auto known = functions_of<form>(functions);
  UnitItem item;
  gemm::for_tiles<unit_width<T>>(rows.count * rows.group, [&](Index first, auto size) __attribute__((always_inline)) {
    constexpr int width = decltype(size)::value;
    ForwardUnit<T, Cell::slots, stage, width> unit;
    unit.state_stride = rows.capacity * rows.padded_units;
    unit.clip = rows.clip;
    unroll<width>([&](auto i) __attribute__((always_inline)) {
      unroll<count>([&](auto slot) __attribute__((always_inline)) {
        unit.sum[first_slot + slot].part[i] = load(rows.sums + ((first + i) * count + slot) * L);
      });
      const Index row = rows.place[item.row], b = item.b;
      const Index place = row * rows.padded_units + (rows.j + b) * L;
      unit.place[i] = {
          rows.before + place,
          rows.after + place,
          rows.saved ? rows.saved + (rows.j * rows.capacity + row * rows.group + b) * saved_width : nullptr,
          rows.recurrent_dropout ? rows.recurrent_dropout + place : nullptr,
          rows.zoneout ? rows.zoneout + place : nullptr,
          rows.vectors ? rows.vectors + b * shape.vectors * L : nullptr};
      item.advance(rows.group);
    });
    Cell::template forward<stage>(known, unit);
  });
}

template <class Cell, int stage, int form, class T>
void backward_units(const Functions& functions, const BackwardRows<T>& rows) {
  constexpr const CellShape& shape = shape_of<Cell>;
  constexpr int L = lanes<T>;
  constexpr Index saved_width = shape.saved_vectors(L) * L;
  const auto known = functions_of<form>(functions);
  UnitItem item;
  gemm::for_tiles<unit_width<T>>(rows.count * rows.group, [&](Index, auto size) __attribute__((always_inline)) {
    constexpr int width = decltype(size)::value;
    BackwardUnit<T, Cell::slots, stage, width> unit;
    unit.state_stride = rows.capacity * rows.padded_units;
    unit.clip = rows.clip;
    unroll<width>([&](auto i) __attribute__((always_inline)) {
      const Index row = rows.place[item.row], b = item.b;
      const Index place = row * rows.padded_units + (rows.j + b) * L;
      unit.place[i] = {rows.before + place,
                       rows.carry + place,
                       rows.saved + (rows.j * rows.capacity + row * rows.group + b) * saved_width,
                       shape.stages > 1 ? rows.operand + place : nullptr,
                       rows.recurrent_dropout ? rows.recurrent_dropout + place : nullptr,
                       rows.zoneout ? rows.zoneout + place : nullptr,
                       rows.vectors ? rows.vectors + b * shape.vectors * L : nullptr,
                       nullptr};
      if constexpr (shape.vectors > 0)
        unit.place[i].vector_gradients =
            rows.vector_gradients + row / rows.group_rows * rows.gradient_size + b * shape.vectors * L;
      item.advance(rows.group);
    });
    Cell::template backward<stage>(known, unit);
  });
}

/// The product of a stage for groups of `group` vectors of units. Where x or h feed no slot, which run time knows too,
/// the product that both feed whole serves.
template <class Cell, int stage, class T, int group>
StepProductFunction<T> product_of() {
  constexpr const CellShape& shape = shape_of<Cell>;
  constexpr CellShape::StageShape part = shape.stage[stage];
  constexpr int vectors = part.count * group;
  constexpr bool grouped = shape.whole() && vectors <= gemm::panel_vectors && std::is_same_v<T, float>;
  if constexpr (shape.normalised || (group > 1 && !grouped)) {
    return nullptr;
  } else {
    constexpr auto range = [](SlotRange fed) {
      return fed.count == 0 ? SlotRange{0, vectors} : SlotRange{fed.first - part.first, fed.count * group};
    };
    constexpr SlotRange x = range(part.input), h = range(part.recurrent);
    return &step_product<T, vectors, x.first, x.count, h.first, h.count>;
  }
}

/// The product that x and h feed whole, for the sums of a normalised cell.
template <class Cell, class T, int vectors>
StepProductFunction<T> whole_product() {
  if constexpr (!shape_of<Cell>.normalised || vectors == 0) return nullptr;
  else return &step_product<T, vectors, 0, vectors, 0, vectors>;
}

template <class Cell, int stage, class T>
StageKernels<T> stage_kernels() {
  constexpr CellShape::StageShape part = shape_of<Cell>.stage[stage];
  StageKernels<T> kernels;
  unroll<gemm::panel_vectors>([&](auto i) { kernels.product[i] = product_of<Cell, stage, T, i + 1>(); });
  kernels.input_sums = whole_product<Cell, T, part.input.count>();
  kernels.recurrent_sums = whole_product<Cell, T, part.recurrent.count>();
  unroll<function_forms>([&](auto form) {
    kernels.forward[form] = &forward_units<Cell, stage, form, T>;
    kernels.backward[form] = &backward_units<Cell, stage, form, T>;
  });
  return kernels;
}

template <class Cell, class T>
StepKernels<T> kernels_of() {
  StepKernels<T> kernels;
  unroll<shape_of<Cell>.stages>([&](auto stage) { kernels[CellShape::at(stage)] = stage_kernels<Cell, stage, T>(); });
  return kernels;
}

}  // namespace recurra::rnn
