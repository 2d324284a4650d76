"""Files written by earlier versions are read by this one: same classes, same figures, training goes on."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from recurra import callbacks, saving, streaming
from tests.reference.make_stored_models import FOLDER, MODELS, backup_of_a_training, inputs, predictions

FILES = sorted(FOLDER.glob("*.safetensors"))


def test_there_is_a_file_of_every_kind():
    assert {path.stem.rpartition("-")[0] for path in FILES} == set(MODELS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_stored_model_says_what_it_said(path):
    model = saving.load_model(path)
    name = path.stem.rpartition("-")[0]
    assert model.name == name
    assert saving.load_metadata(path) == {"name": name}
    with np.load(path.with_suffix(".npz")) as expected:
        found = predictions(model)
        assert len(found) == len(expected.files)
        for one, stored in zip(found, expected.files, strict=True):
            # Another processor may round other sums: float32 has 24 bits, the longest sums some dozen terms.
            np.testing.assert_allclose(one, expected[stored], rtol=2e-6, atol=2e-6)
    target = MODELS[name]()
    target.load_weights(path)
    for one, other in zip(model.get_weights(), target.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_stored_model_goes_on_training():
    model = saving.load_model(FOLDER / "trained-v1.safetensors")
    assert model.compiled
    assert model.optimizer.iterations == 2
    assert not model.layers[0].trainable
    frozen = model.layers[0].get_weights()
    first = model.fit(inputs(model)[0], np.ones((4, 2), "f"), epochs=2, verbose=0).history["loss"]
    assert np.isfinite(first).all()
    for one, other in zip(frozen, model.layers[0].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_stored_chain_is_streamed():
    path = FOLDER / "chain-v1.safetensors"
    model = saving.load_model(path)
    (tokens,) = inputs(model)
    stream = streaming.load_stream(path, batch_size=4)
    last = [stream.step(tokens[:, t]) for t in range(tokens.shape[1])][-1]
    np.testing.assert_array_equal(last, model.predict(tokens, verbose=0))


def test_a_stored_backup_is_taken_up(tmp_path):
    shutil.copytree(FOLDER / "backup-v1", tmp_path / "backup")
    losses = backup_of_a_training(callbacks.BackupAndRestore(tmp_path / "backup"), epochs=4)
    whole = backup_of_a_training(callbacks.BackupAndRestore(tmp_path / "other"), epochs=4)
    np.testing.assert_allclose(losses, whole, rtol=1e-5)
