"""Model files: bit-equal round trips; every damaged or foreign file is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

import recurra
from recurra import Input, Model, Sequential, ops, random, safetensors, saving
from recurra.layers import Dense, Dropout, Layer
from tests.support.small_models import TwoHeads, diamond, same


def array(*shape):
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def small():
    return Sequential([Input((3,)), Dense(4, "relu"), Dropout(0.5), Dense(2)], name="small")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def rewritten(path: Path, **changes) -> None:
    """Writes the file again with other words in its metadata and a checksum that fits."""
    arrays, words = safetensors.read(path)
    words.pop("checksum")
    words = {key: value for key, value in {**words, **changes}.items() if value is not None}
    safetensors.write(path, arrays, {**words, "checksum": safetensors.checksum(arrays, words)})


# ---- round trips


@pytest.mark.parametrize("make", [small, diamond, lambda: TwoHeads(4)], ids=["sequential", "functional", "subclass"])
def test_round_trip_is_bit_equal(make, path):
    model, x = make(), array(5, 3)
    before = recurra.tree.flatten(model(x))
    model.save(path)
    loaded = saving.load_model(path)
    assert type(loaded) is type(model)
    assert loaded.name == model.name
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert one.tobytes() == other.tobytes()
    for one, other in zip(before, recurra.tree.flatten(loaded(x)), strict=True):
        same(one, other)
    assert list(loaded.state_dict()) == list(model.state_dict())


def test_weights_have_their_paths_in_the_file(path):
    model = Sequential([Input((3,)), Dense(4, name="head"), Dense(2), Sequential([Dense(1)])])
    model.save(path)
    arrays, _ = safetensors.read(path)
    assert list(arrays) == ["head/kernel", "head/bias", "dense/kernel", "dense/bias", "sequential/dense/kernel",
                            "sequential/dense/bias"]  # fmt: skip
    np.testing.assert_array_equal(arrays["head/kernel"], model.weights[0].numpy())


def test_loading_draws_no_random_numbers(path):
    small().save(path)
    random.set_seed(3)
    state = random.get_state()
    saving.load_model(path)
    assert random.get_state() == state


def test_unusual_values_survive(path):
    model = Sequential([Input((4,)), Dense(1, use_bias=False)])
    model.set_weights([np.array([[np.nan], [-0.0], [np.inf], [1e-45]], "float32")])
    model.save(path)
    assert saving.load_model(path).get_weights()[0].tobytes() == model.get_weights()[0].tobytes()


def test_unbuilt_and_weightless_models(path):
    Sequential([Dense(3)]).save(path)
    assert not saving.load_model(path).built
    i = Input((3,))
    Model(i, i * 2.0).save(path)
    same(saving.load_model(path)(array(2, 3)), 2 * array(2, 3))


def test_float64_models(path):
    model = Sequential([Input((3,), dtype="float64"), Dense(2, dtype="float64")])
    model.save(path)
    loaded = saving.load_model(path)
    assert loaded.weights[0].dtype == "float64"
    same(loaded(array(2, 3).astype("float64")), model(array(2, 3).astype("float64")))


def test_weights_alone(path):
    model, other, differently_named = small(), small(), small()
    model.save_weights(path)
    other.load_weights(path)
    same(other(array(2, 3)), model(array(2, 3)))
    differently_named.layers[0].name = "dense_77"
    differently_named.load_weights(path)
    with pytest.raises(ValueError, match="holds weights only"):
        saving.load_model(path)
    model.save(path)
    other.load_weights(path)
    with pytest.raises(ValueError, match="has no weights to save yet"):
        Sequential([Dense(1)]).save_weights(path)
    with pytest.raises(ValueError, match="must be built before"):
        Sequential([Dense(1)]).load_weights(path)


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop", "sgd"])
def test_training_goes_on_with_the_same_bits(optimizer, path):
    x, y = array(40, 3), array(40, 2)
    model = small()
    model.compile(optimizer, "mae", metrics=["mse"])
    model.fit(x, y, epochs=2, verbose=0)
    model.save(path, include_optimizer=True)
    state = random.get_state()
    uninterrupted = model.fit(x, y, epochs=2, verbose=0).history
    loaded = saving.load_model(path)
    random.set_state(state)
    assert loaded.fit(x, y, epochs=2, verbose=0).history == uninterrupted
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert one.tobytes() == other.tobytes()


def test_compiling_is_restored_if_wanted(path):
    model = small()
    model.compile("adam", "mse")
    model.save(path)
    assert saving.load_model(path).compiled
    assert not saving.load_model(path, compile=False).compiled


@saving.register_serializable("recurra-tests")
class Gain(Layer):
    def build(self, input_shape):
        self.gain = self.add_weight((), initializer="ones", name="gain")

    def call(self, x):
        return x * self.gain


def test_own_classes(path):
    class Local(Gain):
        pass

    Sequential([Input((3,)), Gain(), Local()]).save(path)
    with pytest.raises(ValueError, match=r"unknown layer 'Local'.*register_serializable"):
        saving.load_model(path)
    loaded = saving.load_model(path, custom_objects={"Local": Local})
    assert [type(layer) for layer in loaded.layers] == [Gain, Local]
    with saving.custom_object_scope({"Local": Local}):
        assert len(saving.load_model(path).weights) == 2


def test_registration_refuses_two_classes_of_one_name():
    saving.register_serializable("recurra-tests")(Gain)

    class Other(Layer):
        pass

    Other.__name__ = "Gain"
    with pytest.raises(ValueError, match="registered already"):
        saving.register_serializable("recurra-tests")(Other)
    with pytest.raises(ValueError, match="needs a method get_config"):
        saving.register_serializable()(int)


# ---- refusals


def test_existing_files(path):
    small().save(path)
    with pytest.raises(FileExistsError, match="exists already"):
        small().save(path, overwrite=False)
    small().save(path)
    with pytest.raises(FileNotFoundError, match="no model file"):
        saving.load_model(path.parent / "missing.safetensors")
    with pytest.raises(FileNotFoundError, match="no model file"):
        saving.load_model(path.parent)


def test_a_failing_save_leaves_the_old_file(path, monkeypatch):
    small().save(path)
    before = path.read_bytes()

    def fails(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError, match="disk full"):
        small().save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_model_that_does_not_fit_is_left_alone(path):
    Sequential([Input((3,)), Dense(4), Dense(3)]).save_weights(path)
    model = small()
    before = model.get_weights()
    with pytest.raises(
        ValueError, match=r"dense_1/kernel should be float32 of shape \(4, 2\), the file has .* \(4, 3\)"
    ):
        model.load_weights(path)
    Sequential([Input((3,)), Dense(4), Dense(2, name="last")]).save_weights(path)
    with pytest.raises(ValueError, match=r"it is missing dense_1/bias, dense_1/kernel; it has last/bias, last/kernel"):
        model.load_weights(path)
    double = Sequential([Input((3,)), Dense(4, dtype="float64"), Dropout(0.5), Dense(2, dtype="float64")])
    double.save_weights(path)
    with pytest.raises(ValueError, match="dense/kernel should be float32"):
        model.load_weights(path)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "other"}, "was not written by recurra"),
        ({"format": None}, "was not written by recurra"),
        ({"format_version": "99"}, "has format version '99', this recurra reads up to 1"),
        ({"format_version": "one"}, "has format version 'one'"),
        ({"model": "{"}, "the stored model cannot be restored"),
        ({"model": "[]"}, "the stored model cannot be restored"),
        ({"model": '{"class_name": "eval", "config": {}}'}, "unknown model 'eval'"),
        ({"model": '{"module": "os", "class_name": "Sequential", "config": {}}'}, "unknown model 'Sequential'"),
        ({"model": '{"class_name": "Sequential", "config": {"layers": 3}}'}, "cannot be restored"),
        (
            {"model": '{"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense"}]}}'},
            "cannot be restored",
        ),
        ({"model": None}, "holds weights only"),
    ],
)
def test_foreign_and_unknown_contents(changes, words, path):
    small().save(path)
    rewritten(path, **changes)
    with pytest.raises(ValueError, match=words) as caught:
        saving.load_model(path)
    assert "\n" not in str(caught.value)


def header(entries, data=b"", length=None):
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


F32 = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "0 bytes"),
        (b"\0" * 7, "7 bytes"),
        (header({}, length=1), "no JSON"),
        (header({}, length=3), "its header would have 3 bytes"),
        (header({}, length=99), "its header would have 99 bytes"),
        (header({}, length=2**63), "its header would have"),
        (header(b"not json"), "no JSON"),
        (header(b"\xff\xfe"), "no JSON"),
        (header(b"[" * 100_000), "no JSON"),
        (header(b"[]"), "no JSON object"),
        (header(b'{"a": 1, "a": 2}'), "comes twice"),
        (header(b'{"__metadata__": {"a": "", "a": ""}}'), "comes twice"),
        (header({"__metadata__": {"a": 1}}), "strings only"),
        (header({"__metadata__": []}), "strings only"),
        (header({"a": 1}), "must have dtype"),
        (header({"a": {**F32, "more": 1}}, bytes(8)), "must have dtype"),
        (header({"a": {**F32, "dtype": "PYOBJ"}}, bytes(8)), "unknown dtype"),
        (header({"a": {**F32, "dtype": ["F32"]}}, bytes(8)), "unknown dtype"),
        (header({"a": {**F32, "shape": [-2]}}, bytes(8)), "integers from 0"),
        (header({"a": {**F32, "shape": [2.0]}}, bytes(8)), "integers from 0"),
        (header({"a": {**F32, "shape": [True, 2]}}, bytes(8)), "integers from 0"),
        (header({"a": {**F32, "shape": [2**61, 2**61]}}, bytes(8)), "8 bytes, which is not what its shape needs"),
        (header({"a": {**F32, "data_offsets": [0]}}, bytes(8)), "integers from 0"),
        (header({"a": {**F32, "data_offsets": [8, 0]}}, bytes(8)), "-8 bytes"),
        (header({"a": {**F32, "data_offsets": [0, 4]}}, bytes(4)), "4 bytes"),
        (header({"a": F32}, bytes(7)), "its arrays need 8 bytes, it has 7"),
        (header({"a": F32}, bytes(9)), "its arrays need 8 bytes, it has 9"),
        (header({"a": F32, "b": F32}, bytes(8)), "one after another"),
        (header({"a": {**F32, "data_offsets": [4, 12]}}, bytes(12)), "one after another"),
        (header({"a": F32}, bytes(8)), "was not written by recurra"),
        (header({}), "was not written by recurra"),
        (b"PK\x03\x04" + bytes(500), "damaged zip archive"),
    ],
)
def test_damaged_and_foreign_files(content, words, path):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=words) as caught:
        saving.load_model(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match=words):
        small().load_weights(path)


def test_every_truncation_and_bit_flip_is_refused(path, rng):
    model = small()
    model.save(path)
    whole = path.read_bytes()
    for size in {0, 7, 8, 9, *rng.integers(0, len(whole), 60).tolist()}:
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r"model\.safetensors"):
            saving.load_model(path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(ValueError, match=r"model\.safetensors"):
        saving.load_model(path)
    for place in rng.integers(0, len(whole), 400):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.integers(8)
        path.write_bytes(bytes(damaged))
        with pytest.raises(ValueError, match=r"model\.safetensors"):
            saving.load_model(path)


def test_random_bytes_never_crash(path, rng):
    for size in (8, 9, 50, 500):
        for _ in range(20):
            noise = rng.bytes(size - 8)
            path.write_bytes(int(rng.integers(0, size)).to_bytes(8, "little") + noise)
            with pytest.raises(ValueError, match=r"model\.safetensors"):
                saving.load_model(path)


# ---- the container itself


def test_all_dtypes_shapes_and_words(path):
    arrays = {
        dtype: np.arange(6).astype(dtype).reshape(2, 3)
        for dtype in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?", ">f4", ">i8")
    }
    arrays |= {
        "scalar": np.float64(3.5),
        "empty": np.zeros((0, 4), "float32"),
        "strided": np.eye(4)[:, ::2],
        "é": np.ones(1),
    }
    safetensors.write(path, arrays, {"words": "größer", "empty": ""})
    read, words = safetensors.read(path)
    assert words == {"words": "größer", "empty": ""}
    assert list(read) == list(arrays)
    for name, value in arrays.items():
        np.testing.assert_array_equal(read[name], value)
        assert read[name].shape == np.shape(value)
        assert read[name].dtype == np.asarray(value).dtype.newbyteorder("=")


def test_what_the_format_has_no_dtype_for(path):
    with pytest.raises(TypeError, match="safetensors has no dtype complex128"):
        safetensors.write(path, {"a": np.ones(1, complex)})
    assert not path.exists()


def test_the_file_has_the_permissions_of_a_new_file(path):
    safetensors.write(path, {"a": np.ones(1)})
    other = path.with_name("other")
    other.touch()
    assert path.stat().st_mode == other.stat().st_mode


def test_ops_are_found_by_name_only(path):
    i = Input((3,))
    Model(i, ops.tanh(i)).save(path)
    arrays, words = safetensors.read(path)
    assert '"tanh"' in words["model"]
    for name in ("_engine", "np", "__import__", "Tensor"):
        rewritten(path, model=words["model"].replace('"function": "tanh"', f'"function": "{name}"'))
        with pytest.raises(ValueError, match=r"recurra\.ops has no function"):
            saving.load_model(path)
    assert arrays == {}
