"""Tasks with published figures, for recurrent, convolutional and attending networks: `recurra train TASK`.

Each task is one readable file: data, networks, training, figures, and the settings they were published with.

    from recurra import tasks

    result = tasks.run("adding", model="tcn", seed=0, epochs=1)

A new task is a subclass of `Task` in a module of this package and a line in `catalogue.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra.checks import unknown_attribute
from recurra.tasks.catalogue import TASKS, get
from recurra.tasks.task import Data, Metric, Published, Settings, Task, published, setting

if TYPE_CHECKING:
    from recurra.tasks.runner import Result as Result
    from recurra.tasks.runner import run as run
    from recurra.tasks.schedules import AnnealWhenWorse as AnnealWhenWorse
    from recurra.tasks.sources import DrawnBatches as DrawnBatches
    from recurra.tasks.sources import Pieces as Pieces

__all__ = [
    "TASKS",
    "AnnealWhenWorse",
    "Data",
    "DrawnBatches",
    "Metric",
    "Pieces",
    "Published",
    "Result",
    "Settings",
    "Task",
    "get",
    "published",
    "run",
    "setting",
]

# What stands on models is imported when it is first used: the help of a task needs none of it.
_LATER = {
    "AnnealWhenWorse": "schedules",
    "DrawnBatches": "sources",
    "Pieces": "sources",
    "Result": "runner",
    "run": "runner",
}


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name in _LATER:
            from importlib import import_module

            value = getattr(import_module(f"recurra.tasks.{_LATER[name]}"), name)
            globals()[name] = value
            return value
        raise unknown_attribute("recurra.tasks", name, __all__)
