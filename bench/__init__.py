"""recurra beside its peers, case by case: programs to be run as `python -m bench.run` from the project's folder."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
