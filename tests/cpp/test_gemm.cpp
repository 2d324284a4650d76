// Products against plain sums. The numbers are small and whole, so that every sum is exact and the results are equal.
#include <vector>

#include "catch.h"
#include "recurra/kernels/gemm.h"

using recurra::Index;
using recurra::gemm::Start;

namespace {

template <class T>
std::vector<T> whole_numbers(Index count, int seed) {
  std::vector<T> out(static_cast<std::size_t>(count));
  for (Index i = 0; i < count; ++i)
    out[static_cast<std::size_t>(i)] = static_cast<T>((i * 7 + i * i % 11 + seed) % 9 - 4);
  return out;
}

template <class T>
T at(const std::vector<T>& numbers, Index place) {
  return numbers[static_cast<std::size_t>(place)];
}

// Rows of C lie one number further apart than they are long: what stands between them must stay.
template <class T>
std::vector<T> expected_product(const std::vector<T>& a, const std::vector<T>& b, const std::vector<T>& bias,
                                std::vector<T> c, Index M, Index K, Index N, Start start) {
  for (Index m = 0; m < M; ++m)
    for (Index n = 0; n < N; ++n) {
      T& sum = c[static_cast<std::size_t>(m * (N + 1) + n)];
      if (start != Start::present) sum = start == Start::bias ? at(bias, n) : T(0);
      for (Index k = 0; k < K; ++k) sum += at(a, m * K + k) * at(b, k * N + n);
    }
  return c;
}

}  // namespace

TEMPLATE_TEST_CASE("A product starts from zero, from a bias or from what is there", "[gemm]", float, double) {
  using T = TestType;
  constexpr Index lanes = recurra::lanes<T>;
  for (const Index M : {1, 2, 6, 7, 25})
    for (const Index K : {1, 2, 9})
      for (const Index N : {Index{1}, lanes - 1, lanes, 2 * lanes + 1, 5 * lanes + 3})
        for (const Start start : {Start::zero, Start::bias, Start::present}) {
          CAPTURE(M, K, N, static_cast<int>(start));
          const auto a = whole_numbers<T>(M * K, 1);
          const auto b = whole_numbers<T>(K * N, 2);
          const auto bias = whole_numbers<T>(N, 3);
          const auto before = whole_numbers<T>(M * (N + 1), 4);
          const auto expected = expected_product(a, b, bias, before, M, K, N, start);

          std::vector<T> packed(static_cast<std::size_t>(recurra::gemm::packed_size<T>(K, N)));
          recurra::gemm::pack(b.data(), N, 1, K, N, packed.data());
          auto c = before;
          recurra::gemm::multiply(a.data(), K, M, K, packed.data(), N, c.data(), N + 1, start, bias.data());
          REQUIRE(c == expected);

          c = before;
          recurra::gemm::multiply_unpacked(a.data(), K, M, K, b.data(), N, c.data(), N + 1, start, bias.data());
          REQUIRE(c == expected);
        }
}

TEMPLATE_TEST_CASE("A transposed product adds every row, however many", "[gemm]", float, double) {
  using T = TestType;
  constexpr Index lanes = recurra::lanes<T>;
  for (const Index M : {1, 95, 96, 97, 300})
    for (const Index K : {1, 5, 13})
      for (const Index N : {Index{1}, lanes, 4 * lanes + 3}) {
        CAPTURE(M, K, N);
        const auto a = whole_numbers<T>(M * K, 1);
        const auto g = whole_numbers<T>(M * N, 2);
        auto c = whole_numbers<T>(K * (N + 1), 3);
        auto expected = c;
        for (Index k = 0; k < K; ++k)
          for (Index n = 0; n < N; ++n)
            for (Index m = 0; m < M; ++m)
              expected[static_cast<std::size_t>(k * (N + 1) + n)] += at(a, m * K + k) * at(g, m * N + n);
        recurra::gemm::multiply_transposed(a.data(), K, g.data(), N, M, K, N, c.data(), N + 1);
        REQUIRE(c == expected);
      }
}
