// Packed weights, cached across calls of a layer for inference. They are cached from the second call with the same
// weights on: weights that are used once, or made anew for every call, cost no memory. Safe to use from several
// threads.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "recurra/tensor/tensor.h"

namespace recurra::rnn {

class PackedWeightsCache {
 public:
  static constexpr std::size_t matrices = 3;

  /// Identifies the contents of weights: equal keys mean equal numbers.
  struct Key {
    std::array<std::uint64_t, matrices> version{};
    std::array<std::size_t, matrices> offset{};
    std::array<Index, 3> sizes{};
    DType dtype{};
    bool operator==(const Key&) const = default;
  };

  /// Of matrices (undefined where there is none) of a layer of these sizes; nothing for weights that somebody may
  /// change unseen.
  static std::optional<Key> key_of(const std::array<const Tensor*, matrices>& weights,
                                   const std::array<Index, 3>& sizes) {
    Key key{.sizes = sizes, .dtype = weights[0]->dtype()};
    for (std::size_t i = 0; i < matrices; ++i) {
      if (!weights[i]->defined()) continue;
      const Storage& storage = *weights[i]->storage();
      key.version[i] = storage.version();
      key.offset[i] = weights[i]->offset();
      if (!storage.changes_are_seen()) return std::nullopt;
    }
    return key;
  }

  /// The packed weights of a key, if they are cached. Those of another key are dropped; so are all without a key.
  std::shared_ptr<const void> find(const std::optional<Key>& key) {
    const std::lock_guard lock(mutex_);
    if (key && key == last_) return packed_;
    wanted_ = false;
    packed_ = nullptr;
    last_ = key;
    return nullptr;
  }

  /// Offers weights that were packed because find() had none.
  void offer(const std::optional<Key>& key, const std::shared_ptr<const void>& packed) {
    const std::lock_guard lock(mutex_);
    if (!key || key != last_) return;
    if (wanted_) packed_ = packed;
    wanted_ = true;
  }

 private:
  std::mutex mutex_;
  std::optional<Key> last_;
  bool wanted_ = false;  // whether the last key has come before
  std::shared_ptr<const void> packed_;
};

}  // namespace recurra::rnn
