"""`recurra info`: the configuration of this installation, or what is in a model file."""

from __future__ import annotations

import argparse
import json

SUMMARY = "show the configuration, or what is in a model file"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", nargs="?", metavar="MODEL", help="a model file")


def run(options: argparse.Namespace) -> int:
    if options.model is None:
        import recurra

        recurra.show_config()
        return 0
    from recurra.saving import load_metadata, load_model

    load_model(options.model, compile=False).summary()
    metadata = load_metadata(options.model)
    if metadata:
        print(json.dumps(metadata, indent=2, ensure_ascii=False))
    return 0
