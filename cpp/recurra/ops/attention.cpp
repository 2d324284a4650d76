#include "recurra/ops/attention.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "recurra/base/buffer.h"
#include "recurra/base/parallel.h"
#include "recurra/kernels/gemm.h"
#include "recurra/kernels/math.h"
#include "recurra/kernels/noise.h"
#include "recurra/ops/reduction.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

constexpr Index query_tile = 32;
constexpr Index key_tile = 128;
constexpr Index farthest = Index{1} << 48;  // position, so that sums of positions fit
constexpr Index least_tasks = 32;  // fewer pairs of batch element and head are cut into tiles of queries or keys

// Sizes, and the steps between neighbours in memory.
struct Extents {
  Index B, T, S, N, G, D, E;
  Index heads() const { return N / G; }  // query heads that share a head of keys
  Index query_tiles() const { return (T + query_tile - 1) / query_tile; }
  Index key_tiles() const { return (S + key_tile - 1) / key_tile; }
  double products(double each) const {
    return each * static_cast<double>(B * N) * static_cast<double>(T) * static_cast<double>(S) *
           static_cast<double>(D + E);
  }
};

// A tensor that broadcasts to (B, N, T, S): its elements and steps, 0 where it is stretched.
template <class T>
struct Stretched {
  const T* data = nullptr;
  std::array<Index, 4> step{};

  Stretched(const Tensor& tensor, const Extents& x) {
    if (!tensor.defined()) return;
    data = tensor.data<T>();
    const std::array<Index, 4> full{x.B, x.N, x.T, x.S};
    Index next = 1;
    for (int axis = 3; axis >= 0; --axis) {
      const int own = axis - 4 + tensor.rank();
      if (own < 0) continue;
      const auto at = static_cast<std::size_t>(axis);
      if (tensor.shape(own) == full[at] && full[at] != 1) step[at] = next;
      next *= tensor.shape(own);
    }
  }
  const T* row(Index b, Index n, Index t) const { return data + b * step[0] + n * step[1] + t * step[2]; }
};

void check_stretches(const Tensor& tensor, const Extents& x, const char* what) {
  if (!tensor.defined()) return;
  const Shape full{x.B, x.N, x.T, x.S};
  bool fits = tensor.rank() <= 4;
  for (int axis = -1; fits && axis >= -tensor.rank(); --axis)
    fits = tensor.shape(axis) == 1 || tensor.shape(axis) == full[axis];
  check(fits, "dot_product_attention: the ", what, " of shape ", tensor.shape(),
        " does not broadcast to (batch, heads, queries, keys) = ", full);
}

Extents check_operands(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& bias,
                       const Tensor& mask, const AttentionOptions& options) {
  constexpr const char* who = "dot_product_attention";
  check_rank(query, 4, who, "query");
  check_rank(key, 4, who, "key");
  check_rank(value, 4, who, "value");
  check_same_dtype(query, key, who);
  check_same_dtype(query, value, who);
  const Extents x{query.shape(0), query.shape(1), key.shape(1),  query.shape(2),
                  key.shape(2),   query.shape(3), value.shape(3)};
  check(key.shape(0) == x.B && value.shape(0) == x.B, who, ": query, key and value must have one batch size, got ", x.B,
        ", ", key.shape(0), " and ", value.shape(0));
  check(value.shape(1) == x.S && value.shape(2) == x.G, who, ": key and value must have the same steps and heads, got ",
        key.shape(), " and ", value.shape());
  check(key.shape(3) == x.D, who, ": query and key must have heads of one size, got ", x.D, " and ", key.shape(3));
  check(x.G > 0 && x.N % x.G == 0, who, ": the query's ", x.N, " heads must be a multiple of the key's ", x.G);
  check(options.dropout >= 0 && options.dropout < 1, who, ": dropout must be in [0, 1), got ", options.dropout);
  check(options.soft_cap >= 0, who, ": the soft cap must be positive, got ", options.soft_cap);
  const AttentionBand& band = options.band;
  check((!band.left || *band.left >= 0) && (!band.right || *band.right >= 0), who,
        ": the window must reach back and forward by at least 0 keys");
  check(band.offset >= -farthest && band.offset <= farthest, who, ": the offset must be at most 2^48, got ",
        band.offset);
  check_stretches(bias, x, "bias");
  if (bias.defined()) check_same_dtype(query, bias, who);
  check_stretches(mask, x, "mask");
  check(!mask.defined() || mask.dtype() == DType::boolean, who, ": the mask must be bool");
  return x;
}

