#include "recurra/tensor/parameters.h"

#include <cstring>
#include <unordered_set>

#include "recurra/base/memory.h"
#include "recurra/base/parallel.h"

namespace recurra {

ParameterBlock::ParameterBlock(std::vector<Tensor> parameters) : parameters_(std::move(parameters)) {
  const DType dtype = parameters_.empty() ? DType::float32 : parameters_.front().dtype();
  const auto line = static_cast<Index>(memory::alignment / size_of(dtype));
  std::unordered_set<const void*> seen;
  Index total = 0;
  for (const Tensor& p : parameters_) {
    check(is_floating(p.dtype()) && p.dtype() == dtype, "ParameterBlock: parameters must share one floating dtype");
    check(p.is_leaf(), "ParameterBlock: a parameter cannot be the result of an operation");
    check(seen.insert(p.identity()).second, "ParameterBlock: a parameter is listed twice");
    offsets_.push_back(total);
    total += (p.size() + line - 1) / line * line;
  }
  values_ = Tensor::zeros({total}, dtype);
  gradients_ = Tensor::zeros({total}, dtype);
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& p = parameters_[i];
    const auto offset = as_size(offsets_[i]) * size_of(dtype);
    std::memcpy(values_.bytes() + offset, p.bytes(), as_size(p.size()) * size_of(dtype));
    p.rebind(values_.storage(), offset);
    p.require_gradient();
    p.set_gradient(Tensor(p.shape(), dtype, gradients_.storage(), offset));
  }
}

void ParameterBlock::zero_gradients() const {
  const auto bytes = static_cast<Index>(as_size(gradients_.size()) * size_of(gradients_.dtype()));
  parallel_blocks(bytes, 1 << 18, static_cast<double>(bytes) / 4,
                  [&](Index begin, Index end) { std::memset(gradients_.bytes() + begin, 0, as_size(end - begin)); });
}

bool ParameterBlock::intact() const {
  for (const Tensor& p : parameters_) {
    const Tensor gradient = p.gradient();
    if (p.storage() != values_.storage() || !gradient.defined() || gradient.storage() != gradients_.storage())
      return false;
  }
  return true;
}

}  // namespace recurra
