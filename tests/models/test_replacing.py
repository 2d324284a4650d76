"""Files appear whole or not at all, whatever stands at their place and whatever happens while they are written."""

from __future__ import annotations

import os
import stat
import time

import numpy as np
import pytest

from recurra import Input, Sequential, callbacks, layers, safetensors, saving
from recurra.replacing import replacing


def small():
    return Sequential([Input((3,)), layers.Dense(2)])


def bytes_at(path):
    return path.read_bytes()


def test_a_link_is_followed(tmp_path):
    target, link = tmp_path / "v1.safetensors", tmp_path / "latest.safetensors"
    small().save(target)
    before = bytes_at(target)
    link.symlink_to(target.name)
    small().save(link)
    assert link.is_symlink()
    assert bytes_at(target) != before
    assert bytes_at(link) == bytes_at(target)


def test_a_link_to_nothing_makes_its_target(tmp_path):
    (tmp_path / "folder").mkdir()
    link = tmp_path / "latest.safetensors"
    link.symlink_to("folder/m.safetensors")
    small().save(link)
    assert (tmp_path / "folder" / "m.safetensors").is_file()
    assert link.is_symlink()


@pytest.mark.parametrize("link", [False, True])
def test_devices_pipes_and_folders_are_refused(link, tmp_path):
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    for target, words in ((pipe, "device or a pipe"), (folder, "is a directory")):
        place = tmp_path / f"to_{target.name}" if link else target
        if link:
            place.symlink_to(target)
        with pytest.raises(OSError, match=words):
            small().save(place)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(OSError, match="device or a pipe"):
        safetensors.write("/dev/null", {"a": np.ones(1)})
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_an_existing_file_keeps_its_permissions(mode, tmp_path):
    path = tmp_path / "m.safetensors"
    small().save(path)
    path.chmod(mode)
    small().save(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_secret_file_is_never_open_to_others_while_it_is_written(tmp_path):
    path = tmp_path / "m"
    path.touch(0o600)
    with replacing(path) as file:
        file.write(b"secret")
        (unfinished,) = tmp_path.glob(".recurra-*")
        assert stat.S_IMODE(unfinished.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, MemoryError])
def test_nothing_is_left_of_a_failed_write(error, tmp_path):
    path = tmp_path / "m"
    path.write_bytes(b"old")

    def write():
        with replacing(path) as file:
            file.write(b"new")
            raise error

    with pytest.raises(error):
        write()
    assert bytes_at(path) == b"old"
    assert os.listdir(tmp_path) == ["m"]


def test_an_interrupt_before_the_first_byte_leaves_nothing(tmp_path, monkeypatch):
    real = os.open

    def interrupted(*arguments, **options):
        os.close(real(*arguments, **options))
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "open", interrupted)
    with pytest.raises(KeyboardInterrupt):
        small().save(tmp_path / "m.safetensors")
    monkeypatch.undo()
    assert os.listdir(tmp_path) == []


def test_leftovers_of_dead_writers_are_removed_and_those_of_living_ones_kept(tmp_path):
    left = tmp_path / ".recurra-0123456789abcdef.part"
    foreign = tmp_path / ".other.part"
    left.write_bytes(b"half")
    foreign.touch()
    small().save(tmp_path / "m.safetensors")
    assert left.exists()  # so young that its writer may not have locked it yet
    old = time.time() - 60
    os.utime(left, (old, old))
    with replacing(tmp_path / "other") as file:
        (living,) = set(tmp_path.glob(".recurra-*")) - {left}
        os.utime(living, (old, old))
        small().save(tmp_path / "m.safetensors")
        file.write(b"whole")
    assert sorted(os.listdir(tmp_path)) == [".other.part", "m.safetensors", "other"]
    assert bytes_at(tmp_path / "other") == b"whole"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_backup_that_fails_leaves_the_last_one(tmp_path, monkeypatch):
    model = small()
    model.compile("sgd", "mse")
    x, y = np.ones((4, 3), "f"), np.ones((4, 2), "f")
    backup = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    model.fit(x, y, verbose=0, callbacks=[backup])
    before = bytes_at(backup.path)
    monkeypatch.setattr(os, "fsync", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        model.fit(x, y, epochs=2, verbose=0, callbacks=[backup])
    assert os.listdir(tmp_path) == [backup.path.name]
    assert bytes_at(backup.path) == before


# ---- names and files of other programs


@pytest.mark.parametrize("name", ["m.h5", "m.HDF5", "m.pt", "m.onnx", "m.npz", "m.pkl"])
def test_endings_of_other_formats_are_refused(name, tmp_path):
    with pytest.raises(ValueError, match=r"recurra writes safetensors files: call it 'm\.safetensors'"):
        small().save(tmp_path / name)
    with pytest.raises(ValueError, match=r"ModelCheckpoint: .* call it 'm\.safetensors'"):
        callbacks.ModelCheckpoint(tmp_path / name)
    assert os.listdir(tmp_path) == []


def zipped(*names):
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    return out.getvalue()


FOREIGN = {
    "torch": (zipped("m/data.pkl", "m/version"), "file of PyTorch"),
    "npz": (zipped("a.npy", "b.npy"), r"NumPy archive .* numpy\.load"),
    "zip": (zipped("a.txt"), "is a zip archive"),
    "broken zip": (b"PK\x03\x04" + bytes(500), "damaged zip archive"),
    "npy": (b"\x93NUMPY\x01\x00" + bytes(100), "NumPy array"),
    "pickle": (b"\x80\x04\x95" + bytes(100), "is a pickle.* runs code"),
    "csv": ("Zeit,Wärme\n1,2\n".encode() * 900, "text file, such as CSV or JSON, not a model; .*recurra forecast"),
    "json": (b'{"class_name": "Sequential"}', r"recurra\.models\.model_from_json"),
    "gzip": (b"\x1f\x8b" + bytes(100), "gzip archive"),
    "parquet": (b"PAR1" + bytes(100), "Parquet file"),
    "onnx": (b"\x08\x07\x12" + bytes(100), "model of ONNX"),
}


FILES_OF_KERAS = {
    "hdf5": (b"\x89HDF\r\n\x1a\n" + bytes(500), r"HDF5 file, as Keras writes models; .* model\.set_weights\("),
    "keras 3": (zipped("config.json", "model.weights.h5"), r"model of Keras 3 .* model\.set_weights\("),
}


@pytest.mark.parametrize("kind", FILES_OF_KERAS)
def test_files_of_keras_are_recognised_where_they_cannot_be_used(kind, tmp_path):
    from recurra import streaming

    content, words = FILES_OF_KERAS[kind]
    path = tmp_path / "m"
    path.write_bytes(content)
    for load in (saving.load_metadata, streaming.load_stream, *([saving.load_model] if kind == "hdf5" else [])):
        with pytest.raises(ValueError, match=words) as caught:
            load(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", FOREIGN)
def test_files_of_other_programs_are_recognised(kind, tmp_path):
    from recurra import streaming

    content, words = FOREIGN[kind]
    path = tmp_path / ("m.onnx" if kind == "onnx" else "m")
    path.write_bytes(content)
    for load in (saving.load_model, saving.load_metadata, small().load_weights, streaming.load_stream):
        with pytest.raises(ValueError, match=words) as caught:
            load(path)
        assert "\n" not in str(caught.value)


def test_a_folder_of_tensorflow_is_recognised(tmp_path):
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(FileNotFoundError, match=r"folder with a model of TensorFlow; .* model\.set_weights"):
        saving.load_model(tmp_path)
