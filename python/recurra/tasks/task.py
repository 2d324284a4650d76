"""What a task is: its settings, data, networks, training and figures, in one readable place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, ClassVar, NamedTuple

from recurra.checks import boolean, number, one_of, unknown_argument, unknown_name, whole_number


class Metric(NamedTuple):
    """The figure that a task is judged by.

    Attributes:
        name: Among the figures that `Task.evaluate` gives.
        title: For people, with the unit.
        lower_is_better: Default True.

    Example:
        >>> recurra.tasks.Metric("accuracy", "test accuracy, %", lower_is_better=False).name
        'accuracy'
    """

    name: str
    title: str
    lower_is_better: bool = True

    def better(self, figure: float, than: float) -> bool:
        """Whether a figure is better than another one; a NaN never is."""
        return figure < than if self.lower_is_better else figure > than


class Published(NamedTuple):
    """A figure of the literature.

    Attributes:
        figure: In the unit of the task's metric.
        source: Authors, year, place.

    Example:
        >>> recurra.tasks.Published(8.1, "Bai et al., 2018, Table 1").figure
        8.1
    """

    figure: float
    source: str


def published(source: str, /, **figures: float) -> dict[str, Published]:
    """Figures of one source by model.

    Example:
        >>> recurra.tasks.published("Bai et al., 2018, Table 1", tcn=8.1, lstm=8.45)["lstm"].figure
        8.45
    """
    return {model: Published(figure, source) for model, figure in figures.items()}


def setting(
    default: Any,
    help: str,
    *,
    kind: type | None = None,
    optional: bool = False,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: Iterable[str] | None = None,
) -> Any:
    """A field of a `Settings` class: a default, what it means, what it may be.

    Args:
        default: Its value unless another is given; its type is what is allowed.
        help: What it means, with its unit; shown by `recurra train TASK --help`.
        kind: int, float, bool or str, where the default is None, which is then allowed as well.
        optional: Whether None is allowed beside another default.
        least, most: Bounds that belong to what is allowed; whole numbers are at least 1 by default.
        above, below: Bounds of numbers that do not belong to it.
        choices: Of a string.

    Returns:
        What stands behind `=` in the class.

    Example:
        >>> from dataclasses import dataclass
        >>> from recurra.tasks import Settings, setting
        >>> @dataclass(frozen=True)
        ... class Sizes(Settings):
        ...     steps: int = setting(600, "length of the sequences")
        >>> Sizes(steps=100).steps
        100
    """
    return field(
        default=default,
        metadata={
            "help": help,
            "kind": kind or type(default),
            "optional": optional or default is None,
            "bounds": {"least": least, "most": most, "above": above, "below": below},
            "choices": None if choices is None else tuple(choices),
        },
    )


def _checked(one: Field[Any], value: Any) -> Any:
    """The value of a setting, or a ValueError that says what it may be."""
    about = one.metadata
    kind, bounds = about["kind"], about["bounds"]
    if value is None and about["optional"]:
        return None
    if kind is bool:
        return boolean(value, "settings", one.name)
    if kind is int:
        least = 1 if bounds["least"] is None else int(bounds["least"])
        return whole_number(value, "settings", one.name, least, bounds["most"])
    if kind is float:
        return number(value, "settings", one.name, **bounds)
    if about["choices"] is not None:
        return one_of(value, "settings", one.name, about["choices"])
    if not isinstance(value, str):
        raise ValueError(f"settings: {one.name} must be a string, got {value!r}")
    return value


@dataclass(frozen=True)
class Settings:
    """Every number of a task that can be chosen; a task has a subclass of its own, made of `setting`s.

    Attributes:
        epochs: How often the training data are seen.
        batch_size: Sequences a step.

    Raises:
        ValueError: A value is not allowed.

    Example:
        >>> recurra.tasks.Settings(epochs=3)
        Settings(epochs=3, batch_size=32)
    """

    epochs: int = setting(10, "how often the training data are seen", least=0)
    batch_size: int = setting(32, "sequences a step")

    def __post_init__(self) -> None:
        for one in fields(self):
            object.__setattr__(self, one.name, _checked(one, getattr(self, one.name)))


@dataclass(frozen=True)
class Data:
    """The three parts of a task's data.

    Attributes:
        train: What `fit` takes: (x, y), (x, y, sample_weight) or a source of batches.
        validation: What `Task.evaluate` takes, by default the same; looked at after every epoch.
        test: The same; looked at once, at the end.
        about: Anything else that the task's methods need, by name.

    Example:
        >>> part = np.zeros((4, 3, 1)), np.zeros((4, 1))
        >>> recurra.tasks.Data(part, part, part).about
        {}
    """

    train: Any
    validation: Any
    test: Any
    about: Mapping[str, Any] = field(default_factory=dict)


class Task:
    """An experiment that a figure of the literature exists for: subclass it and write what is special.

    A subclass states the attributes and writes `data` and `model`; the other methods have defaults. Its module imports
    nothing of the engine at the top (`import recurra` and `recurra.layers…` inside of methods do not), so that its help
    is quick. `recurra.tasks.run` runs it; a line in `recurra.tasks.catalogue` makes it a command.

    Attributes:
        settings_class: The class of its settings; their defaults are the published ones.
        models: Names for `--model`, the default first, each with the settings in which it differs from those defaults.
        metric: The figure it is judged by.
        published: Figures of the literature by model.
        goal: Figures to be reached by model.
        positional: Settings that the command takes by their place instead of as options; none by default.
        keep_best: Whether the weights of the epoch with the best validation are tested, or those of the last one;
            default True.

    Args:
        name: Of the task, as in `recurra train NAME`.
        summary: One line about it.

    Example:
        >>> from recurra.tasks import Data, Metric, Task
        >>> class Sum(Task):
        ...     "The sum of ten numbers."
        ...     models = {"gru": {}}
        ...     metric = Metric("loss", "mean squared error")
        ...     def data(self, settings, seed):
        ...         x = np.random.default_rng(seed).normal(size=(96, 10, 1)).astype("float32")
        ...         parts = [(one, one.sum(1)) for one in np.split(x, 3)]
        ...         return Data(*parts)
        ...     def model(self, name, settings, data):
        ...         network = [recurra.Input((10, 1)), recurra.layers.GRU(4), recurra.layers.Dense(1)]
        ...         model = recurra.Sequential(network)
        ...         model.compile("adam", "mse")
        ...         return model
        >>> result = recurra.tasks.run(Sum("sum", "the sum of ten numbers"), epochs=2, verbose=0)
        >>> result.epochs, sorted(result.history)
        (2, ['loss', 'val_loss'])
    """

    settings_class: ClassVar[type[Settings]] = Settings
    models: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    metric: ClassVar[Metric]
    published: ClassVar[Mapping[str, Published]] = {}
    goal: ClassVar[Mapping[str, float]] = {}
    positional: ClassVar[tuple[str, ...]] = ()
    keep_best: ClassVar[bool] = True

    def __init__(self, name: str, summary: str) -> None:
        self.name = name
        self.summary = summary

    def model_name(self, name: str | None = None) -> str:
        """The name of one of its models; None stands for the first.

        Raises:
            ValueError: There is no such model; the message lists those there are.
        """
        if name is None:
            return next(iter(self.models))
        if name not in self.models:
            raise unknown_name(f"model of the task {self.name}", name, self.models)
        return name

    def settings(self, model: str | None = None, **changes: Any) -> Settings:
        """The published settings of a model, with changes.

        Args:
            model: A name in `models`; default the first.
            **changes: Settings with other values.

        Raises:
            TypeError: There is no such setting.
            ValueError: There is no such model, or a value is not allowed.
        """
        known = [one.name for one in fields(self.settings_class)]
        for name in changes:
            if name not in known:
                raise unknown_argument(f"the task {self.name}", name, known)
        return self.settings_class(**{**self.models[self.model_name(model)], **changes})

    def data(self, settings: Any, seed: int) -> Data:
        """The data of a run: the same for the same settings and seed.

        Raises:
            DatasetNotFoundError: A file that it needs is missing; the message says what to do.
        """
        raise NotImplementedError(f"{type(self).__name__} must define data(settings, seed)")

    def model(self, name: str, settings: Any, data: Data) -> Any:
        """A compiled model that has its weights, so that a run can be taken up: give it an Input."""
        raise NotImplementedError(f"{type(self).__name__} must define model(name, settings, data)")

    def callbacks(self, settings: Any) -> list[Any]:
        """Callbacks of the training, such as the schedule of the learning rate; none by default."""
        return []

    def fit(self, model: Any, data: Data, settings: Any, **options: Any) -> None:
        """Trains the model on `data.train`; `options` (epochs, callbacks, verbose) go to its `fit`."""
        if isinstance(data.train, tuple):
            x, y, *weights = data.train
            model.fit(x, y, batch_size=settings.batch_size, sample_weight=weights[0] if weights else None, **options)
        else:
            model.fit(data.train, **options)

    def evaluate(self, model: Any, part: Any, settings: Any) -> dict[str, float]:
        """The figures of a part of the data by name, the metric's among them; by default those of `model.evaluate`."""
        if isinstance(part, tuple):
            x, y, *weights = part
            options = {"batch_size": settings.batch_size, "sample_weight": weights[0] if weights else None}
            found = model.evaluate(x, y, verbose=0, return_dict=True, **options)
        else:
            found = model.evaluate(part, verbose=0, return_dict=True)
        return {name: float(value) for name, value in found.items()}
