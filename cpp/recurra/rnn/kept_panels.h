// The weight matrices of a layer as the products of inference read them, kept from call to call while nobody changes
// them. Panels stay from the second time on that the same weights come: weights that are used once, or made anew for
// every call, cost no memory. Safe to use from several threads.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "recurra/tensor/tensor.h"

namespace recurra::rnn {

class KeptPanels {
 public:
  static constexpr std::size_t matrices = 3;

  /// What tells weights from others.
  struct Stamp {
    std::array<std::uint64_t, matrices> version{};
    std::array<std::size_t, matrices> offset{};
    std::array<Index, 3> sizes{};
    DType dtype{};
    bool operator==(const Stamp&) const = default;
  };

  /// Of matrices (undefined where there is none) of a layer of these sizes; nothing for those that somebody may change
  /// unseen.
  static std::optional<Stamp> stamp_of(const std::array<const Tensor*, matrices>& weights,
                                       const std::array<Index, 3>& sizes) {
    Stamp stamp{.sizes = sizes, .dtype = weights[0]->dtype()};
    for (std::size_t i = 0; i < matrices; ++i) {
      if (!weights[i]->defined()) continue;
      const Storage& storage = *weights[i]->storage();
      stamp.version[i] = storage.version();
      stamp.offset[i] = weights[i]->offset();
      if (!storage.changes_are_seen()) return std::nullopt;
    }
    return stamp;
  }

  /// The panels of these weights, if they are kept. Those of others are let go; so are all without a stamp.
  std::shared_ptr<const void> find(const std::optional<Stamp>& stamp) {
    const std::lock_guard lock(mutex_);
    if (stamp && stamp == last_) return panels_;
    wanted_ = false;
    panels_ = nullptr;
    last_ = stamp;
    return nullptr;
  }

  /// Offers panels that were made because find() had none.
  void offer(const std::optional<Stamp>& stamp, const std::shared_ptr<const void>& panels) {
    const std::lock_guard lock(mutex_);
    if (!stamp || stamp != last_) return;
    if (wanted_) panels_ = panels;
    wanted_ = true;
  }

 private:
  std::mutex mutex_;
  std::optional<Stamp> last_;
  bool wanted_ = false;  // whether these weights have come before
  std::shared_ptr<const void> panels_;
};

}  // namespace recurra::rnn
