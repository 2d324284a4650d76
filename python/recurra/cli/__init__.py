"""The command `recurra`. A command is one module here and one line in COMMANDS; each task is one of `recurra train`.

A command's module has `add_options(parser)` and `run(options)`, which returns the exit status. It is imported when its
command is used.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from importlib import import_module

from recurra.cli import train_task
from recurra.cli.late_parser import LateParser

# What is typed -> module of this package, one line about it.
COMMANDS = {
    "bench": ("bench", "time training and inference beside PyTorch, Keras, JAX and ONNX Runtime"),
    "data": ("data", "list the public data sets: addresses, sizes, checksums, and which are on this machine"),
    "classify": ("classify", "classify texts as positive or negative with a model saved by 'recurra train imdb'"),
    "demo jena": (
        "demo_jena",
        "train a GRU on the weather in Jena for about a minute; leaves a plot, the model and a forecast",
    ),
    "explain-gradients": (
        "explain_gradients",
        "show how gradients vanish, explode or last over time, and what that does to learning",
    ),
    "forecast": (
        "forecast",
        "learn to forecast a column of an evenly sampled CSV file, and forecast the rows that follow",
    ),
    "generate": (
        "generate",
        "write a text with a language model saved by 'recurra train lm' or a task of language",
    ),
    "info": ("info", "show the configuration, or what is in a model file"),
    "predict": ("predict", "forecast with a model that 'recurra forecast' or 'recurra train jena' saved"),
    "train imdb": ("train_imdb", "learn to tell positive from negative film reviews"),
    "train jena": (
        "train_jena",
        "forecast the temperature in Jena a day ahead, with the settings of the classic experiment",
    ),
}
GROUPS = {"demo": "show recurra at work", "train": "train a model on a well-known data set or task"}


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


def _parser() -> LateParser:
    parser = LateParser(prog="recurra", description="Recurrent sequence models on CPU cores.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    parser.set_defaults(help=parser)
    commands = parser.add_subparsers(metavar="command")
    groups: dict[str, argparse._SubParsersAction[LateParser]] = {}
    for words, (module, summary) in COMMANDS.items():
        group, _, name = words.rpartition(" ")
        if group and group not in groups:
            parent = commands.add_parser(group, help=GROUPS[group], description=GROUPS[group])
            parent.set_defaults(help=parent)
            groups[group] = parent.add_subparsers(metavar="what")
        place = groups[group] if group else commands
        command = place.add_parser(name, help=summary, description=summary)
        command.fill = partial(_add_options, command, module)
    train_task.add_commands(groups["train"])
    return parser


def _add_options(parser: argparse.ArgumentParser, name: str) -> None:
    module = import_module(f"{__name__}.{name}")
    module.add_options(parser)
    parser.set_defaults(run=module.run)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from recurra import __version__

        print(f"recurra {__version__}")
        parser.exit()
