#include "recurra/tensor/tensor.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "recurra/base/memory.h"
#include "recurra/tensor/tape.h"

namespace recurra {
namespace {

// Guards the lists of readers of all storages: they are touched seldom and briefly.
std::mutex readers_mutex;

}  // namespace

Storage::Storage(std::size_t bytes)
    : data_(static_cast<std::byte*>(memory::allocate(bytes))), bytes_(bytes), pooled_(true) {}

Storage::Storage(void* borrowed, std::size_t bytes, std::shared_ptr<void> keeper, bool writable)
    : data_(static_cast<std::byte*>(borrowed)),
      bytes_(bytes),
      keeper_(std::move(keeper)),
      pooled_(false),
      writable_(writable) {}

Storage::Storage(std::size_t bytes, std::unique_ptr<const Recipe> recipe)
    : bytes_(bytes), pooled_(true), pending_(true), recipe_(std::move(recipe)) {}

Storage::~Storage() {
  if (pooled_ && data_) memory::release(data_, bytes_);
}

void Storage::follow_recipe() const {
  std::call_once(made_, [this] {
    auto* const made = static_cast<std::byte*>(memory::allocate(bytes_));
    try {
      recipe_->make(made);
    } catch (...) {
      memory::release(made, bytes_);
      throw;
    }
    data_ = made;
    pending_.store(false, std::memory_order_release);
  });
}

void Storage::note_reader(const std::shared_ptr<Storage>& reader) const {
  const std::lock_guard lock(readers_mutex);
  std::erase_if(readers_, [](const std::weak_ptr<Storage>& other) { return other.expired(); });
  readers_.push_back(reader);
}

std::uint64_t Storage::next_version() {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

void Storage::before_change() const {
  check(writable_, "the elements of this tensor belong to an array that is read-only; copy them first: tensor.clone()");
  version_.store(next_version());
  std::vector<std::weak_ptr<Storage>> readers;
  {
    const std::lock_guard lock(readers_mutex);
    readers.swap(readers_);
  }
  for (const std::weak_ptr<Storage>& reader : readers)
    if (const std::shared_ptr<Storage> alive = reader.lock()) (void)alive->data();
}

void Storage::begin_view() const {
  before_change();
  ++views_;
}

Tensor::Tensor(Shape shape, DType dtype) : impl_(std::make_shared<Impl>()) {
  impl_->shape = shape;
  impl_->dtype = dtype;
  impl_->storage = std::make_shared<Storage>(shape.bytes(size_of(dtype)));
}

Tensor::Tensor(Shape shape, DType dtype, std::unique_ptr<const Recipe> recipe) : impl_(std::make_shared<Impl>()) {
  impl_->shape = shape;
  impl_->dtype = dtype;
  impl_->storage = std::make_shared<Storage>(shape.bytes(size_of(dtype)), std::move(recipe));
}

Tensor::Tensor(Shape shape, DType dtype, std::shared_ptr<Storage> storage, std::size_t offset)
    : impl_(std::make_shared<Impl>()) {
  // The parts of a view are checked by whoever makes it; that its shape can be addressed is checked here for all.
  [[maybe_unused]] const std::size_t bytes = shape.bytes(size_of(dtype));
  assert(offset % size_of(dtype) == 0 && offset <= storage->bytes() && bytes <= storage->bytes() - offset);
  impl_->shape = shape;
  impl_->dtype = dtype;
  impl_->storage = std::move(storage);
  impl_->offset = offset;
}

Tensor Tensor::zeros(Shape shape, DType dtype) {
  Tensor out(shape, dtype);
  std::memset(out.bytes(), 0, as_size(out.size()) * size_of(dtype));
  return out;
}

Tensor Tensor::full(Shape shape, DType dtype, double value) {
  Tensor out(shape, dtype);
  dispatch_any(dtype, [&]<class T>() { std::ranges::fill(out.span<T>(), static_cast<T>(value)); });
  return out;
}

double Tensor::item() const {
  check(size() == 1, "item(): expected a tensor of one element, got shape ", shape());
  return dispatch_any(dtype(), [&]<class T>() { return static_cast<double>(*data<T>()); });
}

Tensor Tensor::reshaped(Shape shape) const {
  check(shape.size() == size(), "reshape: ", this->shape(), " has ", size(), " elements, ", shape, " has ",
        shape.size());
  return {shape, dtype(), impl_->storage, impl_->offset};
}

Tensor Tensor::rows(Index begin, Index end) const {
  check(rank() >= 1 && begin >= 0 && begin <= end && end <= shape(0), "rows: [", begin, ", ", end,
        ") is outside a tensor of shape ", shape());
  Shape part = shape();
  part[0] = end - begin;
  const std::size_t row = as_size(shape().count(1, rank())) * size_of(dtype());
  return {part, dtype(), impl_->storage, impl_->offset + as_size(begin) * row};
}

Tensor Tensor::detach() const {
  // Always a handle of its own: an output that is detached while its node is being made is not on the tape yet, and
  // keeping it itself would tie node and output into a ring that is never freed.
  return {shape(), dtype(), impl_->storage, impl_->offset};
}

Tensor Tensor::clone() const {
  Tensor out(shape(), dtype());
  out.assign(*this);
  return out;
}

void Tensor::assign(const Tensor& source) const {
  check(source.shape() == shape() && source.dtype() == dtype(), "assign: expected ", name_of(dtype()), shape(),
        ", got ", name_of(source.dtype()), source.shape());
  const Change change(*impl_->storage);
  std::memmove(bytes(), source.bytes(), as_size(size()) * size_of(dtype()));
}

void Tensor::require_gradient(bool on) const {
  check(!on || is_floating(dtype()), "a gradient needs a floating-point tensor, got ", name_of(dtype()));
  check(is_leaf(), "requires_grad can be changed only on a leaf, not on the result of an operation; use detach()");
  impl_->requires_gradient = on;
}

Tensor Tensor::gradient() const { return impl_->gradient ? Tensor(impl_->gradient) : Tensor(); }

void Tensor::set_gradient(const Tensor& gradient) const {
  check(!gradient.defined() || (gradient.shape() == shape() && gradient.dtype() == dtype()), "gradient: expected ",
        name_of(dtype()), shape());
  // Backward passes add to it in place.
  impl_->gradient = gradient.defined() && !gradient.storage()->writable() ? gradient.clone().impl_ : gradient.impl_;
}

void Tensor::set_producer(std::shared_ptr<Node> node, int output_index) const {
  impl_->producer = std::move(node);
  impl_->output_index = output_index;
  impl_->requires_gradient = true;
}

void Tensor::rebind(std::shared_ptr<Storage> storage, std::size_t offset) const {
  impl_->storage = std::move(storage);
  impl_->offset = offset;
}

void check_rank(const Tensor& tensor, int rank, const char* who, const char* what) {
  check(tensor.rank() == rank, who, ": ", what, " must have ", rank, " axes, got shape ", tensor.shape());
}

void check_same_dtype(const Tensor& a, const Tensor& b, const char* who) {
  check(a.dtype() == b.dtype(), who, ": mixes ", name_of(a.dtype()), " and ", name_of(b.dtype()),
        "; cast one of them first");
}

}  // namespace recurra
