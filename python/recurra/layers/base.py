"""`Layer`: weights and a function of tensors.

Calling a layer with arrays or tensors computes at once and records on the tape; calling it with symbolic tensors adds a
node to a graph. A call goes through these steps: convert and cast the inputs, check them against `input_spec`, build on
the first call, resolve `training`, look masks up (see masks.py), `call`, register the masks of the outputs, add the
activity penalty.

`training` is, in this order: the argument of this call, that of the outer call, the default in the signature of `call`.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np

from recurra import loading, ops, regularizers
from recurra.checks import boolean, constructor_keywords, unknown_argument
from recurra.layers import masks
from recurra.layers.building import mark_built, shape_from_first_layer, shapes_of
from recurra.layers.casting import InputCaster
from recurra.layers.configuration import (
    described_arguments,
    given_arguments,
    restored_arguments,
    settings_beside_defaults,
)
from recurra.layers.input_spec import check_input
from recurra.layers.naming import snake_case, unique_name
from recurra.layers.signature import (
    CallContext,
    CallSignature,
    ConstructorSignature,
    argument_names,
    joined_signature,
    takes_any_keyword,
)
from recurra.layers.symbolic import Node, SymbolicTensor, infer, is_symbolic
from recurra.layers.weights import standard_dtype
from recurra.tensor import Tensor
from recurra.tree import leaves, map_shapes, map_structure

_SETTINGS = ("name", "trainable", "dtype")
_TRAINING = {"training"}

Self = TypeVar("Self", bound="Layer")

_context = CallContext()
_mask_table = masks.table


class Layer(InputCaster):
    """A function of tensors with weights.

    A subclass defines `call(self, inputs, ...)` and, when it has weights, `build(self, input_shape)` with
    `self.add_weight(...)`. `training` and `mask` reach `call` if they are in its signature. Arguments that are plain
    values are stored in the configuration by themselves; a class that names its arguments in `config_arguments` has
    them stored whatever they are.

    Args:
        trainable: Whether training changes the weights; default True.
        name: Name in the model; default None, which numbers layers of a class: `dense`, `dense_1`, …
        dtype: Of weights and computation; floating inputs are cast to it, and integers and booleans too where the layer
            computes with floats. Default None, which is `recurra.config.floatx()`.
        activity_regularizer: Penalty on the output, divided by the batch size; default None.
        **kwargs: `input_shape` or `batch_input_shape`, for the first layer of a `Sequential` model.

    Raises:
        ValueError: An argument is unknown, or at the call an input does not fit; the message names the layer.

    Example:
        >>> class Scale(recurra.Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")
        ...
        ...     def call(self, inputs):
        ...         return inputs * self.factor
        >>> Scale()(np.ones((2, 3), "float32")).shape
        (2, 3)
    """

    _signature: CallSignature
    _takes_training = False
    _building: bool
    _init_arguments: tuple[tuple[Any, ...], dict[str, Any]]
    _build_arguments: tuple[str, ...] = ("input_shape",)
    _computes_mask = False
    _reported: Sequence[tuple[object | None, str, np.ndarray]] = ()  # what calls added by `add_metric`
    #: Arguments of the constructor that `get_config` stores; each is an attribute of the same name.
    config_arguments: ClassVar[tuple[str, ...]] = ()
    #: Those of them that hold a layer or a cell, or a list of these.
    layer_arguments: ClassVar[tuple[str, ...]] = ()
    __signature__ = ConstructorSignature(lambda cls: joined_signature(cls, Layer))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__ and not hasattr(cls.__dict__["build"], "_recurra_wrapped"):
            cls._build_arguments = argument_names(cls.__dict__["build"])[1:]
            cls.build = mark_built(cls.__dict__["build"])  # type: ignore[method-assign]
        if "call" in cls.__dict__:
            cls._signature = CallSignature(cls.__dict__["call"])
            cls._takes_training = cls._signature.takes_training
        if "compute_mask" in cls.__dict__:
            cls._computes_mask = True

    def __new__(cls: type[Self], *args: Any, **kwargs: Any) -> Self:
        layer = super().__new__(cls)
        layer._init_arguments = (args, kwargs)
        layer._building = False
        layer._weights = []
        return layer

    def __init__(
        self,
        *,
        trainable: bool = True,
        name: str | None = None,
        dtype: Any = None,
        activity_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        given_shape = shape_from_first_layer(kwargs)
        kwargs.pop("autocast", None)
        if kwargs:
            known = {*constructor_keywords(type(self)), *inspect.signature(type(self)).parameters} - {
                "kwargs",
                "options",
            }
            raise unknown_argument(type(self).__name__, next(iter(kwargs)), known, ValueError)
        trainable = boolean(trainable, type(self).__name__, "trainable")
        if name is not None and not isinstance(name, str):
            raise ValueError(f"{type(self).__name__}: name must be a string, got {name!r}")
        if name is not None and "/" in name:
            raise ValueError(f"{type(self).__name__}: the name {name!r} must not contain '/'")
        self.name = name or unique_name(self._name_prefix())
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.input_spec: Any = None
        self.supports_masking: bool = type(self)._computes_mask
        self.built = False
        self._set_dtype(standard_dtype(dtype))
        self._trainable = trainable
        self._frozen = []
        self._losses: list[tuple[object | None, Tensor]] = []
        self._call_token: object | None = None
        self._build_shape: Any = None
        self._given_batch_shape = given_shape
        self._accepted_shape: Any = None
        self._first_node: Node | None = None
        self._warned_of_mask = False

    if not TYPE_CHECKING:  # which reports misspelt attributes itself

        def __getattr__(self, name: str) -> Any:
            if "name" not in vars(self):
                cls = type(self).__name__
                raise AttributeError(
                    f"{cls} has no attribute {name!r}: its __init__ must call super().__init__() first"
                )
            hint = "" if self.built else "; it is not built yet, call it on data or build(input_shape)"
            # Tracebacks add "Did you mean: …?" by name and object; looking for close names here would slow hasattr.
            raise AttributeError(f"{self._title} has no attribute {name!r}{hint}", name=name, obj=self)

    def __getstate__(self) -> dict[str, Any]:
        """What `copy`, `deepcopy` and `pickle` take along: all but the place in a graph, which models restore."""
        return {key: value for key, value in vars(self).items() if key != "_first_node"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        vars(self).setdefault("_first_node", None)

    def __repr__(self) -> str:
        settings = "".join(f", {name}={value!r}" for name, value in settings_beside_defaults(self).items())
        return f"<{type(self).__name__} name={self.name}{settings}, built={getattr(self, 'built', False)}>"

    def _name_prefix(self) -> str:
        return snake_case(type(self).__name__)

    # ---- to be defined by subclasses

    def build(self, input_shape: Any) -> None:
        """Makes the weights for inputs of this shape (None where an extent is open); called once, by itself."""

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Computes the output; defined by every layer."""
        raise TypeError(f"{type(self).__name__} defines no call(self, inputs)")

    def compute_output_shape(self, *args: Any, **kwargs: Any) -> Any:
        """The shape of the output for inputs of this shape, None where open. Runs the layer on zeros by default."""
        shapes = [map_shapes(lambda shape: SymbolicTensor(shape, self._dtype), arg) for arg in args]
        shapes += [map_shapes(lambda shape: SymbolicTensor(shape, self._dtype), arg) for arg in kwargs.values()]
        if not self.built:
            self._build_for(tuple(shapes), {})
        return map_structure(lambda tensor: tensor.shape, infer(self, shapes, {}))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the output; that of the input by default."""
        return mask

    def reset_states(self) -> None:
        """Reset the states carried from batch to batch, in this layer and in those inside it."""
        for layer in self._children():
            layer.reset_states()

    # ---- calling

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # Most calls are of a built layer on one tensor, without masks: they are spared every search.
        inputs = mask = None
        if len(args) == 1 and self.built and not _mask_table and (not kwargs or kwargs.keys() == _TRAINING):
            inputs = args[0]
            if type(inputs) is np.ndarray and inputs.dtype.kind in "fi":
                inputs = Tensor(inputs)
                args = (inputs,)
        if type(inputs) is not Tensor or inputs.dtype in self._cast_from:
            names = self._signature.names
            if not args and names and names[0] in kwargs:
                args = (kwargs.pop(names[0]),)
            if is_symbolic(args, kwargs):
                return self._call_symbolically(args, kwargs)
            args, kwargs, mask = self._prepared(args, kwargs)
            inputs = args[0] if args else None
        elif self.input_spec is not None and inputs.shape != self._accepted_shape:
            self._check_and_build(args, {})
        context = _context
        outer_training, outer = context.training, context.token
        training = kwargs.pop("training", None) if kwargs else None
        if training is None:
            training = outer_training
        if training is not None and self._takes_training:
            kwargs["training"] = training
        token = object() if outer is None else outer
        self._call_token = token
        # Inside of another call the context is mostly the same; setting it costs more than comparing.
        if training is not outer_training:
            context.training = training
        if token is not outer:
            context.token = token
        try:
            # The usual call is cheaper without unpacking.
            outputs = self.call(*args, **kwargs) if kwargs or len(args) != 1 else self.call(inputs)
            if mask is not None or self._computes_mask:
                self._pass_mask_on(inputs, outputs, mask)
        except (ValueError, TypeError) as error:
            self._name_error(error)
            raise
        finally:
            if training is not outer_training:
                context.training = outer_training
            if token is not outer:
                context.token = outer
        if self.activity_regularizer is not None:
            self._penalize_activity(outputs)
        return outputs

    def _prepared(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
        """Arguments of any structure as `call` gets them, and the mask of the first; the layer is built for them."""
        args = tuple([self._convert_structure(arg) for arg in args])
        if args and (self._computes_with_floats or self._computes_with_numbers):
            args = (map_structure(self._cast, args[0]), *args[1:])
        if kwargs:
            kwargs = {key: self._convert_arrays(value) for key, value in kwargs.items()}
        inputs = args[0] if args else None
        if type(inputs) is not Tensor or inputs.shape != self._accepted_shape or not self.built:
            self._check_and_build(args, kwargs)
        mask = self._gather_masks(inputs, args, kwargs) if _mask_table or "mask" in kwargs else None
        return args, kwargs, mask

    def _call_symbolically(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        loading.count_step()
        args = tuple(self._convert_arrays(arg) for arg in args)
        kwargs = {key: self._convert_arrays(value) for key, value in kwargs.items() if value is not None}
        self._check_and_build(args, kwargs)
        try:
            outputs = self._symbolic_outputs(args, kwargs)
        except (ValueError, TypeError) as error:
            self._name_error(error)
            raise
        for number, output in enumerate(leaves(outputs)):
            output.name = self.name if number == 0 else f"{self.name}_{number}"
        node = Node(self, args, kwargs, outputs)
        if self._first_node is None:
            self._first_node = node
        return outputs

    def _symbolic_outputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if type(self).compute_output_shape is Layer.compute_output_shape:
            return infer(self, args, {key: value for key, value in kwargs.items() if key != "training"})
        shapes = self.compute_output_shape(map_structure(lambda tensor: tuple(tensor.shape), args[0]))
        return map_shapes(lambda shape: SymbolicTensor(shape, self._dtype), shapes)

    def _check_and_build(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        inputs = args[0] if args else None
        if self.input_spec is not None and inputs is not None:
            check_input(self, self.input_spec, shapes_of(inputs), inputs)
        if not self.built:
            self._build_for(args, kwargs)
            if self.input_spec is not None and inputs is not None:
                check_input(self, self.input_spec, shapes_of(inputs), inputs)
        self._accepted_shape = inputs.shape if type(inputs) is Tensor else None

    def _build_for(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if len(self._build_arguments) <= 1:
            self.build(shapes_of(args[0]) if args else None)
            return
        shapes = {}
        for name in self._build_arguments:
            argument = name.removesuffix("_shape")
            if argument in self._signature.names:
                value = self._signature.argument(self._signature.names.index(argument), args, kwargs)
                shapes[name] = None if value is None else shapes_of(value)
        self.build(**shapes)

    # ---- masks

    def _gather_masks(self, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Fills in the mask arguments of `call` that were not given; returns the mask of the first input."""
        for name, position in self._signature.mask_arguments:
            if kwargs.get(name) is None:
                found = masks.masks_of(self._signature.argument(position, args, kwargs))
                if found is not None:
                    kwargs[name] = found
        mask = kwargs.get("mask")
        return mask if mask is not None else masks.masks_of(inputs)

    def _pass_mask_on(self, inputs: Any, outputs: Any, mask: Any) -> None:
        if not self.supports_masking:
            if mask is not None and not self._warned_of_mask:
                self._warn_of_mask()
            return
        computed = self.compute_mask(inputs, mask)
        if computed is None:
            return
        for output, one in zip(leaves(outputs), leaves(computed), strict=False):
            if one is not None and masks.mask_of(output) is None:
                masks.attach_mask(output, one)

    def _warn_of_mask(self) -> None:
        self._warned_of_mask = True
        warnings.warn(
            f"{self._title} got an input with a mask but does not support masking: "
            "the layers after it will not see the mask",
            stacklevel=4,
        )

    # ---- losses

    def add_loss(self, loss: Any) -> None:
        """Adds a scalar tensor (or several) to the loss of the model; call it in `call`."""
        token = _context.token if _context.token is not None else self._call_token
        current = [entry for entry in self._losses if entry[0] is token]
        self._losses = current + [(token, ops.convert_to_tensor(one)) for one in leaves(loss)]

    def add_metric(self, values: Any, name: str) -> None:
        """Adds values, a number or an array, to a mean that `fit` and `evaluate` report; call it in `call`.

        A layer that is called several times adds to the same mean; a later layer's mean of the same name is numbered.

        Args:
            values: What is averaged; empty arrays count for nothing.
            name: Name of the figure.
        """
        token = _context.token if _context.token is not None else self._call_token
        current = [entry for entry in self._reported if entry[0] is token]
        self._reported = [*current, (token, name, np.asarray(values))]

    def _penalize_activity(self, outputs: Any) -> None:
        assert self.activity_regularizer is not None
        for output in leaves(outputs):
            penalty = self.activity_regularizer(output)
            self.add_loss(penalty / max(output.shape[0], 1) if output.ndim else penalty)

    @property
    def losses(self) -> list[Tensor]:
        """Penalties of the last call (activity, add_loss) and of the trainable weights' regularizers, as scalars."""
        found = [loss for layer in self._flatten_layers() for token, loss in layer._losses if token is self._call_token]
        for variable in self.trainable_weights:
            if variable.regularizer is not None:
                found.append(variable.regularizer(variable))
        return found

    # ---- description

    @property
    def dtype(self) -> str:
        return self._dtype

    @property
    def compute_dtype(self) -> str:
        return self._dtype

    @property
    def variable_dtype(self) -> str:
        return self._dtype

    @property
    def input(self) -> Any:
        """The symbolic input of the first use of this layer in a graph."""
        inputs = self._node().inputs
        return inputs[0] if len(inputs) == 1 else inputs

    @property
    def output(self) -> Any:
        """The symbolic output of the first use of this layer in a graph."""
        outputs = self._node().outputs
        return outputs[0] if len(outputs) == 1 else outputs

    def _node(self) -> Node:
        if self._first_node is None:
            raise ValueError(f"{self._title} is not part of a graph yet: call it on an Input")
        return self._first_node

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer, as plain values for JSON.

        A class that names its arguments in `config_arguments` needs no method of its own.
        """
        settings: dict[str, Any] = {"name": self.name, "trainable": self._trainable, "dtype": self._dtype}
        if self.activity_regularizer is not None:
            settings["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        if self._given_batch_shape is not None:
            settings["batch_input_shape"] = list(self._given_batch_shape)
        cls = type(self)
        if cls.config_arguments:
            return settings | described_arguments(self)
        if cls.get_config is Layer.get_config and cls.__init__ is not Layer.__init__:
            return given_arguments(self, *self._init_arguments) | settings
        return settings

    @classmethod
    def from_config(cls: type[Self], config: dict[str, Any]) -> Self:
        """The layer that `get_config` describes, with new weights."""
        arguments = restored_arguments(cls, config)
        adopted: dict[str, Any] = {}
        if not takes_any_keyword(cls.__init__):
            names = argument_names(cls.__init__)
            adopted = {key: arguments.pop(key) for key in _SETTINGS if key in arguments and key not in names}
        try:
            layer = cls(**arguments)
        except TypeError as error:
            raise TypeError(f"{cls.__name__} cannot be made from its configuration: {error}") from error
        layer._adopt(**adopted)
        return layer

    def _adopt(self, name: str | None = None, trainable: bool = True, dtype: str | None = None) -> None:
        """Settings that the `__init__` of a class does not take."""
        self.name = name or self.name
        self._set_dtype(dtype or self._dtype)
        if not trainable:
            self.trainable = False


Layer._signature = CallSignature(Layer.call)
Layer.build = mark_built(Layer.build)  # type: ignore[method-assign]
