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
    "data": "data",
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
    parser = _parser()
    options = parser.parse_args(arguments)
    if "run" not in options:
        options.help.print_help(sys.stderr)
        return 2
    try:
        return int(options.run(options))
    except KeyboardInterrupt as stop:
        print(f"\nrecurra: {str(stop) or 'stopped'}", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of the output has gone
        return 1
    except OSError as error:
        print(f"recurra: {_words(error)}", file=sys.stderr)
        return 1
    except (ValueError, OverflowError, ImportError) as error:
        print(f"recurra: {error}", file=sys.stderr)
        return 1
    except MemoryError as error:
        print(f"recurra: out of memory ({error}); use fewer units, columns or rows", file=sys.stderr)
        return 1


def _words(error: OSError) -> str:
    """An error of the system without its number: `there is no file x.csv`."""
    if error.filename is None or error.strerror is None:
        return str(error)
    if isinstance(error, FileNotFoundError):
        return f"there is no file '{error.filename}'"
    if isinstance(error, IsADirectoryError):
        return f"'{error.filename}' is a folder; name a file in it"
    return f"'{error.filename}': {error.strerror.lower()}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="recurra", description="Recurrent sequence models on CPU cores.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    parser.set_defaults(help=parser)
    commands = parser.add_subparsers(metavar="command")
    groups: dict[str, argparse._SubParsersAction[argparse.ArgumentParser]] = {}
    for words, module_name in COMMANDS.items():
        module = import_module(f"{__name__}.{module_name}")
        group, _, name = words.rpartition(" ")
        if group and group not in groups:
            summary = GROUPS[group]
            parent = commands.add_parser(group, help=summary, description=summary)
            parent.set_defaults(help=parent)
            groups[group] = parent.add_subparsers(metavar="what")
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
