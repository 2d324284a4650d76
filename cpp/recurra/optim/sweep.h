// One pass over parallel flat runs of numbers. Bounds of the blocks depend on the length alone, so that the work of an
// element never depends on the number of threads.
#pragma once

#include "recurra/base/parallel.h"
#include "recurra/tensor/parameters.h"

namespace recurra::optim {

inline constexpr Index sweep_block = 1 << 14;

/// Calls body(begin, end) over [0, count); `operations` is the cost of one element in floating-point operations.
template <class Body>
void sweep(Index count, double operations, const Body& body) {
  parallel_blocks(count, sweep_block, operations * static_cast<double>(count), body);
}

/// Throws unless the slot is a flat run parallel to the block.
inline void check_slot(const ParameterBlock& block, const Tensor& slot, const char* who) {
  check(slot.dtype() == block.values().dtype() && slot.shape() == block.values().shape(), who, ": expected a slot of ",
        name_of(block.values().dtype()), block.values().shape(), ", got ", name_of(slot.dtype()), slot.shape());
  slot.storage()->before_change();
}

/// Pointers of a block that is about to be changed as T*.
template <class T>
struct Runs {
  T* values;
  const T* gradients;
  Index count;

  Change change;

  explicit Runs(const ParameterBlock& block)
      : values(block.values().data<T>()),
        gradients(block.gradients().data<T>()),
        count(block.values().size()),
        change(*block.values().storage()) {}
};

}  // namespace recurra::optim
