"""Full disks, limits on files, and folders that nobody may write to: the error is the system's, the old file stays."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from recurra import callbacks, saving
from recurra.callbacks.files import read_backup
from tests.faults.program import X, Y, network
from tests.support.confined import confined


def saved(folder: Path) -> Path:
    path = folder / "m.safetensors"
    network(40).save(path)
    return path


def same_model(path: Path) -> None:
    np.testing.assert_array_equal(saving.load_model(path).get_weights()[0], network(40).get_weights()[0])


def limited_files(size: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [0, 1, 1000, 5000, 20000])
def test_a_limit_on_the_size_of_files(size, tmp_path):
    path = saved(tmp_path)
    before = path.read_bytes()

    def save():
        limited_files(size)
        network(80).save(path)

    outcome = confined(save)
    assert isinstance(outcome.error, OSError), outcome.words
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]
    same_model(path)


@pytest.mark.parametrize("size", [0, 1000, 5000])
def test_a_limit_on_the_size_of_backups(size, tmp_path):
    backup = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    network().fit(X, Y, verbose=0, callbacks=[backup])
    before = backup.path.read_bytes()

    def train():
        limited_files(size)
        model = network()
        weights = None
        try:
            model.fit(X, Y, epochs=3, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path)])
        except OSError as error:
            weights = model.get_weights()
            model.fit(X, Y, verbose=0)  # the model goes on
            return type(error).__name__, all(np.isfinite(weight).all() for weight in weights)

    outcome = confined(train, seconds=30)
    assert outcome.value == ("OSError", True), outcome.trace
    assert backup.path.read_bytes() == before
    read_backup(backup.path)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 64 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True, capture_output=True)


def test_a_full_disk(small_disk):
    path = saved(small_disk)
    with pytest.raises(OSError, match="No space left on device"):
        network(120).save(path)
    assert os.listdir(small_disk) == [path.name]
    same_model(path)
    with pytest.raises(OSError, match="No space left on device"):
        network(120).fit(
            X, Y, verbose=0, callbacks=[callbacks.BackupAndRestore(small_disk / "backup", delete_checkpoint=False)]
        )
    assert os.listdir(small_disk / "backup") == []


def test_a_folder_that_may_not_be_written_to(tmp_path):
    path = saved(tmp_path)
    tmp_path.chmod(0o555)

    def save():
        if os.geteuid() == 0:
            os.seteuid(65534)  # nobody: root may write everywhere
        loaded = saving.load_model(path)
        with pytest.raises(PermissionError):
            loaded.save(path)
        with pytest.raises(PermissionError):
            loaded.save_weights(path.with_name("other"))

    # Folders above belong to whoever runs the tests.
    for folder in tmp_path.parents if os.geteuid() == 0 else ():
        if folder.stat().st_mode & 0o005 != 0o005:
            folder.chmod(folder.stat().st_mode | 0o055)
    try:
        outcome = confined(save)
    finally:
        tmp_path.chmod(0o755)
    assert outcome.error is None, outcome.trace
    assert os.listdir(tmp_path) == [path.name]
    same_model(path)


@pytest.mark.parametrize("place", ["/dev/full", "/dev/null", "/proc/self/nothing", "/nowhere/m.safetensors"])
def test_places_where_no_file_can_be(place):
    with pytest.raises(OSError, match=r".+"):
        network().save(place)
    assert not Path("/nowhere").exists()
