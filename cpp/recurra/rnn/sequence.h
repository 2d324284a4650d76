// The one sequence driver of all recurrent cells: time, direction, masks, dropout, products, threads, backpropagation.
//
// Rows of a batch are independent, so a batch is cut into chunks of rows, and one task takes its chunk through the
// whole sequence with no barrier on the way. Weight gradients are summed over groups of rows whose bounds depend on the
// shape alone, then group by group in a fixed order; hence the same bits for any number of threads. A chunk is one
// group; where the weights are too large for a core's own cache it is several, as many as still feed all threads, since
// every step of a chunk reads the weights once.
//
// A step (step.h) keeps what backward needs per unit side by side; backward replaces it by the gradients of the sums,
// from which dh, dX and the weight gradients are products again. The last are taken over blocks of a few time steps,
// while these are in the cache.
//
// With checkpointing only the states at the borders of segments are kept, and each segment is run again before it is
// passed backward: memory grows with the square root of T (Chen et al., "Training deep nets with sublinear memory
// cost", 2016).
//
// Where the input is rows of a table that nobody has read yet (ops/embedding.h), the rows in use meet the kernel once,
// and every step looks the sums up; backwards the gradients of all places of a row are summed first, then multiplied.
//
// Letters: B batch, T time, F features, U units, P units of state 0, L lanes, J vectors of units, R rows of a chunk.
#pragma once

#include <array>
#include <vector>

#include "recurra/base/buffer.h"
#include "recurra/base/parallel.h"
#include "recurra/rnn/runner.h"
#include "recurra/rnn/step.h"

namespace recurra::rnn {

template <class Cell, class T>
class Driver final : public Runner<T> {
  using Layout = CellLayout<Cell, T>;
  static constexpr int L = lanes<T>;
  static constexpr int slots = Cell::slots;
  static constexpr int kept = Layout::kept;
  static constexpr int unit_width = std::is_same_v<T, float> ? 3 : 1;  // vectors that take the cell's step together
  static constexpr Index most_rows = 64;                               // of a chunk
  static constexpr Index private_cache = 1 << 18;  // bytes of weights that a core surely keeps beside its other data

 public:
  explicit Driver(const Sequence<T>& sequence)
      : s_(sequence),
        step_(sequence.weights.kernel ? sequence.F : 0, sequence.U, sequence.P, 1 + std::ssize(sequence.skips),
              sequence.functions, sequence.clip),
        J_(layout_.J),
        Up_(layout_.stride),
        group_rows_(rows_of_group(sequence.B)),
        groups_((sequence.B + group_rows_ - 1) / group_rows_),
        R_(group_rows_ * groups_of_chunk()),
        chunks_((s_.B + R_ - 1) / R_),
        state_stride_(R_ * Up_),
        step_states_(step_.states_size(R_)),
        step_saved_(step_.saved_size(R_)),
        segments_((s_.steps + s_.segment - 1) / std::max<Index>(1, s_.segment)) {}

  Index saved_size() const override { return s_.segment == s_.steps ? chunks_ * s_.steps * step_saved_ : 0; }
  Index states_size() const override {
    return chunks_ * (s_.segment == s_.steps ? s_.steps + 1 : segments_ + 1) * step_states_;
  }

  void use(T* saved, T* states) override {
    saved_ = saved;
    states_ = states;
  }

  void forward() override {
    step_.layout.pack_forward(s_.weights);
    if (by_table_) sums_ = sums_of_table();
    parallel_for(chunks_, operations(), [&](Index chunk) { forward_chunk(chunk); });
    sums_ = {};
  }

  void backward(const SequenceGradients<T>& g) override {
    if (s_.segment != s_.steps) step_.layout.pack_forward(s_.weights);
    if (g.x) {
      x_ = g.x;
      by_table_ = false;
    }
    step_.layout.pack_backward(s_.weights, s_.weights.kernel && (g.dx || g.wants_table));
    const Index size = layout_.gradient_size();
    const Buffer<T> partial(groups_ * size);
    parallel_for(chunks_, 2 * operations(), [&](Index chunk) { backward_chunk(chunk, g, partial.data()); });
    parallel_blocks(size, 1 << 14, static_cast<double>(groups_ * size), [&](Index begin, Index end) {
      for (Index group = 1; group < groups_; ++group)
        add_row(partial.data() + begin, partial.data() + group * size + begin, end - begin);
    });
    if (groups_ == 0) return;
    if (by_table_) {
      dproducts_ = products_gradient();
      if (g.weights.kernel) table_kernel_gradient(partial.data());
    }
    layout_.unpack_gradients(partial.data(), g.weights);
  }

  void add_table_gradient(T* dtable) const override {
    const ops::Occurrences& found = *s_.table_input.found;
    const Index width = products_size();
    parallel_blocks(found.used, table_block, 2.0 * static_cast<double>(found.used * width * s_.F),
                    [&](Index begin, Index end) {
                      const Buffer<T> block(table_block * s_.F);
                      gemm::multiply(dproducts_.data() + begin * width, width, end - begin, width,
                                     layout_.input_adjoint(), s_.F, block.data(), s_.F, gemm::Start::zero);
                      for (Index i = begin; i < end; ++i)
                        add_row(dtable + found.row[i] * s_.F, block.data() + (i - begin) * s_.F, s_.F);
                    });
  }

