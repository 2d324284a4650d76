"""LSTMs, GRUs and 1-D convolutions, trained and run fast on CPUs, with the API of Keras."""

import typing as _typing
from importlib import import_module as _import_module

from recurra._version import __version__ as __version__

if _typing.TYPE_CHECKING:  # what the tables below import when it is first used
    from recurra import activations as activations
    from recurra import callbacks as callbacks
    from recurra import config as config
    from recurra import constraints as constraints
    from recurra import datasets as datasets
    from recurra import diagnostics as diagnostics
    from recurra import forecasting as forecasting
    from recurra import generation as generation
    from recurra import gradient_check as gradient_check
    from recurra import initializers as initializers
    from recurra import interchange as interchange
    from recurra import layers as layers
    from recurra import losses as losses
    from recurra import metrics as metrics
    from recurra import models as models
    from recurra import ops as ops
    from recurra import optimizers as optimizers
    from recurra import plotting as plotting
    from recurra import preprocessing as preprocessing
    from recurra import progress as progress
    from recurra import random as random
    from recurra import regularizers as regularizers
    from recurra import saving as saving
    from recurra import sentiment as sentiment
    from recurra import serialization as serialization
    from recurra import streaming as streaming
    from recurra import tasks as tasks
    from recurra import tensor as tensor
    from recurra import utils as utils
    from recurra.config import num_threads as num_threads
    from recurra.config import set_num_threads as set_num_threads
    from recurra.config import show_config as show_config
    from recurra.config import trim_memory as trim_memory
    from recurra.initializers import Initializer as Initializer
    from recurra.layers import Input as Input
    from recurra.layers import Layer as Layer
    from recurra.models import Model as Model
    from recurra.models import Sequential as Sequential
    from recurra.regularizers import Regularizer as Regularizer
    from recurra.tensor import Tensor as Tensor
    from recurra.tensor import Variable as Variable
    from recurra.tensor import no_grad as no_grad

# Submodules, and names of theirs that stand at the top: imported when first used, so that `import recurra` is quick.
_MODULES = frozenset(
    {
        "activations",
        "callbacks",
        "config",
        "constraints",
        "datasets",
        "diagnostics",
        "forecasting",
        "generation",
        "gradient_check",
        "initializers",
        "interchange",
        "layers",
        "losses",
        "metrics",
        "models",
        "ops",
        "optimizers",
        "plotting",
        "preprocessing",
        "progress",
        "random",
        "regularizers",
        "saving",
        "sentiment",
        "serialization",
        "streaming",
        "tasks",
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
    "trim_memory": "config",
}


if not _typing.TYPE_CHECKING:  # a type checker shall know what is absent

    def __getattr__(name: str) -> _typing.Any:
        if name in _MODULES:
            return _import_module(f"recurra.{name}")
        if name in _NAMES:
            value = getattr(_import_module(f"recurra.{_NAMES[name]}"), name)
            globals()[name] = value
            return value
        from recurra.checks import unknown_attribute

        raise unknown_attribute("recurra", name, __dir__())


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_NAMES})
