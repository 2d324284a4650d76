"""timing.py with the cases of the sweep; started by bench/sweep.py."""

from __future__ import annotations

from bench import sweep_cases
from bench.sides import timing

if __name__ == "__main__":
    sweep_cases.register()
    timing.main()
