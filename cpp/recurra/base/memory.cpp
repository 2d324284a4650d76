#include "recurra/base/memory.h"

#include <algorithm>
#include <bit>
#include <map>
#include <mutex>
#include <new>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace recurra::memory {
namespace {

struct Pool {
  std::mutex mutex;
  std::map<std::size_t, std::vector<void*>> free;  // by rounded size
  Statistics statistics;
};

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

void* from_system(std::size_t size) { return ::operator new(size, std::align_val_t{alignment}); }
void to_system(void* data) noexcept { ::operator delete(data, std::align_val_t{alignment}); }

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
    if (auto found = p.free.find(size); found != p.free.end() && !found->second.empty()) {
      void* data = found->second.back();
      found->second.pop_back();
      p.statistics.cached -= size;
      return data;
    }
    ++p.statistics.requests;
  }
  try {
    return from_system(size);
  } catch (const std::bad_alloc&) {
    trim();  // what we hoard may be what is missing
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
  const std::lock_guard lock(p.mutex);
  p.statistics.in_use -= size;
  try {
    p.free[size].push_back(data);
    p.statistics.cached += size;
  } catch (...) {
    to_system(data);
  }
}

Statistics statistics() {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  return p.statistics;
}

void trim() noexcept {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  for (auto& [size, buffers] : p.free) {
    for (void* data : buffers) to_system(data);
    buffers.clear();
  }
  p.statistics.cached = 0;
}

}  // namespace recurra::memory
