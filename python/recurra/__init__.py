"""Recurrent and convolutional sequence models at hardware speed on CPU cores."""

from importlib import import_module as _import_module
from typing import Any as _Any

from recurra._version import __version__ as __version__

# Submodules, and names of theirs that stand at the top: imported when first used, so that `import recurra` is quick.
_SUBMODULES = frozenset(
    {
        "activations",
        "callbacks",
        "config",
        "constraints",
        "datasets",
        "diagnostics",
        "initializers",
        "layers",
        "losses",
        "metrics",
        "models",
        "ops",
        "optimizers",
        "preprocessing",
        "progress",
        "random",
        "regularizers",
        "saving",
        "serialization",
        "streaming",
        "tensor",
        "utils",
    }
)
_NAMES = {
    "Initializer": "initializers",
    "Input": "layers",
    "Layer": "layers",
    "Model": "models",
    "Regularizer": "regularizers",
    "Sequential": "models",
    "Tensor": "tensor",
    "Variable": "tensor",
    "no_grad": "tensor",
    "num_threads": "config",
    "set_num_threads": "config",
    "show_config": "config",
}


def __getattr__(name: str) -> _Any:
    if name in _SUBMODULES:
        return _import_module(f"recurra.{name}")
    if name in _NAMES:
        value = getattr(_import_module(f"recurra.{_NAMES[name]}"), name)
        globals()[name] = value
        return value
    from recurra.checks import unknown_attribute

    raise unknown_attribute("recurra", name, __dir__())


def __dir__() -> list[str]:
    return sorted({*globals(), *_SUBMODULES, *_NAMES})
