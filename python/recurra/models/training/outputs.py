"""What belongs to which output of a model: targets, weights and settings given as lists or by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recurra.models.names import unique_names
from recurra.tensor import Tensor
from recurra.tree import flatten


def aligned_with(structure: Any, outputs: Any, names: Sequence[str], what: str) -> list[Any]:
    """Targets, weights or settings as a list with one element per output.

    Args:
        structure: What was given: one, a list, or a dictionary by the names of the outputs.
        outputs: Structure of the outputs.
        names: Names of the outputs.
        what: Argument, for messages.

    Raises:
        ValueError: The structure does not fit the outputs.
    """
    count = 1 if isinstance(outputs, Tensor) else len(flatten(outputs))
    if isinstance(structure, Mapping):
        check_names_of_outputs(structure, outputs, names, what)
    if count == 1:
        if isinstance(structure, Mapping):
            structure = list(structure.values())
        if isinstance(structure, (list, tuple)):
            if len(structure) != 1:
                raise ValueError(f"{what}: the model has one output, got {len(structure)}")
            structure = structure[0]
        return [structure]
    if isinstance(structure, Mapping):
        return [structure.get(name) for name in names_of_outputs(outputs, names)]
    if isinstance(structure, (list, tuple)) and len(structure) == count:
        return list(structure)
    got = f"{len(structure)} of them" if isinstance(structure, (list, tuple)) else "one"
    raise ValueError(f"{what}: the model has {count} outputs, got {got}; give a list, or a dictionary by output name")


def check_names_of_outputs(structure: Mapping[str, Any], outputs: Any, names: Sequence[str], what: str) -> None:
    """Refuses a dictionary with a name that no output has; the only output of a model without names has any.

    Raises:
        ValueError: There is such a name.
    """
    known = names_of_outputs(outputs, names)
    if len(known) == 1 and not names and not isinstance(outputs, Mapping):
        return
    unknown = [name for name in structure if name not in known]
    if unknown:
        end = f"the outputs are {', '.join(known)}" if len(known) > 1 else f"the output is '{known[0]}'"
        raise ValueError(f"{what}: there is no output '{unknown[0]}'; {end}")


def names_of_outputs(outputs: Any, names: Sequence[str]) -> list[str]:
    """A name for each output, no two alike."""
    if isinstance(outputs, Mapping):
        return list(outputs)
    count = len(flatten(outputs))
    return unique_names(names) if len(names) == count else [f"output_{i + 1}" for i in range(count)]
