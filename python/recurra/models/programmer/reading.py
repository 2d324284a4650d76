"""Questions, tables and answers of users as arrays for a neural programmer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recurra import checks
from recurra.conversion import names_of_columns, to_array


def split(question: Any, who: str) -> list[str | float]:
    """The words and numbers of a question, a string or a list of tokens.

    Raises:
        ValueError: It is neither, has no word, or a number is not finite.
    """
    tokens = question.split() if isinstance(question, str) else question
    if not isinstance(tokens, (list, tuple)):
        raise ValueError(f"{who} must be a string or a list of words and numbers, got {question!r:.60}")
    found = [_token(token, who) for token in tokens]
    if not any(isinstance(token, str) for token in found):
        raise ValueError(f"{who} has no words; write it as words and numbers, such as 'sum width'")
    return found


def _token(token: Any, who: str) -> str | float:
    if isinstance(token, str) and token and not token.isspace():
        try:
            number = float(token)
        except ValueError:
            return token
        if not np.isfinite(number) and any(character.isdigit() for character in token):
            raise ValueError(f"{who} has the number {token}, which no float holds")
        return number if np.isfinite(number) else token
    if checks.is_number(token) and np.isfinite(token):
        return float(token)
    raise ValueError(f"{who} has {token!r:.40}, which is neither a word nor a finite number")


def single_words(words: Any, who: str, argument: str) -> list[str]:
    """Names of columns, or words of a vocabulary, as a list.

    Raises:
        ValueError: They are no list of different words without blanks, or one is a number.
    """
    if isinstance(words, str) or not isinstance(words, Sequence):
        raise ValueError(f"{who}: {argument} must be a list of words, got {words!r:.60}")
    for word in words:
        if not isinstance(word, str) or word.split() != [word] or not isinstance(_token(word, who), str):
            raise ValueError(f"{who}: {argument} must be single words that are no numbers, got {word!r:.60}")
    if len(set(words)) < len(words):
        twice = next(word for number, word in enumerate(words) if word in words[:number])
        raise ValueError(f"{who}: {argument} has {twice!r} twice; every word stands for one thing")
    return list(words)


def words_of(questions: Any, columns: Sequence[str], who: str) -> list[str]:
    """The words of questions, without numbers and names of columns, in the order of the alphabet."""
    found: set[str] = set()
    for number, question in enumerate(_several(questions, who, "questions")):
        found |= {token for token in split(question, f"{who}: question {number}") if isinstance(token, str)}
    return sorted(found - set(columns))


def read_questions(
    questions: Any, words: Mapping[str, int], columns: Sequence[str], dtype: str, who: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Questions as (tokens, numbers, places).

    Args:
        questions: Strings, or lists of words and numbers.
        words: The number of each word, from 1 on.
        columns: Names of the columns, for messages.
        dtype: Type of the numbers.
        who: The model, for messages.

    Returns:
        The words (B, Q) by their numbers, padded with 0; the numbers (B, N), padded with 0; how many words stand in
        front of each (B, N), −1 for padding.

    Raises:
        ValueError: A question is no question, or has an unknown word.
    """
    rows = [split(one, f"{who}: question {i}") for i, one in enumerate(_several(questions, who, "questions"))]
    counts = [sum(isinstance(token, str) for token in row) for row in rows]
    most = max((len(row) - count for row, count in zip(rows, counts, strict=True)), default=0)
    tokens = np.zeros((len(rows), max(counts, default=0)), np.int32)
    numbers = np.zeros((len(rows), max(1, most)), dtype)
    places = np.full(numbers.shape, -1, np.int32)
    for i, row in enumerate(rows):
        word = number = 0
        for token in row:
            if isinstance(token, str):
                tokens[i, word] = _number_of(token, words, columns, f"{who}: question {i}")
                word += 1
            else:
                numbers[i, number], places[i, number] = token, word
                number += 1
    return tokens, numbers, places


def _number_of(word: str, words: Mapping[str, int], columns: Sequence[str], who: str) -> int:
    if word in words:
        return words[word]
    close = checks.close_names(word, words)
    mend = f"did you mean {' or '.join(map(repr, close))}?" if close else "use words of the vocabulary"
    raise ValueError(
        f"{who} has {word!r}, which is neither a column ({_listed(columns)}) nor a word of the vocabulary; {mend}"
    )


