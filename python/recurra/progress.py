"""A progress display for long loops: one line rewritten on a terminal, a few whole lines anywhere else.

    Epoch 3/20
    312/500 ━━━━━━━━━━━━━━━━━━━━━━───────────── 41.2 steps/s · 5273 samples/s · 0:05 left · loss 0.2731 · acc 0.912

Where the output is no terminal (a file, a log) a line is written at most every ten seconds and once at the end.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

REDRAW_SECONDS = 0.1
LINE_SECONDS = 10.0
BAR_WIDTH = 30

Values = Mapping[str, Any]


def format_duration(seconds: float) -> str:
    """Minutes and seconds as 0:05, hours as 1:02:03.

    Example:
        >>> recurra.progress.format_duration(3725)
        '1:02:05'
    """
    whole = round(max(0.0, seconds))
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def format_values(values: Values) -> str:
    """Figures as `loss 0.2731 · acc 0.912`; four digits, or an exponent where they would be lost.

    Example:
        >>> recurra.progress.format_values({"loss": 0.27314, "acc": 0.5})
        'loss 0.2731 · acc 0.5000'
    """
    parts = []
    for name, value in values.items():
        try:
            number = float(value)
        except (TypeError, ValueError):
            parts.append(f"{name} {value}")
            continue
        parts.append(f"{name} {number:.4f}" if number == 0 or 1e-3 <= abs(number) < 1e5 else f"{name} {number:.3e}")
    return " · ".join(parts)


def is_terminal(stream: TextIO) -> bool:
    """Whether lines written to the stream can be rewritten.

    Example:
        >>> import io
        >>> recurra.progress.is_terminal(io.StringIO())
        False
    """
    return bool(getattr(stream, "isatty", lambda: False)())


class Progress:
    """Display of one loop.

    Args:
        total: Number of steps, None if unknown.
        title: Line written above; none by default.
        stream: Default sys.stdout.
        clock: Seconds, for tests.

    Example:
        >>> import io
        >>> log = io.StringIO()
        >>> progress = recurra.progress.Progress(total=3, title="Reading", stream=log)
        >>> for step in range(3):
        ...     progress.update(step + 1)
        >>> progress.finish(3)
        >>> log.getvalue().splitlines()[0]
        'Reading'
    """

    def __init__(
        self,
        total: int | None = None,
        title: str = "",
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.total = total
        self._stream = stream if stream is not None else sys.stdout
        self._clock = clock
        self._terminal = is_terminal(self._stream)
        self._start = self._drawn = clock()
        self._first = 0
        self._shown = 0
        self._samples = 0
        if title:
            self._write(title + "\n")

    def start_from(self, step: int) -> None:
        """Steps that were done in an earlier run and do not count for the speed."""
        self._first = step

    def due(self) -> bool:
        """Whether `update` would draw now; what it is to show need not be computed otherwise."""
        return self._clock() - self._drawn >= (REDRAW_SECONDS if self._terminal else LINE_SECONDS)

    def update(self, step: int, samples: int = 0, values: Values | Callable[[], Values] | None = None) -> None:
        """Shows that `step` steps are done, and `samples` samples so far; draws only if it is time to."""
        self._samples = samples
        if self.due():
            self._draw(step, values() if callable(values) else values or {}, final=False)

    def finish(self, step: int, samples: int = 0, values: Values | None = None) -> None:
        """Draws the last line and leaves it standing."""
        self._samples = samples
        self._draw(step, values or {}, final=True)

    def _draw(self, step: int, values: Values, final: bool) -> None:
        now = self._clock()
        self._drawn = now
        line = self._line(step, values, now - self._start, final)
        if self._terminal:
            width = shutil.get_terminal_size((100, 24)).columns - 1
            line = line if len(line) <= width else line[: width - 1] + "…"
            self._write("\r" + line + " " * max(0, self._shown - len(line)) + ("\n" if final else ""))
            self._shown = len(line)
        else:
            self._write(line + "\n")

    def _line(self, step: int, values: Values, seconds: float, final: bool) -> str:
        done = step - self._first
        speed = done / seconds if seconds > 0 and done else 0.0
        total = self.total
        if total is None:
            parts = [f"{step} step" if step == 1 else f"{step} steps"]
        else:
            parts = [f"{step:>{len(str(total))}}/{total}"]
            if self._terminal:
                filled = BAR_WIDTH if total <= 0 else min(BAR_WIDTH, BAR_WIDTH * step // total)
                parts[0] += " " + "━" * filled + "─" * (BAR_WIDTH - filled)
        rates = []
        if speed:
            rates.append(f"{speed:.1f} steps/s" if speed >= 1 else f"{1 / speed:.1f} s/step")
            if self._samples:
                rates.append(f"{self._samples / seconds:.0f} samples/s")
        if final:
            rates.append(format_duration(seconds))
        elif speed and total is not None:
            rates.append(f"{format_duration((total - step) / speed)} left")
        figures = format_values(values)
        return " · ".join(part for part in [" ".join([parts[0], *rates[:1]]), *rates[1:], figures] if part)

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
        except UnicodeEncodeError:
            plain = text.translate({ord("━"): "=", ord("─"): "-", ord("·"): "|", ord("…"): "~"})
            self._stream.write(plain)
        self._stream.flush()
