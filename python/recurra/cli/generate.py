"""`recurra generate`: a language model goes on behind a prompt, and writes as it goes."""

from __future__ import annotations

import argparse
import sys
import warnings


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    add = parser.add_argument
    add("model", metavar="MODEL", help="a file written with --save")
    add("--prompt", default="\n", metavar="TEXT", help="what the text begins with (default: a new line)")
    add("--length", type=int, default=300, help="characters or words to write (default %(default)s)")
    add("--temperature", type=float, default=1.0, help="> 0; small ones prefer likely tokens (default %(default)s)")
    add("--top-k", type=int, metavar="K", help="draw from the K likeliest tokens only")
    add("--top-p", type=float, default=1.0, metavar="P",
        help="draw from the smallest set of likely tokens that have this probability together")  # fmt: skip
    add("--repetition-penalty", type=float, default=1.0, metavar="R",
        help="divides the scores of tokens that were written before (default %(default)s)")  # fmt: skip
    add("--greedy", action="store_true", help="take the likeliest token each time instead of drawing one")
    add("--beam", type=int, metavar="N", help="search with N beams instead; the text comes when it is complete")
    add("--seed", type=int, help="the same seed draws the same text")


def run(options: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    from recurra.models import LanguageModel, Vocabulary, load_model

    model = load_model(options.model, compile=False)
    if not isinstance(model, LanguageModel) or not isinstance(model.vocabulary, Vocabulary):
        raise ValueError(
            f"{options.model} holds no language model with a vocabulary; train one: recurra train lm FILE --save MODEL"
        )
    vocabulary = model.vocabulary
    how = _how(options)
    if not vocabulary.split(options.prompt):
        raise ValueError("--prompt has no tokens; leave it out to begin with a new line")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rows = model.prompts_of(options.prompt)
    for warning in caught:
        print(f"recurra: {warning.message}", file=sys.stderr)
    _write("".join(vocabulary.pieces(rows[0])).lstrip("\n"))
    if options.beam is not None:
        found = model.generate(rows, max_new_tokens=options.length, num_beams=options.beam, **how)
        _write("".join(vocabulary.pieces(found.sequences[0].tolist())))
    else:
        model.generate(
            rows,
            max_new_tokens=options.length,
            callback=lambda tokens: _write("".join(vocabulary.pieces(tokens.tolist()))),
            **how,
        )
    _write("\n")
    return 0


def _how(options: argparse.Namespace) -> dict[str, object]:
    """The options of `generate` that say how tokens are chosen."""
    how: dict[str, object] = {"repetition_penalty": options.repetition_penalty}
    drawing = {"temperature": options.temperature, "top_k": options.top_k, "top_p": options.top_p, "seed": options.seed}
    if options.beam is None and not options.greedy:
        return {**how, "do_sample": True, **drawing}
    usual = {"temperature": 1.0, "top_k": None, "top_p": 1.0, "seed": None}
    for name, value in drawing.items():
        if value != usual[name]:
            other = "--greedy" if options.greedy else "--beam"
            raise ValueError(f"--{name.replace('_', '-')} is for drawing, which {other} does not do; leave one out")
    if options.greedy and options.beam is not None:
        raise ValueError("give --greedy or --beam, not both")
    return how


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
