"""Makes torch_modules.npz: weights, inputs and outputs of the modules of torch_cases.py.

Run with an interpreter that has torch:  python -m tests.reference.make_torch_modules
"""

from __future__ import annotations

import numpy as np
import torch

from tests.support import packing
from tests.support.places import REFERENCE
from tests.support.torch_cases import CASES, TorchCase


def values(case: TorchCase) -> dict[str, np.ndarray]:
    module = getattr(torch.nn, case.kind)(**case.arguments).eval()
    if case.kind == "BatchNorm1d":
        module.running_mean.uniform_(-1, 1)
        module.running_var.uniform_(0.5, 2)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))  # biases and gains that are all alike hide mistakes
    if case.kind == "Embedding":
        inputs = [torch.randint(case.arguments["num_embeddings"], case.shapes[0])]
    else:
        inputs = [torch.randn(shape) for shape in case.shapes]
    with torch.no_grad():
        output = module(*inputs)
    output = output[0] if isinstance(output, tuple) else output
    state = {name: value for name, value in module.state_dict().items() if name != "num_batches_tracked"}
    stored = {f"input{i}": x.numpy() for i, x in enumerate(inputs)} | {"output": output.numpy()}
    return stored | {f"weight:{name}": value.numpy() for name, value in state.items()}


def main() -> None:
    torch.manual_seed(0)
    groups = {case.name: values(case) for case in CASES}
    packing.write(REFERENCE / "torch_modules.npz", groups, {"torch": torch.__version__})


if __name__ == "__main__":
    main()
