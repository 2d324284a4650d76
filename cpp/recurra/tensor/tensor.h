// A dense row-major array with a run-time element type, and its place on the tape.
//
// A Tensor is a handle: copies share the elements and the gradient. It is always contiguous; a view (`reshaped`,
// `rows`) shares the elements of another tensor. A tensor that takes part in differentiation is either a leaf
// (`require_gradient`) or the output of a node (see tape.h).
#pragma once

#include <atomic>
#include <cassert>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "recurra/base/dtype.h"
#include "recurra/base/shape.h"

namespace recurra {

class Node;

/// How to make the elements of a tensor that nobody has read yet. An operation that knows the kind of recipe may work
/// from it instead of from the elements.
class Recipe {
 public:
  Recipe() = default;
  virtual ~Recipe() = default;
  Recipe(const Recipe&) = delete;
  Recipe& operator=(const Recipe&) = delete;
  virtual void make(std::byte* elements) const = 0;
};

/// Owner of a run of bytes: a buffer of the pool, or memory borrowed from somebody whom `keeper` keeps alive. The bytes
/// of a storage with a recipe are made when they are first asked for.
class Storage {
 public:
  explicit Storage(std::size_t bytes);
  Storage(void* borrowed, std::size_t bytes, std::shared_ptr<void> keeper, bool writable);
  Storage(std::size_t bytes, std::unique_ptr<const Recipe> recipe);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  std::byte* data() const {
    if (pending_.load(std::memory_order_acquire)) follow_recipe();
    return data_;
  }
  std::size_t bytes() const { return bytes_; }
  /// The recipe while nobody has asked for the bytes; null after that, and for an ordinary storage.
  const Recipe* recipe() const { return pending_.load(std::memory_order_acquire) ? recipe_.get() : nullptr; }

  /// Whether only the engine can change these bytes, so that a recipe may read them later: they are the pool's, and
  /// nobody outside holds a view of them.
  bool changes_are_seen() const { return pooled_ && views_.load() == 0; }
  /// Changes on every write that the engine makes or that a view allows; unique among all storages.
  std::uint64_t version() const { return version_.load(); }
  /// Has the bytes of `reader` made, if they are not yet, before these bytes change.
  void note_reader(const std::shared_ptr<Storage>& reader) const;
  /// Whether these bytes may be changed: not those of a read-only array or memory map.
  bool writable() const { return writable_; }
  /// To be called before these bytes are changed: what is still to be read from them is read now. Throws where they are
  /// read-only.
  void before_change() const;
  /// To be called when the change is complete: what was read in the middle of it is recognised as out of date.
  void after_change() const { version_.store(next_version()); }
  /// Counts a writable view of these bytes outside the engine, until `end_view`.
  void begin_view() const;
  void end_view() const { --views_; }

 private:
  static std::uint64_t next_version();
  void follow_recipe() const;

  mutable std::byte* data_ = nullptr;
  std::size_t bytes_;
  std::shared_ptr<void> keeper_;
  bool pooled_;
  bool writable_ = true;
  mutable std::atomic<bool> pending_{false};
  mutable std::once_flag made_;
  std::unique_ptr<const Recipe> recipe_;
  mutable std::atomic<int> views_{0};
  mutable std::atomic<std::uint64_t> version_{next_version()};
  mutable std::vector<std::weak_ptr<Storage>> readers_;
};

/// While alive, the bytes of a storage are being changed.
class Change {
 public:
  explicit Change(const Storage& storage) : storage_(storage) { storage_.before_change(); }
  ~Change() { storage_.after_change(); }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

 private:
  const Storage& storage_;
};

class Tensor {
 public:
  /// An undefined tensor: "no gradient", "no mask", "not given".
  Tensor() = default;
  /// Elements uninitialised.
  Tensor(Shape shape, DType dtype);
  /// Elements made when they are first read. A recipe that reads other tensors must be noted with their storages (see
  /// Storage::note_reader).
  Tensor(Shape shape, DType dtype, std::unique_ptr<const Recipe> recipe);
  /// A view of `storage` from byte `offset` on.
  Tensor(Shape shape, DType dtype, std::shared_ptr<Storage> storage, std::size_t offset);

