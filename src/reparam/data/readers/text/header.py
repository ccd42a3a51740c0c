"""Whether the first row of a table names its columns."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from reparam.data.readers.text.dates import dates_of
from reparam.data.readers.text.numbers import format_of
from reparam.data.readers.text.spellings import Spellings, truth_of

USUAL = Spellings()
WHOLE = re.compile(r"\d{1,9}", re.ASCII)
FRACTION = re.compile(r"[.,]\d|\d[eE]-", re.ASCII)
UNNAMED = re.compile(r"|unnamed: ?\d+|index", re.IGNORECASE)
"""How columns of row numbers are called."""
FEW = 10
MANY = 6
"""So many numbers that rise from left to right, as they do in no row below, are names."""


def is_header(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns, so that it is none of the data's.

    It does if it has a word where the rows below have numbers, dates or truth values, or lacks the first cell, which
    they all have; if all below are words, too, and none of its own is found again; and if it has numbers such as pandas
    writes for columns without names.

    >>> is_header(["a", "b"], [["1", "x"], ["2", "y"]]), is_header(["0", "x"], [["1", "x"], ["2", "y"]])
    (True, False)
    >>> is_header(["2019", "2020"], [["0.5", "0.25"], ["1.5", "2.75"], ["7.5", "0.1"]])
    True
    """
    columns = [[cell for cell in column if cell not in USUAL] for column in zip(*body, strict=True)]
    alike = [_are_alike(name, cells) for name, cells in zip(first, columns, strict=True)]
    if False in alike or (first[0] == "" and len(columns[0]) == len(body)):
        return True
    if True in alike:
        return _numbers_name(first, columns, body)
    again = any(name in cells for name, cells in zip(first, columns, strict=True))
    return not again and len({*first}) == len(first) and all(name not in USUAL for name in first)


def _are_alike(name: str, cells: list[str]) -> bool | None:
    """Whether a column's first cell is of the kind of those below it; None where that says nothing."""
    if not cells or name in USUAL:
        return None
    for kind in (format_of, dates_of):
        if kind(cells) is not None:
            return kind([name]) is not None
    if truth_of(Counter(cells)):
        return truth_of(Counter([*cells, name])) is not None
    return None


def _numbers_name(first: Sequence[str], columns: Sequence[Sequence[str]], body: Sequence[Sequence[str]]) -> bool:
    """Whether a row of numbers names the columns."""
    skipped = UNNAMED.fullmatch(first[0]) is not None
    names, rows = first[skipped:], [row[skipped:] for row in body]
    numbers, below = _numbers(names), [_numbers(row) for row in rows]
    if numbers is None or len(numbers) < 2 or len({*names}) < len(names):
        return False
    whole = all(map(WHOLE.fullmatch, names))
    steady = _is_steady(numbers)
    fractions = all(cells and all(map(FRACTION.search, cells)) for cells in columns[skipped:])
    if whole and fractions and (steady or len(body) >= FEW):
        return True
    if whole and steady and len(names) > 2:
        if numbers[0] in (0, 1) and numbers[1] == numbers[0] + 1:
            # rows of a permutation's places are not columns' numbers
            return list(names) not in rows and sum(set(row) == set(names) for row in rows) <= len(rows) // 10
        return not any(row is not None and _is_steady(row) for row in below)
    return len(names) >= MANY and _rises(numbers) and not any(row is not None and _rises(row) for row in below)


def _numbers(cells: Sequence[str]) -> list[float] | None:
    form = format_of(cells)
    return None if form is None else [float(form.plain(cell) or 0) for cell in cells]


def _is_steady(numbers: Sequence[float]) -> bool:
    """Whether they rise by the same from each to the next."""
    steps = {right - left for left, right in pairwise(numbers)}
    return len(steps) == 1 and min(steps) > 0


def _rises(numbers: Sequence[float]) -> bool:
    return all(left < right for left, right in pairwise(numbers))


def words_name(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns of vectors: it has no number, or a word over a number.

    >>> words_name(["0", "1"], [["0.5", "0.25"]]), words_name(["a", "1"], [["0.5", "0.25"]])
    (False, True)
    """
    numbers = [is_number(cell) or cell in USUAL for cell in first]
    return not any(numbers) or any(
        not a and is_number(b) for row in body[:1] for a, b in zip(numbers, row, strict=True)
    )


def is_number(cell: str) -> bool:
    """Whether Python takes a text for a number, which is more than people do."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
