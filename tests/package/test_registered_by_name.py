"""Functions and classes of the user's own, looked up by the name under which they are registered."""

from __future__ import annotations

import numpy as np
import pytest

from recurra import constraints, initializers, layers, regularizers, saving


class Doubled(regularizers.L2):
    """A class of the user's own."""


def of_weights(w):
    return 2.0 * w


@pytest.mark.parametrize("module", [constraints, initializers, regularizers])
def test_a_function_is_itself_and_a_class_makes_an_object(module):
    with saving.custom_object_scope({"own": of_weights, "Doubled": Doubled}):
        assert module.get("own") is of_weights
        assert isinstance(module.get("Doubled"), Doubled)


def test_a_layer_takes_the_name():
    with saving.custom_object_scope({"own": of_weights}):
        layer = layers.Dense(2, kernel_constraint="own", use_bias=False)
    layer(np.ones((1, 3), "float32"))
    assert layer.kernel.constraint is of_weights


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (constraints, "expected a constraint, its name, or a function, got 3"),
        (initializers, "expected an initializer, its name, or a function, got 3"),
        (regularizers, "expected a regularizer, its name, or a function, got 3"),
    ],
)
def test_anything_else_is_refused(module, words):
    with pytest.raises(TypeError, match=words):
        module.get(3)


def test_names_of_the_package_make_objects():
    assert isinstance(regularizers.get("l1_l2"), regularizers.L1L2)
    assert isinstance(constraints.get("NonNeg"), constraints.NonNeg)
    assert initializers.get(np.ones(2)).get_config()["value"].tolist() == [1.0, 1.0]
