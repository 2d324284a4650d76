"""Files of results, and the machine that made them."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any


def cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine() -> dict[str, Any]:
    return {"cpu": cpu_name(), "cores": cores(), "system": platform.platform()}


def write_json(outcome: dict[str, Any], file: Path) -> None:
    """An outcome as JSON, a line each result, of numbers four digits or, of large ones, four decimals."""
    results = [json.dumps(_rounded(result)) for result in outcome["results"]]
    head = {**outcome, "results": []}
    text = json.dumps(head, indent=1).replace('"results": []', '"results": [\n  ' + ",\n  ".join(results) + "\n ]")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if not isinstance(value, float):
        return value
    return round(value, 4) if abs(value) >= 1 else float(f"{value:.4g}")
