"""What a target of fuzzing is, and the table of all of them.

An input follows from a number alone, so a failure is told by its target and its number.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    """Something that takes inputs of others.

    `attempt` makes the input from the generator and tries it; it returns a word for statistics, such as "accepted".
    `allowed` are the exceptions that are documented; any other one is a failure, as is a crash, a hang, an allocation
    beyond `megabytes` and an import of a module that is neither the package's nor of what it needs.
    """

    name: str
    attempt: Callable[[random.Random], str]
    allowed: tuple[type[BaseException], ...] = (ValueError,)
    prepare: Callable[[], object] = tuple  # called before children are made: what they all need
    seconds: float = 5.0
    megabytes: int = 512
    expected_modules: frozenset[str] = field(default=frozenset({"recurra", "numpy", "cython_runtime", "tests"}))

    def generator(self, number: int) -> random.Random:
        return random.Random(f"{self.name} {number}")

    def try_one(self, number: int) -> str:
        """A word for what happened: the target's own, or "refused". Raises what is not allowed."""
        before = set(sys.modules)
        try:
            word = self.attempt(self.generator(number))
        except self.allowed:
            word = "refused"
        for name in set(sys.modules) - before:
            top = name.partition(".")[0]
            known = top in sys.stdlib_module_names or top.startswith(("_sysconfigdata", "_cython"))
            if top not in self.expected_modules and not known:
                raise ForeignImport(f"imported {name}")
        return word


class ForeignImport(Exception):
    """An input made Python import a module that nobody asked for."""


class WrongResult(Exception):
    """A result differs from what it must be."""


def all_targets() -> dict[str, Target]:
    from tests.fuzz import configurations, model_files, operations, tables, texts

    found = [
        *model_files.TARGETS,
        *configurations.TARGETS,
        *tables.TARGETS,
        *texts.TARGETS,
        *operations.TARGETS,
    ]
    return {target.name: target for target in found}
