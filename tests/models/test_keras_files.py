"""Files of Keras 3: what Keras wrote predicts the same here, what is written here comes back, bad files are refused."""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import callbacks, layers, saving
from tests.support import packing
from tests.support.keras_file_models import MODELS, fill, inputs, outputs, started, train_on
from tests.support.places import REFERENCE

h5py = pytest.importorskip("h5py", reason="needs h5py, of the extra `keras`")

STORED = REFERENCE / "keras_files"
PREDICTED = packing.read(REFERENCE / "keras_files.npz")


def small() -> Any:
    return recurra.Sequential([recurra.Input((4, 2)), layers.GRU(3, name="read"), layers.Dense(2)])


def check_outputs(model: Any, expected: dict[str, np.ndarray]) -> None:
    found = outputs(model, inputs(model))
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=2e-6, atol=2e-6)


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path: Path, **changes: bytes | None) -> None:
    """The archive with other members; None takes one away."""
    parts = members(path) | {name: data for name, data in changes.items() if data is not None}
    with zipfile.ZipFile(path, "w") as archive:
        for name in parts.keys() - {name for name, data in changes.items() if data is None}:
            archive.writestr(name, parts[name])


def with_config(path: Path, change: Any) -> None:
    config = json.loads(members(path)["config.json"])
    change(config)
    rewritten(path, **{"config.json": json.dumps(config).encode()})


def with_weights(path: Path, change: Any) -> None:
    stored = io.BytesIO(members(path)["model.weights.h5"])
    with h5py.File(stored, "r+") as root:
        change(root)
    rewritten(path, **{"model.weights.h5": stored.getvalue()})


