// The one sequence driver of all recurrent cells: time, direction, masks, dropout, products, threads, backpropagation.
//
// Rows of a batch are independent, so a batch is cut into chunks of rows, and one task takes its chunk through the
// whole sequence with no barrier on the way. Weight gradients are summed over groups of rows whose bounds depend on the
// shape alone, then group by group in a fixed order; hence the same bits for any number of threads. A chunk is one
// group; where the weights are too large for a core's own cache it is several, as many as still feed all threads, since
// every step of a chunk reads the weights once.
//
// Where the weights are large and the rows few, one chunk has all rows, and a team of threads goes through it together,
// each with a share of the units: it waits for the others before it reads what they made.
//
// A step (step.h) keeps what backward needs per unit side by side; backward replaces it by the gradients of the sums,
// from which dh, dX and the weight gradients are products again. The last are taken over blocks of a few time steps,
// while these are in the cache.
//
// With checkpointing only the states at the borders of segments are kept, and each segment is run again before it is
// passed backward: memory grows with the square root of T (Chen et al., "Training deep nets with sublinear memory
// cost", 2016).
//
// Where the input is rows of a table that nobody has read yet, steps look their sums up (table_rows.h).
//
// Letters: B batch, T time, F features, U units, P units of state 0, L lanes, J vectors of units, R rows of a chunk.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "recurra/base/buffer.h"
#include "recurra/base/parallel.h"
#include "recurra/rnn/runner.h"
#include "recurra/rnn/step.h"
#include "recurra/rnn/table_rows.h"
#include "recurra/rnn/weight_products.h"

namespace recurra::rnn {

template <class Cell, class T>
class Driver final : public Runner<T> {
  using Layout = CellLayout<Cell, T>;
  using Block = typename WeightProducts<Cell, T>::Rows;
  static constexpr int L = lanes<T>;
  static constexpr int slots = Cell::slots;
  static constexpr int kept = Layout::kept;
  static constexpr int unit_width = std::is_same_v<T, float> ? 3 : 1;  // vectors that take the cell's step together
  static constexpr Index most_rows = 64;                               // of a chunk
  static constexpr Index team_rows = 16;           // of a batch for each thread, fewer than which are given to a team
  static constexpr double least_team_step = 5e5;   // operations of a step that take longer than a wait
  static constexpr Index private_cache = 1 << 18;  // bytes of weights that a core surely keeps beside its other data
  static constexpr Index second_cache = 1 << 21;   // and beyond which its own cache surely does not hold them

 public:
  explicit Driver(const Sequence<T>& sequence)
      : s_(sequence),
        step_(sequence.F, sequence.U, sequence.P, 1 + std::ssize(sequence.skips), sequence.functions, sequence.clip),
        J_(layout_.J),
        Up_(layout_.stride),
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

  Pass forward() override {
    step_.layout.pack_forward(s_.weights, std::static_pointer_cast<const typename Layout::Panels>(s_.panels));
    if (s_.statistics == Statistics::given) pack_statistics();
    if (by_table_) table_.make_sums();
    Pass pass = for_chunks<ForwardScratch>(
        operations(), [this](Index chunk, Share share, const auto& scratch) { forward_chunk(chunk, share, scratch); });
    pass.end = [this] {
      table_.drop_sums();
      if (s_.statistics == Statistics::batch) unpack_statistics();
    };
    return pass;
  }

  std::shared_ptr<const void> panels() const override { return layout_.panels(); }

  Pass backward(const SequenceGradients<T>& g) override {
    if (g.x) {
      x_ = g.x;
      by_table_ = false;
    }
    step_.layout.pack_backward(s_.weights, g.dx || g.wants_table);
    partial_ = Buffer<T>(groups_ * layout_.gradient_size());
    Pass pass =
        for_chunks<BackwardScratch>(2 * operations(), [this, &g](Index chunk, Share share, const auto& scratch) {
          backward_chunk(chunk, share, scratch, g, partial_.data());
        });
    pass.end = [this, &g] { sum_gradients(g); };
    return pass;
  }

