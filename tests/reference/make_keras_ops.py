"""Makes keras_ops.npz: what functions of keras.ops compute for the rows of neural_op_cases.py.

Run with an interpreter that has keras and tensorflow:  python -m tests.reference.make_keras_ops

For every row: the result, and the gradients of sum(result * cotangents) with respect to every tensor.
"""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

from tests.support import packing
from tests.support.neural_op_cases import CASES, OpCase
from tests.support.places import REFERENCE


def values(case: OpCase) -> dict[str, np.ndarray]:
    tensors = [tf.constant(x) for x in case.tensors()]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        result = case.call(keras.ops, tensors)
        total = tf.reduce_sum(result * case.cotangents(tuple(result.shape)))
    gradients = tape.gradient(total, tensors)
    return {"result": result.numpy(), **{f"gradient{i}": g.numpy() for i, g in enumerate(gradients)}}


if __name__ == "__main__":
    groups = {case.name: values(case) for case in CASES}
    packing.write(REFERENCE / "keras_ops.npz", groups, {"keras": keras.__version__, "tensorflow": tf.__version__})
