"""`recurra explain-gradients`: why plain recurrent networks forget and gated ones need not."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from recurra.cli.runs import check_plot, plot_if_possible, printer

if TYPE_CHECKING:
    import numpy as np

LENGTHS = (3, 5, 10, 15, 20, 30, 50)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    add = parser.add_argument
    add("--steps", type=int, default=100, metavar="T", help="steps the gradient goes back (default %(default)s)")
    add("--units", type=int, default=32, help="units of the networks it goes through (default %(default)s)")
    add("--lengths", type=int, nargs="+", default=list(LENGTHS), metavar="T",
        help="lengths of the latching task (default %(default)s)")  # fmt: skip
    add(
        "--seeds", type=int, default=10, metavar="N", help="trainings for each network and length (default %(default)s)"
    )
    add("--updates", type=int, default=400, help="steps of a training (default %(default)s)")
    add("--quick", action="store_true", help="few seeds and lengths: some seconds, coarse figures")
    add("--plot", metavar="FILE", help="the picture; '' for none (default gradients.png)")
    add("--json", action="store_true", help="print the figures as JSON on stdout, everything else on stderr")


def run(options: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    from recurra.diagnostics import latching

    lengths = [5, 20] if options.quick else sorted(options.lengths)
    seeds = 2 if options.quick else options.seeds
    given = {"--steps": options.steps, "--units": options.units, "--seeds": seeds, "--updates": options.updates,
             "--lengths": lengths[0]}  # fmt: skip
    for name, value in given.items():
        least = {"--steps": 2, "--lengths": latching.SHOWN}.get(name, 1)
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
    if options.plot is None:
        options.plot = plot_if_possible("gradients.png")
    check_plot(options.plot)
    say = printer(options.json)
    curves = {
        key: latching.gradient_over_time(network, options.steps, options.units)
        for key, network in latching.NETWORKS.items()
    }
    _show_curves(curves, options.steps, options.units, say)
    say(f"\nLearning to latch one bit for T steps: share of {seeds} trainings by SGD, {options.updates} updates each, "
        f"that end\nwith at least {latching.LEARNED:.0%} right (U = 8; {latching.SHOWN} steps show the class, "
        "then comes noise)\n")  # fmt: skip
    say(f"{'':<24}" + "".join(f"{f'T={steps}':>7}" for steps in lengths))
    shares: dict[str, list[float]] = {}
    for key, network in latching.NETWORKS.items():
        say(f"{network.name:<24}", end="")
        shares[key] = []
        for steps in lengths:
            shares[key].append(latching.success(network, steps, range(seeds), updates=options.updates))
            say(f"{shares[key][-1]:>7.0%}", end="")
        say()
    say()
    for key, network in latching.NETWORKS.items():
        say(_verdict(network.name, lengths, shares[key]))
    if options.plot:
        say(f"\nplot: {_draw(curves, lengths, shares, options.plot)}")
    if options.json:
        figures = {key: curve.tolist() for key, curve in curves.items()}
        print(json.dumps({"gradient": figures, "lengths": lengths, "success": shares, "seeds": seeds}, indent=2))
    return 0


def _show_curves(curves: Mapping[str, np.ndarray], steps: int, units: int, say: Any) -> None:
    from recurra.diagnostics import latching

    back = sorted({distance for distance in (1, 10, 20, 50, steps - 1) if distance < steps})
    say(f"Gradient over time in networks of {units} units before training: the norm of ∂h_T/∂h_t (LSTM: ∂c_T/∂c_t)\n")
    say(f"{'steps back':<24}" + "".join(f"{distance:>10}" for distance in back) + f"{'a step':>10}")
    for key, curve in curves.items():
        factor = (curve[0] / curve[-1]) ** (1 / (steps - 1))
        norms = "".join(f"{curve[-1 - distance]:>10.1e}" for distance in back)
        say(f"{latching.NETWORKS[key].name:<24}{norms}{factor:>10.3f}")


def _verdict(name: str, lengths: list[int], shares: list[float]) -> str:
    lost = next((steps for steps, share in zip(lengths, shares, strict=True) if share < 0.5), None)
    if lost is None:
        return f"{name}: learned by most at every length, up to T = {lengths[-1]}"
    return f"{name}: learned by fewer than half from T = {lost} on, by {shares[-1]:.0%} at T = {lengths[-1]}"


def _draw(curves: Mapping[str, np.ndarray], lengths: list[int], shares: Mapping[str, list[float]], path: str) -> str:
    from recurra import plotting
    from recurra.diagnostics import latching

    figure, (over_time, learned) = plotting.new_figure(2)
    for key, curve in curves.items():
        style = {"linestyle": "-" if key in ("small", "orthogonal", "large") else "--"}
        label = latching.NETWORKS[key].name
        (line,) = over_time.plot(range(len(curve)), curve[::-1], label=label, **style)
        learned.plot(lengths, shares[key], "o", markersize=4, color=line.get_color(), label=label, **style)
    over_time.set_yscale("log")
    over_time.set_ylim(bottom=1e-20)  # what is smaller is gone, and would leave no room for the rest
    over_time.set(title="The gradient on its way back", xlabel="steps back, T − t", ylabel="‖∂h_T/∂h_t‖")
    over_time.legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    learned.set(title="Latching one bit", xlabel="T", ylabel="share of trainings that learn it", ylim=(-0.03, 1.03))
    return str(plotting.save(figure, path))
