// Addressing, reading and writing a memory by heads; Graves et al., "Neural Turing Machines", 2014.
//
// A head weighs the slots i of a memory by what they hold and by where they stand:
//
//   c = softmax(beta cos(k, m_i))       content
//   g = gate c + (1 - gate) w'          w': the head's weights of the step before
//   s_i = sum over j of g_(i-j) shift_j     circular; j from -(S - 1) / 2 to (S - 1) / 2
//   w = softmax(gamma ln s)             sharpened: s^gamma / sum s^gamma, safe where s is 0
//
// Read: r = sum over i of w_i m_i. Write: m_i <- m_i product over heads of (1 - w_i e) + sum over heads of w_i a.
//
// Letters: B batch, H heads, M numbers of a slot, N slots, S shifts (odd, at most N). A memory is (B, M, N), the slots
// last, so that every loop runs over neighbouring numbers.
#pragma once

#include <array>

#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// memory (B, M, N), key (B, H, M), strength (B, H), gate (B, H), shift (B, H, S), sharpening (B, H), previous (B, H,
/// N)
/// -> weights (B, H, N). Differentiable with respect to all.
Tensor memory_addressing(const Tensor& memory, const Tensor& key, const Tensor& strength, const Tensor& gate,
                         const Tensor& shift, const Tensor& sharpening, const Tensor& previous);

/// memory (B, M, N), weights (B, H, N) -> (B, H, M).
Tensor memory_read(const Tensor& memory, const Tensor& weights);

/// memory (B, M, N), weights (B, H, N), erase and add (B, H, M) -> (B, M, N).
Tensor memory_write(const Tensor& memory, const Tensor& weights, const Tensor& erase, const Tensor& add);

/// One step of a machine: all heads address `memory`; the first `read_heads` read it, the others write it.
/// `parameters` (B, P) are without activation, P = H (M + S + 3) + 2 M write heads: for each head key (tanh), strength
/// (softplus), gate (sigmoid), shift (softmax) and sharpening (1 + softplus), then for each write head erase (sigmoid)
/// and add (tanh). `previous` (B, H, N). Gives reads (B, read heads, M), weights (B, H, N) and the new memory.
std::array<Tensor, 3> memory_step(const Tensor& memory, const Tensor& parameters, const Tensor& previous,
                                  Index read_heads, Index shift_range);

}  // namespace recurra::ops
