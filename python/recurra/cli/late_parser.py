"""A parser whose options are added when they are needed, so that a command costs nothing to others."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any


class LateParser(argparse.ArgumentParser):
    """A parser that calls `fill`, if there is one, before it parses for the first time."""

    fill: Callable[[], None] | None = None

    def complete(self) -> None:
        """Adds the options, once."""
        fill, self.fill = self.fill, None
        if fill is not None:
            fill()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parses as every parser does, with the options."""
        self.complete()
        return super().parse_known_args(args, namespace)
