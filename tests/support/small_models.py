"""Small models that tests of structure and of files share."""

from __future__ import annotations

import numpy as np

from recurra import Input, Model, ops, saving
from recurra.layers import Dense, Dropout


def same(first, second):
    np.testing.assert_array_equal(np.array(first), np.array(second))


@saving.register_serializable("recurra-tests")
class TwoHeads(Model):
    """A model as a user writes one."""

    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.body = Dense(units, activation="tanh")
        self.heads = [Dense(1, name="left"), Dense(2, name="right")]
        self.dropout = Dropout(0.5)

    def call(self, x, training=False):
        x = self.dropout(self.body(x))
        return [head(x) for head in self.heads]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def diamond():
    i = Input((3,), name="x")
    left, right = Dense(4, name="left")(i), Dense(4, name="right")(i)
    return Model(i, layers_sum(left, right))


def layers_sum(left, right):
    return Dense(1, name="top")(ops.tanh(left + right))
