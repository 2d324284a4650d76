"""Makes keras_attention.npz: what Keras 3 computes for the rows of attention_cases.py.

Run with an interpreter that has keras:  python -m tests.reference.make_keras_attention

For every row the output, and the weights where they are asked for.
"""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np

from tests.support import packing
from tests.support.attention_cases import CASES, AttentionCase
from tests.support.places import REFERENCE


def values(case: AttentionCase) -> dict[str, np.ndarray]:
    name = {"GroupedQueryAttention": "GroupQueryAttention"}.get(case.layer, case.layer)
    layer = getattr(keras.layers, name)(**case.arguments)
    inputs = case.inputs()
    case.call(layer, inputs)
    layer.set_weights(case.weights([tuple(weight.shape) for weight in layer.weights]))
    found = case.call(layer, inputs)
    parts = found if isinstance(found, tuple) else (found,)
    return dict(zip(("output", "scores"), map(np.asarray, parts), strict=False))


def main() -> None:
    packing.write(
        REFERENCE / "keras_attention.npz", {case.name: values(case) for case in CASES}, {"keras": keras.__version__}
    )


if __name__ == "__main__":
    main()
