"""Stores what Keras's TextVectorization makes of the cases in tests/support/text_cases.py.

python -m tests.reference.make_text_vectorization        (needs keras and tensorflow)
"""

import json
import os

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf

from tests.support.places import REFERENCE
from tests.support.text_cases import CASES, TEST, TRAIN

stored = {}
for name, options in CASES.items():
    layer = keras.layers.TextVectorization(**options)
    if "vocabulary" not in options:
        layer.adapt(tf.constant(TRAIN))
    stored[name] = {"output": layer(tf.constant(TEST)).numpy().tolist(), "vocabulary": layer.get_vocabulary()}
target = REFERENCE / "text_vectorization.json"
target.write_text(json.dumps({"keras": keras.__version__, "cases": stored}, indent=1) + "\n", encoding="utf-8")
