// Scratch memory of a kernel or a task: a cache-line aligned array from the pool.
#pragma once

#include <algorithm>
#include <utility>

#include "recurra/base/checked.h"
#include "recurra/base/memory.h"

namespace recurra {

template <class T>
class Buffer {
 public:
  Buffer() = default;
  /// Elements uninitialised.
  explicit Buffer(Index size)
      : data_(size > 0 ? static_cast<T*>(memory::allocate(bytes_of(size))) : nullptr), size_(size) {
    assert(size >= 0);
  }
  Buffer(Index size, T value) : Buffer(size) { std::fill_n(data_, size_, value); }
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (data_) memory::release(data_, as_size(size_) * sizeof(T));
  }

  T* data() const { return data_; }
  Index size() const { return size_; }
  T& operator[](Index i) const {
    assert(i >= 0 && i < size_);
    return data_[i];  // NOLINT(clang-analyzer-core.uninitialized.UndefReturn): an empty buffer has no i
  }

 private:
  static std::size_t bytes_of(Index size) {
    return as_size(checked_multiply(size, static_cast<Index>(sizeof(T)), "workspace"));
  }

  T* data_ = nullptr;
  Index size_ = 0;
};

}  // namespace recurra
