"""Stores what Keras's TextVectorization makes of the cases in test_text_vectorization.py.

python tests/reference/make_text_vectorization.py        (needs keras and tensorflow)
"""

import json
import os
import sys
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
sys.path.insert(0, str(Path(__file__).parent.parent))

import keras
import tensorflow as tf

from text_cases import CASES, TEST, TRAIN

stored = {}
for name, options in CASES.items():
    layer = keras.layers.TextVectorization(**options)
    if "vocabulary" not in options:
        layer.adapt(tf.constant(TRAIN))
    stored[name] = {"output": layer(tf.constant(TEST)).numpy().tolist(), "vocabulary": layer.get_vocabulary()}
target = Path(__file__).with_name("text_vectorization.json")
target.write_text(json.dumps({"keras": keras.__version__, "cases": stored}, indent=1) + "\n", encoding="utf-8")
