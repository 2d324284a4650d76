"""MNIST: 70,000 handwritten digits.

Source: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied to document recognition, Proceedings
of the IEEE 86(11), 1998. Licence: CC BY-SA 3.0 (LeCun, Cortes, Burges).

Read from `mnist.npz` (Keras's archive) or the four original files (`train-images-idx3-ubyte.gz`, …), whichever lies in
a folder of RECURRA_DATA or in the cache; else downloaded.
"""

from __future__ import annotations

import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .catalogue import MNIST
from .integrity import check_expansion, reading
from .locate import find, locate

__all__ = ["load_data"]

_IDX_SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}

Bytes = NDArray[np.uint8]


def read_idx(path: Path, axes: int) -> Bytes:
    """The bytes of an IDX file, gzipped or not: magic number 0x0800 + axes, extents (big-endian), elements.

    Raises:
        ValueError: It is not such a file, or it ends early.
    """
    with reading(path, _IDX_SHA256.get(path.name)):
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            start = file.read(4 * (1 + axes))
            header = np.frombuffer(start, dtype=">u4", count=1 + axes)
            announced = math.prod(int(extent) for extent in header[1:])
            check_expansion(announced, path, path.name)
            data = start + file.read(announced + 1)
        if header[0] != 0x0800 + axes:
            raise ValueError(f"its magic number is {header[0]:#x}, not {0x0800 + axes:#x}")
        shape = tuple(int(extent) for extent in header[1:])
        if len(data) != header.nbytes + announced:
            held = len(data) - header.nbytes
            raise ValueError(
                f"its header announces shape {shape}, but it holds {held if held < announced else 'more'} bytes"
            )
        elements: Bytes = np.frombuffer(data, dtype=np.uint8, offset=header.nbytes).reshape(shape).copy()
        return elements


def _checked(images: Any, labels: Any) -> tuple[Bytes, Bytes]:
    images, labels = np.asarray(images), np.asarray(labels)
    if images.ndim != 3 or images.shape[1:] != (28, 28) or images.dtype != np.uint8:
        raise ValueError(f"expected images (N, 28, 28) uint8, got {images.shape} {images.dtype}")
    if labels.shape != images.shape[:1] or labels.dtype != np.uint8 or labels.max(initial=0) > 9:
        raise ValueError(f"expected {len(images)} labels 0-9 uint8, got {labels.shape} {labels.dtype}")
    return images, labels


def load_data(path: str = "mnist.npz") -> tuple[tuple[Bytes, Bytes], tuple[Bytes, Bytes]]:
    """The images and their digits, as `keras.datasets.mnist.load_data` returns them.

    Args:
        path: Name of the archive, or its path.

    Returns:
        (x_train, y_train), (x_test, y_test), all uint8: images (60000, 28, 28) and (10000, 28, 28) with 0 black and 255
        white, digits (60000,) and (10000,).

    Raises:
        DatasetNotFoundError: No file and no network.
        ValueError: A damaged file; names it and compares checksums.

    Example:
        >>> images, digits = np.zeros((2, 28, 28), "uint8"), np.array([3, 7], "uint8")
        >>> np.savez("few_digits.npz", x_train=images, y_train=digits, x_test=images, y_test=digits)
        >>> (x_train, y_train), (x_test, y_test) = recurra.datasets.mnist.load_data("few_digits.npz")
        >>> x_train.shape, y_test.tolist()
        ((2, 28, 28), [3, 7])
    """
    located = Path(path) if Path(path).exists() else find([path])
    if located is None:
        parts = [find([name, name.removesuffix(".gz")]) for name in _IDX_SHA256]
        train_images, train_labels, test_images, test_labels = parts
        if train_images and train_labels and test_images and test_labels:
            train = read_idx(train_images, 3), read_idx(train_labels, 1)
            test = read_idx(test_images, 3), read_idx(test_labels, 1)
            with reading(train_images.parent):
                return _checked(*train), _checked(*test)
        located = locate(path, url=MNIST.url, sha256=MNIST.sha256)
    with reading(located, MNIST.sha256), np.load(located, allow_pickle=False) as archive:
        return (
            _checked(archive["x_train"], archive["y_train"]),
            _checked(archive["x_test"], archive["y_test"]),
        )
