// A pool of 64-byte aligned buffers. Freed buffers are kept by size class and handed out again, so a steady training
// loop asks the system for nothing after its first step. Safe to use from any thread.
#pragma once

#include <cstddef>

namespace recurra::memory {

inline constexpr std::size_t alignment = 64;

/// The usable size a request of `bytes` is rounded up to (at most 1/8 larger than asked, for large requests).
std::size_t rounded(std::size_t bytes);

void* allocate(std::size_t bytes);
void release(void* data, std::size_t bytes) noexcept;

struct Statistics {
  std::size_t in_use = 0;    ///< bytes handed out now
  std::size_t cached = 0;    ///< bytes kept for reuse
  std::size_t peak = 0;      ///< largest `in_use` so far
  std::size_t requests = 0;  ///< allocations that went to the system
};
Statistics statistics();

/// Gives all cached buffers back to the system.
void trim() noexcept;

}  // namespace recurra::memory