// The keys [begin, end) that queries [first, last) can see at most.
struct KeyRange {
  Index begin, end;
};
KeyRange visible_keys(const AttentionBand& band, Index first, Index last, Index S) {
  KeyRange range{0, S};
  if (band.left) range.begin = std::clamp<Index>(first + band.offset - std::min(*band.left, farthest), 0, S);
  if (band.right) range.end = std::clamp<Index>(last + band.offset + std::min(*band.right, farthest), range.begin, S);
  return range;
}

// One head's tile of scores and what is made of it. `rows` queries from `t` on meet `keys` keys from `s` on.
template <class T>
class Head {
 public:
  Head(const Extents& x, const AttentionOptions& options, const Tensor& bias, const Tensor& mask)
      : x_(x), options_(options), bias_(bias, x), mask_(mask, x), dropout_(options.numbers, options.dropout) {}

  struct Tile {
    Index b, n, t, rows, s, keys;
  };

  bool drops() const { return options_.dropout > 0; }

  /// Whether any query of the tile may see any of its keys, by position.
  bool visible(const Tile& tile) const {
    const KeyRange range = visible_keys(options_.band, tile.t, tile.t + tile.rows, x_.S);
    return tile.s < range.end && range.begin < tile.s + tile.keys;
  }

  double scale() const { return options_.scale; }
  bool capped() const { return options_.soft_cap > 0; }

  /// Scores (rows, key_tile) of scaled products q k: capped, with bias; -inf where a key is not seen. With a cap,
  /// `slope`, if given, gets the derivative of a score with respect to its product.
  void finish_scores(const Tile& tile, T* scores, T* slope = nullptr) const {
    constexpr T hidden = -std::numeric_limits<T>::infinity();
    const auto cap = static_cast<T>(options_.soft_cap);
    for (Index i = 0; i < tile.rows; ++i) {
      T* row = scores + i * key_tile;
      if (capped())
        for (Index j = 0; j < tile.keys; j += lanes<T>) {
          const Vec<T> bounded = math::tanh<T>(load(row + j) / cap);
          store(row + j, bounded * cap);
          if (slope) store(slope + i * key_tile + j, 1 - bounded * bounded);
        }
      if (bias_.data) {
        const T* from = bias_.row(tile.b, tile.n, tile.t + i) + tile.s * bias_.step[3];
        for (Index j = 0; j < tile.keys; ++j) row[j] += from[j * bias_.step[3]];
      }
      if (mask_.data != nullptr) {
        const bool* from = mask_.row(tile.b, tile.n, tile.t + i) + tile.s * mask_.step[3];
        if (mask_.step[3] == 1)
          for (Index j = 0; j < tile.keys; ++j) row[j] = from[j] ? row[j] : hidden;
        else if (!from[0]) std::fill_n(row, tile.keys, hidden);
      }
      const KeyRange range = visible_keys(options_.band, tile.t + i, tile.t + i + 1, x_.S);
      for (Index j = 0; j < std::min(range.begin - tile.s, tile.keys); ++j) row[j] = hidden;
      for (Index j = std::max<Index>(0, range.end - tile.s); j < tile.keys; ++j) row[j] = hidden;
      std::fill(row + tile.keys, row + padded<T>(tile.keys), hidden);
    }
  }

  /// The largest number of a row, rounded up to whole vectors.
  static T largest(const T* row, Index keys) {
    Vec<T> top = load(row);
    for (Index j = lanes<T>; j < keys; j += lanes<T>) top = recurra::max<T>(top, load(row + j));
    T found = top[0];
    for (int k = 1; k < lanes<T>; ++k) found = std::max<T>(found, top[k]);
    return found;
  }