def _listed(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def read_tables(tables: Any, columns: Sequence[str], dtype: str, who: str) -> tuple[np.ndarray, np.ndarray]:
    """Tables as (elements (B, R, C), rows (B, R)), padded with 0 to the longest; rows are 1 where there is one.

    Args:
        tables: One for each question: an array (rows, columns), a nested list, a frame, or a dictionary of columns.
        columns: Names of the columns.
        dtype: Type of the elements.
        who: The model, for messages.

    Raises:
        ValueError: A table has no rows, other columns, or an element that is not finite.
        TypeError: It holds no numbers.
    """
    found = [_table(one, columns, f"{who}: table {i}") for i, one in enumerate(_several(tables, who, "tables"))]
    height = max((len(table) for table in found), default=0)
    elements = np.zeros((len(found), height, len(columns)), dtype)
    rows = np.zeros((len(found), height), dtype)
    for i, table in enumerate(found):
        elements[i, : len(table)] = table
        rows[i, : len(table)] = 1
    return elements, rows


def _table(table: Any, columns: Sequence[str], who: str) -> np.ndarray:
    names = list(table) if isinstance(table, Mapping) else names_of_columns(table)
    if names is not None:
        missing = [name for name in columns if name not in names]
        if missing:
            raise ValueError(f"{who} has no column {missing[0]!r}; it has {_listed([str(name) for name in names])}")
        found = [to_array(table[name], f"{who}, column {name!r}") for name in columns]
        if len({one.shape for one in found}) > 1:
            raise ValueError(f"{who} has columns of different lengths; every row needs an element of each")
        array = np.stack(found, axis=-1)
    else:
        array = to_array(table, who)
    if array.size == 0:
        raise ValueError(f"{who} has no rows; give it one at least")
    if array.ndim != 2 or array.shape[1] != len(columns):
        got = f"{array.shape[1]} columns" if array.ndim == 2 else f"an array of shape {array.shape}"
        raise ValueError(f"{who} has {got}, expected (rows, {len(columns)}) with the columns {_listed(columns)}")
    if not np.isfinite(array).all():
        row, column = (int(place[0]) for place in np.nonzero(~np.isfinite(array)))
        raise ValueError(
            f"{who} holds {array[row, column]} in row {row}, column {columns[column]!r}; fill such values first"
        )
    return np.asarray(array)


def read_answers(
    answers: Any, rows: np.ndarray, columns: Sequence[str], dtype: str, who: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Answers as (scalars (B,), selections (B, R, C), whether it is a selection (B,)).

    Args:
        answers: One for each question: a number, or the elements that it selects as a list of (row, column), the column
            by its name or number.
        rows: Which rows the tables have (B, R).
        columns: Names of the columns.
        dtype: Type of the scalars.
        who: The model, for messages.

    Raises:
        ValueError: An answer is neither, or an element is outside its table.
    """
    found = _several(answers, who, "answers")
    if len(found) != len(rows):
        raise ValueError(f"{who}: as many answers as questions are needed, got {len(found)} for {len(rows)}")
    scalars = np.zeros(len(rows), dtype)
    selected = np.zeros((*rows.shape, len(columns)), np.bool_)
    selects = np.zeros(len(rows), np.bool_)
    heights = (rows != 0).sum(axis=1)
    for i, answer in enumerate(found):
        if isinstance(answer, (list, tuple)) or (isinstance(answer, np.ndarray) and answer.ndim == 2):
            selects[i] = True
            for place in answer:
                row, column = _place(place, int(heights[i]), columns, f"{who}: answer {i}")
                selected[i, row, column] = True
        elif checks.is_number(answer) and np.isfinite(answer):
            scalars[i] = answer
        else:
            raise ValueError(
                f"{who}: answer {i} must be a finite number or a list of (row, column), got {answer!r:.60}"
            )
    return scalars, selected, selects


def _place(place: Any, height: int, columns: Sequence[str], who: str) -> tuple[int, int]:
    if isinstance(place, (list, tuple, np.ndarray)) and len(place) == 2:
        row, column = place
        if isinstance(column, str) and column in columns:
            column = columns.index(column)
        if checks.is_whole_number(row) and checks.is_whole_number(column):
            if 0 <= row < height and 0 <= column < len(columns):
                return int(row), int(column)
            raise ValueError(
                f"{who} selects ({row}, {column}) of a table of {height} rows and {len(columns)} columns; count from 0"
            )
    raise ValueError(f"{who} must select (row, column) with a column of {_listed(columns)}, got {place!r:.60}")


def _several(value: Any, who: str, what: str) -> Sequence[Any]:
    if isinstance(value, np.ndarray) and value.ndim:
        return list(value)
    if isinstance(value, (list, tuple)):
        return value
    raise ValueError(f"{who}: {what} must be a list with one for each question, got {value!r:.60}")
