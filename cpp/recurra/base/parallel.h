// Parallel loops. An index computes the same whichever thread runs it, so results do not depend on the number of
// threads. Threads take the next index when they are free; teams shrink while other programs use the cores
// (team_size.h).
#pragma once

#include <cassert>

#include "recurra/base/shape.h"

namespace recurra {

/// Threads a parallel loop may use: OMP_NUM_THREADS, the CPUs this process may run on and the container's CPU quota
/// bound the default. 1 in a process forked after a parallel loop has run, where the runtime's threads are gone.
int num_threads();
void set_num_threads(int count);

/// While alive, this thread treats denormal numbers as zero (a single denormal can cost 100 cycles).
class FlushDenormals {
 public:
  FlushDenormals() noexcept;
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  unsigned long long saved_ = 0;
};

/// Work below which a fork and join costs more than it saves, in floating-point operations (some 50 microseconds).
inline constexpr double parallel_threshold = 1e6;

/// Calls loop(body, begin, end) for parts of [0, count), as parallel_for does; compiled once for all bodies.
void run_loop(Index count, double operations, const void* body, void (*loop)(const void* body, Index begin, Index end));

/// Calls body(i) for 0 <= i < count; `operations` is the cost of the whole loop in floating-point operations, from
/// which the loop decides whether to go parallel. An exception of any call is rethrown after the loop.
template <class Body>
void parallel_for(Index count, double operations, const Body& body) {
  run_loop(count, operations, &body, [](const void* erased, Index begin, Index end) {
    const Body& typed = *static_cast<const Body*>(erased);
    for (Index i = begin; i < end; ++i) typed(i);
  });
}

/// The part of a loop that one of several threads takes. What is read again and again, and is a little too large for a
/// cache, is better read forwards and backwards in turns: then what was read last is still there.
struct Share {
  Index part = 0, parts = 1;
  bool backwards = false;
  // Divisions take as long as some steps of a small cell's loops: none where there is nothing to share.
  Index begin(Index count) const {
    assert(count >= 0 && part >= 0 && part < parts);
    return parts == 1 ? 0 : count * part / parts;
  }
  Index end(Index count) const {
    assert(count >= 0 && part >= 0 && part < parts);
    return parts == 1 ? count : count * (part + 1) / parts;
  }
  /// What comes at turn i, begin(count) <= i < end(count).
  Index at_turn(Index i, Index count) const {
    assert(begin(count) <= i && i < end(count));
    return backwards ? begin(count) + end(count) - 1 - i : i;
  }
  Share turned(bool back) const { return {part, parts, back}; }
};

/// Waits until all threads of with_team have come here.
void wait_for_team();

/// Calls call(body, share) on up to `threads` threads at once, fewer while the machine is busy; compiled once for all
/// bodies.
void run_team(int threads, const void* body, void (*call)(const void* body, Share share));

/// Calls body(share) on up to `most` threads at once, which may wait for each other; it must not throw. `operations` as
/// for parallel_for.
template <class Body>
void with_team(Index most, double operations, const Body& body) {
  const int threads =
      operations < parallel_threshold ? 1 : static_cast<int>(most < num_threads() ? most : num_threads());
  run_team(threads, &body, [](const void* erased, Share share) { (*static_cast<const Body*>(erased))(share); });
}

/// Splits [0, count) into blocks of `block` and calls body(begin, end) for each, in parallel.
template <class Body>
void parallel_blocks(Index count, Index block, double operations, const Body& body) {
  const Index blocks = (count + block - 1) / block;
  parallel_for(blocks, operations, [&](Index b) {
    const Index begin = b * block;
    body(begin, begin + block < count ? begin + block : count);
  });
}

}  // namespace recurra