  void add_table_gradient(T* dtable) const override { table_.add_gradient(dtable); }

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
  // Enough groups to feed the cores, enough rows in each to reuse a panel while it is in the first cache. Each group
  // has sums of gradients of its own: where these are large, fewer groups move less memory, and teams feed the cores.
  Index rows_of_group() const {
    const Index B = s_.B;
    if (B >= 1024) return most_rows;
    if (weight_bytes() > second_cache && B <= most_rows) return std::max<Index>(1, B);
    if (!fits_private_cache() && B >= 64) {
      const Index even = (B + 2 * most_rows - 1) / (2 * most_rows) * 2;
      return (B + even - 1) / even;
    }
    if (B >= 24) return 16;
    return B >= 8 ? (B + 1) / 2 : std::max<Index>(1, B);
  }

  // Where the statistics are of all rows, or there are few rows for large weights, one chunk has all rows, and a team
  // of threads goes through it, each with units of its own: so each core reads its part of the weights only. Training
  // does as well without from a few rows on, for its products are over rows too.
  bool wants_team() const {
    if (s_.statistics == Statistics::batch) return true;
    if (normalised<Cell> && s_.statistics == Statistics::row) return false;
    if (num_threads() == 1 || !s_.skips.empty() || fits_private_cache()) return false;
    const bool far = !s_.training && weight_bytes() > second_cache;
    return s_.B < team_rows * num_threads() || groups_ < num_threads() || (far && s_.B <= most_rows * num_threads());
  }

  Index weight_bytes() const { return s_.U * s_.U * Layout::recurrent_blocks * static_cast<Index>(sizeof(T)); }
  bool fits_private_cache() const { return weight_bytes() <= private_cache; }

  Index groups_of_chunk() const {
    if (team_) return std::max<Index>(1, groups_);
    if (fits_private_cache()) return 1;
    return std::clamp<Index>(groups_ / num_threads(), 1, most_rows / group_rows_);
  }

  double operations() const {
    return 2.0 * static_cast<double>(s_.B) * static_cast<double>(s_.steps) *
           static_cast<double>((layout_.F * Layout::input_blocks + layout_.depth(0) * Layout::recurrent_blocks) * s_.U +
                               (projects<Cell> ? s_.U * s_.P : 0));
  }

  // ---------------------------------------------------------------- statistics of normalised sums

  // For each step that has its own: the mean, then the variance.
  Index steps_of_statistics() const {
    if (s_.statistics == Statistics::batch) return s_.steps;
    return s_.statistics == Statistics::given ? s_.statistics_steps : 0;
  }
  T* statistics_of(Index step, int which = 0) const {
    if (statistics_.size() == 0) return nullptr;
    return statistics_.data() + (2 * std::min(step, steps_of_statistics() - 1) + which) * step_.normal.size();
  }
  void pack_statistics() const {
    for (Index step = 0; step < s_.statistics_steps; ++step) {
      step_.normal.pack(s_.mean + step * step_.normal.columns(), statistics_of(step));
      step_.normal.pack(s_.variance + step * step_.normal.columns(), statistics_of(step, 1));
    }
  }
  void unpack_statistics() const {
    for (Index step = 0; step < s_.steps; ++step) {
      step_.normal.unpack(statistics_of(step), s_.batch_mean + step * step_.normal.columns());
      step_.normal.unpack(statistics_of(step, 1), s_.batch_variance + step * step_.normal.columns());
    }
  }

