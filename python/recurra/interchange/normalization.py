"""torch.nn.LayerNorm and BatchNorm1d."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from recurra import layers
from recurra.checks import number
from recurra.interchange.kind import Kind, Settings, built, check_nothing_lost, of_rank, refused
from recurra.interchange.torch_module import Array

_DIGITS = 12  # of a share, 1 − momentum


class LayerNormKind(Kind):
    """LayerNorm, over any number of last axes."""

    name = "LayerNorm"
    defaults: ClassVar[Settings] = {"eps": 1e-5}
    sizes_told = ("normalized_shape", "elementwise_affine", "bias")

    def sizes(self, state: Mapping[str, Array]) -> dict[str, Any]:
        told: dict[str, Any] = {"elementwise_affine": bool(state), "bias": "bias" in state}
        return told | {"normalized_shape": state["weight"].shape} if state else told

    def shapes(self, settings: Settings) -> dict[str, tuple[int, ...]]:
        names = [*(["weight"] if settings["elementwise_affine"] else []), *(["bias"] if settings["bias"] else [])]
        shape: tuple[int, ...] = settings["normalized_shape"]
        return dict.fromkeys(names, shape)

    def layer(self, settings: Settings, state: Mapping[str, Array], dtype: str) -> layers.Layer:
        shape = settings["normalized_shape"]
        axes = list(range(-len(shape), 0))
        layer = layers.LayerNormalization(
            axes[0] if len(axes) == 1 else axes,
            settings["eps"],
            center=settings["bias"],
            scale=settings["elementwise_affine"],
            dtype=dtype,
        )
        layer.build((None, *shape))
        layer.input_spec = layers.InputSpec(min_ndim=len(shape) + 1, axes=dict(zip(axes, shape, strict=True)))
        layer.set_weights([state[name] for name in self.shapes(settings)])
        return layer

    def module(self, layer: Any, training: bool) -> tuple[dict[str, Any], dict[str, Array]] | None:
        if type(layer) is not layers.LayerNormalization:
            return None
        axes = [layer.axis] if isinstance(layer.axis, int) else sorted(layer.axis)
        if axes != list(range(-len(axes), 0)):
            raise refused(
                layer, f"axis={layer.axis} would be lost; torch normalises the last axes: name them -1, -2, …"
            )
        if layer.center and not layer.scale:
            raise refused(layer, "torch.nn.LayerNorm has no bias without a weight; scale=False would be lost")
        plain = layers.LayerNormalization(layer.axis, layer.epsilon, center=layer.center, scale=layer.scale)
        check_nothing_lost(layer, plain, self.name, training)
        shape = tuple(built(layer).input_spec.axes.values())
        settings = {"normalized_shape": shape, "elementwise_affine": layer.scale, "bias": layer.center}
        state = dict(zip(self.shapes(settings), layer.get_weights(), strict=True))
        return {**settings, "eps": layer.epsilon}, state


class BatchNorm1dKind(Kind):
    """torch's momentum is the share of the new, ours of the old; its moving variance is the unbiased one."""

    name = "BatchNorm1d"
    defaults: ClassVar[Settings] = {"eps": 1e-5, "momentum": 0.1}
    sizes_told = ("num_features", "affine")
    unknown_here: ClassVar[Settings] = {"track_running_stats": True}

    def sizes(self, state: Mapping[str, Array]) -> dict[str, Any]:
        return {"num_features": of_rank(state, "running_mean", 1)[0], "affine": "weight" in state or "bias" in state}

    def shapes(self, settings: Settings) -> dict[str, tuple[int, ...]]:
        names = [*(["weight", "bias"] if settings["affine"] else []), "running_mean", "running_var"]
        return dict.fromkeys(names, (settings["num_features"],))

    def layer(self, settings: Settings, state: Mapping[str, Array], dtype: str) -> layers.Layer:
        if settings["momentum"] is None:
            raise ValueError("momentum=None, the mean of all batches, would be lost; give momentum a number")
        momentum = number(settings["momentum"], self.name, "momentum", 0, 1)
        layer = layers.BatchNormalization(
            momentum=round(1 - momentum, _DIGITS),
            epsilon=settings["eps"],
            center=settings["affine"],
            scale=settings["affine"],
            dtype=dtype,
        )
        channels = settings["num_features"]
        layer.build((None, channels))
        layer.input_spec = layers.InputSpec(min_ndim=2, axes={-1: channels})
        layer.set_weights([state[name] for name in self.shapes(settings)])
        return layer

    def module(self, layer: Any, training: bool) -> tuple[dict[str, Any], dict[str, Array]] | None:
        if type(layer) is not layers.BatchNormalization:
            return None
        if layer.center is not layer.scale:
            raise refused(layer, "torch.nn.BatchNorm1d has both of gamma and beta or none")
        plain = layers.BatchNormalization(
            momentum=layer.momentum, epsilon=layer.epsilon, center=layer.center, scale=layer.scale
        )
        check_nothing_lost(layer, plain, self.name, training, free=("axis",))
        weights = built(layer).get_weights()
        settings = {"num_features": weights[-1].shape[0], "affine": layer.scale}
        state = dict(zip(self.shapes(settings), weights, strict=True))
        return {**settings, "eps": layer.epsilon, "momentum": round(1 - layer.momentum, _DIGITS)}, state