  /// row[j] = exp(row[j] - shift), rounded up to whole vectors; returns the sum.
  static T exponentials(T* row, T shift, Index keys) {
    Vec<T> sum{};
    for (Index j = 0; j < keys; j += lanes<T>) {
      const Vec<T> e = math::exp<T>(load(row + j) - shift);
      store(row + j, e);
      sum += e;
    }
    return lane_sum<T>(sum);
  }

  /// to[i, j] *= dropout's factor of the probability (i, j).
  void drop(const Tile& tile, T* to) const {
    std::array<T, key_tile> factor;
    for (Index i = 0; i < tile.rows; ++i) {
      const Index first = ((tile.b * x_.N + tile.n) * x_.T + tile.t + i) * x_.S + tile.s;
      dropout_.fill(static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(tile.keys), factor.data());
      for (Index j = 0; j < tile.keys; ++j) to[i * key_tile + j] *= factor[static_cast<std::size_t>(j)];
    }
  }

 private:
  const Extents& x_;
  const AttentionOptions& options_;
  const Stretched<T> bias_;
  const Stretched<bool> mask_;
  const DropoutMask<T> dropout_;
};

// Rows of a head lie far apart, often by a power of two: their columns share few sets of the first cache. So a tile of
// them is copied before its numbers are used several times.
template <class T>
void copy_rows(const T* from, Index stride, Index rows, Index width, T* to, T scale = 1) {
  for (Index i = 0; i < rows; ++i, from += stride, to += width)
    for (Index j = 0; j < width; ++j) to[j] = from[j] * scale;
}

// to += scale * from, whose rows follow each other.
template <class T>
void add_rows(const T* from, Index rows, Index width, T* to, Index stride, T scale = 1) {
  for (Index i = 0; i < rows; ++i, from += width, to += stride)
    for (Index j = 0; j < width; ++j) to[j] += from[j] * scale;
}

// A tile of keys or values as the right side of products: the matrix itself, and its transpose.
template <class T>
struct PackedRows {
  explicit PackedRows(Index width)
      : width(width),
        rows(key_tile * width),
        plain(gemm::packed_size<T>(key_tile, width)),
        transposed(gemm::packed_size<T>(width, key_tile)) {}
  void copy(const T* from, Index stride, Index keys) const { copy_rows(from, stride, keys, width, rows.data()); }
  void pack_plain(Index keys) const { gemm::pack(rows.data(), width, 1, keys, width, plain.data()); }
  void pack_transposed(Index keys) const { gemm::pack(rows.data(), 1, width, width, keys, transposed.data()); }
  const Index width;
  const Buffer<T> rows, plain, transposed;
};

template <class T>
class Attention {
  using Tile = typename Head<T>::Tile;

 public:
  Attention(const Extents& x, const AttentionOptions& options, const Tensor& query, const Tensor& key,
            const Tensor& value, const Tensor& bias, const Tensor& mask)
      : x_(x), head_(x, options, bias, mask), q_(query.data<T>()), k_(key.data<T>()), v_(value.data<T>()) {}

  /// `out` (B, T, N, E); `log_sums` (B, N, T), infinite for a query that sees nothing.
  void forward(T* out, T* log_sums) const {
    const Index parts = split_queries() ? x_.query_tiles() : 1;
    parallel_for(x_.B * x_.N * parts, x_.products(2), [&](Index task) {
      const Index part = task % parts, n = task / parts % x_.N, b = task / parts / x_.N;
      const Index first = parts == 1 ? 0 : part * query_tile;
      forward_rows(b, n, first, parts == 1 ? x_.T : std::min(x_.T, first + query_tile), out, log_sums);
    });
  }

  /// What the gradients are made of, and where they go; nullptr where one is not wanted.
  struct Gradients {
    const T *out, *log_sums, *dout;
    T *dq, *dk, *dv;
    T* dscores;  // (B, N, T, S), for the bias; zeros before
  };

