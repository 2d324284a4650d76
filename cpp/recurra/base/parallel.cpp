#include "recurra/base/parallel.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <fstream>
#include <string>
#include <utility>

#include "recurra/base/team_size.h"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace recurra {
namespace {

using Clock = TeamSize::Clock;

std::atomic<int> chosen{0};
std::atomic<bool> forked{false};

// CPU quota of the control group (version 2, then 1), rounded up; 0 where there is none.
int quota() {
  std::ifstream v2("/sys/fs/cgroup/cpu.max");
  std::string limit;
  double period = 0;
  if (v2 >> limit >> period && limit != "max" && period > 0)
    return static_cast<int>(std::ceil(std::stod(limit) / period));
  std::ifstream v1_limit("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  std::ifstream v1_period("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  double allowed = 0;
  if (v1_limit >> allowed && v1_period >> period && allowed > 0 && period > 0)
    return static_cast<int>(std::ceil(allowed / period));
  return 0;
}

int default_threads() {
#if defined(__unix__) || defined(__APPLE__)
  // OpenMP's worker threads do not survive a fork; waiting for them in the child would hang for ever.
  pthread_atfork(nullptr, nullptr, [] { forked.store(true); });
#endif
  const int available = std::max(1, omp_get_max_threads());
  const int limit = quota();
  return limit > 0 ? std::min(available, limit) : available;
}

// Whether this thread works alone on what a team would do on an idle machine: loops inside stay serial there too.
thread_local bool alone = false;

class Alone {
 public:
  Alone() : before_(std::exchange(alone, true)) {}
  ~Alone() { alone = before_; }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;

 private:
  const bool before_;
};

thread_local Clock::duration waited_for_team{0};  // by this thread, since its team began

TeamSize& team_size() {
  static thread_local TeamSize size;
  return size;
}

}  // namespace

int num_threads() {
  static const int standard = default_threads();
  if (forked.load(std::memory_order_relaxed) || omp_in_parallel() || alone) return 1;
  const int count = chosen.load(std::memory_order_relaxed);
  return count > 0 ? count : standard;
}

void run_loop(Index count, double operations, const void* body, void (*loop)(const void*, Index, Index)) {
  const int most =
      operations < parallel_threshold ? 1 : static_cast<int>(count < num_threads() ? count : num_threads());
  if (most <= 1) {
    const FlushDenormals flush;
    loop(body, 0, count);
    return;
  }
  TeamSize& team = team_size();
  const int threads = team.threads(most);
  if (threads == 1) {
    const FlushDenormals flush;
    const Alone serial;
    loop(body, 0, count);
    return;
  }
  std::exception_ptr failure;
  std::atomic<Index> next{0};
  const Clock::time_point begin = Clock::now();
  Clock::time_point done = begin;    // when the calling thread had no block left
  Clock::duration longest_block{0};  // of the calling thread
#pragma omp parallel num_threads(threads)
  {
    const FlushDenormals flush;
    const bool caller = omp_get_thread_num() == 0;
    for (Index i = next++; i < count; i = next++) {
      try {
        loop(body, i, i + 1);
      } catch (...) {
#pragma omp critical(recurra_failure)
        failure = std::current_exception();
      }
      if (caller) {
        const Clock::time_point now = Clock::now();
        longest_block = std::max(longest_block, now - done);
        done = now;
      }
    }
  }
  const Clock::time_point end = Clock::now();
  // Another thread may have begun its last block when the caller ended its own: so long a wait is no sign of anything.
  team.note(threads, end - begin, end - done - longest_block);
  if (failure) std::rethrow_exception(failure);
}

void run_team(int threads, const void* body, void (*call)(const void* body, Share share)) {
  const FlushDenormals flush;
  if (threads <= 1) return call(body, Share{});
  TeamSize& team = team_size();
  threads = team.threads(threads);
  if (threads == 1) {
    const Alone serial;
    return call(body, Share{});
  }
  const Clock::time_point begin = Clock::now();
  waited_for_team = Clock::duration{0};
#pragma omp parallel num_threads(threads)
  {
    const FlushDenormals flush;
    call(body, {omp_get_thread_num(), omp_get_num_threads()});
    wait_for_team();
  }
  team.note(threads, Clock::now() - begin, waited_for_team);
}

void set_num_threads(int count) {
  check(count >= 1, "set_num_threads: expected at least 1 thread, got ", count);
  (void)num_threads();
  chosen.store(count);
}

void wait_for_team() {
  const Clock::time_point begin = Clock::now();
#pragma omp barrier
  waited_for_team += Clock::now() - begin;
}

#if defined(__SSE2__)
FlushDenormals::FlushDenormals() noexcept : saved_(_mm_getcsr()) {
  _mm_setcsr(static_cast<unsigned>(saved_) | 0x8040U);  // flush results (FTZ) and operands (DAZ)
}
FlushDenormals::~FlushDenormals() { _mm_setcsr(static_cast<unsigned>(saved_)); }
#elif defined(__aarch64__)
FlushDenormals::FlushDenormals() noexcept {
  __asm__ volatile("mrs %0, fpcr" : "=r"(saved_));
  __asm__ volatile("msr fpcr, %0" : : "r"(saved_ | (1ULL << 24)));
}
FlushDenormals::~FlushDenormals() { __asm__ volatile("msr fpcr, %0" : : "r"(saved_)); }
#else
FlushDenormals::FlushDenormals() noexcept = default;
FlushDenormals::~FlushDenormals() = default;
#endif

}  // namespace recurra
