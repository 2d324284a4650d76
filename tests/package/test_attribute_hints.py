"""Misspelled names of the package's modules are answered with the close ones."""

from __future__ import annotations

from importlib import import_module

import pytest


@pytest.mark.parametrize(
    ("module", "name", "hint"),
    [
        ("recurra", "Sequental", "'Sequential'"),
        ("recurra", "lossses", "'losses'"),
        ("recurra.layers", "Lstm", "'LSTM'"),
        ("recurra.layers", "Conv1d", "'Conv1D'"),
        ("recurra.ops", "matmull", "'matmul'"),
        ("recurra.losses", "MeanSquareError", "'MeanSquaredError'"),
        ("recurra.metrics", "Acuracy", "'Accuracy'"),
        ("recurra.optimizers", "AdamV", "'Adam'"),
        ("recurra.callbacks", "EarlyStoping", "'EarlyStopping'"),
        ("recurra.models", "Sequental", "'Sequential'"),
        ("recurra.datasets", "imbd", "'imdb'"),
        ("recurra.activations", "sigmoyd", "'sigmoid'"),
        ("recurra.initializers", "Orthognal", "'Orthogonal'"),
        ("recurra.regularizers", "OrthogonalRegulariser", "'OrthogonalRegularizer'"),
        ("recurra.constraints", "MaxNrm", "'MaxNorm'"),
        ("recurra.random", "unifrom", "'uniform'"),
        ("recurra.utils", "to_categoric", "'to_categorical'"),
    ],
)
def test_close_names_are_offered(module, name, hint):
    with pytest.raises(
        AttributeError, match=f"module '{module}' has no attribute '{name}'; did you mean .*{hint}"
    ) as e:
        getattr(import_module(module), name)
    assert e.value.name == name


def test_a_name_that_resembles_none_gets_no_hint():
    with pytest.raises(AttributeError, match=r"^module 'recurra.layers' has no attribute 'qqqqqq'$"):
        import_module("recurra.layers").qqqqqq  # noqa: B018
    assert not hasattr(import_module("recurra.layers"), "__wrapped__")
