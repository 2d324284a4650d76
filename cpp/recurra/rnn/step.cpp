#include "recurra/rnn/step.h"

namespace recurra::rnn {
namespace {

template <class T>
alignas(simd_bytes) constexpr T no_bias[CellShape::most_slots * lanes<T>] = {};

}  // namespace

template <class T>
Step<T>::Step(const CellEntry& cell, const StepOptions<T>& options)
    : layout(cell.shape, options.features, options.units, options.width, options.taps),
      normal(layout),
      kernels_(cell.kernels<T>()),
      functions_(options.functions),
      form_(static_cast<std::size_t>(form_of(options.functions))),
      clip_(options.clip) {}

template <class T>
ForwardRows<T> Step<T>::forward_rows(const StepRows<T>& rows) const {
  ForwardRows<T> units;
  units.capacity = rows.capacity;
  units.padded_units = padded_units();
  units.before = rows.before;
  units.after = rows.after;
  units.saved = rows.saved;
  units.recurrent_dropout = rows.recurrent_dropout;
  units.zoneout = rows.zoneout;
  units.clip = clip_;
  return units;
}

// The rows of a stage's recurrent product, for a block of rows. The operand of a later stage stands with what is saved,
// one vector of units at a time.
template <class T>
void Step<T>::set_recurrent_rows(StepProduct<T>& product, int stage, const StepRows<T>& rows, Index first,
                                 Rows& operands) const {
  if (stage == 0) {
    product.h = rows.h + first;
    return;
  }
  const int operand = layout.shape.operand(stage - 1);
  for (Index i = 0; i < product.rows; ++i)
    operands[static_cast<std::size_t>(i)] = saved_of(rows, 0, first + i) + operand * L;
  product.h = operands.data();
}

// What does not change from group to group: sizes of the products of a stage.
template <class T>
StepProduct<T> Step<T>::stage_product(int stage, const StepRows<T>& rows, T* sums) const {
  StepProduct<T> product;
  product.out = sums;
  product.x_depth = layout.F;
  product.h_depth = layout.depth(stage);
  product.piece = stage == 0 ? product.h_depth : L;
  product.piece_stride = rows.capacity * layout.saved_width;
  return product;
}

// Few rows keep a core waiting for each result: then the products of several groups of units follow each other, before
// the pointwise part of the same.
template <class T>
void Step<T>::forward_stage(int stage, const StepRows<T>& rows) const {
  const CellShape::StageShape& part = stage_shape(stage);
  const StageKernels<T>& compiled = kernels(stage);
  assert(part.count * layout.group <= CellShape::most_slots && rows.count <= rows.capacity);
  assert(rows.saved || !layout.shape.needs_saved());
  assert(!rows.sums || !rows.x || rows.sums == rows.x);
  const auto forward = compiled.forward[form_];
  Sums sums;
  Rows operands;
  StepProduct<T> product = stage_product(stage, rows, sums.numbers);
  ForwardRows<T> units = forward_rows(rows);
  const T *const x_panels = layout.input_panel(stage, 0), *const h_panels = layout.recurrent_panel(stage, 0);
  const Index x_panel = layout.F * part.input.count * L, h_panel = product.h_depth * part.recurrent.count * L;
  const bool x = part.input.count > 0 && !rows.sums, h = part.recurrent.count > 0;

  struct Pending {
    Index j, first, count;
    int group;
  };
  std::array<Pending, static_cast<std::size_t>(rows_of_block)> pending;
  const int together =
      rows.count >= rows_of_block ? 1 : static_cast<int>(rows_of_block) / std::max(1, static_cast<int>(rows.count));
  int waiting = 0;
  const auto finish = [&]() __attribute__((always_inline)) {
    units.sums = sums.numbers;
    for (int i = 0; i < waiting; ++i) {
      const Pending& each = pending[static_cast<std::size_t>(i)];
      units.j = each.j;
      units.group = each.group;
      units.count = each.count;
      units.place = rows.place + each.first;
      units.vectors = layout.vectors_at(each.j);
      forward(functions_, units);
      units.sums += each.count * each.group * part.count * L;
    }
    waiting = 0;
    product.out = sums.numbers;
  };
  layout.for_stage_groups(
      stage,
      [&](Index j, int group) __attribute__((always_inline)) {
        const Index start = (j * layout.shape.slots + part.first) * L;
        const auto multiply = compiled.product[static_cast<std::size_t>(group - 1)];
        assert(multiply);
        if (rows.sums) product.sums_offset = start;
        else product.bias = layout.bias() + start;
        product.x_panel = x_panels + j * x_panel;
        product.h_panel = h_panels + j * h_panel;
        for (Index first = 0; first < rows.count; first += rows_of_block) {
          product.rows = std::min(rows_of_block, rows.count - first);
          if (rows.sums) product.sums = rows.sums + first;
          if (x) product.x = rows.x + first;
          if (h) set_recurrent_rows(product, stage, rows, first, operands);
          multiply(product);
          pending[static_cast<std::size_t>(waiting++)] = {j, first, product.rows, group};
          product.out += product.rows * group * part.count * L;
          if (waiting == together) finish();
        }
      },
      rows.share);
  finish();
}

// The same in a normalised cell: its sums are gains times normalised sums, and the bias.
template <class T>
void Step<T>::forward_normalised(int stage, const StepRows<T>& rows) const {
  normalise(stage, rows);
  Sums sums;
  ForwardRows<T> units = forward_rows(rows);
  units.sums = sums.numbers;
  layout.for_stage_groups(
      stage,
      [&](Index j, int) {
        units.j = j;
        units.vectors = layout.vectors_at(j);
        for (Index first = 0; first < rows.count; first += rows_of_block) {
          units.count = std::min(rows_of_block, rows.count - first);
          units.place = rows.place + first;
          add_normalised(stage, rows, first, units.count, j, sums.numbers);
          kernels(stage).forward[form_](functions_, units);
        }
      },
      rows.share);
}

// Makes and normalises the sums of a stage: those of the input with the first one.
template <class T>
void Step<T>::normalise(int stage, const StepRows<T>& rows) const {
  const CellShape& shape = layout.shape;
  const NormalRows<T> normal_rows{rows.count, rows.place,      rows.saved, rows.capacity,
                                  rows.share, rows.statistics, rows.mean,  rows.variance};
  if (stage == 0) {
    for (int each = 0; each < shape.stages; ++each) save_input_sums(each, rows);
    normal.forward(shape.stages, normal_rows);
  }
  save_recurrent_sums(stage, rows);
  normal.forward(stage, normal_rows);
}

// sums (rows, count) of the vector of units j, from `place` on among what is saved.
template <class T>
void Step<T>::save_sums(const StepRows<T>& rows, Index first, const StepProduct<T>& product, Index j, int place,
                        int count) const {
  for (Index i = 0; i < product.rows; ++i)
    copy_row(saved_of(rows, j, first + i) + place * L, product.out + i * count * L, count * L);
}

template <class T>
void Step<T>::save_input_sums(int stage, const StepRows<T>& rows) const {
  const SlotRange fed = stage_shape(stage).input;
  if (fed.count == 0) return;
  Sums sums;
  StepProduct<T> product = stage_product(stage, rows, sums.numbers);
  product.bias = no_bias<T>;
  for (Index j = rows.share.begin(layout.J); j < rows.share.end(layout.J); ++j) {
    product.x_panel = layout.input_panel(stage, j);
    for (Index first = 0; first < rows.count; first += rows_of_block) {
      product.rows = std::min(rows_of_block, rows.count - first);
      product.x = rows.x + first;
      kernels(stage).input_sums(product);
      save_sums(rows, first, product, j, layout.shape.input_slot() + fed.first - layout.shape.input.first, fed.count);
    }
  }
}

template <class T>
void Step<T>::save_recurrent_sums(int stage, const StepRows<T>& rows) const {
  const SlotRange fed = stage_shape(stage).recurrent;
  const int place = layout.shape.product_slot(stage);
  if (layout.shape.passing(stage)) {
    const int operand = layout.shape.operand(stage - 1);
    for (Index j = rows.share.begin(layout.J); j < rows.share.end(layout.J); ++j)
      for (Index i = 0; i < rows.count; ++i) {
        T* saved = saved_of(rows, j, i);
        store(saved + place * L, load(saved + operand * L));
      }
    return;
  }
  if (fed.count == 0) return;
  Sums sums;
  Rows operands;
  StepProduct<T> product = stage_product(stage, rows, sums.numbers);
  product.bias = no_bias<T>;
  for (Index j = rows.share.begin(layout.J); j < rows.share.end(layout.J); ++j)
    for (Index first = 0; first < rows.count; first += rows_of_block) {
      product.rows = std::min(rows_of_block, rows.count - first);
      product.h_panel = layout.recurrent_panel(stage, j);
      set_recurrent_rows(product, stage, rows, first, operands);
      kernels(stage).recurrent_sums(product);
      save_sums(rows, first, product, j, place, fed.count);
    }
}

// sums = bias + gains times the normalised sums, as far as they are the stage's.
template <class T>
void Step<T>::add_normalised(int stage, const StepRows<T>& rows, Index first, Index count, Index j, T* sums) const {
  const CellShape& shape = layout.shape;
  const CellShape::StageShape& part = stage_shape(stage);
  const T* bias = layout.bias() + (j * shape.slots + part.first) * L;
  for (Index i = 0; i < count; ++i) copy_row(sums + i * part.count * L, bias, part.count * L);
  for (const int set : {shape.stages, stage}) {
    const CellShape::NormalSet normal_set = shape.normal_set(set);
    for (int s = 0; s < normal_set.count; ++s) {
      const int v = normal_set.slot + s - part.first;
      if (v < 0 || v >= part.count) continue;
      const Vec<T> gain = load(layout.vectors_at(j) + shape.normal_gain(set, s) * L);
      for (Index i = 0; i < count; ++i) {
        T* sum = sums + (i * part.count + v) * L;
        store(sum, load(sum) + gain * load(saved_of(rows, j, first + i) + (normal_set.place + s) * L));
      }
    }
  }
}

template <class T>
void Step<T>::input_sums(Index count, const T* const* x, T* sums) const {
  const CellShape& shape = layout.shape;
  Sums block;
  StepProduct<T> product;
  product.out = block.numbers;
  product.x_depth = layout.F;
  for (int stage = 0; stage < shape.stages; ++stage) {
    const CellShape::StageShape& part = stage_shape(stage);
    layout.for_stage_groups(stage, [&](Index j, int group) {
      const Index start = (j * shape.slots + part.first) * L, width = group * part.count * L;
      product.bias = layout.bias() + start;
      product.x_panel = layout.input_panel(stage, j);
      for (Index first = 0; first < count; first += rows_of_block) {
        product.rows = std::min(rows_of_block, count - first);
        product.x = part.input.count > 0 ? x + first : nullptr;
        kernels(stage).product[static_cast<std::size_t>(group - 1)](product);
        for (Index i = 0; i < product.rows; ++i)
          copy_row(sums + (first + i) * layout.sums_size() + start, product.out + i * width, width);
      }
    });
  }
}

template <class T>
BackwardRows<T> Step<T>::backward_rows() const {
  BackwardRows<T> rows;
  rows.padded_units = padded_units();
  rows.gradient_size = layout.gradient_size();
  rows.clip = clip_;
  return rows;
}

template <class T>
void Step<T>::backward_units(int stage, BackwardRows<T>& rows, const Share& share) const {
  const auto backward = kernels(stage).backward[form_];
  T* const vector_gradients = rows.vector_gradients;
  layout.for_stage_groups(
      stage,
      [&](Index j, int group) __attribute__((always_inline)) {
        rows.j = j;
        rows.group = group;
        rows.vectors = layout.vectors_at(j);
        rows.vector_gradients = vector_gradients + j * layout.shape.vectors * L;
        backward(functions_, rows);
      },
      share);
  rows.vector_gradients = vector_gradients;
}

template class Step<float>;
template class Step<double>;

}  // namespace recurra::rnn