  void backward(const Gradients& g) const {
    // delta_i = sum over e of do o, the sum over j of p dp that the adjoint of softmax takes off.
    const Buffer<T> delta(x_.B * x_.N * x_.T);
    parallel_for(x_.B * x_.T, static_cast<double>(2 * x_.B * x_.T * x_.N * x_.E), [&](Index row) {
      for (Index n = 0; n < x_.N; ++n) {
        const Index at = (row * x_.N + n) * x_.E;
        T sum = 0;
        for (Index e = 0; e < x_.E; ++e) sum += g.out[at + e] * g.dout[at + e];
        delta[(row / x_.T * x_.N + n) * x_.T + row % x_.T] = sum;
      }
    });
    if (x_.B * x_.G >= least_tasks) {
      parallel_for(x_.B * x_.G, x_.products(5), [&](Index task) {
        for (Index tile = 0; tile < x_.key_tiles(); ++tile)
          backward_tiles(task / x_.G, task % x_.G, tile, tile + 1, 0, x_.query_tiles(), true, true, g, delta.data());
      });
      return;
    }
    // Few heads: once by tiles of queries, once by tiles of keys, each with sums of its own.
    if (g.dq || g.dscores)
      parallel_for(x_.B * x_.G * x_.query_tiles(), x_.products(3), [&](Index task) {
        const Index tile = task % x_.query_tiles(), pair = task / x_.query_tiles();
        backward_tiles(pair / x_.G, pair % x_.G, 0, x_.key_tiles(), tile, tile + 1, true, false, g, delta.data());
      });
    if (g.dk || g.dv)
      parallel_for(x_.B * x_.G * x_.key_tiles(), x_.products(4), [&](Index task) {
        const Index tile = task % x_.key_tiles(), pair = task / x_.key_tiles();
        backward_tiles(pair / x_.G, pair % x_.G, tile, tile + 1, 0, x_.query_tiles(), false, true, g, delta.data());
      });
  }

 private:
  bool split_queries() const { return x_.B * x_.N < least_tasks; }

  const T* query_row(Index b, Index n, Index t) const { return q_ + ((b * x_.T + t) * x_.N + n) * x_.D; }
  const T* key_row(Index b, Index g, Index s) const { return k_ + ((b * x_.S + s) * x_.G + g) * x_.D; }
  const T* value_row(Index b, Index g, Index s) const { return v_ + ((b * x_.S + s) * x_.G + g) * x_.E; }

  void forward_rows(Index b, Index n, Index first, Index last, T* out, T* log_sums) const {
    constexpr T nothing = -std::numeric_limits<T>::infinity();
    const Index g = n / x_.heads(), rows = last - first;
    const auto scale = static_cast<T>(head_.scale());
    const PackedRows<T> keys(x_.D), values(x_.E);
    const Buffer<T> queries(query_tile * x_.D), scores(query_tile * key_tile), top(rows, nothing), sum(rows, T(0));
    const Buffer<T> means(rows * x_.E, T(0));  // not yet divided by the sums
    const auto mean_row = [&](Index t) { return means.data() + (t - first) * x_.E; };
    for (Index s = 0; s < x_.S; s += key_tile) {
      const Index count = std::min(key_tile, x_.S - s);
      bool packed = false;
      for (Index t = first; t < last; t += query_tile) {
        const Tile tile{b, n, t, std::min(query_tile, last - t), s, count};
        if (!head_.visible(tile)) continue;
        if (!packed) {
          keys.copy(key_row(b, g, s), x_.G * x_.D, count);
          keys.pack_transposed(count);
          values.copy(value_row(b, g, s), x_.G * x_.E, count);
          values.pack_plain(count);
          packed = true;
        }
        copy_rows(query_row(b, n, t), x_.N * x_.D, tile.rows, x_.D, queries.data(), scale);
        gemm::multiply(queries.data(), x_.D, tile.rows, x_.D, keys.transposed.data(), count, scores.data(), key_tile,
                       gemm::Start::zero);
        head_.finish_scores(tile, scores.data());
        for (Index i = 0; i < tile.rows; ++i) {
          T* row = scores.data() + i * key_tile;
          const Index at = t - first + i;
          const T larger = std::max(top[at], Head<T>::largest(row, count));
          const T shift = larger == nothing ? T(0) : larger;
          // What was summed before stands in the scale of the old maximum.
          const T factor = top[at] == larger ? T(1) : std::exp(top[at] - shift);
          sum[at] = sum[at] * factor + Head<T>::exponentials(row, shift, count);
          if (factor != 1)
            for (T* o = mean_row(t + i); o < mean_row(t + i) + x_.E; ++o) *o *= factor;
          top[at] = larger;
        }
        if (head_.drops()) head_.drop(tile, scores.data());
        gemm::multiply(scores.data(), key_tile, tile.rows, count, values.plain.data(), x_.E, mean_row(t), x_.E,
                       gemm::Start::present);
      }
    }
    for (Index t = first; t < last; ++t) {
      const Index at = t - first;
      const bool sees = sum[at] != 0;
      copy_rows(mean_row(t), x_.E, 1, x_.E, out + ((b * x_.T + t) * x_.N + n) * x_.E, sees ? 1 / sum[at] : T(0));
      log_sums[(b * x_.N + n) * x_.T + t] = sees ? top[at] + std::log(sum[at]) : std::numeric_limits<T>::infinity();
    }
  }

