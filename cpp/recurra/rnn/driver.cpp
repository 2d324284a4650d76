// The driver's shell: what is prepared once, and the forward pass.
#include "recurra/rnn/driver.h"

namespace recurra::rnn {
namespace {

template <class T>
StepOptions<T> step_options(const Sequence<T>& s) {
  return {.features = s.F,
          .units = s.U,
          .width = s.P,
          .taps = 1 + std::ssize(s.skips),
          .functions = s.functions,
          .clip = s.clip};
}

template <class T>
plan::Plan plan_of(const CellShape& shape, const Sequence<T>& s) {
  return plan::make({.B = s.B,
                     .weight_bytes = s.U * s.U * shape.recurrent_blocks * static_cast<Index>(sizeof(T)),
                     .threads = num_threads(),
                     .training = s.training,
                     .skips = !s.skips.empty(),
                     .batch_statistics = s.statistics == Statistics::batch,
                     .row_statistics = shape.normalised && s.statistics == Statistics::row});
}

template <class T>
Index steps_of_statistics(const Sequence<T>& s) {
  if (s.statistics == Statistics::batch) return s.steps;
  return s.statistics == Statistics::given ? s.statistics_steps : 0;
}

}  // namespace

// Members that borrow others stand behind them; compilers warn where this list has another order than the class.
template <class T>
Driver<T>::Driver(const CellEntry& cell, const Sequence<T>& sequence)
    : s_(sequence),
      step_(cell, step_options(sequence)),
      plan_(plan_of(cell.shape, sequence)),
      chunks_(s_, step_.layout, plan_),
      segments_((sequence.steps + sequence.segment - 1) / std::max<Index>(1, sequence.segment)),
      weight_gradients_(step_.layout, plan_.chunk_rows),
      statistics_(step_.normal, steps_of_statistics(sequence)),
      table_(s_, step_, plan_.chunk_rows),
      x_(sequence.x),
      by_table_(sequence.table_input.found) {
  assert(s_.steps >= 1 && s_.segment >= 1 && s_.segment <= s_.steps && (s_.x || by_table_) && s_.y);
  assert(s_.skips.empty() || s_.segment == s_.steps);
}

template <class T>
Index Driver<T>::saved_size() const {
  return s_.segment == s_.steps ? plan_.chunks * s_.steps * chunks_.saved_size : 0;
}

template <class T>
Index Driver<T>::states_size() const {
  return plan_.chunks * (s_.segment == s_.steps ? s_.steps + 1 : segments_ + 1) * chunks_.states_size;
}

template <class T>
double Driver<T>::operations() const {
  const CellLayout<T>& layout = step_.layout;
  return 2.0 * static_cast<double>(s_.B) * static_cast<double>(s_.steps) *
         static_cast<double>((layout.F * layout.shape.input_blocks + layout.depth(0) * layout.shape.recurrent_blocks) *
                                 s_.U +
                             (layout.shape.projects ? s_.U * s_.P : 0));
}

template <class T>
Driver<T>::ForwardScratch::ForwardScratch(const Driver& d)
    : states(d.saves_all() ? 0 : (d.chunks_.longest + 1) * d.chunks_.states_size),
      saved(!d.saves_all() && d.step_.layout.shape.needs_saved() ? d.chunks_.saved_size : 0) {}

template <class T>
Driver<T>::BackwardScratch::BackwardScratch(const Driver& d)
    : carry(d.chunks_.states_size),
      operand(d.step_.layout.shape.stages > 1 ? d.chunks_.state_stride : 0, T(0)),
      earlier(d.s_.skips.empty() ? 0 : d.chunks_.longest * d.chunks_.state_stride, T(0)),
      states(d.saves_all() ? 0 : (d.s_.segment + 1) * d.chunks_.states_size),
      saved(d.saves_all() ? 0 : d.s_.segment * d.chunks_.saved_size) {}

// body(chunk, the calling thread's share of its units, its scratch) as the tasks of a pass, a chunk each; done at once
// by a team.
template <class T>
template <class Scratch, class Body>
Pass Driver<T>::for_chunks(double work, const Body& body) const {
  if (!plan_.team || plan_.chunks == 0)
    return {plan_.chunks, work, [this, body](Index chunk) { body(chunk, Share{}, Scratch(*this)); }, {}};
  const Scratch scratch(*this);
  // What skips carry back over several steps is summed for all units at once.
  const bool small = operations() < plan::least_team_step * static_cast<double>(s_.steps);
  const bool alone = !s_.skips.empty() || (s_.statistics == Statistics::batch && small);
  with_team(alone ? 1 : step_.layout.J, work, [&](const Share& share) { body(0, share, scratch); });
  return {};
}

template <class T>
Pass Driver<T>::forward() {
  step_.layout.pack_forward(s_.weights, std::static_pointer_cast<const typename CellLayout<T>::Packed>(s_.packed));
  if (s_.statistics == Statistics::given) statistics_.pack(step_.normal, s_.mean, s_.variance);
  if (by_table_) table_.make_sums();
  Pass pass = for_chunks<ForwardScratch>(operations(), [this](Index chunk, const Share& share, const auto& scratch) {
    forward_chunk(chunk, share, scratch);
  });
  pass.end = [this] {
    table_.drop_sums();
    if (s_.statistics == Statistics::batch) statistics_.unpack(step_.normal, s_.batch_mean, s_.batch_variance);
  };
  return pass;
}

template <class T>
Pass Driver<T>::backward(const SequenceGradients<T>& g) {
  if (g.x) {
    x_ = g.x;
    by_table_ = false;
  }
  step_.layout.pack_backward(s_.weights, g.dx || g.wants_table);
  partial_ = Buffer<T>(plan_.groups * step_.layout.gradient_size());
  Pass pass =
      for_chunks<BackwardScratch>(2 * operations(), [this, &g](Index chunk, const Share& share, const auto& scratch) {
        backward_chunk(chunk, share, scratch, g, partial_.data());
      });
  pass.end = [this, &g] { sum_gradients(g); };
  return pass;
}

// Where a training pass saves everything: a chunk's part of it.
template <class T>
void Driver<T>::use_saved(Chunk<T>& c, Index index) const {
  c.saved = saved_ + index * s_.steps * chunks_.saved_size;
  c.states = states_ + index * (s_.steps + 1) * chunks_.states_size;
  c.held = s_.steps + 1;
}

template <class T>
void Driver<T>::forward_chunk(Index index, const Share& share, const ForwardScratch& scratch) const {
  Chunk<T> c = chunks_.open(index, share);
  const bool leads = share.part == 0, checkpoints = s_.training && !saves_all() && leads;
  if (saves_all()) {
    use_saved(c, index);
  } else {
    c.saved = scratch.saved.data();
    c.states = scratch.states.data();
    c.held = chunks_.longest + 1;
  }
  if (leads) chunks_.load_states(c, s_.initial, c.states);
  c.wait();
  for (Index step = 0; step < s_.steps; ++step) {
    const T* before = chunks_.states_of(c, step);
    T* after = chunks_.states_of(c, step + 1);
    if (checkpoints && step % s_.segment == 0)
      std::copy_n(before, chunks_.states_size, border(index, step / s_.segment));
    forward_step(c, step, before, after, saves_all() ? c.saved + step * chunks_.saved_size : c.saved);
    if (leads && s_.return_sequences) emit(c, step, after, s_.y + step * s_.P, s_.steps * s_.P);
  }
  if (!leads) return;
  const T* last = chunks_.states_of(c, s_.steps);
  if (!s_.return_sequences) emit(c, s_.steps - 1, last, s_.y, s_.P);
  chunks_.store_states(c, last, s_.final);
}

// The layer's output at a step.
template <class T>
void Driver<T>::emit(const Chunk<T>& c, Index step, const T* states, T* y, Index stride) const {
  for (Index r = 0; r < c.rows; ++r) {
    T* out = y + (c.first + r) * stride;
    if (chunks_.silent(c, r, step)) std::fill_n(out, s_.P, T(0));
    else copy_row(out, states + r * step_.layout.stride, s_.P);
  }
}

template <class T>
void Driver<T>::forward_step(Chunk<T>& c, Index step, const T* before, T* after, T* saved) const {
  chunks_.find_active(c, step);
  if (c.share.part == 0) chunks_.keep_masked(c, step, before, after);
  chunks_.load_noise(c, step);
  for (std::size_t i = 0; i < c.active.size(); ++i) {
    const Index r = c.active[i];
    c.x[i] = by_table_ ? table_.row(c.first + r, step)
                       : chunks_.input_row(c, x_, r, step, Chunks<T>::scratch_row(c.x_dropped, r, s_.F));
    c.h[i] = chunks_.recurrent_row(c, r, step, before, Chunks<T>::scratch_row(c.h_dropped, r, step_.layout.depth(0)));
    // The rows of a batch lie far apart and are read a piece a step: more streams than the processor foresees.
    if (step + 1 < s_.steps) {
      if (by_table_) prefetch(table_.row(c.first + r, step + 1), step_.layout.sums_size());
      else prefetch(x_ + ((c.first + r) * s_.steps + s_.source_time(step + 1)) * s_.F, s_.F);
    }
  }
  step_.forward({.count = static_cast<Index>(c.active.size()),
                 .place = c.active.data(),
                 .x = c.x.data(),
                 .sums = by_table_ ? c.x.data() : nullptr,
                 .h = c.h.data(),
                 .capacity = chunks_.rows,
                 .before = before,
                 .after = after,
                 .saved = saved,
                 .recurrent_dropout = s_.recurrent_dropout ? c.scale.data() : nullptr,
                 .zoneout = chunks_.zoned ? c.zoneout.data() : nullptr,
                 .share = c.share.turned(step % 2 != 0),
                 .statistics = s_.statistics,
                 .mean = statistics_.mean(step_.normal, step),
                 .variance = statistics_.variance(step_.normal, step)});
}

template class Driver<float>;
template class Driver<double>;

}  // namespace recurra::rnn