def check_refused(load: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        load()
    assert "\n" not in str(caught.value)


# ---- what Keras wrote


@pytest.mark.parametrize("name", [*MODELS, "started"])
def test_models_of_keras_predict_what_keras_predicted(name: str) -> None:
    model = recurra.saving.load_model(STORED / f"{name}.keras")
    check_outputs(model, PREDICTED[name])


@pytest.mark.parametrize("name", MODELS)
def test_weights_of_keras_fit_the_same_model(name: str) -> None:
    model = MODELS[name](recurra)
    model.load_weights(STORED / f"{name}.keras")
    check_outputs(model, PREDICTED[name])


def test_weights_file_of_keras() -> None:
    model = MODELS["trained"](recurra)
    model.load_weights(STORED / "trained.weights.h5")
    check_outputs(model, PREDICTED["trained"])


def test_settings_and_compilation_arrive() -> None:
    model = recurra.saving.load_model(STORED / "texts.keras")
    assert (model.name, model.layers[1].merge_mode, model.layers[3].reset_after) == ("texts", "ave", False)
    assert model.layers[3].kernel_regularizer.l2 == 0.01
    assert (type(model.optimizer).__name__, model.loss) == ("Adam", "sparse_categorical_crossentropy")
    x = inputs(model)[0]
    model.fit(x, np.zeros(len(x), "int32"), verbose=0)
    assert not recurra.saving.load_model(STORED / "texts.keras", compile=False).compiled


def test_training_goes_on_as_in_keras() -> None:
    model = recurra.saving.load_model(STORED / "trained.keras")
    assert (type(model.optimizer).__name__, int(model.optimizer.iterations)) == ("Adam", 1)
    found = outputs(train_on(model), inputs(model))
    np.testing.assert_allclose(found["0"], PREDICTED["trained on"]["0"], rtol=2e-6, atol=2e-6)


OPTIMIZERS = {
    "adam": lambda: recurra.optimizers.Adam(0.01, amsgrad=True),
    "adam with a schedule": lambda: recurra.optimizers.Adam(recurra.optimizers.schedules.CosineDecay(0.01, 9)),
    "rmsprop": lambda: recurra.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "sgd": lambda: recurra.optimizers.SGD(0.01, momentum=0.5),
    "adagrad": lambda: recurra.optimizers.Adagrad(0.01),
    "adamax": lambda: recurra.optimizers.Adamax(0.01),
    "ftrl": lambda: recurra.optimizers.Ftrl(0.01),
    "lion": lambda: recurra.optimizers.Lion(0.01),
    "adadelta": lambda: recurra.optimizers.Adadelta(0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on_from_a_file(name: str, tmp_path: Path) -> None:
    model = MODELS["trained"](recurra)
    model.compile(OPTIMIZERS[name](), "mse")
    train_on(model).save(tmp_path / "m.keras")
    again = recurra.saving.load_model(tmp_path / "m.keras")
    x = inputs(model)
    np.testing.assert_allclose(outputs(train_on(again), x)["0"], outputs(train_on(model), x)["0"], rtol=1e-6)


def test_states_that_are_not_exchanged_are_left_out_with_a_warning(tmp_path: Path) -> None:
    model = MODELS["trained"](recurra)
    model.compile("nadam", "mse")
    with pytest.warns(UserWarning, match=r"m\.keras: the state of the optimizer is left out: .* of Nadam with"):
        train_on(model).save(tmp_path / "m.keras")
    MODELS["trained"](recurra).save(tmp_path / "m.keras")
    with_weights(tmp_path / "m.keras", lambda root: root.__delitem__("optimizer/vars/3"))
    with pytest.warns(UserWarning, match=r"the state of the optimizer is left out, it starts anew"):
        recurra.saving.load_model(tmp_path / "m.keras")


def test_shared_layers_stay_shared() -> None:
    model = recurra.saving.load_model(STORED / "graph.keras")
    assert len(model.get_layer("shared")._named_weights()) == 3
    assert [layer.name for layer in model.layers].count("shared") == 1


# ---- what is written here


@pytest.mark.parametrize("name", MODELS)
def test_models_come_back_with_the_same_bits(name: str, tmp_path: Path) -> None:
    model = MODELS[name](recurra)
    fill(model)
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "m.weights.h5")
    again = recurra.saving.load_model(tmp_path / "m.keras")
    other = MODELS[name](recurra)
    other.load_weights(tmp_path / "m.weights.h5")
    expected = outputs(model, inputs(model))
    for one in (again, other):
        found = outputs(one, inputs(one))
        assert all(np.array_equal(found[key], value) for key, value in expected.items())
    assert again.compiled == model.compiled


@pytest.mark.parametrize("name", MODELS)
def test_weights_stand_where_keras_has_them(name: str, tmp_path: Path) -> None:
    def places(path: Path) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        with h5py.File(io.BytesIO(members(path)["model.weights.h5"])) as root:
            root.visititems(lambda at, one: found.update({at: one.shape}) if isinstance(one, h5py.Dataset) else None)
        return {at: shape for at, shape in found.items() if not at.startswith("optimizer")}

    recurra.saving.load_model(STORED / f"{name}.keras").save(tmp_path / "m.keras")
    assert places(tmp_path / "m.keras") == places(STORED / f"{name}.keras")


def test_checkpoints_in_the_formats_of_keras(tmp_path: Path) -> None:
    model = small()
    model.compile("sgd", "mse")
    x, y = np.ones((4, 4, 2), "float32"), np.ones((4, 2), "float32")
    both = [
        callbacks.ModelCheckpoint(tmp_path / "m.keras"),
        callbacks.ModelCheckpoint(tmp_path / "m.weights.h5", save_weights_only=True),
    ]
    model.fit(x, y, verbose=0, callbacks=both)
    other = small()
    other.load_weights(tmp_path / "m.weights.h5")
    for one in (recurra.saving.load_model(tmp_path / "m.keras"), other):
        assert np.array_equal(one.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (lambda: layers.LSTM(2, peephole="diagonal", name="p"), r"layer 'p' \(LSTM\): Keras has no setting peephole"),
        (lambda: layers.GRU(2, zoneout=0.1, name="z"), r"layer 'z' \(GRU\): Keras has no setting zoneout"),
        (lambda: layers.MGU(2, name="m"), r"layer 'm' \(MGU\): Keras has no such layer"),
        (lambda: layers.Bidirectional(layers.MGU(2, name="m")), "Keras has no MGU, which is its layer"),
        (lambda: layers.Lambda(lambda x: x, name="f"), r"layer 'f' \(Lambda\): Keras has no such layer"),
    ],
)
def test_what_keras_does_not_have_is_refused_by_layer(layer: Any, words: str, tmp_path: Path) -> None:
    model = recurra.Sequential([recurra.Input((4, 2)), layer()])
    path = tmp_path / "m.keras"
    check_refused(lambda: model.save(path), words)
    assert not path.exists()


def test_masks_that_keras_would_leave_out(tmp_path: Path) -> None:
    check_refused(lambda: started(recurra).save(tmp_path / "m.keras"), r"recurra\.ops\.copy\(x\), which has no mask")


def test_what_cannot_be_written(tmp_path: Path) -> None:
    check_refused(lambda: saving.save_model(small(), tmp_path / "m.keras", metadata={"a": 1}), "no place for metadata")
    check_refused(lambda: small().save(tmp_path / "m.h5"), r"ending of Keras \(HDF5\)")
    check_refused(lambda: recurra.Sequential([layers.GRU(2)]).save(tmp_path / "m.keras"), "must be built")
    small().save(tmp_path / "m.keras")
    with pytest.raises(FileExistsError):
        small().save(tmp_path / "m.keras", overwrite=False)
    own = small()
    own.compile(recurra.optimizers.SGD(gradient_noise=0.1), "mse")
    with pytest.warns(UserWarning, match="how the model is compiled is left out: .* no setting gradient_noise"):
        own.save(tmp_path / "own.keras")
    assert not recurra.saving.load_model(tmp_path / "own.keras").compiled


def test_h5py_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'recurra[keras]'")):
        small().save(tmp_path / "m.keras")
    with pytest.raises(ImportError, match=re.escape("pip install 'recurra[keras]'")):
        recurra.saving.load_model(STORED / "texts.keras")


# ---- code, classes and settings that are not known


def lambda_layer(config: dict[str, Any]) -> None:
    function = {"class_name": "__lambda__", "config": {"code": "4wEAAAAA", "defaults": None, "closure": None}}
    config["config"]["layers"][2] = {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"name": "run", "function": function},
    }


