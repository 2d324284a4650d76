"""torch.nn.MultiheadAttention: its heads lie side by side in square matrices, ours have an axis of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from recurra import layers
from recurra.checks import whole_number
from recurra.interchange.kind import Kind, Settings, built, check_nothing_lost, of_rank, refused
from recurra.interchange.torch_module import Array

_ROLES = ("q", "k", "v")


class MultiheadAttentionKind(Kind):
    """MultiheadAttention, with one matrix for queries, keys and values or with three."""

    name = "MultiheadAttention"
    defaults: ClassVar[Settings] = {"num_heads": None, "dropout": 0.0, "batch_first": False}
    sizes_told = ("embed_dim", "kdim", "vdim", "bias")
    unknown_here: ClassVar[Settings] = {"bias_k": None, "bias_v": None, "add_bias_kv": False, "add_zero_attn": False}

    def sizes(self, state: Mapping[str, Array]) -> dict[str, Any]:
        size = of_rank(state, "out_proj.weight", 2)[0]
        apart = "in_proj_weight" not in state and "q_proj_weight" in state
        kdim, vdim = (of_rank(state, f"{role}_proj_weight", 2)[1] if apart else size for role in "kv")
        return {"embed_dim": size, "kdim": kdim, "vdim": vdim, "bias": "in_proj_bias" in state, "apart": apart}

    def shapes(self, settings: Settings) -> dict[str, tuple[int, ...]]:
        size = settings["embed_dim"]
        found: dict[str, tuple[int, ...]] = {"in_proj_weight": (3 * size, size)}
        if settings["apart"]:
            inputs = (size, settings["kdim"], settings["vdim"])
            found = {f"{role}_proj_weight": (size, extent) for role, extent in zip(_ROLES, inputs, strict=True)}
        biases: dict[str, tuple[int, ...]] = {"in_proj_bias": (3 * size,), "out_proj.bias": (size,)}
        return found | {"out_proj.weight": (size, size)} | (biases if settings["bias"] else {})

    def layer(self, settings: Settings, state: Mapping[str, Array], dtype: str) -> layers.Layer:
        size, heads = settings["embed_dim"], settings["num_heads"]
        if heads is None:
            raise ValueError("the weights do not tell the number of heads; give num_heads")
        if size % whole_number(heads, self.name, "num_heads"):
            raise ValueError(f"num_heads must divide embed_dim={size}, got {heads}")
        layer = layers.MultiHeadAttention(
            heads, size // heads, dropout=settings["dropout"], use_bias=settings["bias"], dtype=dtype
        )
        layer.build((None, None, size), (None, None, settings["vdim"]), (None, None, settings["kdim"]))
        if settings["apart"]:
            matrices = [state[f"{role}_proj_weight"] for role in _ROLES]
        else:
            matrices = np.split(state["in_proj_weight"], 3)
        weights = [matrix.T.reshape(-1, heads, size // heads) for matrix in matrices]
        weights.append(state["out_proj.weight"].T.reshape(heads, size // heads, size))
        if settings["bias"]:
            biases = [bias.reshape(heads, -1) for bias in np.split(state["in_proj_bias"], 3)]
            biases.append(state["out_proj.bias"])
            weights = [one for pair in zip(weights, biases, strict=True) for one in pair]
        layer.set_weights(weights)
        return layer

    def module(self, layer: Any, training: bool) -> tuple[dict[str, Any], dict[str, Array]] | None:
        if type(layer) is not layers.MultiHeadAttention:
            return None
        weights = built(layer).get_weights()
        step = 2 if layer.use_bias else 1
        query, key, value, output = weights[::step][:4]
        size, heads = query.shape[0], layer.num_heads
        if heads * layer.key_dim != size or layer.value_dim != layer.key_dim or output.shape[2:] != (size,):
            raise refused(
                layer, f"heads of another size than features / heads, {size} / {heads}, would be lost in torch"
            )
        plain = layers.MultiHeadAttention(heads, layer.key_dim, dropout=layer.dropout, use_bias=layer.use_bias)
        check_nothing_lost(layer, plain, self.name, training, free=("output_shape",))
        matrices = [one.reshape(-1, size).T for one in (query, key, value)]
        apart = any(matrix.shape != (size, size) for matrix in matrices)
        state = {f"{role}_proj_weight": one for role, one in zip(_ROLES, matrices, strict=True)}
        if not apart:
            state = {"in_proj_weight": np.concatenate(matrices)}
        if layer.use_bias:
            state["in_proj_bias"] = np.concatenate([one.ravel() for one in weights[1:6:2]])
        state["out_proj.weight"] = output.reshape(size, size).T
        if layer.use_bias:
            state["out_proj.bias"] = weights[7]
        settings = self.sizes(state)
        del settings["apart"]
        dropout = layer.dropout if training else 0.0
        return {**settings, "num_heads": heads, "dropout": dropout, "batch_first": True}, state
