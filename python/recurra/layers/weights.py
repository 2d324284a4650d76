"""The weights of a layer and of the layers inside it: making, listing, freezing, reading, writing.

Variables and layers that a layer holds in its attributes, also in lists, tuples and dictionaries, belong to it. They
are looked for whenever a list of weights is asked for, so a list may be extended later.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from recurra import config, constraints, initializers, loading, regularizers
from recurra.checks import close_names, is_whole_number
from recurra.layers.naming import FreeNames, without_number
from recurra.tensor import Variable
from recurra.tree import NESTED, flatten

FLOATS = ("float32", "float64")


def standard_dtype(dtype: Any) -> str:
    """The name of a dtype; the package's default float for None. 'string' is for inputs that are text."""
    if dtype is None:
        return config.floatx()
    if dtype == "string":
        return "string"
    if isinstance(dtype, Mapping):  # a DTypePolicy in a configuration of Keras
        policy = dtype.get("config")
        dtype = policy.get("name", dtype) if isinstance(policy, Mapping) else dtype
    try:
        name: str = np.dtype(getattr(dtype, "name", dtype)).name
    except TypeError:
        name = str(dtype)
    known = (*FLOATS, "int32", "int64", "bool", "string")
    if name in known:
        return name
    close = close_names(name, known)
    hint = f"; did you mean {' or '.join(map(repr, close))}?" if close else f"; it must be one of {', '.join(known)}"
    raise ValueError(f"dtype {name!r} is not supported{hint}")


_MOST_NUMBERS = 2**40


