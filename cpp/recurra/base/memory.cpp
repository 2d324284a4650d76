#include "recurra/base/memory.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace recurra::memory {
namespace {

struct SizeClass {
  std::vector<void*> buffers;
  std::uint64_t used = 0;  // the tick of the pool at the last request or release
};

struct Pool {
  std::mutex mutex;
  std::map<std::size_t, SizeClass> free;  // by rounded size
  std::uint64_t ticks = 0;
  Statistics statistics;
};

// A steady loop needs about the peak of use once more at most, when its sizes are not in use at the same time.
constexpr std::size_t always_kept = std::size_t{64} << 20;

std::size_t most_cached(const Statistics& s) { return std::max(always_kept, s.peak); }

// Never destroyed: tensors held by static objects or by the interpreter may outlive any static destructor.
Pool& pool() {
  static Pool* const instance = [] {
#if defined(__unix__) || defined(__APPLE__)
    // A fork while another thread holds the mutex would leave it locked for ever in the child.
    pthread_atfork([] { pool().mutex.lock(); }, [] { pool().mutex.unlock(); }, [] { pool().mutex.unlock(); });
#endif
    return new Pool;
  }();
  return *instance;
}

// Large blocks begin at a large page and ask for such pages: fewer faults at first use, fewer misses of the TLB later.
constexpr std::size_t large_page = std::size_t{1} << 21;

std::align_val_t alignment_of(std::size_t size) { return std::align_val_t{size < large_page ? alignment : large_page}; }

void* from_system(std::size_t size) {
  void* data = ::operator new(size, alignment_of(size));
#if defined(__linux__)
  if (size >= large_page) madvise(data, size, MADV_HUGEPAGE);
#endif
  return data;
}

void to_system(void* data, std::size_t size) noexcept { ::operator delete(data, alignment_of(size)); }

// Gives buffers back until the cache is small enough: first those of the sizes that nobody has used for longest.
void shrink(Pool& p) noexcept {
  while (true) {
    void* data = nullptr;
    std::size_t size = 0;
    {
      const std::lock_guard lock(p.mutex);
      if (p.statistics.cached <= most_cached(p.statistics)) return;
      auto oldest = p.free.end();
      for (auto it = p.free.begin(); it != p.free.end(); ++it)
        if (!it->second.buffers.empty() && (oldest == p.free.end() || it->second.used < oldest->second.used))
          oldest = it;
      assert(oldest != p.free.end());
      size = oldest->first;
      data = oldest->second.buffers.back();
      oldest->second.buffers.pop_back();
      p.statistics.cached -= size;
    }
    to_system(data, size);
  }
}

}  // namespace

std::size_t rounded(std::size_t bytes) {
  const std::size_t size = std::max(bytes, alignment);
  // Eight classes an octave: few enough to be found again, fine enough to waste little.
  const std::size_t step = std::max(alignment, std::bit_floor(size) / 8);
  return (size + step - 1) / step * step;
}

void* allocate(std::size_t bytes) {
  const std::size_t size = rounded(bytes);
  Pool& p = pool();
  {
    const std::lock_guard lock(p.mutex);
    p.statistics.in_use += size;
    p.statistics.peak = std::max(p.statistics.peak, p.statistics.in_use);
    if (auto found = p.free.find(size); found != p.free.end()) {
      found->second.used = ++p.ticks;
      if (auto& buffers = found->second.buffers; !buffers.empty()) {
        void* data = buffers.back();
        buffers.pop_back();
        p.statistics.cached -= size;
        return data;
      }
    }
    ++p.statistics.requests;
  }
  try {
    return from_system(size);
  } catch (const std::bad_alloc&) {
    trim();  // what is cached may be what is missing
    try {
      return from_system(size);
    } catch (...) {
      const std::lock_guard lock(p.mutex);
      p.statistics.in_use -= size;
      throw;
    }
  }
}

void release(void* data, std::size_t bytes) noexcept {
  const std::size_t size = rounded(bytes);
  Pool& p = pool();
  bool too_much = false;
  {
    const std::lock_guard lock(p.mutex);
    p.statistics.in_use -= size;
    try {
      SizeClass& same = p.free[size];
      same.buffers.push_back(data);
      same.used = ++p.ticks;
      p.statistics.cached += size;
      too_much = p.statistics.cached > most_cached(p.statistics);
    } catch (...) {
      to_system(data, size);
    }
  }
  if (too_much) shrink(p);
}

Statistics statistics() {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  return p.statistics;
}

void trim() noexcept {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  for (auto& [size, same] : p.free) {
    for (void* data : same.buffers) to_system(data, size);
    same.buffers.clear();
  }
  p.statistics.cached = 0;
}

}  // namespace recurra::memory
