"""`recurra data`: the public data sets that recurra reads, and which of them are on this machine."""

from __future__ import annotations

import argparse
import json
import textwrap


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    parser.add_argument("names", metavar="NAME", nargs="*", help="only files with such a name or description")
    parser.add_argument("--json", action="store_true", help="print the list as JSON")


def run(options: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    import dataclasses

    from recurra.datasets.catalogue import FILES
    from recurra.datasets.locate import VARIABLE, cache_folder, find

    wanted = [name.lower() for name in options.names]
    files = [
        file for file in FILES
        if not wanted or any(name in f"{file.name} {file.what}".lower() for name in wanted)
    ]  # fmt: skip
    if not files:
        raise ValueError(f"no data set is called {' or '.join(options.names)}; 'recurra data' lists all")
    found = {file.name: find([file.name, *file.also]) for file in files}
    if options.json:
        here = [{**dataclasses.asdict(file), "found": found[file.name] and str(found[file.name])} for file in files]
        print(json.dumps(here, indent=2))
        return 0
    for file in files:
        size = "" if file.size is None else f", {file.size / 1e6:.1f} MB"
        print(f"{file.name}{size}")
        lines = [
            f"{file.what} ({file.terms}); recurra.datasets.{file.loader}",
            f"from   {file.url}" if file.url else "",
        ]
        lines.append(f"sha256 {file.sha256}" if file.sha256 else "")
        lines.append(f"here   {found[file.name]}" if found[file.name] else "not on this machine")
        print(textwrap.indent("\n".join(filter(None, lines)), "    "))
    print(
        f"\nFiles are looked for in the folders of {VARIABLE} and in {cache_folder()}; loaders download what they can."
    )
    return 0
