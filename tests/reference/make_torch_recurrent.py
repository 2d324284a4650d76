"""Makes torch_recurrent.npz: what torch.nn.RNN, LSTM and GRU compute for the rows of cases.py that torch can express.

Run with an interpreter that has torch:  python -m tests.reference.make_torch_recurrent

Weights are the rows' own, in Keras's layout, turned into torch's here; gradients are turned back before they are
stored. torch's gate order is i, f, g, o (LSTM) and r, z, n (GRU); its matrices are transposed and it has two biases.
"""

from __future__ import annotations

import numpy as np
import torch

from tests.support import packing
from tests.support.cases import BIDIRECTIONAL, SINGLE, STACKED, Case
from tests.support.places import REFERENCE

Array = np.ndarray


def expressible(case: Case) -> bool:
    arguments = dict(case.arguments)
    merged = case.wrapper is not None and case.wrapper["merge_mode"] != "concat"
    zeros_for_padding = case.wrapper is not None or arguments.pop("zero_output_for_mask", False)
    activation = arguments.pop("activation", "tanh")
    for name in ("return_sequences", "return_state", "use_bias"):
        arguments.pop(name, None)
    known = ("tanh", "relu") if case.layer == "SimpleRNN" else ("tanh",)
    padded = case.mask == "post" and bool(case.arguments.get("return_sequences")) and zeros_for_padding
    return not arguments and not merged and activation in known and (case.mask is None or padded)


def swap_update_and_reset(matrix: Array) -> Array:
    z, r, h = np.split(matrix, 3, axis=-1)
    return np.concatenate([r, z, h], axis=-1)


def to_torch(case: Case, weights: list[Array]) -> list[Array]:
    """Keras [kernel, recurrent kernel, bias?] to torch [weight_ih, weight_hh, bias_ih, bias_hh]."""
    if case.layer == "GRU":
        weights = [swap_update_and_reset(w) for w in weights]
    kernel, recurrent, *bias = weights
    if not bias:
        return [kernel.T, recurrent.T]
    if case.layer == "GRU":
        return [kernel.T, recurrent.T, bias[0][0], bias[0][1]]
    part = case.random("bias").standard_normal(bias[0].shape).astype(np.float32)
    return [kernel.T, recurrent.T, part, bias[0] - part]


def from_torch(case: Case, gradients: list[Array]) -> list[Array]:
    kernel, recurrent, *bias = gradients
    own = [kernel.T, recurrent.T]
    if bias:
        own.append(np.stack(bias) if case.layer == "GRU" else bias[0])
    return [swap_update_and_reset(g) for g in own] if case.layer == "GRU" else own


def values(case: Case) -> dict[str, Array]:
    options = {"nonlinearity": case.arguments.get("activation", "tanh")} if case.layer == "SimpleRNN" else {}
    module = {"SimpleRNN": torch.nn.RNN, "LSTM": torch.nn.LSTM, "GRU": torch.nn.GRU}[case.layer](
        case.shape[2],
        case.units,
        num_layers=case.depth,
        batch_first=True,
        bias=case.arguments.get("use_bias", True),
        bidirectional=case.wrapper is not None,
        **options,
    )
    weights = case.weights(np.float32)
    groups = case.depth * (2 if case.wrapper else 1)
    each = len(weights) // groups
    parameters = list(module.parameters())
    own = [w for at in range(0, len(weights), each) for w in to_torch(case, weights[at : at + each])]
    with torch.no_grad():
        for parameter, value in zip(parameters, own, strict=True):
            parameter.copy_(torch.tensor(value))

    stored: dict[str, Array] = {"x": case.input(np.float32)}
    stored |= {f"weight{i}": w for i, w in enumerate(weights)}
    x = torch.tensor(stored["x"], requires_grad=True)
    states = [torch.tensor(s, requires_grad=True) for s in case.states(np.float32) or []]
    stored |= {f"state{i}": s.detach().numpy() for i, s in enumerate(states)}
    mask = case.mask_array()
    sequence = x
    if mask is not None:
        stored["mask"] = mask
        sequence = torch.nn.utils.rnn.pack_padded_sequence(
            x, torch.tensor(mask.sum(axis=1)), batch_first=True, enforce_sorted=False
        )
    kinds = 2 if case.layer == "LSTM" else 1
    start = [torch.stack(states[kind::kinds]) for kind in range(kinds)] if states else None
    output, final = module(sequence, None if start is None else start[0] if kinds == 1 else tuple(start))
    if mask is not None:
        output, _ = torch.nn.utils.rnn.pad_packed_sequence(output, batch_first=True, total_length=case.shape[1])
    finals = list(final) if kinds == 2 else [final]
    if not case.arguments.get("return_sequences"):
        output = finals[0][-1] if case.wrapper is None else torch.cat(list(finals[0]), dim=1)
    outputs = [output]
    if case.arguments.get("return_state"):
        outputs += [finals[kind][group] for group in range(groups) for kind in range(kinds)]

    random = case.random("cotangents")
    cotangents = [random.standard_normal(tuple(o.shape)).astype(np.float32) for o in outputs]
    loss = sum((o * torch.tensor(c)).sum() for o, c in zip(outputs, cotangents, strict=True))
    wanted = [x, *states, *parameters]
    gradients = [g.numpy() for g in torch.autograd.grad(loss, wanted)]
    inputs, theirs = gradients[: 1 + len(states)], gradients[1 + len(states) :]
    each = len(theirs) // groups
    inputs += [g for at in range(0, len(theirs), each) for g in from_torch(case, theirs[at : at + each])]
    stored |= {f"output{i}": o.detach().numpy() for i, o in enumerate(outputs)}
    stored |= {f"cotangent{i}": c for i, c in enumerate(cotangents)}
    return stored | {f"gradient{i}": g for i, g in enumerate(inputs)}


def main() -> None:
    groups = {case.name: values(case) for case in SINGLE + BIDIRECTIONAL + STACKED if expressible(case)}
    packing.write(REFERENCE / "torch_recurrent.npz", groups, {"torch": torch.__version__})


if __name__ == "__main__":
    main()