def setting(**values: Any) -> Any:
    return lambda config: config["config"]["layers"][1]["config"].update(values)


def entry(**values: Any) -> Any:
    return lambda config: config["config"]["layers"][1].update(values)


CODE = {"class_name": "__lambda__", "config": {"code": "4wEAAAAA"}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda_layer, "Lambda, which is stored as code, and no code of a file is run"),
        (setting(activation=CODE), r"layer 'read' \(GRU\): it has a Lambda"),
        (entry(module="os", class_name="system"), "unknown class 'system'|unknown layer 'system'"),
        (entry(module="keras.utils", class_name="get_file"), "unknown .*'get_file'"),
        (entry(module="mine", class_name="Own", registered_name="mine>Own"), "unknown .*'Own'"),
        (entry(class_name="Conv3D"), "unknown .*'Conv3D'"),
        (entry(class_name="_Hidden"), "unknown .*'_Hidden'"),
        (entry(class_name="TFSMLayer"), "unknown .*'TFSMLayer'"),
        (setting(shiny=3), r"layer 'read' \(GRU\): recurra's GRU has no setting shiny, and the file has shiny=3"),
        (setting(dtype={"class_name": "DTypePolicy", "config": {"name": "mixed_float16"}}), "mixed_float16"),
        (setting(units=2**33), "more than the file has arrays for|at most 2\\*\\*40 fit"),
        (setting(units=30_000), "more than the file has arrays for"),
        (setting(units=5), "should be float32 of shape"),
        (setting(units="many"), "damaged: .*units|units"),
        (lambda config: config["config"].pop("layers"), "damaged"),
        (lambda config: config.update(class_name="Mine", module="mine"), "unknown model 'Mine'"),
        (lambda config: config.update(class_name="Model", config={"name": "m"}), "stored without its layers"),
        (lambda config: config["config"]["layers"].pop(0), "no input shape"),
    ],
)
def test_configurations_are_refused(change: Any, words: str, tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    small().save(path)
    with_config(path, change)
    check_refused(lambda: recurra.saving.load_model(path), words)


def test_classes_of_the_user(tmp_path: Path) -> None:
    class Doubled(layers.Layer):
        def call(self, x: Any) -> Any:
            return 2 * x

    path = tmp_path / "m.keras"
    small().save(path)
    own = {"module": "mine", "class_name": "Doubled", "config": {"name": "own"}, "registered_name": "mine>Doubled"}
    with_config(path, lambda config: config["config"]["layers"].append(own))
    x = np.ones((1, 4, 2), "float32")
    plain = small()
    plain.load_weights(path)
    loaded = recurra.saving.load_model(path, custom_objects={"Doubled": Doubled})
    assert np.array_equal(loaded.predict(x, verbose=0), 2 * plain.predict(x, verbose=0))


# ---- archives and HDF5


def replaced(name: str, make: Any) -> Any:
    def change(root: Any) -> None:
        del root[name]
        make(root, name)

    return change


FIRST = "layers/gru/cell/vars/0"


def outside(root: Any, name: str) -> None:
    root.create_dataset(name, (2, 9), "float32", external=[("/etc/hostname", 0, 72)])


def virtual(root: Any, name: str) -> None:
    layout = h5py.VirtualLayout((2, 9), "float32")
    layout[:] = h5py.VirtualSource("/etc/hostname", "x", (2, 9))
    root.create_virtual_dataset(name, layout)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda root: root.update({"more": h5py.ExternalLink("/etc/hostname", "/")}), "'more' is a link"),
        (replaced(FIRST, lambda root, name: root.update({name: h5py.SoftLink("/vars")})), "is a link"),
        (replaced(FIRST, outside), "are outside of the file"),
        (replaced(FIRST, virtual), "are outside of the file"),
        (lambda root: root.update({"layers/again": root["/"]}), "comes twice"),
        (replaced(FIRST, lambda root, name: root.create_dataset(name, (2**20, 2**20), "float32")), "far more than"),
        (replaced(FIRST, lambda root, name: root.create_dataset(name, data=np.ones((2, 8), "f4"))), "of shape"),
        (replaced(FIRST, lambda root, name: root.create_dataset(name, data=np.ones((2, 9)))), "float64 of shape"),
        (replaced(FIRST, lambda root, name: root.create_dataset(name, data=b"text")), "no array of numbers"),
        (replaced(FIRST, lambda root, name: root.create_group(name)), f"no array '{FIRST}'"),
        (lambda root: root.create_dataset("layers/gru/vars/0", data=1.0), "which the model does not have"),
        (lambda root: root[FIRST].attrs.update({"dtype": "bfloat16"}), "bfloat16"),
        (lambda root: root.attrs.update({"layer_names": ["a"]}), "written by Keras 2"),
    ],
)
def test_weights_are_refused_and_nothing_is_changed(change: Any, words: str, tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    small().save(path)
    with_weights(path, change)
    check_refused(lambda: recurra.saving.load_model(path), words)
    model = small()
    before = model.get_weights()
    check_refused(lambda: model.load_weights(path), words)
    assert all(map(np.array_equal, before, model.get_weights()))


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "C:evil", "..\\evil"])
def test_archives_that_reach_out_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    small().save(path)
    rewritten(path, **{name: b"x"})
    check_refused(lambda: recurra.saving.load_model(path), "outside of itself")
    assert [one.name for one in tmp_path.iterdir()] == ["m.keras"]


