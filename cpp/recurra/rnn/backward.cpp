// The driver's way back through the sequence.
#include "recurra/rnn/driver.h"
#include "recurra/rnn/products.h"

namespace recurra::rnn {

template <class T>
void Driver<T>::backward_chunk(Index index, const Share& share, const BackwardScratch& scratch,
                               const SequenceGradients<T>& g, T* partials) const {
  Chunk<T> c = chunks_.open(index, share);
  const bool leads = share.part == 0;
  const Index size = step_.layout.gradient_size();
  T* partial = partials + c.first / plan_.group_rows * size;
  const Index groups = (c.rows + plan_.group_rows - 1) / plan_.group_rows;
  const Index own = share.begin(groups * size);
  std::fill_n(partial + own, share.end(groups * size) - own, T(0));
  if (leads) {
    chunks_.load_states(c, g.dfinal, scratch.carry.data());
    if (g.dx && s_.mask) std::fill_n(g.dx + c.first * s_.steps * s_.F, c.rows * s_.steps * s_.F, T(0));
  }
  c.wait();
  std::vector<GatheredRows<T>> blocks;
  for (Index group = 0; group < groups; ++group) blocks.push_back(open_block());
  const auto flush = [&](Index group) {
    weight_gradients_.flush(blocks[static_cast<std::size_t>(group)], !by_table_, share, partial + group * size);
  };

  const Index block_rows = plan::block_rows(plan_, s_.U);
  BackwardRows<T> units = backward_rows(c, scratch, partial);
  for (Index segment = segments_ - 1; segment >= 0; --segment) {
    const Index begin = segment * s_.segment;
    const Index end = std::min(s_.steps, begin + s_.segment);
    restore_segment(c, index, segment, begin, end, scratch);
    for (Index step = end - 1; step >= begin; --step) {
      const T* before = c.states + (step - begin) * chunks_.states_size;
      T* saved = c.saved + (step - begin) * chunks_.saved_size;
      units.before = before;
      units.saved = saved;
      c.share.backwards = step % 2 != 0;
      chunks_.find_active(c, step);
      chunks_.load_noise(c, step);
      absorb(c, g, step, scratch.carry.data());
      backward_step(c, step, units, scratch.earlier.data());
      if (g.dx) input_gradient(c, step, saved, g.dx);
      for (Index group = 0; group < groups; ++group)
        if (blocks[static_cast<std::size_t>(group)].rows + plan_.group_rows > block_rows) flush(group);
      gather(c, blocks, step, before, saved);
    }
    // The rows point into this segment.
    for (Index group = 0; group < groups; ++group) flush(group);
    c.wait();
  }
  if (leads && s_.steps > 0) chunks_.store_states(c, scratch.carry.data(), g.dinitial);
}

// What forward saved of a segment: it is there, or the segment is run again from its first states.
template <class T>
void Driver<T>::restore_segment(Chunk<T>& c, Index index, Index segment, Index begin, Index end,
                                const BackwardScratch& scratch) const {
  if (saves_all()) return use_saved(c, index);
  c.held = s_.segment + 1;
  c.saved = scratch.saved.data();
  c.states = scratch.states.data();
  if (c.share.part == 0) std::copy_n(border(index, segment), chunks_.states_size, c.states);
  c.wait();
  for (Index step = begin; step < end; ++step)
    forward_step(c, step, c.states + (step - begin) * chunks_.states_size,
                 c.states + (step - begin + 1) * chunks_.states_size, c.saved + (step - begin) * chunks_.saved_size);
}

// Adds the gradient of the output at this step to that of the state it was made of.
template <class T>
void Driver<T>::absorb(const Chunk<T>& c, const SequenceGradients<T>& g, Index step, T* carry) const {
  if (!g.dy || (!s_.return_sequences && step != s_.steps - 1)) return;
  const CellLayout<T>& layout = step_.layout;
  const T* dy = s_.return_sequences ? g.dy + step * s_.P : g.dy;
  const Index stride = s_.return_sequences ? s_.steps * s_.P : s_.P;
  const auto [first, last] = layout.vectors_of_share(layout.shape.stages - 1, c.share);
  const Index begin = first * L, end = std::min(s_.P, last * L);
  for (Index r = 0; r < c.rows; ++r) {
    const T* row = dy + (c.first + r) * stride + begin;
    if (s_.return_sequences && step > 0) prefetch(row - s_.P, end - begin);
    if (chunks_.silent(c, r, step)) continue;
    add_row(carry + r * layout.stride + begin, row, end - begin);
  }
}

// What the pointwise part of every step of a chunk has in common.
template <class T>
BackwardRows<T> Driver<T>::backward_rows(const Chunk<T>& c, const BackwardScratch& scratch, T* partial) const {
  BackwardRows<T> rows = step_.backward_rows();
  rows.capacity = chunks_.rows;
  rows.carry = scratch.carry.data();
  rows.operand = scratch.operand.data();
  rows.recurrent_dropout = s_.recurrent_dropout ? c.scale.data() : nullptr;
  rows.zoneout = chunks_.zoned ? c.zoneout.data() : nullptr;
  rows.vector_gradients = partial + step_.layout.vector_gradient();
  rows.group_rows = plan_.group_rows;
  return rows;
}

template <class T>
void Driver<T>::backward_step(const Chunk<T>& c, Index step, BackwardRows<T>& rows, T* earlier) const {
  const CellShape& shape = step_.layout.shape;
  T *const carry = rows.carry, *const operand = rows.operand, *const saved = rows.saved;
  rows.count = static_cast<Index>(c.active.size());
  rows.place = c.active.data();
  for (int stage = shape.stages - 1; stage >= 0; --stage) {
    step_.backward_units(stage, rows, c.share);
    if (shape.normalised) normal_gradient(c, stage, step, saved, operand, rows.vector_gradients);
    c.wait();
    if (shape.passing(stage)) {
      // Its operand's gradient is what normal_gradient() left.
    } else if (stage > 0) {
      state_product(c, stage, saved, 0, operand, nullptr);
    } else if (shape.stage[0].recurrent.count > 0) {
      state_product(c, 0, saved, 0, carry, shape.stages > 1 && !shape.projects ? operand : nullptr);
      for (std::size_t i = 0; i < s_.skips.size(); ++i)
        if (const Index index = step + 1 - s_.skips[i]; index >= 0)
          state_product(c, 0, saved, static_cast<Index>(i) + 1,
                        earlier + index % chunks_.longest * chunks_.state_stride, nullptr);
    }
    c.wait();
  }
  if (s_.skips.empty()) return;
  T* due = earlier + step % chunks_.longest * chunks_.state_stride;
  for (Index i = 0; i < chunks_.state_stride; ++i) carry[i] += due[i];
  std::fill_n(due, chunks_.state_stride, T(0));
}

// A product of the gradients that are saved from a slot on, but for its weights.
template <class T>
GradientProduct<T> Driver<T>::gradient_product(const Chunk<T>& c, const T* saved, int slot) const {
  GradientProduct<T> product;
  product.rows = static_cast<Index>(c.active.size());
  product.row = c.active.data();
  product.capacity = chunks_.rows;
  product.saved = saved + slot * L;
  product.saved_width = step_.layout.saved_width;
  product.group = step_.layout.group;
  product.share = c.share;
  return product;
}

// Gradient of what the recurrent product of a stage multiplied: of the operand, or (stage 0) of a previous state, to
// whose gradient `to` it is added. `more` is more of it.
template <class T>
void Driver<T>::state_product(const Chunk<T>& c, int stage, const T* saved, Index tap, T* to, const T* more) const {
  const CellLayout<T>& layout = step_.layout;
  GradientProduct<T> product = gradient_product(c, saved, layout.shape.product_slot(stage));
  product.unit_vectors = layout.vectors_of_stage(stage);
  product.count = layout.shape.stage[CellShape::at(stage)].recurrent.count;
  product.panels = layout.recurrent_adjoint(stage, tap);
  product.columns = stage == 0 ? s_.P : s_.U;
  state_gradient(product, {.to = to,
                           .stride = layout.stride,
                           .add = stage == 0,
                           .more = more,
                           .scale = stage == 0 && s_.recurrent_dropout ? c.scale.data() : nullptr});
}

// Gradients of normalised sums become those of the sums themselves.
template <class T>
void Driver<T>::normal_gradient(const Chunk<T>& c, int stage, Index step, T* saved, T* operand,
                                T* vector_gradients) const {
  const CellLayout<T>& layout = step_.layout;
  const CellShape& shape = layout.shape;
  const NormalRows<T> rows{static_cast<Index>(c.active.size()),
                           c.active.data(),
                           saved,
                           chunks_.rows,
                           c.share,
                           s_.statistics,
                           statistics_.mean(step_.normal, step),
                           statistics_.variance(step_.normal, step)};
  const RowGradients<T> gradients{vector_gradients, plan_.group_rows, layout.gradient_size()};
  step_.normal.backward(stage, rows, gradients);
  if (stage == 0) step_.normal.backward(shape.stages, rows, gradients);
  if (!shape.passing(stage)) return;
  for (const Index row : c.active)
    for (Index j = c.share.begin(layout.J); j < c.share.end(layout.J); ++j)
      store(operand + row * layout.stride + j * L,
            load(saved + layout.saved_place(chunks_.rows, j, row) + shape.product_slot(stage) * L));
}

template <class T>
void Driver<T>::input_gradient(const Chunk<T>& c, Index step, const T* saved, T* dx) const {
  const CellLayout<T>& layout = step_.layout;
  GradientProduct<T> product = gradient_product(c, saved, layout.shape.input_slot());
  product.unit_vectors = layout.J;
  product.count = layout.shape.input.count;
  product.panels = layout.input_adjoint();
  product.columns = s_.F;
  rnn::input_gradient(product, {.to = dx + (c.first * s_.steps + s_.source_time(step)) * s_.F,
                                .stride = s_.steps * s_.F,
                                .scale = s_.input_dropout ? s_.input_dropout + c.first * s_.F : nullptr});
}

template <class T>
void Driver<T>::input_gradient(T* dx) const {
  if (s_.mask) std::fill_n(dx, s_.B * s_.steps * s_.F, T(0));
  parallel_for(plan_.chunks, operations(), [&](Index index) {
    Chunk<T> c = chunks_.open(index, {});
    for (Index step = 0; step < s_.steps; ++step) {
      chunks_.find_active(c, step);
      input_gradient(c, step, saved_ + (index * s_.steps + step) * chunks_.saved_size, dx);
    }
  });
}

template <class T>
GatheredRows<T> Driver<T>::open_block() const {
  const Index rows = plan::block_rows(plan_, s_.U);
  GatheredRows<T> block(rows);
  if (s_.input_dropout) block.x_dropped = Buffer<T>(rows * s_.F);
  if (chunks_.copied) block.h_dropped = Buffer<T>(rows * step_.layout.depth(0));
  return block;
}

// Puts the rows of a step to those whose products are added to the weights' gradients together.
template <class T>
void Driver<T>::gather(const Chunk<T>& c, std::vector<GatheredRows<T>>& blocks, Index step, const T* before,
                       const T* saved) const {
  for (const Index r : c.active) {
    GatheredRows<T>& block = blocks[blocks.size() == 1 ? 0 : static_cast<std::size_t>(r / plan_.group_rows)];
    const Index i = block.rows++;
    const auto at = static_cast<std::size_t>(i);
    if (!by_table_) block.x[at] = chunks_.input_row(c, x_, r, step, Chunks<T>::scratch_row(block.x_dropped, i, s_.F));
    block.h[at] =
        chunks_.recurrent_row(c, r, step, before, Chunks<T>::scratch_row(block.h_dropped, i, step_.layout.depth(0)));
    block.saved[at] = saved;
    block.row[at] = r;
  }
}

// Adds the gradients of all groups up.
template <class T>
void Driver<T>::sum_gradients(const SequenceGradients<T>& g) {
  const Buffer<T> partial = std::move(partial_);
  const Index size = step_.layout.gradient_size(), groups = plan_.groups;
  parallel_blocks(size, 1 << 14, static_cast<double>(groups * size), [&](Index begin, Index end) {
    for (Index group = 1; group < groups; ++group)
      add_row(partial.data() + begin, partial.data() + group * size + begin, end - begin);
  });
  if (groups == 0) return;
  if (by_table_) {
    table_.sum_gradients(saved_);
    if (g.weights.kernel) table_.add_kernel_gradient(partial.data());
  }
  step_.layout.unpack_gradients(partial.data(), g.weights);
}

#define RECURRA_DRIVER_BACKWARD(T)                                                                                  \
  template void Driver<T>::backward_chunk(Index, const Share&, const BackwardScratch&, const SequenceGradients<T>&, \
                                          T*) const;                                                                \
  template void Driver<T>::input_gradient(T*) const;                                                                \
  template void Driver<T>::sum_gradients(const SequenceGradients<T>&);
RECURRA_DRIVER_BACKWARD(float)
RECURRA_DRIVER_BACKWARD(double)

}  // namespace recurra::rnn
