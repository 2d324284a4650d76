"""The command `recurra`. A command is one module here and one line in COMMANDS.

A command's module has SUMMARY, one line; `add_options(parser)`; and `run(options)`, which returns the exit status. It
imports what is slow to import in `run` only.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

# What is typed -> module of this package.
COMMANDS = {
    "bench": "bench",
    "classify": "classify",
    "demo jena": "demo_jena",
    "explain-gradients": "explain_gradients",
    "forecast": "forecast",
    "info": "info",
    "predict": "predict",
    "train imdb": "train_imdb",
    "train jena": "train_jena",
}
GROUPS = {"demo": "show recurra at work", "train": "train a model on a well-known data set"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status: 0, 1 for an error of the input, 130 after Ctrl-C."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        print("\nrecurra: stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of the output has gone: nobody is left to tell
        return 1
    except (OSError, ValueError, ImportError) as error:
        print(f"recurra: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="recurra", description="Recurrent sequence models on CPU cores.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(metavar="command", required=True)
    groups: dict[str, argparse._SubParsersAction[argparse.ArgumentParser]] = {}
    for words, module_name in COMMANDS.items():
        module = import_module(f"{__name__}.{module_name}")
        group, _, name = words.rpartition(" ")
        if group and group not in groups:
            summary = GROUPS[group]
            parent = commands.add_parser(group, help=summary, description=summary)
            groups[group] = parent.add_subparsers(metavar="what", required=True)
        place = groups[group] if group else commands
        command = place.add_parser(name, help=module.SUMMARY, description=module.SUMMARY)
        module.add_options(command)
        command.set_defaults(run=module.run)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from recurra import __version__

        print(f"recurra {__version__}")
        parser.exit()
