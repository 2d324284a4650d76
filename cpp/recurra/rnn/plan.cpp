#include "recurra/rnn/plan.h"

#include <algorithm>
#include <cassert>

namespace recurra::rnn::plan {
namespace {

bool fits_private_cache(const Sizes& s) { return s.weight_bytes <= private_cache; }
bool beyond_second_cache(const Sizes& s) { return s.weight_bytes > second_cache; }

// Enough groups to feed the cores, enough rows in each to reuse a panel while it is in the first cache. Each group has
// sums of gradients of its own: where these are large, fewer groups move less memory, and teams feed the cores. The
// bounds depend on the shape alone, or the bits would depend on the number of threads.
Index rows_of_group(const Sizes& s) {
  const Index all = std::max<Index>(1, s.B);
  if (s.B >= large_batch) return most_rows;
  if (beyond_second_cache(s) && s.B <= most_rows) return all;
  if (!fits_private_cache(s) && s.B >= rows_for_large) {
    const Index even = (s.B + 2 * most_rows - 1) / (2 * most_rows) * 2;
    return (s.B + even - 1) / even;
  }
  if (s.B >= small_batch) return usual_rows;
  return s.B >= least_halved ? (s.B + 1) / 2 : all;
}

// Where the statistics are of all rows, or there are few rows for large weights, one chunk has all rows, and a team of
// threads goes through it, each with units of its own: so each core reads its part of the weights only. Training does
// as well without from a few rows on, for its products are over rows too.
bool wants_team(const Sizes& s, Index groups) {
  if (s.batch_statistics) return true;
  if (s.row_statistics || s.threads == 1 || s.skips || fits_private_cache(s)) return false;
  const bool far = !s.training && beyond_second_cache(s);
  return s.B < team_rows * s.threads || groups < s.threads || (far && s.B <= most_rows * s.threads);
}

}  // namespace

Plan make(const Sizes& sizes) {
  assert(sizes.B >= 0 && sizes.threads >= 1);
  Plan plan;
  plan.group_rows = rows_of_group(sizes);
  plan.groups = (sizes.B + plan.group_rows - 1) / plan.group_rows;
  plan.team = wants_team(sizes, plan.groups);
  Index together = 1;  // groups of a chunk
  if (plan.team) together = std::max<Index>(1, plan.groups);
  else if (!fits_private_cache(sizes))
    together = std::clamp<Index>(plan.groups / sizes.threads, 1, most_rows / plan.group_rows);
  plan.chunk_rows = plan.group_rows * together;
  plan.chunks = (sizes.B + plan.chunk_rows - 1) / plan.chunk_rows;
  return plan;
}

Index block_rows(const Plan& plan, Index units) {
  return std::max(plan.group_rows, units >= wide ? gradient_rows_of_wide : gradient_rows);
}

}  // namespace recurra::rnn::plan
