"""Folders of the project that tests look into."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "tests" / "reference"
EXAMPLES = ROOT / "examples"
