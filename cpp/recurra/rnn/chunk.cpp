#include "recurra/rnn/chunk.h"

namespace recurra::rnn {

template <class T>
Chunks<T>::Chunks(const Sequence<T>& sequence, const CellLayout<T>& layout, const plan::Plan& plan)
    : rows(plan.chunk_rows),
      state_stride(plan.chunk_rows * layout.stride),
      states_size(layout.shape.states * plan.chunk_rows * layout.stride),
      saved_size(layout.saved_size(plan.chunk_rows)),
      longest(sequence.skips.empty() ? 1 : *std::ranges::max_element(sequence.skips)),
      copied(sequence.recurrent_dropout || !sequence.skips.empty()),
      zoned(!sequence.zoneout.empty() || !sequence.zoneout_rate.empty()),
      s_(sequence),
      layout_(layout) {}

template <class T>
Chunk<T> Chunks<T>::open(Index index, const Share& share) const {
  const Index padded = layout_.stride;
  Chunk<T> c;
  c.share = share;
  c.first = index * rows;
  c.rows = std::min(rows, s_.B - c.first);
  assert(index >= 0 && c.rows > 0);
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
  if (s_.input_dropout) c.x_dropped = Buffer<T>(rows * s_.F);
  if (copied) c.h_dropped = Buffer<T>(rows * layout_.depth(0));
  if (s_.recurrent_dropout) {
    c.scale = Buffer<T>(state_stride, T(0));
    if (!s_.dropout_per_step)
      for (Index r = 0; r < c.rows; ++r)
        std::copy_n(s_.recurrent_dropout + (c.first + r) * s_.P, s_.P, c.scale.data() + r * padded);
  }
  if (zoned) {
    c.zoneout = Buffer<T>(states_size, T(0));
    for (std::size_t state = 0; state < s_.zoneout_rate.size(); ++state)
      std::fill_n(c.zoneout.data() + static_cast<Index>(state) * state_stride, state_stride, s_.zoneout_rate[state]);
  }
  return c;
}

template <class T>
void Chunks<T>::find_unmasked(Chunk<T>& c, Index step) const {
  c.active.clear();
  for (Index r = 0; r < c.rows; ++r)
    if (!s_.masked(c.first + r, step)) c.active.push_back(r);
}

template <class T>
void Chunks<T>::load_noise_of_step(Chunk<T>& c, Index step) const {
  const auto load_rows = [&](const T* from, Index width, T* to) {
    for (const Index r : c.active)
      std::copy_n(from + ((c.first + r) * s_.steps + s_.source_time(step)) * width, width, to + r * layout_.stride);
  };
  for (std::size_t state = 0; state < s_.zoneout.size(); ++state)
    if (s_.zoneout[state])
      load_rows(s_.zoneout[state], width_of(static_cast<int>(state)),
                c.zoneout.data() + static_cast<Index>(state) * state_stride);
  if (s_.dropout_per_step) load_rows(s_.recurrent_dropout, s_.P, c.scale.data());
}

template <class T>
void Chunks<T>::load_states(const Chunk<T>& c, const std::vector<const T*>& from, T* to) const {
  std::fill_n(to, states_size, T(0));
  for (int state = 0; state < layout_.shape.states; ++state) {
    const T* source = static_cast<std::size_t>(state) < from.size() ? from[static_cast<std::size_t>(state)] : nullptr;
    if (!source) continue;
    const Index width = width_of(state);
    for (Index r = 0; r < c.rows; ++r)
      std::copy_n(source + (c.first + r) * width, width, to + state * state_stride + r * layout_.stride);
  }
}

template <class T>
void Chunks<T>::store_states(const Chunk<T>& c, const T* from, const std::vector<T*>& to) const {
  for (int state = 0; state < layout_.shape.states; ++state) {
    T* target = static_cast<std::size_t>(state) < to.size() ? to[static_cast<std::size_t>(state)] : nullptr;
    if (!target) continue;
    const Index width = width_of(state);
    for (Index r = 0; r < c.rows; ++r)
      std::copy_n(from + state * state_stride + r * layout_.stride, width, target + (c.first + r) * width);
  }
}

template <class T>
void Chunks<T>::copy_masked(const Chunk<T>& c, Index step, const T* before, T* after) const {
  for (Index r = 0; r < c.rows; ++r)
    if (s_.masked(c.first + r, step))
      for (int state = 0; state < layout_.shape.states; ++state) {
        const Index place = state * state_stride + r * layout_.stride;
        std::copy_n(before + place, layout_.stride, after + place);
      }
}

template <class T>
void Chunks<T>::scale_row(const T* from, const T* scale, Index count, T* to) {
  for (Index i = 0; i < count; ++i) to[i] = from[i] * scale[i];
}

template <class T>
void Chunks<T>::copy_recurrent_row(const Chunk<T>& c, Index row, Index step, const T* state, T* to) const {
  const T* scale = s_.recurrent_dropout ? c.scale.data() + row * layout_.stride : nullptr;
  const auto copy = [&](const T* from, T* target) {
    if (scale) scale_row(from, scale, s_.P, target);
    else copy_row(target, from, s_.P);
  };
  copy(state, to);
  for (const Index skip : s_.skips) {
    to += s_.P;
    const Index index = step + 1 - skip;
    if (index < 0) std::fill_n(to, s_.P, T(0));
    else copy(states_of(c, index) + row * layout_.stride, to);
  }
}

template class Chunks<float>;
template class Chunks<double>;

}  // namespace recurra::rnn
