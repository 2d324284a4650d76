"""`recurra info`: the configuration of this installation, or what is in a model file."""

from __future__ import annotations

import argparse
import json
from typing import Any

_LONGEST_TEXT, _LONGEST_LIST = 120, 12


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    parser.add_argument("model", nargs="?", metavar="MODEL", help="a model file")
    parser.add_argument("--all", action="store_true", help="print long values such as vocabularies in full")


def run(options: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    if options.model is None:
        import recurra

        recurra.show_config()
        return 0
    from recurra.saving import load_metadata, load_model

    load_model(options.model, compile=False).summary()
    metadata = load_metadata(options.model)
    if metadata:
        print(json.dumps(metadata if options.all else shortened(metadata), indent=2, ensure_ascii=False))
    return 0


def shortened(value: Any) -> Any:
    """A plain value with long texts and lists cut, and how long they were."""
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return f"{value[:_LONGEST_TEXT]}… ({len(value):,} characters)"
    if isinstance(value, list) and len(value) > _LONGEST_LIST:
        return [*map(shortened, value[:_LONGEST_LIST]), f"… ({len(value):,} values)"]
    if isinstance(value, list):
        return list(map(shortened, value))
    if isinstance(value, dict):
        return {name: shortened(each) for name, each in value.items()}
    return value
