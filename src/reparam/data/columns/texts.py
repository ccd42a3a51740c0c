"""Cells as texts, as the user's file would have them, and as arrays of the user's own types."""

from datetime import datetime

import numpy as np

from reparam.data.readers.cells import Column
from reparam.data.readers.punctuation import PLAIN, Punctuation

TRUTHS = "True/False"
"""How truth values are written unless a file says otherwise."""


def texts(column: Column) -> np.ndarray:
    """Each cell as text, ``(n,)`` objects; empty where it is missing.

    >>> texts(Column("price", np.array([1.5, np.nan]), np.array([False, True]), decimals=2)).tolist()
    ['1.50', '']
    """
    if column.values.dtype.kind == "O":
        return np.asarray(column.values) if not column.missing.any() else np.where(column.missing, "", column.values)
    found = np.full(len(column.values), "", dtype=object)
    there = ~column.missing
    found[there] = _written(column, column.values[there])
    return found


def as_written(column: Column, punctuation: Punctuation = PLAIN) -> np.ndarray:
    """Each cell as a file of such punctuation has it: those that came of a file as they stood there.

    >>> as_written(Column("price", np.array([1.5, 2.0]), np.zeros(2, bool), decimals=2), Punctuation(";", ",")).tolist()
    ['1,50', '2,00']
    """
    found = texts(column)
    if column.values.dtype.kind == "f" and punctuation.decimal != ".":
        found = np.array([punctuation.number(cell) for cell in found.tolist()], dtype=object)
    if column.text is None:
        return found
    both = zip(found.tolist(), column.text.tolist(), strict=True)
    return np.array([made if cell is None else cell for made, cell in both], dtype=object)


def _written(column: Column, values: np.ndarray) -> list[str]:
    kind = values.dtype.kind
    if kind == "f":
        return _decimals(values, column.decimals)
    if kind == "M":
        return [_date(moment, column.written) for moment in values.astype("datetime64[us]").tolist()]
    if kind == "b":
        yes, _, no = (column.written or TRUTHS).partition("/")
        return [yes if value else no for value in values.tolist()]
    return list(map(str, values.tolist()))


def _decimals(values: np.ndarray, decimals: int | None) -> list[str]:
    if decimals is None:
        return [repr(value) for value in values.tolist()]
    # beyond 2^53 there are no decimals, and all digits would be noise
    return [f"{value:.{decimals}f}" if abs(value) < 2**53 else repr(value) for value in values.tolist()]


def _date(moment: datetime, written: str | None) -> str:
    if written is not None:
        return moment.strftime(written)
    return moment.isoformat(sep=" ") if moment.time() != moment.min.time() else moment.date().isoformat()


def array(column: Column) -> np.ndarray:
    """The cells as an array of the user's own type.

    Whole numbers are int64 (float64 with NaN where cells are missing, which int64 has no place for), words, and dates
    and truth values that a file has in words of its own, objects with None where they are missing.

    >>> array(Column("smokes", np.array([True, False]), np.array([False, False]), written="yes/no")).tolist()
    ['yes', 'no']
    """
    values, missing, kind = column.values, column.missing, column.values.dtype.kind
    if kind == "i":
        return np.where(missing, np.nan, values) if missing.any() else values
    if kind == "f":
        return np.where(missing, np.nan, values)
    if kind == "M" and column.written is None:
        return np.where(missing, np.datetime64("NaT", "us"), values)
    if kind == "b" and column.written in (None, TRUTHS):
        return _without(values.astype(object), missing) if missing.any() else values
    return _without(texts(column), missing)


def _without(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    found = values.copy()
    found[missing] = None
    return found