  // Adds what the tiles [key_begin, key_end) x [query_begin, query_end) give to the gradients of the queries, and to
  // those of keys and values.
  void backward_tiles(Index b, Index g, Index key_begin, Index key_end, Index query_begin, Index query_end,
                      bool to_queries, bool to_keys, const Gradients& to, const T* delta) const {
    const Buffer<T> p(query_tile * key_tile), dp(query_tile * key_tile);
    const Buffer<T> slope(head_.capped() ? query_tile * key_tile : 0);
    const Buffer<T> queries(query_tile * x_.D), dout(query_tile * x_.E), dq(query_tile * x_.D);
    const Buffer<T> dk(key_tile * x_.D), dv(key_tile * x_.E);
    const PackedRows<T> keys(x_.D), values(x_.E);
    const auto scale = static_cast<T>(head_.scale());
    for (Index key = key_begin; key < key_end; ++key) {
      const Index s = key * key_tile, count = std::min(key_tile, x_.S - s);
      keys.copy(key_row(b, g, s), x_.G * x_.D, count);
      keys.pack_transposed(count);
      if (to_queries && to.dq) keys.pack_plain(count);
      values.copy(value_row(b, g, s), x_.G * x_.E, count);
      values.pack_transposed(count);
      std::fill_n(dk.data(), count * x_.D, T(0));
      std::fill_n(dv.data(), count * x_.E, T(0));
      for (Index n = g * x_.heads(); n < (g + 1) * x_.heads(); ++n)
        for (Index query = query_begin; query < query_end; ++query) {
          const Index t = query * query_tile;
          const Tile tile{b, n, t, std::min(query_tile, x_.T - t), s, count};
          if (!head_.visible(tile)) continue;
          copy_rows(query_row(b, n, t), x_.N * x_.D, tile.rows, x_.D, queries.data(), scale);
          copy_rows(to.dout + ((b * x_.T + t) * x_.N + n) * x_.E, x_.N * x_.E, tile.rows, x_.E, dout.data());
          gemm::multiply(queries.data(), x_.D, tile.rows, x_.D, keys.transposed.data(), count, p.data(), key_tile,
                         gemm::Start::zero);
          head_.finish_scores(tile, p.data(), slope.data());
          const Index row = (b * x_.N + n) * x_.T + t;
          for (Index i = 0; i < tile.rows; ++i)
            Head<T>::exponentials(p.data() + i * key_tile, to.log_sums[row + i], count);
          gemm::multiply(dout.data(), x_.E, tile.rows, x_.E, values.transposed.data(), count, dp.data(), key_tile,
                         gemm::Start::zero);
          if (head_.drops()) head_.drop(tile, dp.data());
          score_gradients(tile, p.data(), slope.data(), delta + row, to_queries ? to.dscores : nullptr, dp.data());
          if (to_queries && to.dq) {
            gemm::multiply(dp.data(), key_tile, tile.rows, count, keys.plain.data(), x_.D, dq.data(), x_.D,
                           gemm::Start::zero);
            add_rows(dq.data(), tile.rows, x_.D, to.dq + ((b * x_.T + t) * x_.N + n) * x_.D, x_.N * x_.D, scale);
          }
          if (!to_keys) continue;
          if (to.dk)
            gemm::multiply_transposed(dp.data(), key_tile, queries.data(), x_.D, tile.rows, count, x_.D, dk.data(),
                                      x_.D);
          if (!to.dv) continue;
          if (head_.drops()) head_.drop(tile, p.data());
          gemm::multiply_transposed(p.data(), key_tile, dout.data(), x_.E, tile.rows, count, x_.E, dv.data(), x_.E);
        }
      if (to_keys && to.dk) add_rows(dk.data(), count, x_.D, to.dk + ((b * x_.S + s) * x_.G + g) * x_.D, x_.G * x_.D);
      if (to_keys && to.dv) add_rows(dv.data(), count, x_.E, to.dv + ((b * x_.S + s) * x_.G + g) * x_.E, x_.G * x_.E);
    }
  }

