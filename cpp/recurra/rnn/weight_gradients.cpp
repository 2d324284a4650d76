#include "recurra/rnn/weight_gradients.h"

#include "recurra/rnn/products.h"

namespace recurra::rnn {

template <class T>
void WeightGradients<T>::set_gradients(GatheredRows<T>& block, Index j, int group) const {
  for (Index i = 0; i < block.rows; ++i) {
    const auto at = static_cast<std::size_t>(i);
    block.gradients[at] = block.saved[at] + layout_.saved_place(capacity_, j, block.row[at], group);
  }
}

template <class T>
void WeightGradients<T>::flush(GatheredRows<T>& block, bool input, const Share& share, T* packed) const {
  if (block.rows == 0) return;
  const CellShape& shape = layout_.shape;
  const int biased = shape.projects ? shape.slots - 1 : shape.slots;
  layout_.for_groups(
      [&](Index j, int group) {
        set_gradients(block, j, group);
        const T* const* gradients = block.gradients.data();
        if (input)
          weight_gradient(group * shape.input.count, block.x.data(), layout_.F, gradients,
                          Index{shape.input_slot() * L}, block.rows, packed + layout_.input_gradient(j));
        for (int stage = 0; stage < shape.stages; ++stage) {
          const int vectors = group * shape.stage[CellShape::at(stage)].recurrent.count;
          if (vectors == 0 || shape.projecting(stage) || shape.passing(stage)) continue;
          T* out = packed + layout_.recurrent_gradient(stage, j);
          if (stage == 0)
            weight_gradient(vectors, block.h.data(), layout_.depth(0), gradients, Index{shape.product_slot(0) * L},
                            block.rows, out);
          else add_operand_product(block, stage, vectors, out);
        }
        rnn::bias_gradient(group * biased, gradients, Index{0}, block.rows,
                           packed + layout_.bias_gradient() + j * shape.slots * L);
      },
      share.turned(block.backwards));
  block.backwards = !block.backwards;
  if (shape.projects) {
    const int stage = shape.stages - 1;
    const auto [first, last] = layout_.vectors_of_share(stage, share);
    for (Index j = first; j < last; ++j) {
      set_gradients(block, j, 1);
      add_operand_product(block, stage, 1, packed + layout_.recurrent_gradient(stage, j));
      rnn::bias_gradient(1, block.gradients.data(), Index{biased * L}, block.rows,
                         packed + layout_.bias_gradient() + (j * shape.slots + biased) * L);
    }
  }
  block.rows = 0;
}

// The recurrent product of a later stage, whose operand stands with what is saved.
template <class T>
void WeightGradients<T>::add_operand_product(GatheredRows<T>& block, int stage, int vectors, T* out) const {
  for (Index part = 0; part < layout_.J; ++part) {
    for (Index i = 0; i < block.rows; ++i) {
      const auto at = static_cast<std::size_t>(i);
      block.operand[at] =
          block.saved[at] + layout_.saved_place(capacity_, part, block.row[at]) + layout_.shape.operand(stage - 1) * L;
    }
    weight_gradient(vectors, block.operand.data(), std::min<Index>(L, layout_.U - part * L), block.gradients.data(),
                    Index{layout_.shape.product_slot(stage) * L}, block.rows, out + part * L * vectors * L);
  }
}

template class WeightGradients<float>;
template class WeightGradients<double>;

}  // namespace recurra::rnn
