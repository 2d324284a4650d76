"""What all optimizers share: the parameter block, clipping, decay, averaging, accumulation, state.

A step is a handful of passes over flat runs of numbers in the engine (cpp/recurra/optim); nothing here loops over
variables while training, only `normed.py` does for rules with norms of single variables. A step clips the gradients,
adds noise to them, lets the weights decay, and applies the rule.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import is_
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from recurra import _engine, random
from recurra.checks import constructor_keywords, is_number, unknown_argument
from recurra.configurable import Configurable
from recurra.optimizers import schedules
from recurra.optimizers.options import STORED, LearningRate, OptimizerOptions, checked_options

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from typing_extensions import Unpack

    from recurra.tensor import Tensor, Variable


class Optimizer(Configurable):
    """Base of the optimizers.

    A new rule is a subclass that names its `slots`, defines `_update`, and keeps each argument of its constructor in an
    attribute of the same name.

    Args:
        learning_rate: Step size η: a number, a schedule, or a function without arguments. `lr` is another name for it.
        weight_decay: θ ← θ − η · weight_decay · θ before each step, except for variables given to
            `exclude_from_weight_decay`. Default None: no decay.
        clipnorm: Clip the norm of the gradient of each variable. At most one of the three is given.
        clipvalue: Clip each element of the gradients.
        global_clipnorm: Clip the norm of all gradients together.
        use_ema: Keep a moving average of the weights, a ← ema_momentum · a + (1 − ema_momentum) · θ, and put it in
            place of the weights at the end of `fit`. Default False.
        ema_momentum: Default 0.99.
        ema_overwrite_frequency: Put the average in place of the weights every so many steps as well. Default None.
        gradient_accumulation_steps: Take a step with the mean gradient of so many batches, at least 2. Default None.
        loss_scale_factor: Stored for Keras's sake: gradients are not computed in short numbers, so scaling the loss
            would change nothing. Default None.
        gradient_noise: Add normal noise of variance gradient_noise / (1 + t)^γ to the clipped gradients, t the number
            of steps taken; 0.01, 0.3 and 1.0 are usual. Default None: no noise.
        gradient_noise_decay: γ, default 0.55.
        gradient_noise_seed: The noise of a step depends on the seed and t alone; by default the seed is drawn from the
            global generator.
        name: Default the name of the class.

    Raises:
        TypeError: There is no such argument.
        ValueError: An argument has no such value.

    Source: Neelakantan et al., "Adding gradient noise improves learning for very deep networks", 2015.

    Example:
        >>> optimizer = recurra.optimizers.SGD(0.5, clipvalue=1.0)
        >>> weight = recurra.Variable(np.array([1.0, 2.0]))
        >>> optimizer.apply([np.array([0.5, -4.0])], [weight])
        >>> weight.numpy()
        array([0.75, 2.5 ])
        >>> optimizer
        SGD(learning_rate=0.5, clipvalue=1.0)
    """

    #: Names of the flat runs the rule keeps, and what they start from.
    slots: ClassVar[Mapping[str, float]] = {}

    def __init__(self, learning_rate: LearningRate, **options: Unpack[OptimizerOptions]) -> None:
        if options.pop("decay", None) is not None:
            warnings.warn(
                "decay is ignored; give learning_rate=schedules.InverseTimeDecay(rate, 1, decay) instead", stacklevel=3
            )
        learning_rate = options.pop("lr", learning_rate)
        who = type(self).__name__
        unknown = next((name for name in options if name not in OptimizerOptions.__annotations__), None)
        if unknown is not None:
            raise unknown_argument(who, unknown, self._argument_names())
        known = checked_options(options, who)
        self.name: str = known["name"] or who.lower()
        self.weight_decay: float | None = known["weight_decay"]
        self.clipnorm: float | None = known["clipnorm"]
        self.clipvalue: float | None = known["clipvalue"]
        self.global_clipnorm: float | None = known["global_clipnorm"]
        self.use_ema: bool = known["use_ema"]
        self.ema_momentum: float = known["ema_momentum"]
        self.ema_overwrite_frequency: int | None = known["ema_overwrite_frequency"]
        self.gradient_accumulation_steps: int | None = known["gradient_accumulation_steps"]
        self.loss_scale_factor: float | None = known["loss_scale_factor"]
        self.gradient_noise: float | None = known["gradient_noise"]
        self.gradient_noise_decay: float = known["gradient_noise_decay"]
        seed = known["gradient_noise_seed"]
        self._noise = random.SeedGenerator(seed) if self.gradient_noise or seed is not None else None
        self._learning_rate: float | schedules.LearningRateSchedule | Callable[[], float]
        self._learning_rate = self._checked_rate(learning_rate)
        self._rate_factor = 1.0
        self._iterations = 0
        self._variables: list[Variable] = []
        self._block: _engine.ParameterBlock | None = None
        self._slots: dict[str, Tensor] = {}
        self._decayed: list[int] = []
        self._constrained: list[Variable] = []
        self._excluded_variables: list[Variable] = []
        self._excluded_names: re.Pattern[str] | None = None

    # The rule.

    def _update(self, block: _engine.ParameterBlock, slots: Mapping[str, Tensor], rate: float, step: int) -> None:
        """Moves block.values by block.gradients; `step` counts from 1."""
        raise TypeError(f"{type(self).__name__} does not define _update(block, slots, rate, step)")

    def _slots_used(self) -> Mapping[str, float]:
        """The slots this optimizer needs with its arguments."""
        return self.slots

    # The learning rate.

    def _checked_rate(self, rate: Any) -> float | schedules.LearningRateSchedule | Callable[[], float]:
        if isinstance(rate, Mapping):
            return schedules.deserialize(rate)
        if isinstance(rate, schedules.LearningRateSchedule) or callable(rate):
            return rate  # type: ignore[no-any-return]
        who = type(self).__name__
        rate = rate.item() if np.ndim(rate) == 0 and hasattr(rate, "item") else rate
        if not is_number(rate):
            raise TypeError(f"{who}: learning_rate must be a number, a schedule or a function, got {rate!r}")
        if not rate >= 0:
            raise ValueError(f"{who}: learning_rate must be at least 0, got {rate}")
        return float(rate)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step; may be set unless it follows a schedule."""
        rate = self._learning_rate
        if isinstance(rate, schedules.LearningRateSchedule):
            return float(rate(self._iterations))
        return float(rate()) if callable(rate) else rate

    @learning_rate.setter
    def learning_rate(self, rate: LearningRate) -> None:
        new = self._checked_rate(rate)
        if isinstance(self._learning_rate, schedules.LearningRateSchedule) and isinstance(new, float):
            raise TypeError(
                f"{type(self).__name__}: the learning rate follows {type(self._learning_rate).__name__} and cannot be "
                "set to a number; make the optimizer with a number to set it later"
            )
        self._learning_rate = new

    lr = learning_rate

    @property
    def learning_rate_schedule(self) -> schedules.LearningRateSchedule | None:
        """The schedule that the learning rate follows, or None."""
        rate = self._learning_rate
        return rate if isinstance(rate, schedules.LearningRateSchedule) else None

    @property
    def iterations(self) -> int:
        """Steps taken so far."""
        return self._iterations // (self.gradient_accumulation_steps or 1)

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Spares these variables, and those whose name contains one of `var_names`, from weight decay."""
        self._excluded_variables = list(var_list or [])
        self._excluded_names = re.compile("|".join(var_names)) if var_names else None
        self._decayed = self._decayed_variables()

    def _decayed_variables(self) -> list[int]:
        def spared(variable: Variable) -> bool:
            if any(variable is other for other in self._excluded_variables):
                return True
            return self._excluded_names is not None and self._excluded_names.search(variable.name) is not None

        return [i for i, variable in enumerate(self._variables) if not spared(variable)]

    # Variables.

    @property
    def built(self) -> bool:
        """Whether the optimizer knows its variables."""
        return self._block is not None

    @property
    def trained(self) -> list[Variable]:
        """The variables it was built with, in the order of its state."""
        return list(self._variables)

    def build(self, variables: Iterable[Variable]) -> None:
        """Moves the variables into one block and makes the slots; slots of variables known before are kept.

        Raises ValueError if the optimizer has trained other variables only, or the dtypes differ.
        """
        variables = list(variables)
        before = self._variables
        if self._block is not None:
            if len(variables) == len(before) and all(map(is_, variables, before)) and self._block.intact():
                return
            if self._iterations and before and not any(v is w for v in variables for w in before):
                raise ValueError(
                    f"{type(self).__name__} has trained other variables; make a new optimizer for these "
                    "(compile the model with a new one)"
                )
        dtypes = {variable.dtype for variable in variables}
        if len(dtypes) > 1:
            raise ValueError(f"{type(self).__name__}: trainable variables must share one dtype, got {sorted(dtypes)}")
        kept = self._slots_by_variable()
        block = _engine.ParameterBlock(variables)
        self._variables = variables
        self._block = block
        self._slots = {}
        for name, start in self._all_slots().items():
            flat = np.full(block.values.shape, start, block.values.dtype)
            slot = _engine.Tensor(flat)
            for view, variable in zip(self._views(slot), variables, strict=True):
                old = kept.get((id(variable), name))
                if old is not None:
                    view[...] = old
            self._slots[name] = slot
        self._decayed = self._decayed_variables()
        self._constrained = [v for v in variables if getattr(v, "constraint", None) is not None]

    def _all_slots(self) -> dict[str, float]:
        slots = dict(self._slots_used())
        if self.use_ema:
            slots["average"] = 0.0
        if self.gradient_accumulation_steps:
            slots["gradient_accumulator"] = 0.0
        return slots

    def _views(self, flat: Tensor) -> list[np.ndarray]:
        """The part of a flat run that belongs to each variable, in its shape."""
        assert self._block is not None
        run = flat.numpy()
        return [
            run[offset : offset + variable.size].reshape(variable.shape)
            for offset, variable in zip(self._block.offsets, self._variables, strict=True)
        ]

    def _slots_by_variable(self) -> dict[tuple[int, str], np.ndarray]:
        return {
            (id(variable), name): view.copy()
            for name, slot in self._slots.items()
            for view, variable in zip(self._views(slot), self._variables, strict=True)
        }

    @property
    def flat_weights(self) -> Tensor:
        """All weights that it trains in one run of numbers, which steps move."""
        return self._built_block().values

    def track_average(self, average: Tensor, momentum: float) -> None:
        """average ← momentum · average + (1 − momentum) · weights, for a tensor like `flat_weights`."""
        _engine.track_average(self._built_block(), average, momentum)

    # Steps.

    @contextmanager
    def scaled_rate(self, factor: float) -> Iterator[None]:
        """Within it steps have the learning rate times a factor."""
        before, self._rate_factor = self._rate_factor, factor
        try:
            yield
        finally:
            self._rate_factor = before

    def zero_gradients(self) -> None:
        """Sets all gradients to 0; backward() adds to them."""
        self._built_block().zero_gradients()

    def _built_block(self) -> _engine.ParameterBlock:
        if self._block is None:
            raise ValueError(f"{type(self).__name__} does not know its variables yet; call build(variables) first")
        return self._block

    def step(self) -> None:
        """One step with the gradients that backward() left on the variables."""
        block = self._built_block()
        steps = self.gradient_accumulation_steps
        if steps and (self._iterations + 1) % steps:
            _engine.accumulate(block, self._slots["gradient_accumulator"])
        else:
            if steps:
                _engine.release_accumulated(block, self._slots["gradient_accumulator"], float(steps))
            self._clip(block)
            if self.gradient_noise:
                self._add_noise(block, self.gradient_noise)
            rate = self.learning_rate * self._rate_factor
            if self.weight_decay is not None:
                _engine.decay(block, self._decayed, self.weight_decay * rate)
            self._update(block, self._slots, rate, self.iterations + 1)
        for variable in self._constrained:
            variable.assign(variable.constraint(variable))
        if self.use_ema:
            self._average(block)
        self._iterations += 1

    def _clip(self, block: _engine.ParameterBlock) -> None:
        if self.clipnorm is not None:
            _engine.clip_by_norm(block, self.clipnorm)
        elif self.clipvalue is not None:
            _engine.clip_by_value(block, self.clipvalue)
        elif self.global_clipnorm is not None:
            _engine.clip_by_global_norm(block, self.global_clipnorm)

    def _add_noise(self, block: _engine.ParameterBlock, variance: float) -> None:
        assert self._noise is not None
        gradients = block.gradients.numpy()
        deviation = (variance / (1 + self.iterations) ** self.gradient_noise_decay) ** 0.5
        self._noise.set_state({"seed": self._noise.seed, "counter": self.iterations})
        gradients += random.normal(gradients.shape, stddev=deviation, dtype=gradients.dtype, seed=self._noise).numpy()

    def _average(self, block: _engine.ParameterBlock) -> None:
        average = self._slots["average"]
        _engine.track_average(block, average, self.ema_momentum if self.iterations else 0.0)
        if self.ema_overwrite_frequency and (self.iterations + 1) % self.ema_overwrite_frequency == 0:
            block.values.assign(average)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[ArrayLike | Tensor | None, Variable]]) -> int:
        """One step with these (gradient, variable) pairs; returns the number of steps so far. See `apply`."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self._iterations

    def apply(
        self, grads: Sequence[ArrayLike | Tensor | None], trainable_variables: Sequence[Variable] | None = None
    ) -> None:
        """One step with these gradients, one a variable; None counts as 0.

        trainable_variables: what the gradients belong to; builds the optimizer at the first call. Default: the
            variables it was built with. Variables left out get a gradient of 0.
        """
        if trainable_variables is None:
            self._built_block()
            trainable_variables = self._variables
        if len(grads) != len(trainable_variables):
            raise ValueError(f"got {len(grads)} gradients for {len(trainable_variables)} variables")
        if self._block is None or not self._block.intact():
            self.build(self._variables or trainable_variables)
        block = self._built_block()
        known = {id(variable) for variable in self._variables}
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            if id(variable) not in known:
                raise ValueError(f"{type(self).__name__} was not built with the variable '{variable.name}'")
            if gradient is not None and np.shape(gradient) != tuple(variable.shape):
                raise ValueError(
                    f"gradient of '{variable.name}': expected shape {tuple(variable.shape)}, got {np.shape(gradient)}"
                )
        if all(gradient is None for gradient in grads):
            raise ValueError("no gradients: all of them are None; does the loss depend on the variables?")
        # The gradients given may be views of the block itself, so they are copied before it is cleared.
        copies = [None if gradient is None else np.array(gradient) for gradient in grads]
        block.zero_gradients()
        for copy, variable in zip(copies, trainable_variables, strict=True):
            if copy is not None:
                target = variable.grad
                assert target is not None
                target.numpy()[...] = copy
        self.step()

    def finalize_variable_values(self, var_list: Iterable[Variable] = ()) -> None:
        """Puts the moving averages in place of the weights, if there are any; `fit` calls it at its end."""
        if self.use_ema and self._block is not None and self._iterations:
            self._block.values.assign(self._slots["average"])

    # State and configuration.

    def __getstate__(self) -> dict[str, Any]:
        """What `copy`, `deepcopy` and `pickle` take along: the variables, and the state as arrays."""
        own = {key: value for key, value in vars(self).items() if key not in ("_block", "_slots")}
        return {**own, "slots": self.state() if self._block is not None else None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        slots = state["slots"]
        vars(self).update({key: value for key, value in state.items() if key != "slots"})
        self._block, self._slots = None, {}
        if slots is not None:
            self.build(self._variables)
            self.set_state(slots)

    def state(self) -> dict[str, np.ndarray]:
        """All that the next step depends on beside the weights, as named arrays (copies).

        "iteration", "learning_rate" (where it is a number), "gradient_noise_seed" (where there is noise) and
        "<slot>/<number of the variable>".
        """
        out = {"iteration": np.array(self._iterations, np.int64)}
        if isinstance(self._learning_rate, float):
            out["learning_rate"] = np.array(self._learning_rate, np.float64)
        if self._noise is not None:
            out["gradient_noise_seed"] = np.array(self._noise.seed, np.uint64)
        for name, slot in self._slots.items():
            out.update({f"{name}/{i}": view.copy() for i, view in enumerate(self._views(slot))})
        return out

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Puts back what `state` gave. The optimizer must be built; nothing changes if something does not fit."""
        self._built_block()
        expected = self.state()
        missing = sorted(set(expected) - set(state))
        surplus = sorted(set(state) - set(expected))
        if missing or surplus:
            raise ValueError(
                f"{type(self).__name__}: the state does not fit this optimizer and model"
                + (f"; missing: {', '.join(missing[:4])}" if missing else "")
                + (f"; unknown: {', '.join(surplus[:4])}" if surplus else "")
            )
        for name, array in state.items():
            if np.shape(array) != expected[name].shape:
                raise ValueError(
                    f"{type(self).__name__}: state '{name}': expected shape {expected[name].shape}, "
                    f"got {np.shape(array)}"
                )
        self._iterations = int(state["iteration"])
        if "learning_rate" in expected:
            self._learning_rate = float(state["learning_rate"])
        if self._noise is not None:
            self._noise = random.SeedGenerator(int(state["gradient_noise_seed"]))
        for name, slot in self._slots.items():
            for i, view in enumerate(self._views(slot)):
                view[...] = state[f"{name}/{i}"]

    @property
    def variables(self) -> list[np.ndarray]:
        """The arrays of `state`, in order."""
        return list(self.state().values())

    @property
    def gradient_noise_seed(self) -> int | None:
        """The seed of the noise, None where there is none."""
        return None if self._noise is None else self._noise.seed

    @classmethod
    def _argument_names(cls) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*constructor_keywords(cls), *STORED]))

    def _arguments(self) -> dict[str, Any]:
        named = [name for name in self._argument_names() if name != "learning_rate" and hasattr(self, name)]
        return {"learning_rate": self._learning_rate} | {name: getattr(self, name) for name in named}

    def _own_defaults(self) -> dict[str, Any]:
        return checked_options({}, type(self).__name__)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor, fit for JSON; the learning rate as it is now.

        Raises:
            TypeError: The learning rate is a function.
        """
        rate = self._learning_rate
        if isinstance(rate, schedules.LearningRateSchedule):
            return self._arguments() | {"learning_rate": schedules.serialize(rate)}
        if not isinstance(rate, float):
            raise TypeError(
                f"{type(self).__name__}: a learning rate given as a function cannot be saved; use a schedule class"
            )
        return self._arguments()
