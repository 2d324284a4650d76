"""torch.nn.Linear, Embedding and Conv1d."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from recurra import activations, layers
from recurra.checks import whole_number
from recurra.interchange.kind import Kind, Settings, built, check_nothing_lost, of_rank, refused
from recurra.interchange.torch_module import Array
from recurra.models import Sequential


def _refuse_activation(layer: Any, kind: str) -> None:
    if layer.activation is not activations.linear:
        raise refused(layer, f"its activation would be lost in torch.nn.{kind}; put it into a layer of its own")


class LinearKind(Kind):
    """Linear, a Dense without an activation."""

    name = "Linear"
    sizes_told = ("in_features", "out_features", "bias")

    def sizes(self, state: Mapping[str, Array]) -> dict[str, Any]:
        outputs, inputs = of_rank(state, "weight", 2)
        return {"in_features": inputs, "out_features": outputs, "bias": "bias" in state}

    def shapes(self, settings: Settings) -> dict[str, tuple[int, ...]]:
        outputs = settings["out_features"]
        found: dict[str, tuple[int, ...]] = {"weight": (outputs, settings["in_features"])}
        return found | {"bias": (outputs,)} if settings["bias"] else found

    def layer(self, settings: Settings, state: Mapping[str, Array], dtype: str) -> layers.Layer:
        layer = layers.Dense(settings["out_features"], use_bias=settings["bias"], dtype=dtype)
        layer.build((None, settings["in_features"]))
        layer.set_weights([state["weight"].T, *([state["bias"]] if settings["bias"] else [])])
        return layer

    def module(self, layer: Any, training: bool) -> tuple[dict[str, Any], dict[str, Array]] | None:
        if type(layer) is not layers.Dense:
            return None
        _refuse_activation(layer, self.name)
        check_nothing_lost(layer, layers.Dense(layer.units, use_bias=layer.use_bias), self.name, training)
        state = {"weight": built(layer).kernel.numpy().T}
        if layer.bias is not None:
            state["bias"] = layer.bias.numpy()
        return self.sizes(state), state


class EmbeddingKind(Kind):
    """Embedding, without a bound of its vectors."""

    name = "Embedding"
    sizes_told = ("num_embeddings", "embedding_dim")
    in_training: ClassVar[Settings] = {"padding_idx": None, "scale_grad_by_freq": False, "sparse": False}
    unknown_here: ClassVar[Settings] = {"max_norm": None}

    def sizes(self, state: Mapping[str, Array]) -> dict[str, Any]:
        return dict(zip(self.sizes_told, of_rank(state, "weight", 2), strict=True))

    def shapes(self, settings: Settings) -> dict[str, tuple[int, ...]]:
        return {"weight": (settings["num_embeddings"], settings["embedding_dim"])}

    def layer(self, settings: Settings, state: Mapping[str, Array], dtype: str) -> layers.Layer:
        layer = layers.Embedding(settings["num_embeddings"], settings["embedding_dim"], dtype=dtype)
        layer.build((None, None))
        layer.set_weights([state["weight"]])
        return layer

    def module(self, layer: Any, training: bool) -> tuple[dict[str, Any], dict[str, Array]] | None:
        if type(layer) is not layers.Embedding:
            return None
        check_nothing_lost(layer, layers.Embedding(layer.input_dim, layer.output_dim), self.name, training)
        state = {"weight": built(layer).embeddings.numpy()}
        return self.sizes(state), state


class Conv1dKind(Kind):
    """Steps of zeros on both sides, of any number, are a ZeroPadding1D in front of the convolution."""

    name = "Conv1d"
    defaults: ClassVar[Settings] = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
    sizes_told = ("in_channels", "out_channels", "kernel_size", "bias")
    unknown_here: ClassVar[Settings] = {"padding_mode": "zeros"}

    def sizes(self, state: Mapping[str, Array]) -> dict[str, Any]:
        outputs, per_group, width = of_rank(state, "weight", 3)
        found = {"per_group": per_group, "out_channels": outputs, "kernel_size": width}
        return {**found, "bias": "bias" in state}

    def shapes(self, settings: Settings) -> dict[str, tuple[int, ...]]:
        outputs = settings["out_channels"]
        found: dict[str, tuple[int, ...]] = {"weight": (outputs, settings["per_group"], settings["kernel_size"])}
        return found | {"bias": (outputs,)} if settings["bias"] else found

    def layer(self, settings: Settings, state: Mapping[str, Array], dtype: str) -> layers.Layer:
        padding, groups = settings["padding"], whole_number(settings["groups"], self.name, "groups")
        channels = settings["per_group"] * groups
        if settings.get("in_channels", channels) != channels:
            raise ValueError(
                f"in_channels={settings['in_channels']} contradicts weight {state['weight'].shape} with groups={groups}"
            )
        named = isinstance(padding, str)
        if padding == "same" and settings["stride"] != 1:
            raise ValueError("padding='same' needs stride=1")
        layer = layers.Conv1D(
            settings["out_channels"],
            settings["kernel_size"],
            strides=settings["stride"],
            padding=padding if named else "valid",
            dilation_rate=settings["dilation"],
            groups=groups,
            use_bias=settings["bias"],
            dtype=dtype,
        )
        layer.build((None, None, channels))
        layer.set_weights([state["weight"].transpose(2, 1, 0), *([state["bias"]] if settings["bias"] else [])])
        if named or padding == 0:
            return layer
        around = layers.ZeroPadding1D(padding, dtype=dtype)
        return Sequential([layers.Input((None, channels), dtype=dtype), around, layer])

    def module(self, layer: Any, training: bool) -> tuple[dict[str, Any], dict[str, Array]] | None:
        chain: list[Any] = list(layer.layers) if isinstance(layer, Sequential) else [layer]
        *front, layer = chain or [layer]
        if type(layer) is not layers.Conv1D or any(type(one) is not layers.ZeroPadding1D for one in front):
            return None
        _refuse_activation(layer, self.name)
        before, after = np.sum([one.padding for one in front], axis=0) if front else (0, 0)
        if before != after or (front and layer.padding != "valid"):
            raise refused(layer, "torch.nn.Conv1d pads both sides alike and once; the padding in front would be lost")
        if layer.padding == "causal":
            raise refused(layer, "padding='causal' would be lost; torch.nn.Conv1d pads both sides")
        stride, dilation = layer.strides[0], layer.dilation_rate[0]
        if layer.padding == "same" and stride > 1:
            raise refused(layer, f"padding='same' with strides={stride} would be lost; torch needs stride 1")
        plain = layers.Conv1D(
            layer.filters,
            layer.kernel_size,
            strides=stride,
            padding=layer.padding,
            dilation_rate=dilation,
            groups=layer.groups,
            use_bias=layer.use_bias,
        )
        check_nothing_lost(layer, plain, self.name, training)
        state = {"weight": built(layer).kernel.numpy().transpose(2, 1, 0)}
        if layer.bias is not None:
            state["bias"] = layer.bias.numpy()
        told = self.sizes(state)
        settings: dict[str, Any] = {"in_channels": told.pop("per_group") * layer.groups, **told, "stride": stride}
        settings |= {"padding": "same" if layer.padding == "same" else int(before)}
        return {**settings, "dilation": dilation, "groups": layer.groups}, state
