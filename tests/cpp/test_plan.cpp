// How a batch is cut: by its sizes alone where bits depend on it, by threads where they do not.
#include "catch.h"
#include "recurra/rnn/plan.h"

using recurra::Index;
namespace plan = recurra::rnn::plan;

namespace {

constexpr Index small = 1 << 12, large = 1 << 20, huge = 1 << 22;  // bytes of weights: in the first, second, no cache

plan::Plan made(Index B, Index weight_bytes, int threads, bool training = true) {
  return plan::make({.B = B, .weight_bytes = weight_bytes, .threads = threads, .training = training});
}

}  // namespace

TEST_CASE("Groups depend on the shape alone, and cover the batch", "[rnn]") {
  for (const Index bytes : {small, large, huge})
    for (const Index B : {1, 7, 8, 23, 24, 63, 64, 65, 128, 500, 1023, 1024, 5000}) {
      const plan::Plan one = made(B, bytes, 1);
      CHECK(one.groups * one.group_rows >= B);
      CHECK((one.groups - 1) * one.group_rows < B);
      CHECK(one.group_rows <= plan::most_rows);
      for (const int threads : {2, 3, 16}) {
        const plan::Plan more = made(B, bytes, threads);
        CHECK(more.group_rows == one.group_rows);
        CHECK(more.groups == one.groups);
      }
    }
}

TEST_CASE("Chunks are whole groups, and cover the batch", "[rnn]") {
  for (const Index bytes : {small, large, huge})
    for (const Index B : {1, 8, 24, 64, 128, 1024, 5000})
      for (const int threads : {1, 2, 3, 16})
        for (const bool training : {false, true}) {
          const plan::Plan it = made(B, bytes, threads, training);
          CHECK(it.chunk_rows % it.group_rows == 0);
          CHECK(it.chunks * it.chunk_rows >= B);
          CHECK((it.chunks - 1) * it.chunk_rows < B);
          if (it.team) CHECK(it.chunks == 1);
        }
}

TEST_CASE("A batch without rows has no chunks", "[rnn]") {
  const plan::Plan it = made(0, small, 2);
  CHECK(it.groups == 0);
  CHECK(it.chunks == 0);
}

TEST_CASE("Large weights and few rows are given to a team of threads", "[rnn]") {
  CHECK(made(8, large, 2).team);
  CHECK_FALSE(made(8, large, 1).team);
  CHECK_FALSE(made(8, small, 2).team);
  CHECK_FALSE(made(512, large, 2).team);
  CHECK(made(128, huge, 2, false).team);
  CHECK_FALSE(made(128, huge, 2, true).team);
}

TEST_CASE("Skips keep a team away, and statistics of the batch ask for one", "[rnn]") {
  plan::Sizes sizes{.B = 8, .weight_bytes = large, .threads = 2};
  sizes.skips = true;
  CHECK_FALSE(plan::make(sizes).team);
  sizes = {.B = 512, .weight_bytes = small, .threads = 1, .batch_statistics = true};
  CHECK(plan::make(sizes).team);
  CHECK(plan::make(sizes).chunks == 1);
}

TEST_CASE("Gradients are multiplied over blocks of at least a group", "[rnn]") {
  for (const Index B : {1, 64, 1024})
    for (const Index units : {8, 127, 128, 512}) {
      const plan::Plan it = made(B, small, 1);
      CHECK(plan::block_rows(it, units) >= it.group_rows);
      CHECK(plan::block_rows(it, units) == (units >= 128 ? 128 : 64));
    }
}
