"""Makes keras_files/ and keras_files.npz: models that Keras wrote, and what it predicts with them.

Run with an interpreter that has keras, h5py and torch:  python -m tests.reference.make_keras_files

The archives are packed again with compression; what is in them is as Keras wrote it.
"""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import tempfile
import zipfile
from pathlib import Path

import keras
import torch

from tests.support import packing
from tests.support.keras_file_models import MODELS, fill, inputs, outputs, started, train_on
from tests.support.places import REFERENCE

FOLDER = REFERENCE / "keras_files"


def pack(source: Path, target: Path) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(zipfile.ZipInfo(name), old.read(name), zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    groups = {}
    for name, make in {**MODELS, "started": started}.items():
        keras.utils.clear_session()
        keras.utils.set_random_seed(1)
        model = make(keras)
        fill(model)
        x = inputs(model)
        groups[name] = outputs(model, x)
        with tempfile.TemporaryDirectory() as folder:
            model.save(Path(folder, "model.keras"))
            pack(Path(folder, "model.keras"), FOLDER / f"{name}.keras")
        if name == "trained":
            groups["trained on"] = outputs(train_on(model), x)
    keras.utils.clear_session()
    model = MODELS["trained"](keras)
    fill(model)
    model.save_weights(FOLDER / "trained.weights.h5")
    packing.write(REFERENCE / "keras_files.npz", groups, {"keras": keras.__version__, "torch": torch.__version__})
