#include <atomic>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "catch.h"
#include "recurra/base/parallel.h"

using recurra::Index;

namespace {

constexpr double much = 1e9;  // operations: enough to go parallel
constexpr double little = 1;

struct Threads {
  explicit Threads(int count) : before(recurra::num_threads()) { recurra::set_num_threads(count); }
  ~Threads() { recurra::set_num_threads(before); }
  int before;
};

// A sum whose blocks depend on the count alone.
float block_sum(const std::vector<float>& values, int threads) {
  const Threads chosen(threads);
  constexpr Index block = 100;
  const auto count = static_cast<Index>(values.size());
  std::vector<float> partial(static_cast<std::size_t>((count + block - 1) / block));
  recurra::parallel_blocks(count, block, much, [&](Index begin, Index end) {
    float sum = 0;
    for (Index i = begin; i < end; ++i) sum += values[static_cast<std::size_t>(i)];
    partial[static_cast<std::size_t>(begin / block)] = sum;
  });
  return std::accumulate(partial.begin(), partial.end(), 0.0F);
}

}  // namespace

TEST_CASE("Every index is visited once", "[parallel]") {
  for (int threads : {1, 2, 3, 7})
    for (Index count : {0, 1, 2, 5, 1000}) {
      const Threads chosen(threads);
      std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
      recurra::parallel_for(count, much, [&](Index i) { ++visits[static_cast<std::size_t>(i)]; });
      for (const auto& visit : visits) REQUIRE(visit == 1);
    }
}

TEST_CASE("Blocks cover the range, the last one shorter", "[parallel]") {
  std::atomic<Index> covered{0};
  recurra::parallel_blocks(1003, 64, much, [&](Index begin, Index end) {
    if (begin % 64 != 0 || end - begin > 64 || end > 1003) throw std::logic_error("bad block");
    covered += end - begin;
  });
  CHECK(covered == 1003);
}

TEST_CASE("The number of threads does not change a bit", "[parallel]") {
  std::vector<float> values(12345);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1.0F / static_cast<float>(i + 1);
  const float one = block_sum(values, 1);
  for (int threads : {2, 3, 4, 7}) CHECK(block_sum(values, threads) == one);
}

TEST_CASE("An exception in a loop reaches the caller", "[parallel]") {
  const Threads chosen(2);
  for (double operations : {little, much}) {
    const auto fail = [&] {
      recurra::parallel_for(100, operations, [](Index i) {
        if (i == 70) throw std::invalid_argument("seventy");
      });
    };
    CHECK_THROWS_AS(fail(), std::invalid_argument);
  }
  int calls = 0;  // and the next loop works
  recurra::parallel_for(3, little, [&](Index) { ++calls; });
  CHECK(calls == 3);
}

TEST_CASE("A loop inside a loop stays serial", "[parallel]") {
  const Threads chosen(2);
  std::atomic<int> sum{0};
  recurra::parallel_for(4, much, [&](Index) {
    if (recurra::num_threads() != 1) throw std::logic_error("nested threads");
    recurra::parallel_for(5, much, [&](Index) { ++sum; });
  });
  CHECK(sum == 20);
}

TEST_CASE("Denormals are flushed in a loop and kept outside", "[parallel]") {
  volatile float tiny = std::numeric_limits<float>::denorm_min();
  const auto kept = [&] { return tiny * 4.0F > 0.0F; };
  REQUIRE(kept());
  std::atomic<int> flushed{0};
  for (double operations : {little, much})
    recurra::parallel_for(8, operations, [&](Index) { flushed += kept() ? 0 : 1; });
  CHECK(flushed == 16);
  CHECK(kept());
}

TEST_CASE("A thread count below one is refused", "[parallel]") {
  const int before = recurra::num_threads();
  CHECK_THROWS_AS(recurra::set_num_threads(0), std::invalid_argument);
  CHECK_THROWS_AS(recurra::set_num_threads(-3), std::invalid_argument);
  CHECK(recurra::num_threads() == before);
}
