"""What `gradient_flow` found: numbers by layer, as a table and as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recurra import plotting

#: A gate value below the first number counts as shut, above the second as open.
SHUT, OPEN = 0.1, 0.9


@dataclass(frozen=True, repr=False)
class LayerFlow:
    """What `gradient_flow` measured of one recurrent layer.

    States are "h", for an LSTM "h" and "c", for others "h", "state 2", … Arrays have one number for each time step of
    the input, the first step first. A layer that reads backwards ends at the first step: there its ∂h_T/∂h_t is 1.

    Attributes:
        name: Of the layer.
        backwards: Whether the layer reads the last step first.
        loss_gradient: ‖∂L/∂h_t‖ (T,) by state, over all sequences and units of the batch.
        jacobian: ‖∂h_T/∂h_t‖ (T,) by state: the largest singular value, as the mean over some sequences.
        saturation: By gate, the shares of its values that are below 0.1 and above 0.9.
        spectral_radius: By gate, the largest magnitude of an eigenvalue of the matrix from state to gate.

    Example:
        >>> model = recurra.Sequential([recurra.Input((None, 2)), recurra.layers.LSTM(3, name="lstm")])
        >>> model.compile("sgd", "mse")
        >>> report = recurra.diagnostics.gradient_flow(model, np.ones((4, 6, 2)), np.ones((4, 3)))
        >>> sorted(report["lstm"].jacobian), report["lstm"].jacobian["c"].shape
        (['c', 'h'], (6,))
    """

    name: str
    backwards: bool
    loss_gradient: Mapping[str, np.ndarray]
    jacobian: Mapping[str, np.ndarray]
    saturation: Mapping[str, tuple[float, float]]
    spectral_radius: Mapping[str, float]

    def __repr__(self) -> str:
        steps = len(next(iter(self.loss_gradient.values()), ()))
        return f"<LayerFlow {self.name}, states {', '.join(self.loss_gradient)}, {steps} steps>"

    def factor(self, state: str | None = None) -> float:
        """Geometric mean of the factor that ‖∂h_T/∂h_t‖ changes by with each step back.

        Args:
            state: Name of the state; default None, the first one.

        Returns:
            The factor; NaN for a sequence of one step.
        """
        curve = self.jacobian[state or next(iter(self.jacobian))]
        curve = curve[::-1] if self.backwards else curve
        if len(curve) < 2 or not curve[-1]:
            return float("nan")
        return float((curve[0] / curve[-1]) ** (1 / (len(curve) - 1)))

    def as_dict(self) -> dict[str, Any]:
        """All fields as plain values and arrays."""
        mappings = {name: dict(getattr(self, name)) for name in _MAPPINGS}
        return {"name": self.name, "backwards": self.backwards, **mappings}


_MAPPINGS = ("loss_gradient", "jacobian", "saturation", "spectral_radius")


@dataclass(frozen=True, repr=False)
class FlowReport:
    """What `gradient_flow` measured of all recurrent layers of a model; `print` shows a table, `plot` draws it.

    Attributes:
        loss: Of the batch.
        layers: A `LayerFlow` for each recurrent layer.

    Example:
        >>> model = recurra.Sequential([recurra.Input((None, 2)), recurra.layers.LSTM(3, name="lstm")])
        >>> model.compile("sgd", "mse")
        >>> report = recurra.diagnostics.gradient_flow(model, np.ones((4, 6, 2)), np.ones((4, 3)))
        >>> [layer.name for layer in report.layers]
        ['lstm']
        >>> print(report)  # doctest: +ELLIPSIS
        loss ...
    """

    loss: float
    layers: tuple[LayerFlow, ...]

    def __getitem__(self, name: str) -> LayerFlow:
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(f"there is no layer '{name}'; it has {', '.join(layer.name for layer in self.layers)}")

    def __repr__(self) -> str:
        return f"<FlowReport loss={self.loss:.4g}, layers {', '.join(layer.name for layer in self.layers)}>"

    def __str__(self) -> str:
        lines = [f"loss {self.loss:.4g}"]
        width = max(len(layer.name) for layer in self.layers) + 8
        lines.append(f"{'layer, state':<{width}}{'|dL/dh| first':>14}{'last step':>11}{'|dh_T/dh_1|':>13}{'a step':>8}")
        for layer in self.layers:
            for state, curve in layer.loss_gradient.items():
                far = layer.jacobian[state][-1 if layer.backwards else 0]
                lines.append(
                    f"{f'{layer.name}, {state}':<{width}}{curve[0]:>14.2e}{curve[-1]:>11.2e}{far:>13.2e}"
                    f"{layer.factor(state):>8.3f}"
                )
        for layer in self.layers:
            radii = ", ".join(f"{gate} {radius:.3f}" for gate, radius in layer.spectral_radius.items())
            if radii:
                lines.append(f"{layer.name}: spectral radius {radii}")
            gates = ", ".join(f"{gate} {low:.0%} and {high:.0%}" for gate, (low, high) in layer.saturation.items())
            if gates:
                lines.append(f"{layer.name}: gates below {SHUT} and above {OPEN}: {gates}")
        return "\n".join(lines)

    def plot(self, path: str | Path | None = None, title: str = "Gradient flow") -> Any:
        """Draw both norms over time, on logarithmic axes, and the saturation of the gates where there are any.

        Args:
            path: Where to write the picture (.png, .pdf, .svg); default None, which writes none.
            title: Above the axes; default "Gradient flow".

        Returns:
            The figure of matplotlib.

        Raises:
            ImportError: matplotlib is not installed.
        """
        gates = [(layer, gate) for layer in self.layers for gate in layer.saturation]
        figure, axes = plotting.new_figure(3 if gates else 2, height=3.0)
        for layer in self.layers:
            radius = f", spectral radius {max(layer.spectral_radius.values()):.2f}" if layer.spectral_radius else ""
            for state, curve in layer.loss_gradient.items():
                time = np.arange(1, len(curve) + 1)
                first = state == next(iter(layer.loss_gradient))
                label = f"{layer.name}, {state}{radius if first else ''}"
                style = {"linestyle": "-" if first else "--"}
                (line,) = axes[0].plot(time, _positive(curve), label=label, **style)
                axes[1].plot(time, _positive(layer.jacobian[state]), color=line.get_color(), **style)
        for axis, words in zip(axes, ("‖∂L/∂h_t‖", "‖∂h_T/∂h_t‖"), strict=False):
            axis.set_yscale("log")
            axis.set(xlabel="t", ylabel=words)
        axes[0].set_title(title)
        axes[0].legend(frameon=False, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
        if gates:
            shares = np.array([layer.saturation[gate] for layer, gate in gates])
            places = np.arange(len(gates))
            axes[2].bar(places - 0.2, shares[:, 0], 0.4, color=plotting.MUTED, label=f"below {SHUT}")
            axes[2].bar(places + 0.2, shares[:, 1], 0.4, color=plotting.MODEL, label=f"above {OPEN}")
            names = [f"{layer.name}, {gate}" for layer, gate in gates]
            axes[2].set_xticks(places, names, fontsize="small", rotation=30, ha="right")
            axes[2].set(ylabel="share of gate values", ylim=(0, 1))
            axes[2].legend(frameon=False, ncols=2)
        if path is not None:
            plotting.save(figure, path)
        return figure

    def as_dict(self) -> dict[str, Any]:
        """All numbers as plain values and arrays, for `from_dict`."""
        return {"loss": self.loss, "layers": [layer.as_dict() for layer in self.layers]}

    @classmethod
    def from_dict(cls, state: Mapping[str, Any]) -> FlowReport:
        """The report that `as_dict` gave."""
        return cls(float(state["loss"]), tuple(LayerFlow(**layer) for layer in state["layers"]))


def _positive(curve: np.ndarray) -> np.ndarray:
    """The curve for a logarithmic axis, which has no place for zero."""
    return np.where(curve > 0, curve, np.nan)
