// How many threads a parallel region gets on a machine that other programs use too.
//
// A region ends when its last thread does. Where a neighbour keeps a core busy, the system puts one of our threads
// aside for some milliseconds, and every region waits for it: a training step of 3 ms becomes one of 30. So the calling
// thread measures what it waits for beyond what uneven work explains. Once fewer threads would have been faster, the
// team shrinks, for a time that doubles as long as the machine stays busy; then a few regions try the larger team
// again.
#pragma once

#include <algorithm>
#include <chrono>

namespace recurra {

class TeamSize {
 public:
  using Clock = std::chrono::steady_clock;

  /// Threads for the next region, of the `most` it could use.
  int threads(int most, Clock::time_point now = Clock::now()) {
    if (limit_ == 0) return most;
    if (now >= shrunk_until_) limit_ = 0;  // try the whole team again
    return limit_ == 0 ? most : std::min(most, limit_);
  }

  /// After a region of `threads` threads that took `total`, of which the caller spent `waited` without work.
  void note(int threads, Clock::duration total, Clock::duration waited, Clock::time_point now = Clock::now()) {
    total_ += total;
    waited_ += std::max(Clock::duration{0}, waited);
    if (total_ < window) return;
    const int fewer = threads - (threads + 3) / 4;
    // work / fewer < work / threads + waited, where total = work / threads + waited
    if (waited_ * threads > total_ * (threads - fewer)) {
      pause_ = std::clamp(2 * pause_, shortest_pause, longest_pause);
      limit_ = fewer;
      shrunk_until_ = now + pause_;
      total_ = waited_ = Clock::duration{0};
    } else if (total_ > calm) {
      pause_ = Clock::duration{0};
      total_ /= 2;
      waited_ /= 2;
    }
  }

 private:
  // Judged after so much time in regions; about what the system lets a neighbour run before it looks again.
  static constexpr Clock::duration window = std::chrono::milliseconds(2);
  static constexpr Clock::duration calm = std::chrono::milliseconds(20);  // without reason to shrink: not shared
  static constexpr Clock::duration shortest_pause = std::chrono::milliseconds(10);
  static constexpr Clock::duration longest_pause = std::chrono::milliseconds(640);

  int limit_ = 0;  // threads of the smaller team; 0 for the whole team
  Clock::time_point shrunk_until_;
  Clock::duration pause_{0};
  Clock::duration total_{0}, waited_{0};  // in regions since the last judgement
};

}  // namespace recurra
