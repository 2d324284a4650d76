// Reverse-mode differentiation.
//
// An operation that must be differentiated calls record() with its inputs, its outputs and a function that turns
// gradients of the outputs into gradients of the inputs. Nodes are numbered as they are made, so running them in
// descending order is a reverse topological order. A node may be as small as an addition or as large as a recurrent
// layer over a whole sequence.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "recurra/tensor/tensor.h"

namespace recurra {

/// What a backward function sees: gradients of its outputs come out, gradients of its inputs go in.
class BackwardPass {
 public:
  explicit BackwardPass(Node& node) : node_(node) {}

  /// Gradient of an output; undefined when nothing depended on it.
  const Tensor& output_gradient(int output = 0) const;
  /// Whether anybody needs the gradient of this input.
  bool wants(int input) const;
  /// Adds to the gradient of an input; `gradient` may be kept, so the caller must not change it afterwards.
  void add(int input, const Tensor& gradient) const;
  /// The running sum of an input's gradient itself (zeros at first), for kernels that add in place.
  Tensor accumulator(int input) const;

 private:
  Node& node_;
};

/// The recipe of a gradient to which two users of a tensor contributed, one of them by a recipe.
class SumOfGradients final : public Recipe {
 public:
  SumOfGradients(Tensor a, Tensor b) : a(std::move(a)), b(std::move(b)) {}
  void make(std::byte* elements) const override;

  const Tensor a, b;
};

using BackwardFunction = std::function<void(const BackwardPass&)>;

class Node {
 public:
  Node(const char* name, std::vector<Tensor> inputs, std::size_t outputs, BackwardFunction backward);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

 private:
  friend class BackwardPass;
  friend class Tensor;
  friend void backward(const Tensor& root, const Tensor& seed);
  friend void record(const char*, std::vector<Tensor>, const std::vector<Tensor>&, BackwardFunction);

  // The gradient of one output. The first one to arrive is borrowed as it is, since its maker may share it; it is
  // copied before anything is added.
  struct Slot {
    Tensor gradient;
    Tensor retained;  // where the gradient is kept for the user as well
    bool owned = false;

    const Tensor& own();
  };

  void release();

  const char* name_;
  std::uint64_t number_;
  std::vector<Tensor> inputs_;  // undefined where no gradient is wanted
  std::vector<Slot> slots_;     // one an output, filled by the nodes that used it
  BackwardFunction backward_;
};

/// Whether operations on this thread are recorded now.
bool recording();

/// While alive, nothing on this thread is recorded.
class NoGradient {
 public:
  NoGradient();
  ~NoGradient();
  NoGradient(const NoGradient&) = delete;
  NoGradient& operator=(const NoGradient&) = delete;

 private:
  bool before_;
};

/// Whether an operation on these inputs has to be recorded (and has to save what its adjoint needs).
bool needs_recording(std::initializer_list<const Tensor*> inputs);
bool needs_recording(const std::vector<Tensor>& inputs);

/// Puts a node on the tape if recording is on and some input requires a gradient. The function must keep only detached
/// tensors.
void record(const char* name, std::vector<Tensor> inputs, const std::vector<Tensor>& outputs,
            BackwardFunction backward);

/// Adds d root / d leaf to the gradient of every leaf that root depends on, and frees the nodes passed. `seed` is the
/// gradient of root (ones for a scalar when undefined).
void backward(const Tensor& root, const Tensor& seed = {});

}  // namespace recurra
