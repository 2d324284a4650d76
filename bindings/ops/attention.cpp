// Attention; see cpp/recurra/ops/attention.h.
#include "recurra/ops/attention.h"

#include "ops.h"

namespace recurra::bindings {
namespace {

constexpr const char* who = "dot_product_attention";

std::optional<Index> optional_integer(Object value, const char* argument) {
  return value.is_none() ? std::nullopt : std::optional(integer(value, who, argument));
}

Tensor dot_product_attention(Object query, Object key, Object value, Object bias, Object mask, Object scale,
                             Object soft_cap, Object left, Object right, Object offset, Object dropout,
                             std::uint64_t seed, std::uint64_t stream) {
  ops::AttentionOptions options;
  options.scale = real(scale, who, "scale");
  options.soft_cap = real(soft_cap, who, "attn_logits_soft_cap");
  options.band = {optional_integer(left, "window"), optional_integer(right, "window"),
                  integer(offset, who, "causal_offset")};
  options.dropout = real(dropout, who, "dropout");
  options.numbers = Philox(seed, stream);
  const Tensor q = operand(query);
  const Tensor k = operand(key);
  const Tensor v = operand(value);
  const Tensor b = optional_operand(bias);
  const Tensor seen = optional_operand(mask);
  return compute(static_cast<double>(q.size()) * 16,
                 [&] { return ops::dot_product_attention(q, k, v, b, seen, options); });
}

}  // namespace

void register_attention(py::module_& m) {
  m.def("dot_product_attention", &dot_product_attention, py::arg("query"), py::arg("key"), py::arg("value"),
        py::arg("bias"), py::arg("mask"), py::arg("scale"), py::arg("soft_cap"), py::arg("left"), py::arg("right"),
        py::arg("offset"), py::arg("dropout"), py::arg("seed"), py::arg("stream"),
        "query (B, T, N, D), key (B, S, G, D), value (B, S, G, E) -> (B, T, N, E).");
}

}  // namespace recurra::bindings
