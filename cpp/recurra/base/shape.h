// The extents of a tensor: up to eight, held in place so that making a shape allocates nothing.
#pragma once

#include <algorithm>
#include <array>
#include <initializer_list>
#include <limits>
#include <ostream>
#include <span>
#include <string>

#include "recurra/base/check.h"
#include "recurra/base/index.h"

namespace recurra {

class Shape {
 public:
  static constexpr int max_rank = 8;

  Shape() = default;
  Shape(std::initializer_list<Index> extents) : Shape(std::span<const Index>(extents.begin(), extents.size())) {}
  explicit Shape(std::span<const Index> extents) {
    check(extents.size() <= max_rank, "a tensor has at most ", int{max_rank}, " axes, got ", extents.size());
    for (Index extent : extents) push_back(extent);
  }

  int rank() const { return rank_; }
  Index operator[](int axis) const { return extents_[place(axis)]; }
  Index& operator[](int axis) { return extents_[place(axis)]; }
  const Index* begin() const { return extents_.data(); }
  const Index* end() const { return extents_.data() + rank_; }
  Index back() const { return (*this)[-1]; }

  void push_back(Index extent) {
    check(rank_ < max_rank, "a tensor has at most ", int{max_rank}, " axes");
    check(extent >= 0, "an extent cannot be negative, got ", extent);
    extents_[as_size(rank_++)] = extent;
  }

  /// Product of the extents of the axes [from, to); 1 for none. Throws where it does not fit into 64 bits.
  Index count(int from, int to) const {
    Index product = 1;
    bool fits = true;
    for (int axis = from; axis < to; ++axis) fits &= !__builtin_mul_overflow(product, (*this)[axis], &product);
    if (!fits) [[unlikely]]
      refuse();
    return product;
  }
  Index size() const { return count(0, rank_); }
  /// Bytes of the elements. Throws where the elements, or the strides of an empty tensor, could not be addressed.
  std::size_t bytes(std::size_t element) const {
    Index product = static_cast<Index>(element);
    bool fits = true;
    for (int axis = 0; axis < rank_; ++axis)
      fits &= !__builtin_mul_overflow(product, std::max<Index>((*this)[axis], 1), &product);
    if (!fits || product > std::numeric_limits<Index>::max() / 2) [[unlikely]]
      refuse();
    return as_size(size()) * element;
  }

  bool operator==(const Shape& other) const {
    if (rank_ != other.rank_) return false;
    for (int axis = 0; axis < rank_; ++axis)
      if ((*this)[axis] != other[axis]) return false;
    return true;
  }

  std::string str() const {
    std::string out = "(";
    for (int axis = 0; axis < rank_; ++axis) out += (axis ? ", " : "") + std::to_string((*this)[axis]);
    return out + (rank_ == 1 ? ",)" : ")");
  }

 private:
  std::size_t place(int axis) const {
    assert(axis >= -rank_ && axis < rank_);
    return as_size(axis < 0 ? axis + rank_ : axis);
  }
  [[noreturn]] void refuse() const {
    throw std::invalid_argument(text("a tensor of shape ", str(), " is too large to address"));
  }

  std::array<Index, max_rank> extents_{};
  int rank_ = 0;
};

/// For the parts of a check(), which become text only when it fails.
inline std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.str(); }

/// An axis counted from either end, checked; `who` names the caller in the error.
inline int checked_axis(Index axis, int rank, const char* who) {
  check(axis >= -rank && axis < rank, who, ": axis ", axis, " is outside a tensor of ", rank, " axes");
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

}  // namespace recurra
