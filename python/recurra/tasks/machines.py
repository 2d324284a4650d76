"""What the tasks of machines with a memory share: networks, training, bits a sequence.

Sources: Graves, Wayne & Danihelka, Neural Turing Machines, arXiv:1410.5401, 2014, for the tasks, the sizes of memory,
controller and LSTM, and the figures in bits a sequence; Collier & Beel, Implementing Neural Turing Machines,
arXiv:1807.08518, 2018, for the training: Adam, 31,250 steps of 32 sequences, and a start of the memory of 1e-6. There a
run counts as converged when less than 0.1 bit of a sequence is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import recurra
from recurra.tasks.task import Data, Metric, Settings, Task, setting

Batch = tuple[Any, Any, Any]  # inputs (B, T, F), bits (B, T, K), and (B, T), 1 where an answer is asked for


@dataclass(frozen=True)
class MachineSettings(Settings):
    """Settings of the networks and of their training."""

    epochs: int = setting(50, "of `steps` steps; 50 of 625 are the 31,250 of Collier & Beel", least=0)
    steps: int = setting(625, "steps of an epoch, each on newly drawn sequences")
    units: int = setting(100, "of the controller, or of an LSTM layer")
    layers: int = setting(3, "lstm: layers on top of each other")
    memory_size: int = setting(128, "slots of the memory")
    memory_dim: int = setting(20, "numbers in a slot")
    heads: int = setting(1, "read heads, and as many write heads")
    learning_rate: float = setting(1e-3, "of Adam", above=0)
    clip: float = setting(50.0, "bound of the norm of the whole gradient; none: no bound", optional=True, above=0)
    tested: int = setting(640, "sequences of the validation, and of each part of the test")


class MachineTask(Task):
    """Something is shown step by step, and bits are to be answered in the steps behind it.

    The loss is the cross-entropy of the answer, summed over a sequence. All sequences of a batch have the same sizes.
    """

    settings_class = MachineSettings
    models: ClassVar = {"ntm": {}, "ntm-dense": {}, "lstm": {"units": 256}}
    metric = Metric("bits", "cross-entropy of the answer, bits a sequence")
    goal: ClassVar = {"ntm": 0.1}

    inputs: ClassVar[int]  # F, numbers of a step
    answers: ClassVar[int]  # K, bits of a step of the answer

    def draw(self, rng: np.random.Generator, count: int, settings: Any) -> Batch:
        """A batch of sequences as the training has them."""
        raise NotImplementedError

    def longer(self, settings: Any) -> dict[str, Callable[[np.random.Generator, int], Batch]]:
        """How batches larger than those of the training are drawn, by the endings of the names of their figures."""
        raise NotImplementedError

    def data(self, settings: MachineSettings, seed: int) -> Data:
        """Batches drawn for each step; sequences for the validation; for the test, longer ones too."""
        from recurra.tasks.sources import DrawnBatches

        def part(rng: np.random.Generator, draw: Callable[[np.random.Generator, int], Batch]) -> list[Batch]:
            whole, rest = divmod(settings.tested, settings.batch_size)
            return [draw(rng, size) for size in [settings.batch_size] * whole + [rest] * (rest > 0)]

        def usual(rng: np.random.Generator, count: int) -> Batch:
            return self.draw(rng, count, settings)

        train = DrawnBatches(lambda rng: usual(rng, settings.batch_size), settings.steps, seed)
        validation = {"": part(np.random.default_rng((seed, 1)), usual)}
        rng = np.random.default_rng((seed, 2))
        test = {name: part(rng, draw) for name, draw in {"": usual, **self.longer(settings)}.items()}
        return Data(train, validation, test)

    def model(self, name: str, settings: MachineSettings, data: Data) -> Any:
        """Scores of the bits at every step."""
        model = recurra.Sequential(
            [recurra.Input((None, self.inputs)), *network(name, settings), recurra.layers.Dense(self.answers)]
        )
        # The loss of the package is a mean over the bits of a step.
        loss = recurra.losses.BinaryCrossentropy(from_logits=True, reduction="sum")
        optimizer = recurra.optimizers.Adam(settings.learning_rate, global_clipnorm=settings.clip)
        model.compile(optimizer, loss, loss_weights=[self.answers / settings.batch_size])
        return model

    def evaluate(self, model: Any, part: Any, settings: MachineSettings) -> dict[str, float]:
        """Of each group of sequences: the cross-entropy, bits a sequence, and how many bits of a sequence are wrong."""
        figures: dict[str, float] = {}
        for name, batches in part.items():
            count = sum(len(x) for x, _, _ in batches)
            bits = errors = 0.0
            for x, y, asked in batches:
                scores = model.predict_on_batch(x).astype("float64")
                asked = asked[:, :, None]
                bits += float(((np.logaddexp(0, scores) - y * scores) * asked).sum() / np.log(2))
                errors += float((((scores > 0) != (y > 0.5)) * asked).sum())
            figures |= {f"bits{name}": bits / count, f"errors{name}": errors / count}
        return figures


def network(name: str, s: MachineSettings) -> list[Any]:
    """The layers of a model that go over the sequence."""
    layers = recurra.layers
    if name == "lstm":
        return [layers.LSTM(s.units, return_sequences=True) for _ in range(s.layers)]
    controller = layers.LSTMCell(s.units) if name == "ntm" else layers.Dense(s.units, activation="tanh")
    return [layers.NTM(controller, s.memory_size, s.memory_dim, s.heads, s.heads, return_sequences=True)]


def empty(count: int, steps: int, inputs: int, answers: int, asked: int) -> Batch:
    """A batch without anything in it, which asks for an answer in the last steps."""
    where = np.zeros((count, steps), "float32")
    where[:, steps - asked :] = 1
    return np.zeros((count, steps, inputs), "float32"), np.zeros((count, steps, answers), "float32"), where


def random_bits(rng: np.random.Generator, *shape: int) -> Any:
    """0 and 1, equally likely."""
    return rng.integers(0, 2, shape).astype("float32")