  // Memory of a chunk that all its threads use.
  struct ForwardScratch {
    explicit ForwardScratch(const Driver& d)
        : states(d.keeps_all() ? 0 : (d.longest_ + 1) * d.step_states_),
          saved(!d.keeps_all() && Layout::needs_saved ? d.step_saved_ : 0) {}
    const Buffer<T> states, saved;
  };
  struct BackwardScratch {
    explicit BackwardScratch(const Driver& d)
        : carry(d.step_states_),
          operand(Layout::stages > 1 ? d.state_stride_ : 0, T(0)),
          earlier(d.s_.skips.empty() ? 0 : d.longest_ * d.state_stride_, T(0)),
          states(d.keeps_all() ? 0 : (d.s_.segment + 1) * d.step_states_),
          saved(d.keeps_all() ? 0 : d.s_.segment * d.step_saved_) {}
    const Buffer<T> carry, operand, earlier, states, saved;
  };

  bool keeps_all() const { return s_.training && s_.segment == s_.steps; }

  // body(chunk, the calling thread's share of its units, its scratch) as the tasks of a pass, a chunk each; done at
  // once by a team.
  template <class Scratch, class Body>
  Pass for_chunks(double work, const Body& body) const {
    if (!team_ || chunks_ == 0)
      return {chunks_, work, [this, body](Index chunk) { body(chunk, Share{}, Scratch(*this)); }, {}};
    const Scratch scratch(*this);
    // What skips carry back over several steps is summed for all units at once.
    const bool small = operations() < least_team_step * static_cast<double>(s_.steps);
    const bool alone = !s_.skips.empty() || (s_.statistics == Statistics::batch && small);
    with_team(alone ? 1 : J_, work, [&](Share share) { body(0, share, scratch); });
    return {};
  }

  // A chunk's view of the batch, and what a thread needs to go through it.
  struct Chunk {
    Index first, rows;
    Share share;                      // of the units
    T* saved = nullptr;               // of the current segment
    T* states = nullptr;              // of the current segment
    Index held = 0;                   // how many steps' states there are; step t's stand at t % held
    std::vector<const T*> x, h;       // what the products of a step read, for each active row
    std::vector<Index> active;        // rows that are not masked at this step
    std::vector<Index> first_active;  // first step a row takes part in
    Buffer<T> x_dropped, h_dropped;
    Buffer<T> scale;    // recurrent dropout, laid out like a state
    Buffer<T> zoneout;  // shares, laid out like the states
  };

  Index width_of(int state) const { return state == 0 ? s_.P : s_.U; }
  const T* x_row(Index row, Index step) const { return x_ + (row * s_.steps + s_.source_time(step)) * s_.F; }

  static void wait(const Chunk& c) {
    if (c.share.parts > 1) wait_for_team();
  }