  void input_gradient(T* dx) const override {
    if (s_.mask) std::fill_n(dx, s_.B * s_.steps * s_.F, T(0));
    parallel_for(chunks_, operations(), [&](Index index) {
      Chunk c = open(index);
      for (Index step = 0; step < s_.steps; ++step) {
        find_active(c, step);
        input_gradient(c, step, saved_ + (index * s_.steps + step) * step_saved_, dx);
      }
    });
  }

 private:
  // Enough groups to feed the cores, enough rows in each to reuse a panel while it is in the first cache.
  static Index rows_of_group(Index B) {
    if (B >= 1024) return most_rows;
    if (B >= 24) return 16;
    return B >= 8 ? (B + 1) / 2 : std::max<Index>(1, B);
  }

  Index groups_of_chunk() const {
    const Index weights = s_.U * s_.U * Layout::recurrent_blocks * static_cast<Index>(sizeof(T));
    if (weights <= private_cache) return 1;
    return std::clamp<Index>(groups_ / num_threads(), 1, most_rows / group_rows_);
  }

  double operations() const {
    return 2.0 * static_cast<double>(s_.B) * static_cast<double>(s_.steps) *
           static_cast<double>((layout_.F * Layout::input_blocks + layout_.depth(0) * Layout::recurrent_blocks) * s_.U +
                               (projects<Cell> ? s_.U * s_.P : 0));
  }

  // ---------------------------------------------------------------- rows of a table

  static constexpr Index table_block = 64;  // rows of the table that a task takes
  static constexpr Index table_group =
      1024;  // rows of the table whose part of the kernel's gradient is summed together

  Index products_size() const { return J_ * Layout::input.count * L; }

  const T* table_row(Index used) const { return s_.table_input.table + s_.table_input.found->row[used] * s_.F; }

  Buffer<T> sums_of_table() const {
    const ops::Occurrences& found = *s_.table_input.found;
    const Index width = step_.sums_size();
    Buffer<T> sums(found.used * width);
    parallel_blocks(found.used, table_block, 2.0 * static_cast<double>(found.used * width * s_.F),
                    [&](Index begin, Index end) {
                      std::array<const T*, table_block> rows;
                      for (Index i = begin; i < end; ++i) rows[static_cast<std::size_t>(i - begin)] = table_row(i);
                      step_.input_sums(end - begin, rows.data(), sums.data() + begin * width);
                    });
    return sums;
  }

  // For every row in use the sum of the gradients of its sums over all its places: [unit vector][slot][lane].
  Buffer<T> products_gradient() const {
    const ops::Occurrences& found = *s_.table_input.found;
    const Index width = products_size();
    Buffer<T> out(found.used * width);
    parallel_blocks(found.used, table_block, static_cast<double>(4 * s_.B * s_.steps * width),
                    [&](Index begin, Index end) {
                      for (Index u = begin; u < end; ++u) {
                        T* sum = out.data() + u * width;
                        std::fill_n(sum, width, T(0));
                        for (Index i = found.first[u]; i < found.first[u + 1]; ++i) add_place(found.place[i], sum);
                      }
                    });
    return out;
  }

  void add_place(Index place, T* sum) const {
    const Index row = place / s_.steps;
    const Index step = source_time(place % s_.steps);
    if (masked(row, step)) return;
    const T* saved = saved_ + (row / R_ * s_.steps + step) * step_saved_;
    layout_.for_groups([&](Index j, auto blocks) __attribute__((always_inline)) {
      constexpr int ub = decltype(blocks)::value;
      const T* from = saved + Layout::saved_place(R_, j, row % R_, ub) + Layout::input.first * L;
      T* to = sum + j * Layout::input.count * L;
      unroll<ub * Layout::input.count>([&](auto v) __attribute__((always_inline)) {
        constexpr int b = v / Layout::input.count, slot = v % Layout::input.count;
        store(to + v * L, load(to + v * L) + load(from + (b * kept + slot) * L));
      });
    });
  }

  // The kernel's part of the packed gradients.
  void table_kernel_gradient(T* packed) const {
    const Index used = s_.table_input.found->used;
    const Index size = layout_.recurrent_gradient(0, 0);
    const Index groups = (used + table_group - 1) / table_group;
    const Buffer<T> partial(groups * size, T(0));
    parallel_for(groups, 2.0 * static_cast<double>(used * size), [&](Index group) {
      Block block(std::min(used, table_group));
      const Index begin = group * table_group;
      block.rows = std::min(used - begin, table_group);
      for (Index i = 0; i < block.rows; ++i) block.x[static_cast<std::size_t>(i)] = table_row(begin + i);
      layout_.for_groups([&](Index j, auto blocks) __attribute__((always_inline)) {
        constexpr int ub = decltype(blocks)::value;
        for (Index i = 0; i < block.rows; ++i)
          block.gradients[static_cast<std::size_t>(i)] =
              dproducts_.data() + (begin + i) * products_size() + j * Layout::input.count * L;
        add_product<ub * Layout::input.count>(block, block.x.data(), s_.F, 0,
                                              partial.data() + group * size + layout_.input_gradient(j));
      });
    });
    for (Index group = 0; group < groups; ++group) add_row(packed, partial.data() + group * size, size);
  }

