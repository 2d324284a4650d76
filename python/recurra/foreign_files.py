"""Files of other programs, recognised by their first bytes or their endings, and what to do with them."""

from __future__ import annotations

import zipfile
from pathlib import Path

_OWN = "recurra reads and writes .safetensors files"
_COPY = "build the same layers in recurra and copy the weights, model.set_weights(other.get_weights())"
_KERAS = f"only the models and weights of Keras 3 are read, by load_model and load_weights: {_COPY}"
_KERAS_WEIGHTS = (
    "weights of Keras 3 are read by model.load_weights into the same layers, and a model that Keras 2 wrote as .h5 can "
    f"be loaded there and saved as .keras; else {_COPY}"
)
_TORCH = f"{_OWN}: load it in PyTorch and hand the modules to recurra.interchange.from_torch"
_PICKLE = f"loading a pickle runs code, {_OWN}: load it with the program that wrote it, and save the model from there"

_SIGNATURES = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes models", _KERAS_WEIGHTS),
    (b"\x93NUMPY", "a NumPy array", "read it with numpy.load and hand the array to model.set_weights"),
    (b"\x1f\x8b", "a gzip archive", f"{_OWN}: unpack it first"),
    (b"PAR1", "a Parquet file", "read it with pandas or polars and hand the table to fit or predict"),
)

#: What the ending of a file's name promises, where it is not recurra's format.
_ENDINGS = {
    ".keras": "Keras",
    ".h5": "Keras (HDF5)",
    ".hdf5": "Keras (HDF5)",
    ".pt": "PyTorch",
    ".pth": "PyTorch",
    ".onnx": "ONNX",
    ".tflite": "TensorFlow Lite",
    ".npy": "NumPy",
    ".npz": "NumPy",
    ".pkl": "pickle",
    ".pickle": "pickle",
    ".joblib": "joblib",
}


def is_keras_model(path: Path) -> bool:
    """Whether the file is an archive as Keras 3 writes models, or a damaged archive that is called so."""
    try:
        if not head_of(path).startswith(b"PK"):
            return False
        with zipfile.ZipFile(path) as archive:
            return "model.weights.h5" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        return path.suffix.lower() == ".keras"


def is_hdf5(path: Path) -> bool:
    """Whether the file begins as HDF5 files do."""
    return head_of(path).startswith(b"\x89HDF\r\n\x1a\n")


def check_ending(path: Path, what: str, allowed: str = "") -> None:
    """Refuses a name for a new file that promises another program's format.

    Args:
        path: The name.
        what: Who is to write the file, for the error.
        allowed: An ending of another format that can be written, `.keras` or `.weights.h5`.

    Raises:
        ValueError: The ending is one of those; the message names the right one.
    """
    if allowed and path.name.lower().endswith(allowed):
        return
    format_of = _ENDINGS.get(path.suffix.lower())
    if format_of is not None:
        raise ValueError(
            f"{what}: '{path.name}' has the ending of {format_of}, but recurra writes safetensors files: "
            f"call it '{path.with_suffix('.safetensors').name}'"
        )


def check_is_file(path: Path) -> None:
    """Raises FileNotFoundError if there is no file to be read at `path`."""
    if (path / "saved_model.pb").is_file():
        raise FileNotFoundError(
            f"there is no model file {path}: it is a folder with a model of TensorFlow; build the same layers in "
            "recurra and copy the weights, model.set_weights(other.get_weights())"
        )
    if path.is_dir():
        raise FileNotFoundError(f"there is no model file {path}: it is a folder; name the .safetensors file in it")
    if not path.is_file():
        raise FileNotFoundError(f"there is no model file {path}")


def description(path: Path) -> str | None:
    """Says what the file is, if it is a well-known kind of file other than safetensors, and how to use it."""
    head = head_of(path)
    for signature, kind, mend in _SIGNATURES:
        if head.startswith(signature):
            return f"{path.name} is {kind}; {mend}"
    if head.startswith(b"PK\x03\x04"):
        return f"{path.name} is {_kind_of_zip(path)}"
    if len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5:
        return f"{path.name} is a pickle, as pickle, joblib and torch.save write; {_PICKLE}"
    if path.suffix.lower() in (".onnx", ".tflite"):
        return f"{path.name} is a model of {_ENDINGS[path.suffix.lower()]}; {_OWN}"
    if _is_text(head):
        mend = (
            "a configuration without weights is read by recurra.models.model_from_json"
            if head.lstrip()[:1] in (b"{", b"[")
            else f"{_OWN}, and tables of data are read by `recurra forecast`"
        )
        return f"{path.name} is a text file, such as CSV or JSON, not a model; {mend}"
    return None


def head_of(path: Path) -> bytes:
    """The first bytes of a file; none if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(4096)
    except OSError:
        return b""


def _kind_of_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
        return f"a damaged zip archive; {_OWN}"
    if "model.weights.h5" in names:
        return f"a model of Keras 3 (.keras); {_KERAS}"
    if any(name.endswith("data.pkl") for name in names):
        return f"a file of PyTorch (torch.save); {_TORCH}"
    if names and all(name.endswith(".npy") for name in names):
        return "a NumPy archive (.npz); read it with numpy.load and hand the arrays to model.set_weights"
    return f"a zip archive; {_OWN}"


def _is_text(head: bytes) -> bool:
    if not head or b"\0" in head:
        return False
    try:
        head[:4000].decode("utf-8", errors="strict" if len(head) < 4096 else "ignore")
    except UnicodeDecodeError:
        return False
    return all(byte >= 32 or byte in b"\t\n\r\f\v\x1b" for byte in head)