  Chunk open(Index index, Share share = {}) const {
    Chunk c;
    c.share = share;
    c.first = index * R_;
    c.rows = std::min(R_, s_.B - c.first);
    c.active.resize(static_cast<std::size_t>(c.rows));
    c.x.resize(c.active.size());
    c.h.resize(c.active.size());
    for (Index r = 0; r < c.rows; ++r) c.active[static_cast<std::size_t>(r)] = r;
    if (s_.mask) {
      c.first_active.assign(static_cast<std::size_t>(c.rows), s_.steps);
      for (Index r = 0; r < c.rows; ++r)
        for (Index step = 0; step < s_.steps; ++step)
          if (!s_.masked(c.first + r, step)) {
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
        std::copy_n(from + ((c.first + r) * s_.steps + s_.source_time(step)) * width, width, to + r * Up_);
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
      if (!s_.masked(c.first + r, step)) c.active.push_back(r);
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

  void forward_chunk(Index index, Share share, const ForwardScratch& scratch) const {
    Chunk c = open(index, share);
    const bool leads = share.part == 0;
    T* border = nullptr;
    if (keeps_all()) {
      c.saved = saved_ + index * s_.steps * step_saved_;
      c.states = states_ + index * (s_.steps + 1) * step_states_;
      c.held = s_.steps + 1;
    } else {
      c.saved = scratch.saved.data();
      c.states = scratch.states.data();
      c.held = longest_ + 1;
      if (s_.training && leads) border = states_ + index * (segments_ + 1) * step_states_;
    }
    if (leads) load_states(c, s_.initial, c.states);
    wait(c);
    for (Index step = 0; step < s_.steps; ++step) {
      const T* before = states_of(c, step);
      T* after = states_of(c, step + 1);
      if (border && step % s_.segment == 0)
        std::copy_n(before, step_states_, border + step / s_.segment * step_states_);
      forward_step(c, step, before, after, keeps_all() ? c.saved + step * step_saved_ : c.saved);
      if (leads && s_.return_sequences) emit(c, step, after, s_.y + step * s_.P, s_.steps * s_.P);
    }
    if (!leads) return;
    const T* last = states_of(c, s_.steps);
    if (!s_.return_sequences) emit(c, s_.steps - 1, last, s_.y, s_.P);
    store_states(c, last, s_.final);
  }

  // The layer's output at a step: the state, but zero before a row's first step and, if asked, where it is masked.
  bool silent(const Chunk& c, Index r, Index step) const {
    if (!s_.mask) return false;
    if (c.first_active[static_cast<std::size_t>(r)] > step) return true;
    return s_.zero_output_for_mask && s_.masked(c.first + r, step);
  }

  void emit(const Chunk& c, Index step, const T* states, T* y, Index stride) const {
    for (Index r = 0; r < c.rows; ++r) {
      T* out = y + (c.first + r) * stride;
      if (silent(c, r, step)) std::fill_n(out, s_.P, T(0));
      else copy_row(out, states + r * Up_, s_.P);
    }
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
      if (!scale) return copy_row(to, from, s_.P);
      for (Index u = 0; u < s_.P; ++u) to[u] = from[u] * scale[u];
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

  static T* scratch_row(const Buffer<T>& rows, Index row, Index width) {
    return rows.size() > 0 ? rows.data() + row * width : nullptr;
  }

  // The states after so many steps.
  T* states_of(const Chunk& c, Index step) const { return c.states + step % c.held * step_states_; }

  void forward_step(Chunk& c, Index step, const T* before, T* after, T* saved) const {
    find_active(c, step);
    if (c.share.part == 0 && c.active.size() < static_cast<std::size_t>(c.rows))
      for (Index r = 0; r < c.rows; ++r)
        if (s_.masked(c.first + r, step))
          for (int state = 0; state < Cell::states; ++state)
            std::copy_n(before + state * state_stride_ + r * Up_, Up_, after + state * state_stride_ + r * Up_);
    load_noise(c, step);
    for (std::size_t i = 0; i < c.active.size(); ++i) {
      const Index r = c.active[i];
      c.x[i] = by_table_ ? table_.row(c.first + r, step) : dropped_x(c, r, step, scratch_row(c.x_dropped, r, s_.F));
      c.h[i] = recurrent_row(c, r, step, before, scratch_row(c.h_dropped, r, layout_.depth(0)));
      // The rows of a batch lie far apart and are read a piece a step: more streams than the processor foresees.
      if (step + 1 < s_.steps) {
        if (by_table_) prefetch(table_.row(c.first + r, step + 1), step_.sums_size());
        else prefetch(x_row(c.first + r, step + 1), s_.F);
      }
    }
    step_.forward({.count = static_cast<Index>(c.active.size()),
                   .place = c.active.data(),
                   .x = c.x.data(),
                   .sums = by_table_ ? c.x.data() : nullptr,
                   .h = c.h.data(),
                   .capacity = R_,
                   .before = before,
                   .after = after,
                   .saved = saved,
                   .recurrent_dropout = s_.recurrent_dropout ? c.scale.data() : nullptr,
                   .zoneout = zoned_ ? c.zoneout.data() : nullptr,
                   .share = c.share.turned(step % 2 != 0),
                   .statistics = s_.statistics,
                   .mean = statistics_of(step),
                   .variance = statistics_of(step, 1)});
  }

  // ---------------------------------------------------------------- backward

  // Adds the gradients of all groups up.
  void sum_gradients(const SequenceGradients<T>& g) {
    const Buffer<T> partial = std::move(partial_);
    const Index size = layout_.gradient_size();
    parallel_blocks(size, 1 << 14, static_cast<double>(groups_ * size), [&](Index begin, Index end) {
      for (Index group = 1; group < groups_; ++group)
        add_row(partial.data() + begin, partial.data() + group * size + begin, end - begin);
    });
    if (groups_ == 0) return;
    if (by_table_) {
      table_.sum_gradients(saved_);
      if (g.weights.kernel) table_.add_kernel_gradient(partial.data());
    }
    layout_.unpack_gradients(partial.data(), g.weights);
  }

  Index block_rows() const { return std::max<Index>(group_rows_, s_.U >= 128 ? 128 : 64); }

  Block open_block() const {
    Block block(block_rows());
    if (s_.input_dropout) block.x_dropped = Buffer<T>(block_rows() * s_.F);
    if (copied_) block.h_dropped = Buffer<T>(block_rows() * layout_.depth(0));
    return block;
  }

  void backward_chunk(Index index, Share share, const BackwardScratch& scratch, const SequenceGradients<T>& g,
                      T* partials) const {
    Chunk c = open(index, share);
    const bool leads = share.part == 0;
    const Index size = layout_.gradient_size();
    T* partial = partials + c.first / group_rows_ * size;
    const Index groups = (c.rows + group_rows_ - 1) / group_rows_;
    T *const carry = scratch.carry.data(), *const operand = scratch.operand.data();
    const Index own = share.begin(groups * size);
    std::fill_n(partial + own, share.end(groups * size) - own, T(0));
    if (leads) {
      load_states(c, g.dfinal, carry);
      if (g.dx && s_.mask) std::fill_n(g.dx + c.first * s_.steps * s_.F, c.rows * s_.steps * s_.F, T(0));
    }
    wait(c);
    std::vector<Block> blocks;
    for (Index group = 0; group < groups; ++group) blocks.push_back(open_block());

    for (Index segment = segments_ - 1; segment >= 0; --segment) {
      const Index begin = segment * s_.segment;
      const Index end = std::min(s_.steps, begin + s_.segment);
      if (keeps_all()) {
        c.saved = saved_ + index * s_.steps * step_saved_;
        c.states = states_ + index * (s_.steps + 1) * step_states_;
        c.held = s_.steps + 1;
      } else {
        c.held = s_.segment + 1;
        c.saved = scratch.saved.data();
        c.states = scratch.states.data();
        if (leads) std::copy_n(states_ + (index * (segments_ + 1) + segment) * step_states_, step_states_, c.states);
        wait(c);
        for (Index step = begin; step < end; ++step)
          forward_step(c, step, c.states + (step - begin) * step_states_, c.states + (step - begin + 1) * step_states_,
                       c.saved + (step - begin) * step_saved_);
      }
      for (Index step = end - 1; step >= begin; --step) {
        const T* before = c.states + (step - begin) * step_states_;
        T* saved = c.saved + (step - begin) * step_saved_;
        c.share.backwards = step % 2 != 0;
        find_active(c, step);
        load_noise(c, step);
        absorb(c, g, step, carry);
        backward_step(c, step, before, saved, carry, operand, scratch.earlier.data(),
                      partial + layout_.vector_gradient());
        if (g.dx) input_gradient(c, step, saved, g.dx);
        for (Index group = 0; group < groups; ++group)
          if (blocks[static_cast<std::size_t>(group)].rows + group_rows_ > block_rows())
            products_.flush(blocks[static_cast<std::size_t>(group)], !by_table_, share, partial + group * size);
        gather(c, blocks, step, before, saved);
      }
      // The rows point into this segment.
      for (Index group = 0; group < groups; ++group)
        products_.flush(blocks[static_cast<std::size_t>(group)], !by_table_, share, partial + group * size);
      wait(c);
    }
    if (leads && s_.steps > 0) store_states(c, carry, g.dinitial);
  }

  // Adds the gradient of the output at this step to that of the state it was made of.
  void absorb(const Chunk& c, const SequenceGradients<T>& g, Index step, T* carry) const {
    if (!g.dy || (!s_.return_sequences && step != s_.steps - 1)) return;
    const T* dy = s_.return_sequences ? g.dy + step * s_.P : g.dy;
    const Index stride = s_.return_sequences ? s_.steps * s_.P : s_.P;
    const auto [first, last] = layout_.vectors_of_share(Layout::stages - 1, c.share);
    const Index begin = first * L, end = std::min(s_.P, last * L);
    for (Index r = 0; r < c.rows; ++r) {
      const T* row = dy + (c.first + r) * stride + begin;
      if (s_.return_sequences && step > 0) prefetch(row - s_.P, end - begin);
      if (silent(c, r, step)) continue;
      add_row(carry + r * Up_ + begin, row, end - begin);
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
      if constexpr (normalised<Cell>) normal_gradient<stage>(c, step, saved, operand, vector_gradients);
      wait(c);
      if constexpr (Layout::passing(stage)) {
      } else if constexpr (stage > 0) {
        state_product<stage>(c, saved, 0, operand, operand);
      } else if constexpr (StageLayout<Cell, 0>::recurrent.count > 0) {
        state_product<0>(c, saved, 0, carry, operand);
        for (std::size_t i = 0; i < s_.skips.size(); ++i)
          if (const Index index = step + 1 - s_.skips[i]; index >= 0)
            state_product<0>(c, saved, static_cast<Index>(i) + 1, earlier + index % longest_ * state_stride_, operand);
      }
      wait(c);
    });
    if (s_.skips.empty()) return;
    T* due = earlier + step % longest_ * state_stride_;
    for (Index i = 0; i < state_stride_; ++i) carry[i] += due[i];
    std::fill_n(due, state_stride_, T(0));
  }

  template <int stage, class F>
  [[gnu::noinline]] void backward_units(const F& functions, const Chunk& c, const T* before, T* saved, T* carry,
                                        T* operand, T* vector_gradients) const {
    layout_.template for_stage_groups<stage>(
        [&](Index j, auto blocks) {
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
        },
        c.share);
  }

  // Gradient of what the recurrent product of a stage multiplied: of the operand, or (stage 0) of a previous state, to
  // whose gradient `to` it is added.
  template <int stage>
  [[gnu::noinline]] void state_product(const Chunk& c, const T* saved, Index tap, T* to, const T* operand) const {
    using Part = StageLayout<Cell, stage>;
    gemm::for_panels<T>(
        stage == 0 ? s_.P : s_.U,
        [&](Index first, auto S) __attribute__((always_inline)) {
          constexpr int vectors = decltype(S)::value;
          const T* panel = layout_.recurrent_adjoint(stage, tap) +
                           first * layout_.vectors_of_stage(stage) * Part::recurrent.count * L;
          gradient_tiles<stage, Layout::product_slot(stage), Part::recurrent.count, vectors>(
              c, saved, panel, [&](Index row, auto& acc) __attribute__((always_inline)) {
                const Index place = row * Up_ + first;
                if constexpr (stage > 0) {
                  unroll<vectors>([&](auto v) __attribute__((always_inline)) { store(to + place + v * L, acc[v]); });
                } else {
                  if constexpr (Layout::stages > 1 && !projects<Cell>)
                    if (tap == 0)
                      unroll<vectors>([&](auto v) __attribute__((always_inline)) {
                        acc[v] = acc[v] + load(operand + place + v * L);
                      });
                  const T* scale = s_.recurrent_dropout ? c.scale.data() + place : nullptr;
                  unroll<vectors>([&](auto v) __attribute__((always_inline)) {
                    const Vec<T> term = scale ? acc[v] * load(scale + v * L) : acc[v];
                    store(to + place + v * L, load(to + place + v * L) + term);
                  });
                }
              });
        },
        c.share);
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

  // Gradients of normalised sums become those of the sums themselves.
  template <int stage>
  void normal_gradient(const Chunk& c, Index step, T* saved, T* operand, T* vector_gradients) const {
    const NormalRows<T> rows{static_cast<Index>(c.active.size()),
                             c.active.data(),
                             saved,
                             R_,
                             c.share,
                             s_.statistics,
                             statistics_of(step),
                             statistics_of(step, 1)};
    const auto gains = [&](Index row) { return vector_gradients + row / group_rows_ * layout_.gradient_size(); };
    step_.normal.template backward<stage>(rows, gains);
    if constexpr (stage == 0) step_.normal.template backward<Layout::stages>(rows, gains);
    if constexpr (Layout::passing(stage))
      for (const Index row : c.active)
        for (Index j = c.share.begin(J_); j < c.share.end(J_); ++j)
          store(operand + row * Up_ + j * L,
                load(saved + Layout::saved_place(R_, j, row) + Layout::product_slot(stage) * L));
  }

  void input_gradient(const Chunk& c, Index step, const T* saved, T* dx) const {
    gemm::for_panels<T>(
        s_.F,
        [&](Index first, auto S) __attribute__((always_inline)) {
          constexpr int vectors = decltype(S)::value;
          const T* panel = layout_.input_adjoint() + first * J_ * Layout::input.count * L;
          gradient_tiles<0, Layout::input_slot, Layout::input.count, vectors>(
              c, saved, panel, [&](Index row, auto& acc) __attribute__((always_inline)) {
                T* out = dx + ((c.first + row) * s_.steps + s_.source_time(step)) * s_.F + first;
                const T* scale = s_.input_dropout ? s_.input_dropout + (c.first + row) * s_.F + first : nullptr;
                unroll<vectors>([&](auto v) __attribute__((always_inline)) {
                  const Index left = s_.F - first - v * L;
                  store_part(out + v * L, scale ? acc[v] * load_part(scale + v * L, left) : acc[v], left);
                });
              });
        },
        c.share);
  }

  void gather(Chunk& c, std::vector<Block>& blocks, Index step, const T* before, const T* saved) const {
    for (const Index r : c.active) {
      Block& block = blocks[blocks.size() == 1 ? 0 : static_cast<std::size_t>(r / group_rows_)];
      const Index i = block.rows++;
      const auto at = static_cast<std::size_t>(i);
      if (!by_table_) block.x[at] = dropped_x(c, r, step, scratch_row(block.x_dropped, i, s_.F));
      block.h[at] = recurrent_row(c, r, step, before, scratch_row(block.h_dropped, i, layout_.depth(0)));
      block.saved[at] = saved;
      block.row[at] = r;
    }
  }

  const Sequence<T> s_;
  const Index group_rows_ = rows_of_group();
  const Index groups_ = (s_.B + group_rows_ - 1) / group_rows_;
  const Index longest_ = s_.skips.empty() ? 1 : *std::ranges::max_element(s_.skips);
  const bool copied_ = s_.recurrent_dropout || !s_.skips.empty();  // the rows that the recurrent product reads
  const bool zoned_ = !s_.zoneout.empty() || !s_.zoneout_rate.empty();
  const bool team_ = wants_team();
  Step<Cell, T> step_;
  const Layout& layout_ = step_.layout;
  const T* x_ = s_.x;
  bool by_table_ = s_.table_input.found;
  T* saved_ = nullptr;
  T* states_ = nullptr;
  const Index J_, Up_, R_, chunks_, state_stride_, step_states_, step_saved_, segments_;
  const WeightProducts<Cell, T> products_{layout_, R_};
  TableRows<Cell, T> table_{s_, step_, products_, R_};
  Buffer<T> partial_;  // sums of the weights' gradients, for each group
  const Buffer<T> statistics_{2 * steps_of_statistics() * step_.normal.size(), T(0)};
};

}  // namespace recurra::rnn