  // A chunk's view of the batch and the scratch of its task.
  struct Chunk {
    Index first, rows;
    T* saved = nullptr;               // of the current segment
    T* states = nullptr;              // of the current segment
    Index held = 0;                   // how many steps' states there are; step t's stand at t % held
    std::vector<Index> active;        // rows that are not masked at this step
    std::vector<Index> first_active;  // first step a row takes part in
    Buffer<T> x_dropped, h_dropped;
    Buffer<T> scale;    // recurrent dropout, laid out like a state
    Buffer<T> zoneout;  // shares, laid out like the states
  };

  Index width_of(int state) const { return state == 0 ? s_.P : s_.U; }
  Index source_time(Index step) const { return s_.go_backwards ? s_.steps - 1 - step : step; }
  bool masked(Index row, Index step) const { return s_.mask && !s_.mask[row * s_.steps + source_time(step)]; }
  const T* x_row(Index row, Index step) const { return x_ + (row * s_.steps + source_time(step)) * s_.F; }

  Chunk open(Index index) const {
    Chunk c;
    c.first = index * R_;
    c.rows = std::min(R_, s_.B - c.first);
    c.active.resize(static_cast<std::size_t>(c.rows));
    for (Index r = 0; r < c.rows; ++r) c.active[static_cast<std::size_t>(r)] = r;
    if (s_.mask) {
      c.first_active.assign(static_cast<std::size_t>(c.rows), s_.steps);
      for (Index r = 0; r < c.rows; ++r)
        for (Index step = 0; step < s_.steps; ++step)
          if (!masked(c.first + r, step)) {
            c.first_active[static_cast<std::size_t>(r)] = step;
            break;
          }
    }
    if (s_.input_dropout) c.x_dropped = Buffer<T>(R_ * s_.F);
    if (copied_) c.h_dropped = Buffer<T>(R_ * layout_.depth(0));
    if (s_.recurrent_dropout) {
      c.scale = Buffer<T>(state_stride_, T(0));
      if (!s_.dropout_per_step)
        for (Index r = 0; r < c.rows; ++r)
          std::copy_n(s_.recurrent_dropout + (c.first + r) * s_.P, s_.P, c.scale.data() + r * Up_);
    }
    if (zoned_) {
      c.zoneout = Buffer<T>(step_states_, T(0));
      for (std::size_t state = 0; state < s_.zoneout_rate.size(); ++state)
        std::fill_n(c.zoneout.data() + static_cast<Index>(state) * state_stride_, state_stride_,
                    s_.zoneout_rate[state]);
    }
    return c;
  }

  // What is drawn anew for each step: shares of zoneout, scales of dropout.
  void load_noise(Chunk& c, Index step) const {
    const auto load_rows = [&](const T* from, Index width, T* to) {
      for (const Index r : c.active)
        std::copy_n(from + ((c.first + r) * s_.steps + source_time(step)) * width, width, to + r * Up_);
    };
    for (std::size_t state = 0; state < s_.zoneout.size(); ++state)
      if (s_.zoneout[state])
        load_rows(s_.zoneout[state], width_of(static_cast<int>(state)),
                  c.zoneout.data() + static_cast<Index>(state) * state_stride_);
    if (s_.dropout_per_step) load_rows(s_.recurrent_dropout, s_.P, c.scale.data());
  }

  void find_active(Chunk& c, Index step) const {
    if (!s_.mask) return;
    c.active.clear();
    for (Index r = 0; r < c.rows; ++r)
      if (!masked(c.first + r, step)) c.active.push_back(r);
  }

  void load_states(const Chunk& c, const std::vector<const T*>& from, T* to) const {
    std::fill_n(to, step_states_, T(0));
    for (int state = 0; state < Cell::states; ++state) {
      const T* source = static_cast<std::size_t>(state) < from.size() ? from[static_cast<std::size_t>(state)] : nullptr;
      if (!source) continue;
      for (Index r = 0; r < c.rows; ++r)
        std::copy_n(source + (c.first + r) * width_of(state), width_of(state), to + state * state_stride_ + r * Up_);
    }
  }

  void store_states(const Chunk& c, const T* from, const std::vector<T*>& to) const {
    for (int state = 0; state < Cell::states; ++state) {
      T* target = static_cast<std::size_t>(state) < to.size() ? to[static_cast<std::size_t>(state)] : nullptr;
      if (!target) continue;
      for (Index r = 0; r < c.rows; ++r)
        std::copy_n(from + state * state_stride_ + r * Up_, width_of(state), target + (c.first + r) * width_of(state));
    }
  }

  // ---------------------------------------------------------------- forward