  static Tensor zeros(Shape shape, DType dtype);
  static Tensor full(Shape shape, DType dtype, double value);
  static Tensor zeros_like(const Tensor& other) { return zeros(other.shape(), other.dtype()); }
  static Tensor empty_like(const Tensor& other) { return {other.shape(), other.dtype()}; }
  static Tensor scalar(double value, DType dtype) { return full({}, dtype, value); }

  bool defined() const { return impl_ != nullptr; }
  const Shape& shape() const { return impl_->shape; }
  Index shape(int axis) const { return impl_->shape[axis]; }
  int rank() const { return impl_->shape.rank(); }
  Index size() const { return impl_->shape.size(); }
  DType dtype() const { return impl_->dtype; }

  /// The elements. T must be the C++ type of dtype().
  template <class T>
  T* data() const {
    assert(sizeof(T) == size_of(dtype()));
    return reinterpret_cast<T*>(bytes());
  }
  std::byte* bytes() const { return impl_->storage->data() + impl_->offset; }
  template <class T>
  std::span<T> span() const {
    return {data<T>(), as_size(size())};
  }
  const std::shared_ptr<Storage>& storage() const { return impl_->storage; }
  /// How the elements will be made, while nobody has read them; else null.
  const Recipe* recipe() const { return impl_ ? impl_->storage->recipe() : nullptr; }
  std::size_t offset() const { return impl_->offset; }

  /// The only element of a tensor of size 1.
  double item() const;

  /// Same elements, another shape; not on the tape (ops::reshape is).
  Tensor reshaped(Shape shape) const;
  /// Rows [begin, end) of the first axis, sharing the elements; not on the tape.
  Tensor rows(Index begin, Index end) const;
  /// Same elements, off the tape. Backward functions keep only detached tensors, or they would keep themselves alive.
  Tensor detach() const;
  Tensor clone() const;
  /// Overwrites the elements with those of `source` (same shape and dtype).
  void assign(const Tensor& source) const;

  // Differentiation.
  bool requires_gradient() const { return impl_ && impl_->requires_gradient; }
  bool is_leaf() const { return !impl_->producer; }
  /// Makes this tensor a leaf whose gradient backward() adds up in gradient().
  void require_gradient(bool on = true) const;
  /// For a tensor that is no leaf: keep its gradient as well when backward() passes it.
  void retain_gradient() const;
  Tensor gradient() const;
  void set_gradient(const Tensor& gradient) const;
  const std::shared_ptr<Node>& producer() const { return impl_->producer; }
  int output_index() const { return impl_->output_index; }
  void set_producer(std::shared_ptr<Node> node, int output_index) const;

  /// Moves the elements to another place (see ParameterBlock): every handle to this tensor follows.
  void rebind(std::shared_ptr<Storage> storage, std::size_t offset) const;

  bool same_as(const Tensor& other) const { return impl_ == other.impl_; }
  const void* identity() const { return impl_.get(); }

 private:
  struct Impl {
    Shape shape;
    DType dtype = DType::float32;
    std::shared_ptr<Storage> storage;
    std::size_t offset = 0;
    bool requires_gradient = false;
    std::shared_ptr<Impl> gradient;
    std::shared_ptr<Node> producer;
    int output_index = 0;
  };
  explicit Tensor(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

  std::shared_ptr<Impl> impl_;
};

/// Throws unless `tensor` has this many axes; `who` and `what` name the caller and the argument.
void check_rank(const Tensor& tensor, int rank, const char* who, const char* what);
/// Throws unless both have the same dtype.
void check_same_dtype(const Tensor& a, const Tensor& b, const char* who);

}  // namespace recurra