  // ds = p (dp - delta): of the scores, into `dscores`, and times the slope, of the scaled products, in place of dp.
  void score_gradients(const Tile& tile, const T* p, const T* slope, const T* delta, T* dscores, T* dp) const {
    for (Index i = 0; i < tile.rows; ++i) {
      const Index at = i * key_tile;
      T* whole = dscores ? dscores + ((tile.b * x_.N + tile.n) * x_.T + tile.t + i) * x_.S + tile.s : nullptr;
      for (Index j = 0; j < tile.keys; ++j) {
        const T ds = p[at + j] * (dp[at + j] - delta[i]);
        if (whole) whole[j] = ds;
        dp[at + j] = ds;
      }
      if (head_.capped())
        for (Index j = 0; j < tile.keys; ++j) dp[at + j] *= slope[at + j];
    }
  }

  const Extents& x_;
  const Head<T> head_;
  const T *const q_, *const k_, *const v_;
};

}  // namespace

Tensor dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& bias,
                             const Tensor& mask, const AttentionOptions& options) {
  const Extents x = check_operands(query, key, value, bias, mask, options);
  const DType dtype = query.dtype();
  const Tensor out({x.B, x.T, x.N, x.E}, dtype);
  const Tensor log_sums({x.B, x.N, x.T}, dtype);
  dispatch_float(dtype, "dot_product_attention", [&]<class T>() {
    Attention<T>(x, options, query, key, value, bias, mask).forward(out.data<T>(), log_sums.data<T>());
  });
  const std::vector<Tensor> inputs{query, key, value, bias};
  if (needs_recording(inputs))
    record(
        "dot_product_attention", inputs, {out},
        [x, options, q = query.detach(), k = key.detach(), v = value.detach(),
         bias = bias.defined() ? bias.detach() : bias, mask, out = out.detach(), log_sums](const BackwardPass& pass) {
          const Tensor& g = pass.output_gradient();
          const auto zeros_for = [&](int input, const Tensor& like) {
            return pass.wants(input) ? Tensor::zeros_like(like) : Tensor();
          };
          const Tensor dq = zeros_for(0, q), dk = zeros_for(1, k), dv = zeros_for(2, v);
          const Tensor ds = bias.defined() && pass.wants(3) ? Tensor::zeros({x.B, x.N, x.T, x.S}, g.dtype()) : Tensor();
          dispatch_float(g.dtype(), "dot_product_attention", [&]<class T>() {
            const auto data = [](const Tensor& tensor) { return tensor.defined() ? tensor.data<T>() : nullptr; };
            Attention<T>(x, options, q, k, v, bias, mask)
                .backward({out.data<T>(), log_sums.data<T>(), g.data<T>(), data(dq), data(dk), data(dv), data(ds)});
          });
          if (dq.defined()) pass.add(0, dq);
          if (dk.defined()) pass.add(1, dk);
          if (dv.defined()) pass.add(2, dv);
          if (ds.defined()) pass.add(3, sum_to(ds, bias.shape()));
        });
  return out;
}

}  // namespace recurra::ops