  void forward_chunk(Index index) {
    Chunk c = open(index);
    const bool keep_all = s_.training && s_.segment == s_.steps;
    const Buffer<T> scratch_states(keep_all ? 0 : (longest_ + 1) * step_states_);
    const Buffer<T> scratch_saved(!keep_all && Layout::needs_saved ? step_saved_ : 0);
    T* border = nullptr;
    if (keep_all) {
      c.saved = saved_ + index * s_.steps * step_saved_;
      c.states = states_ + index * (s_.steps + 1) * step_states_;
    } else {
      c.states = scratch_states.data();
      c.saved = scratch_saved.data();
      if (s_.training) border = states_ + index * (segments_ + 1) * step_states_;
    }
    c.held = keep_all ? s_.steps + 1 : longest_ + 1;
    load_states(c, s_.initial, c.states);
    for (Index step = 0; step < s_.steps; ++step) {
      const T* before = states_of(c, step);
      T* after = states_of(c, step + 1);
      if (border && step % s_.segment == 0)
        std::copy_n(before, step_states_, border + step / s_.segment * step_states_);
      forward_step(c, step, before, after, c.saved + (keep_all ? step * step_saved_ : 0));
      if (s_.return_sequences) emit(c, step, after, s_.y + step * s_.P, s_.steps * s_.P);
    }
    const T* last = states_of(c, s_.steps);
    if (!s_.return_sequences) emit(c, s_.steps - 1, last, s_.y, s_.P);
    store_states(c, last, s_.final);
  }

  // The layer's output at a step: the state, but zero before a row's first step and, if asked, where it is masked.
  bool silent(const Chunk& c, Index r, Index step) const {
    if (!s_.mask) return false;
    if (c.first_active[static_cast<std::size_t>(r)] > step) return true;
    return s_.zero_output_for_mask && masked(c.first + r, step);
  }

  void emit(const Chunk& c, Index step, const T* states, T* y, Index stride) const {
    for (Index r = 0; r < c.rows; ++r) {
      T* out = y + (c.first + r) * stride;
      if (silent(c, r, step)) std::fill_n(out, s_.P, T(0));
      else copy_row(out, states + r * Up_, s_.P);
    }
  }

  const T* sums_row(Index row, Index step) const {
    return sums_.data() + s_.table_input.found->slot[row * s_.steps + source_time(step)] * step_.sums_size();
  }

  // Scaled copies of the rows that dropout acts on; the rows themselves where there is none.
  const T* dropped_x(Chunk& c, Index r, Index step, T* scratch) const {
    const T* row = x_row(c.first + r, step);
    if (!s_.input_dropout) return row;
    const T* scale = s_.input_dropout + (c.first + r) * s_.F;
    for (Index f = 0; f < s_.F; ++f) scratch[f] = row[f] * scale[f];
    return scratch;
  }

  const T* recurrent_row(const Chunk& c, Index r, Index step, const T* before, T* scratch) const {
    const T* row = before + r * Up_;
    if (!copied_) return row;
    const T* scale = s_.recurrent_dropout ? c.scale.data() + r * Up_ : nullptr;
    const auto copy = [&](const T* from, T* to) {
      for (Index u = 0; u < s_.P; ++u) to[u] = scale ? from[u] * scale[u] : from[u];
    };
    copy(row, scratch);
    for (std::size_t i = 0; i < s_.skips.size(); ++i) {
      T* to = scratch + (static_cast<Index>(i) + 1) * s_.P;
      const Index index = step + 1 - s_.skips[i];
      if (index < 0) std::fill_n(to, s_.P, T(0));
      else copy(states_of(c, index) + r * Up_, to);
    }
    return scratch;
  }

  // The states after so many steps.
  T* states_of(const Chunk& c, Index step) const { return c.states + step % c.held * step_states_; }

  void forward_step(Chunk& c, Index step, const T* before, T* after, T* saved) const {
    find_active(c, step);
    if (s_.mask && c.active.size() < static_cast<std::size_t>(c.rows))
      for (Index r = 0; r < c.rows; ++r)
        if (masked(c.first + r, step))
          for (int state = 0; state < Cell::states; ++state)
            std::copy_n(before + state * state_stride_ + r * Up_, Up_, after + state * state_stride_ + r * Up_);
    load_noise(c, step);
    std::array<const T*, most_rows> x_rows, h_rows;
    for (std::size_t i = 0; i < c.active.size(); ++i) {
      const Index r = c.active[i];
      x_rows[i] = by_table_ ? sums_row(c.first + r, step) : dropped_x(c, r, step, c.x_dropped.data() + r * s_.F);
      h_rows[i] = recurrent_row(c, r, step, before, c.h_dropped.data() + r * layout_.depth(0));
    }
    step_.forward({.count = static_cast<Index>(c.active.size()),
                   .place = c.active.data(),
                   .x = x_rows.data(),
                   .sums = by_table_ ? x_rows.data() : nullptr,
                   .input_sums = !s_.weights.kernel,
                   .h = h_rows.data(),
                   .capacity = R_,
                   .before = before,
                   .after = after,
                   .saved = saved,
                   .recurrent_dropout = s_.recurrent_dropout ? c.scale.data() : nullptr,
                   .zoneout = zoned_ ? c.zoneout.data() : nullptr});
  }

  // ---------------------------------------------------------------- backward

  // Rows of a few time steps, gathered until there are enough for the weight gradients.
  struct Block {
    explicit Block(Index capacity)
        : x(static_cast<std::size_t>(capacity)), h(x), operand(x), gradients(x), saved(x), row(x.size()) {}

