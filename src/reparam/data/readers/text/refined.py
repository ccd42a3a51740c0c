"""Columns of numbers looked at as a whole: numbers that stand for missing ones, and days written as numbers."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reparam.data.readers.cells import Column
from reparam.data.readers.text.dates import days_of_numbers
from reparam.data.readers.text.numbers import PLAIN
from reparam.data.readers.text.spellings import ONLY, stand_ins


def refined(
    column: Column, asked: str, missing: Sequence[str], low: float | None = None
) -> tuple[Column, tuple[str, ...]]:
    """A column of numbers without those that mean something else, and what was decided.

    Args:
        column: any column; one that holds no numbers is returned as it is.
        asked: the kind that was given, if any.
        missing: spellings of missing cells that were given; numbers among them are missing ones.
        low: where it is known, the smallest number; what stands for missing ones is below.

    >>> column, notes = refined(Column("day", np.array([20240115, 20240116]), np.zeros(2, bool)), "", ())
    >>> column.written, notes
    ('%Y%m%d', ('dates written %Y%m%d',))
    """
    if column.values.dtype.kind not in "if" or column.missing.all():
        return column, ()
    named = [float(text) for text in missing if PLAIN.fullmatch(text)]
    found = [] if ONLY in missing else stand_ins(column.values, column.missing, low)
    gone = np.isin(column.values, [*named, *found]) & ~column.missing
    notes = tuple(f"{number:g} ({np.count_nonzero(column.values == number):,} times) taken for missing, far below the "
                  f"rest" for number in found)  # fmt: skip
    if gone.any():
        column = _without(column, gone)
    may_be_days = asked in ("", "date") and column.values.dtype.kind == "i"
    days = days_of_numbers(column.values[~column.missing]) if may_be_days else None
    if days is None:
        return column, notes
    values = np.full(len(column.values), np.datetime64("NaT", "us"), "datetime64[us]")
    values[~column.missing] = days
    return replace(column, values=values, written="%Y%m%d", decimals=None), (*notes, "dates written %Y%m%d")


def _without(column: Column, gone: np.ndarray) -> Column:
    values = column.values.copy()
    values[gone] = np.nan if values.dtype.kind == "f" else 0
    return replace(column, values=values, missing=column.missing | gone)