class WeightHolder:
    """What has a name, variables of its own and other holders inside it: the part of `Layer` that is about weights."""

    name: str
    built: bool
    _dtype: str
    _trainable: bool
    _weights: list[Variable]
    _untracked: frozenset[str] = frozenset({"_init_arguments"})  # attributes whose contents belong to other objects
    changes: ClassVar[int] = 0  # grows when weights are made, frozen or thawed anywhere: lists of them hold until then
    _frozen: list[Variable]  # trainable by nature, switched off by `trainable = False`

    @property
    def _title(self) -> str:
        """What errors call this layer."""
        return f"layer '{self.name}' ({type(self).__name__})"

    def _name_error(self, error: Exception) -> None:
        """Puts the name of the innermost layer in front of an error's message."""
        if not getattr(error, "names_layer", False) and error.args and isinstance(error.args[0], str):
            if not error.args[0].startswith(("layer '", "model '")):
                error.args = (f"{self._title}: {error.args[0]}", *error.args[1:])
            error.names_layer = True  # type: ignore[attr-defined]

    def add_weight(
        self,
        shape: Sequence[int] | int | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Make a weight of this layer.

        Args:
            shape: Extents; () for a scalar.
            initializer: Name, object or function of (shape, dtype); default None, which is glorot_uniform, and zeros
                for integers.
            dtype: Of the weight; default None, that of the layer.
            trainable: Whether training may change it; default True.
            regularizer: Penalty, by name or as an object; default None.
            constraint: Projection after each update, by name or as an object; default None.
            name: Name in the layer, for example `kernel`; default None, which numbers the weights.

        Returns:
            The weight.

        Raises:
            ValueError: An extent is not known, or the weight would fit no memory.
        """
        given: Any = () if shape is None else shape
        extents: tuple[Any, ...] = (given,) if is_whole_number(given) else tuple(given)
        if any(extent is not None and not is_whole_number(extent) for extent in extents):
            raise ValueError(f"the weight {name!r} needs a shape of integers, got {extents}")
        if any(extent is None or extent < 0 for extent in extents):
            raise ValueError(
                f"the weight {name!r} cannot have the shape {extents}: an extent of the input that it depends on is "
                "not known when the layer is built; give it in Input or input_shape"
            )
        if math.prod(extents) > _MOST_NUMBERS:
            raise ValueError(
                f"the weight {name!r} would have {math.prod(extents):,} numbers, shape {extents}; at most 2**40 fit"
            )
        dtype = self._dtype if dtype is None else standard_dtype(dtype)
        if initializer is None:
            initializer = "glorot_uniform" if dtype in FLOATS else "zeros"
        limits = loading.active()
        if limits is not None:
            limits.count_weight(name, extents, dtype)
        make = initializers.get(initializer) if limits is None else initializers.Zeros()
        variable = Variable(
            make(extents, dtype=dtype),
            name=name or f"weight_{len(self._weights)}",
            trainable=trainable,
            dtype=dtype,
            regularizer=regularizers.get(regularizer),
            constraint=constraints.get(constraint),
        )
        self._weights.append(variable)
        WeightHolder.changes += 1
        return variable

    # ---- finding

    def _attributes(self, kind: Any) -> Iterator[Any]:
        for key, value in vars(self).items():
            if key in self._untracked:
                continue
            if isinstance(value, kind):
                yield value
            elif isinstance(value, NESTED) and value:
                for leaf in flatten(value):
                    if isinstance(leaf, kind):
                        yield leaf

    def _own_weights(self) -> list[Variable]:
        """The variables of this holder itself, those that are trainable by nature first."""
        own = list({id(variable): variable for variable in self._attributes(Variable)}.values())
        frozen = {id(variable) for variable in self._frozen}
        return sorted(own, key=lambda variable: not (variable.trainable or id(variable) in frozen))

    def _children(self) -> list[Any]:
        """The holders inside this one, in order of assignment, each once."""
        return list({id(child): child for child in self._attributes(WeightHolder)}.values())

    def _flatten_layers(self) -> list[Any]:
        """This holder and all inside it, depth first, each once."""
        seen: dict[int, WeightHolder] = {}

        def visit(holder: WeightHolder) -> None:
            if id(holder) not in seen:
                seen[id(holder)] = holder
                for child in holder._children():
                    visit(child)

        visit(self)
        return list(seen.values())

    def _named_weights(self) -> dict[str, Variable]:
        """All variables by their path below this holder, for example `gru/kernel`.

        Names that layers got by themselves are counted anew, so that equal models have equal paths.
        """
        found: dict[str, Variable] = {}
        seen: set[int] = set()
        paths = FreeNames()

        def visit(holder: WeightHolder, prefix: str) -> None:
            if id(holder) in seen:
                return
            seen.add(id(holder))
            for variable in holder._own_weights():
                if id(variable) not in seen:
                    seen.add(id(variable))
                    found[paths.take(prefix + variable.name)] = variable
            steps = FreeNames()
            for child in holder._children():
                if id(child) not in seen:
                    step = steps.take(without_number(child.name, type(child).__name__))
                    visit(child, f"{prefix}{step}/")

        visit(self, "")
        return found

    # ---- listing

    @property
    def weights(self) -> list[Variable]:
        """All variables: this layer's (trainable ones first), then those of the layers inside it."""
        found = (variable for holder in self._flatten_layers() for variable in holder._own_weights())
        return list({id(variable): variable for variable in found}.values())

    @property
    def variables(self) -> list[Variable]:
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The variables that training changes; none when `trainable` is False."""
        return [variable for variable in self.weights if variable.trainable] if self._trainable else []

    @property
    def trainable_variables(self) -> list[Variable]:
        return self.trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The variables that training leaves alone."""
        return [variable for variable in self.weights if not variable.trainable] if self._trainable else self.weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        return self.non_trainable_weights

    # ---- freezing

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; setting it sets it for all layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = bool(value)
        self._trainable = value
        WeightHolder.changes += 1
        if value:
            for variable in self._frozen:
                variable.trainable = True
            self._frozen = []
        else:
            thawed = [variable for variable in self._own_weights() if variable.trainable]
            self._frozen = self._frozen + thawed
            for variable in thawed:
                variable.trainable = False
        for child in self._children():
            child.trainable = value

    # ---- values

    def count_params(self) -> int:
        """The number of parameters: of elements in all weights.

        Raises:
            ValueError: The layer is not built.
        """
        if not self.built and not self.weights:
            raise ValueError(f"{self._title} has no weights to count yet: call it or build(input_shape)")
        return sum(variable.size for variable in self.weights)

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights as NumPy arrays, in the order of `weights`."""
        return [np.array(variable.numpy()) for variable in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets all weights from arrays in the order of `weights`; all shapes are checked before any is changed."""
        variables = self.weights
        if len(weights) != len(variables):
            raise ValueError(f"{self._title}: set_weights expected {len(variables)} arrays, got {len(weights)}")
        arrays = [np.asarray(array) for array in weights]
        for variable, array in zip(variables, arrays, strict=True):
            if array.shape != variable.shape:
                raise ValueError(
                    f"{self._title}: {variable.name} has shape {variable.shape}, got an array of shape {array.shape}"
                )
            if array.dtype.kind not in "fiub":
                raise TypeError(f"{self._title}: {variable.name} needs numbers, got {array.dtype}")
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array.astype(variable.dtype, copy=False))
