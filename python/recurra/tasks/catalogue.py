"""The tasks there are: one line each. What is behind a name is imported when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from recurra.checks import unknown_name
from recurra.tasks.task import Task


class Entry(NamedTuple):
    """Where a task is, and one line about it."""

    place: str  # module of this package and class in it
    summary: str


TASKS = {
    "addition": Entry("addition.Addition", "add numbers that are read and written digit by digit"),
    "adding": Entry("adding.Adding", "add the two marked numbers of a long sequence"),
    "copy-memory": Entry("copy_memory.CopyMemory", "remember ten digits over a long time"),
    "dates": Entry("dates.Dates", "dates as people write them, to ISO"),
    "reverse": Entry("reverse.Reverse", "write digits backwards"),
    "sequential-mnist": Entry("digits.SequentialDigits", "read handwritten digits pixel by pixel"),
    "permuted-mnist": Entry("digits.PermutedDigits", "read handwritten digits pixel by pixel in a fixed random order"),
    "sort": Entry("sort.Sort", "sort lists of digits"),
    "parity": Entry("parity.Parity", "whether the number of ones in a vector is odd"),
    "logic": Entry("logic.Logic", "truth values under gates, several in a row"),
    "jsb": Entry("music.Chorales", "the next chord of chorales by Bach"),
    "nottingham": Entry("music.Nottingham", "the next chord of folk tunes"),
    "lm": Entry("own_text.OwnText", "the next character or word of a text of yours"),
    "shakespeare": Entry("shakespeare.Shakespeare", "the next character of Shakespeare's plays"),
    "ptb-words": Entry("penn_words.PennWords", "the next word of newspaper sentences"),
    "ptb-chars": Entry("penn_chars.PennCharacters", "the next character of newspaper sentences"),
    "wikitext103": Entry("large_texts.WikiText103", "the next word of encyclopedia articles"),
    "lambada": Entry("large_texts.Lambada", "the last word of passages from novels"),
    "text8": Entry("large_texts.Text8", "the next character of an encyclopedia"),
    "copy": Entry("copying.Copying", "say a sequence of random bits again"),
    "repeat-copy": Entry("repeat_copy.RepeatCopy", "say a sequence of random bits again, as often as asked for"),
    "associative-recall": Entry("associative_recall.AssociativeRecall", "name the item behind the one that is shown"),
    "table-questions": Entry("table_questions.TableQuestions", "answer questions about tables by programs"),
}


def get(name: str) -> Task:
    """The task of a name.

    Raises:
        ValueError: There is none; the message lists close ones, or all.

    Example:
        >>> recurra.tasks.get("adding").model_name()
        'tcn'
    """
    if name not in TASKS:
        raise unknown_name("task", name, TASKS)
    module, _, own = TASKS[name].place.partition(".")
    task: Task = getattr(import_module(f"recurra.tasks.{module}"), own)(name, TASKS[name].summary)
    return task
