#include "recurra/rnn/layout.h"

#include "recurra/kernels/gemm.h"

namespace recurra::rnn {
namespace {

// What moving so many numbers from one layout to another costs, in floating-point operations.
double moves(Index elements) { return 8.0 * static_cast<double>(elements); }

template <class T>
int group_of(const CellShape& shape) {
  return shape.whole() && std::is_same_v<T, float> ? std::max(1, gemm::panel_vectors / shape.slots) : 1;
}

}  // namespace

template <class T>
CellLayout<T>::CellLayout(const CellShape& shape, Index features, Index units, Index width, Index taps)
    : shape(shape),
      F(features),
      U(units),
      P(width),
      taps(taps),
      J(padded<T>(units) / L),
      stride(std::max(padded<T>(units), padded<T>(width))),
      group(group_of<T>(shape)),
      saved_width(shape.saved_vectors(L) * L) {
  assert(features >= 0 && units >= 0 && width >= 0 && taps >= 1);
  assert(shape.projects || width == units);
  assert(group == 1 || shape.saved_vectors(L) == shape.slots);
}

template <class T>
std::pair<Index, Index> CellLayout<T>::vectors_of_share(int stage, Share share) const {
  const Index size = shape.projecting(stage) ? 1 : group, count = vectors_of_stage(stage);
  const Index groups = (count + size - 1) / size;
  return {share.begin(groups) * size, std::min(count, share.end(groups) * size)};
}

template <class T>
void CellLayout<T>::pack_forward(const WeightPointers<T>& weights, std::shared_ptr<const Packed> packed) {
  bias_ = Buffer<T>(stride * shape.slots, T(0));
  if (weights.bias)
    for (int slot = 0; slot < shape.slots; ++slot)
      for (Index u = 0; u < U; ++u) bias_[place(u, slot)] = bias_of(weights.bias, slot, u);
  if (weights.projection_bias)
    for (Index u = 0; u < P; ++u) bias_[place(u, shape.slots - 1)] = weights.projection_bias[u];
  if (weights.vectors) {
    vectors_ = Buffer<T>(J * shape.vectors * L, T(0));
    for (int v = 0; v < shape.vectors; ++v)
      for (Index u = 0; u < U; ++u) vectors_[vector_place(u, v)] = weights.vectors[v * U + u];
  }
  assert(weights.kernel && (weights.vectors || !shape.needs_vectors));
  packed_ = packed ? std::move(packed) : pack(weights);
}

template <class T>
void CellLayout<T>::pack_backward(const WeightPointers<T>& weights, bool with_input) {
  for (int stage = 0; stage < shape.stages; ++stage) {
    Buffer<T>& adjoint = recurrent_adjoints_[CellShape::at(stage)];
    if (shape.projecting(stage)) adjoint = pack_projection_adjoint(weights.projection);
    else if (!shape.passing(stage))
      adjoint = pack_adjoint(weights.recurrent_kernel, stage == 0 ? taps : 1, stage == 0 ? P : U,
                             shape.recurrent_blocks, stage_shape(stage).recurrent, shape.recurrent_block);
  }
  if (with_input)
    input_adjoint_ = pack_adjoint(weights.kernel, 1, F, shape.input_blocks, shape.input, shape.input_block);
}

template <class T>
Index CellLayout<T>::recurrent_gradient(int stage, Index j) const {
  Index offset = J * F * shape.input.count * L;
  for (int before = 0; before < stage; ++before)
    offset += vectors_of_stage(before) * depth(before) * stage_shape(before).recurrent.count * L;
  return stage == shape.stages ? offset : offset + j * depth(stage) * stage_shape(stage).recurrent.count * L;
}

template <class T>
void CellLayout<T>::unpack_gradients(const T* packed, const GradientPointers<T>& to) const {
  if (to.kernel) unpack_panels(packed, F, shape.input_blocks, shape.input, shape.input_block, to.kernel);
  if (to.recurrent_kernel)
    for (int stage = 0; stage < shape.stages; ++stage)
      if (!shape.projecting(stage) && !shape.passing(stage))
        unpack_panels(packed + recurrent_gradient(stage, 0), depth(stage), shape.recurrent_blocks,
                      stage_shape(stage).recurrent, shape.recurrent_block, to.recurrent_kernel);
  if (shape.projects) unpack_projection(packed, to);
  if (to.vectors)
    for (int v = 0; v < shape.vectors; ++v)
      for (Index u = 0; u < U; ++u) to.vectors[v * U + u] += packed[vector_gradient() + vector_place(u, v)];
  if (to.bias) unpack_bias(packed + bias_gradient(), to.bias);
}

template <class T>
void CellLayout<T>::unpack_projection(const T* packed, const GradientPointers<T>& to) const {
  const T* gradient = packed + recurrent_gradient(shape.stages - 1, 0);
  if (to.projection)
    for (Index u = 0; u < U; ++u)
      for (Index p = 0; p < P; ++p) to.projection[u * P + p] += gradient[(p / L * U + u) * L + p % L];
  if (to.projection_bias)
    for (Index p = 0; p < P; ++p) to.projection_bias[p] += packed[bias_gradient() + place(p, shape.slots - 1)];
}

template <class T>
void CellLayout<T>::unpack_bias(const T* sums, T* bias) const {
  for (int slot = 0; slot < shape.slots; ++slot) {
    const int input = shape.input_block[CellShape::at(slot)], recurrent = shape.recurrent_block[CellShape::at(slot)];
    for (Index u = 0; u < U; ++u) {
      const T d = sums[place(u, slot)];
      if (input != none) bias[input * U + u] += d;
      if (shape.bias_rows == 2 && recurrent >= 0) bias[(shape.input_blocks + recurrent) * U + u] += d;
    }
  }
}

template <class T>
T CellLayout<T>::bias_of(const T* bias, int slot, Index u) const {
  const int input = shape.input_block[CellShape::at(slot)], recurrent = shape.recurrent_block[CellShape::at(slot)];
  T sum = 0;
  if (input != none) sum += bias[input * U + u];
  if (shape.bias_rows == 2 && recurrent >= 0) sum += bias[(shape.input_blocks + recurrent) * U + u];
  return sum;
}

template <class T>
auto CellLayout<T>::pack(const WeightPointers<T>& weights) const -> std::shared_ptr<const Packed> {
  const auto packed = std::make_shared<Packed>();
  for (int stage = 0; stage < shape.stages; ++stage) {
    const auto at = CellShape::at(stage);
    const CellShape::StageShape& part = shape.stage[at];
    packed->input[at] = pack_panels(weights.kernel, F, shape.input_blocks, part.input, shape.input_block);
    if (shape.projecting(stage)) packed->recurrent[at] = pack_projection(weights.projection);
    else if (!shape.passing(stage))
      packed->recurrent[at] = pack_panels(weights.recurrent_kernel, depth(stage), shape.recurrent_blocks,
                                          part.recurrent, shape.recurrent_block);
  }
  return packed;
}

// body(place among packed weights, place in the matrix of K rows, units) for every vector of units of every row and
// slot, packed as [group][k][unit vector][slot][lane]. Several vectors are gone through together, row by row: pieces of
// one vector alone lie too far apart for the processor to foresee.
template <class T>
template <class Body>
void CellLayout<T>::for_vectors(Index K, int blocks, SlotRange range, const CellShape::Blocks& block,
                                const Body& body) const {
  const Index together = std::max<Index>(group, 256 / simd_bytes);
  parallel_blocks(J, together, moves(J * K * range.count * L), [&](Index begin, Index end) {
    for (Index k = 0; k < K; ++k)
      for (int slot = 0; slot < range.count; ++slot)
        for (Index first = begin; first < end; first += group) {
          const Index vectors_of_group = std::min<Index>(group, J - first);
          const Index column = (k * blocks + block[CellShape::at(range.first + slot)]) * U;
          for (Index j = first; j < first + vectors_of_group; ++j) {
            const Index row = first * K + k * vectors_of_group + j - first;
            body((row * range.count + slot) * L, column + j * L, U - j * L);
          }
        }
  });
}

template <class T>
Buffer<T> CellLayout<T>::pack_panels(const T* weights, Index K, int blocks, SlotRange range,
                                     const CellShape::Blocks& block) const {
  Buffer<T> packed(J * K * range.count * L);
  for_vectors(K, blocks, range, block,
              [&](Index to, Index from, Index units) { store(packed.data() + to, load_part(weights + from, units)); });
  return packed;
}

template <class T>
void CellLayout<T>::unpack_panels(const T* packed, Index K, int blocks, SlotRange range, const CellShape::Blocks& block,
                                  T* weights) const {
  for_vectors(K, blocks, range, block, [&](Index from, Index to, Index units) {
    store_part(weights + to, load_part(weights + to, units) + load(packed + from), units);
  });
}

// [vector of P][u][lane], as pack_panels does.
template <class T>
Buffer<T> CellLayout<T>::pack_projection(const T* weights) const {
  Buffer<T> packed(padded<T>(P) * U, T(0));
  for (Index u = 0; u < U; ++u)
    for (Index p = 0; p < P; ++p) packed[(p / L * U + u) * L + p % L] = weights[u * P + p];
  return packed;
}

// The transpose, as panels of U columns and rows [vector of P][lane], as pack_adjoint does.
template <class T>
Buffer<T> CellLayout<T>::pack_projection_adjoint(const T* weights) const {
  const Index depth = padded<T>(P);
  Buffer<T> packed(depth * padded<T>(U), T(0));
  gemm::for_panels<T>(padded<T>(U), [&](Index first, auto S) {
    const Index width = S * L;
    for (Index n = 0; n < std::min(width, U - first); ++n)
      for (Index p = 0; p < P; ++p) packed[first * depth + p * width + n] = weights[(first + n) * P + p];
  });
  return packed;
}

// The transpose of the columns of `range`, as panels (gemm.h) of N columns and rows [unit vector][slot][lane]; of each
// of `parts` matrices below each other.
template <class T>
Buffer<T> CellLayout<T>::pack_adjoint(const T* weights, Index parts, Index N, int blocks, SlotRange range,
                                      const CellShape::Blocks& block) const {
  constexpr Index panel_width = gemm::panel_vectors * L;
  const Index depth = J * range.count * L;
  const Index panels = (padded<T>(N) + panel_width - 1) / panel_width;
  Buffer<T> packed(parts * depth * padded<T>(N));
  parallel_for(parts * panels, moves(packed.size()), [&](Index number) {
    const Index part = number / panels, first = number % panels * panel_width;
    const Index width = std::min(panel_width, padded<T>(N) - first);
    T* panel = packed.data() + (part * padded<T>(N) + first) * depth;
    for (Index n = 0; n < width; n += L)
      for (int i = 0; i < range.count; ++i)
        for (Index j = 0; j < J; ++j) {
          Vec<T> square[L];
          unroll<L>([&](auto lane) {
            const Index row = (part * N + first + n + lane) * blocks + block[CellShape::at(range.first + i)];
            square[lane] = first + n + lane < N ? load_part(weights + row * U + j * L, U - j * L) : Vec<T>{};
          });
          transpose<T>(square);
          T* to = panel + (j * range.count + i) * L * width + n;
          unroll<L>([&](auto lane) { store(to + lane * width, square[lane]); });
        }
  });
  return packed;
}

template class CellLayout<float>;
template class CellLayout<double>;

}  // namespace recurra::rnn