    std::vector<const T*> x, h, operand, gradients, saved;
    std::vector<Index> row;
    Buffer<T> x_dropped, h_dropped;
    Index rows = 0;
  };

  Index block_rows() const { return std::max<Index>(group_rows_, s_.U >= 128 ? 128 : 64); }

  Block open_block() const {
    Block block(block_rows());
    if (s_.input_dropout) block.x_dropped = Buffer<T>(block_rows() * s_.F);
    if (copied_) block.h_dropped = Buffer<T>(block_rows() * layout_.depth(0));
    return block;
  }

  void backward_chunk(Index index, const SequenceGradients<T>& g, T* partials) {
    Chunk c = open(index);
    const Index size = layout_.gradient_size();
    T* partial = partials + c.first / group_rows_ * size;
    const Index groups = (c.rows + group_rows_ - 1) / group_rows_;
    std::fill_n(partial, groups * size, T(0));
    const Buffer<T> carry(step_states_);
    const Buffer<T> operand(Layout::stages > 1 ? state_stride_ : 0, T(0));
    const Buffer<T> earlier(s_.skips.empty() ? 0 : longest_ * state_stride_, T(0));
    load_states(c, g.dfinal, carry.data());
    std::vector<Block> blocks;
    for (Index group = 0; group < groups; ++group) blocks.push_back(open_block());
    if (g.dx && s_.mask) std::fill_n(g.dx + c.first * s_.steps * s_.F, c.rows * s_.steps * s_.F, T(0));

    const bool keep_all = s_.segment == s_.steps;
    const Buffer<T> segment_states(keep_all ? 0 : (s_.segment + 1) * step_states_);
    const Buffer<T> segment_saved(keep_all ? 0 : s_.segment * step_saved_);
    for (Index segment = segments_ - 1; segment >= 0; --segment) {
      const Index begin = segment * s_.segment;
      const Index end = std::min(s_.steps, begin + s_.segment);
      if (keep_all) {
        c.saved = saved_ + index * s_.steps * step_saved_;
        c.states = states_ + index * (s_.steps + 1) * step_states_;
        c.held = s_.steps + 1;
      } else {
        c.held = s_.segment + 1;
        c.saved = segment_saved.data();
        c.states = segment_states.data();
        std::copy_n(states_ + (index * (segments_ + 1) + segment) * step_states_, step_states_, c.states);
        for (Index step = begin; step < end; ++step)
          forward_step(c, step, c.states + (step - begin) * step_states_, c.states + (step - begin + 1) * step_states_,
                       c.saved + (step - begin) * step_saved_);
      }
      for (Index step = end - 1; step >= begin; --step) {
        const T* before = c.states + (step - begin) * step_states_;
        T* saved = c.saved + (step - begin) * step_saved_;
        find_active(c, step);
        load_noise(c, step);
        absorb(c, g, step, carry.data());
        backward_step(c, step, before, saved, carry.data(), operand.data(), earlier.data(),
                      partial + layout_.vector_gradient());
        if (g.dx) input_gradient(c, step, saved, g.dx);
        for (Index group = 0; group < groups; ++group)
          if (blocks[static_cast<std::size_t>(group)].rows + group_rows_ > block_rows())
            flush(blocks[static_cast<std::size_t>(group)], partial + group * size);
        gather(c, blocks, step, before, saved);
      }
      // The rows point into this segment.
      for (Index group = 0; group < groups; ++group)
        flush(blocks[static_cast<std::size_t>(group)], partial + group * size);
    }
    if (s_.steps == 0) return;
    store_states(c, carry.data(), g.dinitial);
  }

  // Adds the gradient of the output at this step to that of the state it was made of.
  void absorb(const Chunk& c, const SequenceGradients<T>& g, Index step, T* carry) const {
    if (!g.dy || (!s_.return_sequences && step != s_.steps - 1)) return;
    const T* dy = s_.return_sequences ? g.dy + step * s_.P : g.dy;
    const Index stride = s_.return_sequences ? s_.steps * s_.P : s_.P;
    for (Index r = 0; r < c.rows; ++r) {
      if (silent(c, r, step)) continue;
      add_row(carry + r * Up_, dy + (c.first + r) * stride, s_.P);
    }
  }

  // `earlier` holds the gradients of states 0 before the previous one, that of the states after t steps at t %
  // longest_.
  void backward_step(const Chunk& c, Index step, const T* before, T* saved, T* carry, T* operand, T* earlier,
                     T* vector_gradients) const {
    unroll<Layout::stages>([&](auto i) {
      constexpr int stage = Layout::stages - 1 - i;
      step_.with_functions([&](const auto& functions) {
        backward_units<stage>(functions, c, before, saved, carry, operand, vector_gradients);
      });
      if constexpr (normalised<Cell> && StageLayout<Cell, stage>::recurrent.count > 0)
        normal_gradient<stage>(c, saved, operand, vector_gradients);
      if constexpr (Layout::passing(stage)) {
      } else if constexpr (stage > 0) {
        state_product<stage>(c, saved, 0, operand, operand);
      } else if constexpr (StageLayout<Cell, 0>::recurrent.count > 0) {
        state_product<0>(c, saved, 0, carry, operand);
        for (std::size_t i = 0; i < s_.skips.size(); ++i)
          if (const Index index = step + 1 - s_.skips[i]; index >= 0)
            state_product<0>(c, saved, static_cast<Index>(i) + 1, earlier + index % longest_ * state_stride_, operand);
      }
    });
    if (s_.skips.empty()) return;
    T* due = earlier + step % longest_ * state_stride_;
    for (Index i = 0; i < state_stride_; ++i) carry[i] += due[i];
    std::fill_n(due, state_stride_, T(0));
  }

