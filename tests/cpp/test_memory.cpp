#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "catch.h"
#include "recurra/base/memory.h"

namespace memory = recurra::memory;

TEST_CASE("Sizes are rounded up, by at most an eighth or a line", "[memory]") {
  for (std::size_t bytes : {0UL, 1UL, 63UL, 64UL, 65UL, 1000UL, 4097UL, 1000003UL, (1UL << 33) + 1}) {
    const std::size_t size = memory::rounded(bytes);
    CHECK(size >= bytes);
    CHECK(size % memory::alignment == 0);
    CHECK(size <= bytes + std::max(memory::alignment, bytes / 8));
    CHECK(memory::rounded(size) == size);
  }
}

TEST_CASE("Buffers are aligned, reused and counted", "[memory]") {
  memory::trim();
  const auto before = memory::statistics();
  void* first = memory::allocate(1000);
  CHECK(reinterpret_cast<std::uintptr_t>(first) % memory::alignment == 0);
  CHECK(memory::statistics().in_use == before.in_use + memory::rounded(1000));
  CHECK(memory::statistics().requests == before.requests + 1);
  memory::release(first, 1000);
  CHECK(memory::statistics().in_use == before.in_use);
  CHECK(memory::statistics().cached == memory::rounded(1000));

  void* again = memory::allocate(memory::rounded(1000));  // another request of the same class
  CHECK(again == first);
  CHECK(memory::statistics().requests == before.requests + 1);
  CHECK(memory::statistics().cached == 0);
  memory::release(again, memory::rounded(1000));

  memory::trim();
  CHECK(memory::statistics().cached == 0);
}

TEST_CASE("The peak is the largest use so far", "[memory]") {
  const auto before = memory::statistics();
  const std::size_t size = memory::rounded(before.peak + 1);
  memory::release(memory::allocate(size), size);
  CHECK(memory::statistics().peak == before.in_use + size);
  CHECK(memory::statistics().in_use == before.in_use);
  memory::trim();
}

TEST_CASE("Threads share the pool", "[memory]") {
  const auto before = memory::statistics();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      for (int i = 0; i < 500; ++i) {
        const auto bytes = static_cast<std::size_t>(64 * (1 + (i + t) % 7));
        auto* data = static_cast<unsigned char*>(memory::allocate(bytes));
        data[0] = data[bytes - 1] = static_cast<unsigned char>(t);
        memory::release(data, bytes);
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(memory::statistics().in_use == before.in_use);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(RECURRA_THREAD_SANITIZER)  // which end the program instead of throwing
TEST_CASE("A request that cannot be met throws and counts nothing", "[memory]") {
  const auto before = memory::statistics();
  CHECK_THROWS_AS(memory::allocate(std::size_t{1} << 62), std::bad_alloc);
  CHECK(memory::statistics().in_use == before.in_use);
}
#endif

#if defined(__unix__) || defined(__APPLE__)
TEST_CASE("A child forked during an allocation can allocate", "[memory]") {
  std::atomic<bool> stop{false};
  std::thread worker([&] {
    while (!stop) memory::release(memory::allocate(100), 100);
  });
  int failures = 0;
  for (int i = 0; i < 100; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(5);  // ends a child that hangs
      memory::release(memory::allocate(100), 100);
      _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    failures += status != 0;
    if (failures > 0) break;
  }
  stop = true;
  worker.join();
  CHECK(failures == 0);
}
#endif