def test_archives_that_grow_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    small().save(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * 10_000_000)
        archive.writestr("model.weights.h5", b"")
    check_refused(lambda: recurra.saving.load_model(path), "far more than the archive holds")


def test_archives_without_a_part(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    small().save(path)
    rewritten(path, **{"config.json": None})
    check_refused(lambda: recurra.saving.load_model(path), r"config\.json 0 times, not once")


def test_truncated_and_changed_files(tmp_path: Path) -> None:
    path, weights = tmp_path / "m.keras", tmp_path / "m.weights.h5"
    small().save(path)
    small().save_weights(weights)
    whole, stored = path.read_bytes(), weights.read_bytes()
    draws = np.random.default_rng(3)
    for end in draws.integers(4, len(whole), 40):
        path.write_bytes(whole[:end])
        check_refused(lambda: recurra.saving.load_model(path), r"m\.keras")
    for end in draws.integers(8, len(stored), 40):
        weights.write_bytes(stored[:end])
        check_refused(lambda: small().load_weights(weights), r"m\.weights\.h5")
    refusals = []
    for at in draws.integers(8, len(stored), 60):  # some bytes matter to nobody
        changed = bytearray(stored)
        changed[at] ^= 0xFF
        weights.write_bytes(changed)
        try:
            small().load_weights(weights)
        except ValueError as error:
            refusals.append(str(error))
    assert refusals
    assert not any("\n" in one for one in refusals)