  template <int stage, class F>
  [[gnu::noinline]] void backward_units(const F& functions, const Chunk& c, const T* before, T* saved, T* carry,
                                        T* operand, T* vector_gradients) const {
    layout_.template for_stage_groups<stage>([&](Index j, auto blocks) {
      constexpr int ub = decltype(blocks)::value;
      const auto items = static_cast<Index>(c.active.size()) * ub;
      gemm::for_tiles<unit_width>(items, [&](Index first, auto size) __attribute__((always_inline)) {
        constexpr int width = decltype(size)::value;
        BackwardUnit<T, slots, stage, width> unit;
        unit.state_stride = state_stride_;
        unit.clip = s_.clip;
        unroll<width>([&](auto i) __attribute__((always_inline)) {
          const Index row = c.active[static_cast<std::size_t>((first + i) / ub)];
          const Index b = (first + i) % ub;
          const Index place = row * Up_ + (j + b) * L;
          unit.place[i] = {
              before + place,
              carry + place,
              saved + Layout::saved_place(R_, j, row, ub, b),
              Layout::stages > 1 ? operand + place : nullptr,
              s_.recurrent_dropout ? c.scale.data() + place : nullptr,
              zoned_ ? c.zoneout.data() + place : nullptr,
              layout_.vectors_at(j + b),
              vector_gradients + row / group_rows_ * layout_.gradient_size() + (j + b) * Layout::vectors * L};
        });
        Cell::template backward<stage>(functions, unit);
      });
    });
  }

  // Gradient of what the recurrent product of a stage multiplied: of the operand, or (stage 0) of a previous state, to
  // whose gradient `to` it is added.
  template <int stage>
  [[gnu::noinline]] void state_product(const Chunk& c, const T* saved, Index tap, T* to, const T* operand) const {
    using Part = StageLayout<Cell, stage>;
    gemm::for_panels<T>(stage == 0 ? s_.P : s_.U, [&](Index first, auto S) __attribute__((always_inline)) {
      constexpr int vectors = decltype(S)::value;
      const T* panel =
          layout_.recurrent_adjoint(stage, tap) + first * layout_.vectors_of_stage(stage) * Part::recurrent.count * L;
      gradient_tiles<stage, Layout::product_slot(stage), Part::recurrent.count, vectors>(
          c, saved, panel, [&](Index row, auto& acc) __attribute__((always_inline)) {
            const Index place = row * Up_ + first;
            if constexpr (stage > 0) {
              unroll<vectors>([&](auto v) __attribute__((always_inline)) { store(to + place + v * L, acc[v]); });
            } else {
              if constexpr (Layout::stages > 1 && !projects<Cell>)
                if (tap == 0)
                  unroll<vectors>(
                      [&](auto v) __attribute__((always_inline)) { acc[v] = acc[v] + load(operand + place + v * L); });
              const T* scale = c.scale.data() + place;
              unroll<vectors>([&](auto v) __attribute__((always_inline)) {
                const Vec<T> term = s_.recurrent_dropout ? acc[v] * load(scale + v * L) : acc[v];
                store(to + place + v * L, load(to + place + v * L) + term);
              });
            }
          });
    });
  }

  // Products of the gradients of slots [first_slot, first_slot + count) of every unit with one panel of a transposed
  // weight matrix; finish(row, acc) takes each row's sums.
  template <int stage, int first_slot, int count, int vectors, class Finish>
  RECURRA_INLINE void gradient_tiles(const Chunk& c, const T* saved, const T* panel, Finish&& finish) const {
    const auto active = static_cast<Index>(c.active.size());
    gemm::for_tiles<gemm::tile_rows<T>(vectors)>(active, [&](Index tile, auto size) __attribute__((always_inline)) {
      constexpr int M = decltype(size)::value;
      Vec<T> acc[M][vectors];
      unroll<M>([&](auto m) __attribute__((always_inline)) {
        unroll<vectors>([&](auto v) __attribute__((always_inline)) { acc[m][v] = Vec<T>{}; });
      });
      layout_.template for_stage_groups<stage>([&](Index j, auto blocks) __attribute__((always_inline)) {
        constexpr int ub = decltype(blocks)::value;
        const T* in[M];
        unroll<M>([&](auto m) __attribute__((always_inline)) {
          const Index row = c.active[static_cast<std::size_t>(tile + m)];
          in[m] = saved + Layout::saved_place(R_, j, row, ub) + first_slot * L;
        });
        gemm::multiply_add(acc, in, ub * count * L, panel + j * count * L * vectors * L);
      });
      unroll<M>([&](auto m)
                    __attribute__((always_inline)) { finish(c.active[static_cast<std::size_t>(tile + m)], acc[m]); });
    });
  }

  // Gradients of normalised sums become those of the sums themselves (in the place of the normalised ones), and of the
  // gains. With g the gradient times the gain, x the normalised sum, v one over the spread, means over the row:
  //   v (g - mean(g) - x mean(g x))
  template <int stage>
  [[gnu::noinline]] void normal_gradient(const Chunk& c, T* saved, T* operand, T* vector_gradients) const {
    using Part = StageLayout<Cell, stage>;
    constexpr int first = Layout::product_slot(stage);
    const T number = static_cast<T>(s_.U * Part::recurrent.count);
    for (const Index row : c.active) {
      T* gains = vector_gradients + row / group_rows_ * layout_.gradient_size();
      const auto each = [&](auto&& body) {
        for (Index j = 0; j < J_; ++j)
          for (int s = 0; s < Part::recurrent.count; ++s) {
            T* place = saved + Layout::saved_place(R_, j, row);
            const int gain = Layout::gain_of(Part::recurrent.first + s);
            const Vec<T> gradient = load(place + (Part::recurrent.first + s) * L);
            body(j, gradient, load(layout_.vectors_at(j) + gain * L), place + (first + s) * L,
                 gains + (j * Layout::vectors + gain) * L);
          }
      };
      Vec<T> sum{}, along{};
      each([&](Index, Vec<T> gradient, Vec<T> gain, const T* place, T* gain_gradient) {
        const Vec<T> normal = load(place);
        store(gain_gradient, load(gain_gradient) + gradient * normal);
        const Vec<T> scaled = gradient * gain;  // zero past the last unit, as gains are
        sum += scaled;
        along += scaled * normal;
      });
      const T inverse = saved[Layout::saved_place(R_, 0, row) + Layout::spread * L + stage];
      const T mean = lane_sum<T>(sum) / number, pull = lane_sum<T>(along) / number;
      each([&](Index j, Vec<T> gradient, Vec<T> gain, T* place, T*) {
        const Vec<T> through = inverse * (gradient * gain - mean - load(place) * pull);
        store(place, Vec<T>{});
        store_part(place, through, s_.U - j * L);
        if constexpr (Layout::passing(stage)) store(operand + row * Up_ + j * L, load(place));
      });
    }
  }

  // dX where x holds sums: their gradients, by column blocks.
  void input_sums_gradient(const Chunk& c, Index step, const T* saved, T* dx) const {
    layout_.for_groups([&](Index j, auto blocks) {
      constexpr int ub = decltype(blocks)::value;
      for (const Index row : c.active) {
        T* out = dx + ((c.first + row) * s_.steps + source_time(step)) * s_.F;
        for (int b = 0; b < ub; ++b)
          for (int slot = 0; slot < slots; ++slot) {
            if (Cell::input_block[slot] == none) continue;
            const Index u = (j + b) * L;
            store_part(out + Cell::input_block[slot] * s_.U + u,
                       load(saved + Layout::saved_place(R_, j, row, ub, b) + slot * L), s_.U - u);
          }
      }
    });
  }

  void input_gradient(const Chunk& c, Index step, const T* saved, T* dx) const {
    if (!s_.weights.kernel) return input_sums_gradient(c, step, saved, dx);
    gemm::for_panels<T>(s_.F, [&](Index first, auto S) __attribute__((always_inline)) {
      constexpr int vectors = decltype(S)::value;
      const T* panel = layout_.input_adjoint() + first * J_ * Layout::input.count * L;
      gradient_tiles<0, Layout::input.first, Layout::input.count, vectors>(
          c, saved, panel, [&](Index row, auto& acc) __attribute__((always_inline)) {
            T* out = dx + ((c.first + row) * s_.steps + source_time(step)) * s_.F + first;
            const T* scale = s_.input_dropout ? s_.input_dropout + (c.first + row) * s_.F + first : nullptr;
            unroll<vectors>([&](auto v) __attribute__((always_inline)) {
              const Index left = s_.F - first - v * L;
              store_part(out + v * L, scale ? acc[v] * load_part(scale + v * L, left) : acc[v], left);
            });
          });
    });
  }

  void gather(Chunk& c, std::vector<Block>& blocks, Index step, const T* before, const T* saved) const {
    for (const Index r : c.active) {
      Block& block = blocks[blocks.size() == 1 ? 0 : static_cast<std::size_t>(r / group_rows_)];
      const Index i = block.rows++;
      const auto at = static_cast<std::size_t>(i);
      if (!by_table_) block.x[at] = dropped_x(c, r, step, block.x_dropped.data() + i * s_.F);
      block.h[at] = recurrent_row(c, r, step, before, block.h_dropped.data() + i * layout_.depth(0));
      block.saved[at] = saved;
      block.row[at] = r;
    }
  }

  // Adds the gathered rows' share of the weight gradients.
  void flush(Block& block, T* partial) const {
    if (block.rows == 0) return;
    layout_.for_groups([&](Index j, auto blocks) __attribute__((always_inline)) {
      constexpr int ub = decltype(blocks)::value;
      for (Index i = 0; i < block.rows; ++i) {
        const auto at = static_cast<std::size_t>(i);
        block.gradients[at] = block.saved[at] + Layout::saved_place(R_, j, block.row[at], ub);
      }
      if (!by_table_)
        add_product<ub * Layout::input.count>(block, block.x.data(), layout_.F, Layout::input.first,
                                              partial + layout_.input_gradient(j));
      unroll<Layout::stages>([&](auto stage) __attribute__((always_inline)) {
        using Part = StageLayout<Cell, stage>;
        constexpr int vectors = ub * Part::recurrent.count;
        T* out = partial + layout_.recurrent_gradient(stage, j);
        if constexpr (vectors == 0 || Layout::projecting(stage) || Layout::passing(stage)) {
        } else if constexpr (stage == 0) {
          add_product<vectors>(block, block.h.data(), layout_.depth(0), Layout::product_slot(0), out);
        } else {
          add_operand_product<stage, vectors>(block, out);
        }
      });
      sum_gradients<ub, projects<Cell> ? slots - 1 : slots>(block, 0,
                                                            partial + layout_.bias_gradient() + j * slots * L);
    });
    if constexpr (projects<Cell>)
      for (Index j = 0; j < layout_.vectors_of_stage(Layout::stages - 1); ++j) {
        for (Index i = 0; i < block.rows; ++i) {
          const auto at = static_cast<std::size_t>(i);
          block.gradients[at] = block.saved[at] + Layout::saved_place(R_, j, block.row[at]);
        }
        add_operand_product<Layout::stages - 1, 1>(block, partial + layout_.recurrent_gradient(Layout::stages - 1, j));
        sum_gradients<1, 1>(block, slots - 1, partial + layout_.bias_gradient() + (j * slots + slots - 1) * L);
      }
    block.rows = 0;
  }

  // The same for the recurrent product of a later stage, whose operand stands with what is saved.
  template <int stage, int vectors>
  RECURRA_INLINE void add_operand_product(Block& block, T* out) const {
    for (Index part = 0; part < J_; ++part) {
      for (Index i = 0; i < block.rows; ++i) {
        const auto at = static_cast<std::size_t>(i);
        block.operand[at] = block.saved[at] + Layout::saved_place(R_, part, block.row[at]) + (slots + stage - 1) * L;
      }
      add_product<vectors>(block, block.operand.data(), std::min<Index>(L, s_.U - part * L),
                           Layout::product_slot(stage), out + part * L * vectors * L);
    }
  }

  // out += the block's gradients, row by row: of `count` slots from `first` on of ub vectors of units, slots L apart.
  template <int ub, int count>
  RECURRA_INLINE void sum_gradients(const Block& block, int first, T* out) const {
    Vec<T> sums[ub * count];
    constexpr auto place = [](int v) { return v / count * slots + v % count; };
    unroll<ub * count>([&](auto v) __attribute__((always_inline)) { sums[v] = load(out + place(v) * L); });
    for (Index i = 0; i < block.rows; ++i) {
      const T* row = block.gradients[static_cast<std::size_t>(i)] + first * L;
      unroll<ub * count>(
          [&](auto v) __attribute__((always_inline)) { sums[v] += load(row + (v / count * kept + v % count) * L); });
    }
    unroll<ub * count>([&](auto v) __attribute__((always_inline)) { store(out + place(v) * L, sums[v]); });
  }

  // out (K, vectors) += A^T G, where row i of A is a[i] and row i of G the block's gradients from `slot` on.
  template <int vectors>
  RECURRA_INLINE void add_product(const Block& block, const T* const* a, Index K, int slot, T* out) const {
    gemm::for_tiles<gemm::tile_rows<T>(vectors)>(K, [&](Index k, auto size) __attribute__((always_inline)) {
      constexpr int depth = decltype(size)::value;
      Vec<T> acc[depth][vectors];
      T* place = out + k * vectors * L;
      unroll<depth>([&](auto i) __attribute__((always_inline)) {
        unroll<vectors>([&](auto v)
                            __attribute__((always_inline)) { acc[i][v] = load(place + (i * vectors + v) * L); });
      });
      gemm::multiply_add_transposed(acc, a, k, block.gradients.data(), slot * L, block.rows);
      unroll<depth>([&](auto i) __attribute__((always_inline)) {
        unroll<vectors>([&](auto v)
                            __attribute__((always_inline)) { store(place + (i * vectors + v) * L, acc[i][v]); });
      });
    });
  }

  const Sequence<T> s_;
  const Index longest_ = s_.skips.empty() ? 1 : *std::ranges::max_element(s_.skips);
  const bool copied_ = s_.recurrent_dropout || !s_.skips.empty();  // the rows that the recurrent product reads
  const bool zoned_ = !s_.zoneout.empty() || !s_.zoneout_rate.empty();
  Step<Cell, T> step_;
  const Layout& layout_ = step_.layout;
  const T* x_ = s_.x;
  bool by_table_ = s_.table_input.found;
  Buffer<T> sums_, dproducts_;
  T* saved_ = nullptr;
  T* states_ = nullptr;
  const Index J_, Up_, group_rows_, groups_, R_, chunks_, state_stride_, step_states_, step_saved_, segments_;
};

}  // namespace recurra::rnn
