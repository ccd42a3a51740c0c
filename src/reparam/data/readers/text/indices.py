"""Columns that number or name the rows of a table, and are none of its data."""

import re
from collections.abc import Collection, Sequence

import numpy as np

from reparam.data.readers.cells import Column

UNNAMED = re.compile(r"|unnamed: ?\d+", re.IGNORECASE)
CALLED = re.compile(r"index|level_0", re.IGNORECASE)
"""How columns are called that pandas makes of its index."""
ROWS = 10
"""So many rows numbered in order are numbered, whatever their column is called."""


def index_among(names: Sequence[str], columns: Sequence[Column], kept: Collection[str]) -> str | None:
    """Why the first column is an index and none of the data's, if it is.

    It is where it counts the rows from 0 or 1 on; where it has no name, and a whole number or something that differs in
    every row; and where it is called ``index`` and has a whole number that differs.

    Args:
        names: of the columns, as they are written.
        columns: the columns.
        kept: names of columns that were asked for.

    >>> rows = Column("Id", np.arange(1, 151), np.zeros(150, bool))
    >>> index_among(["Id", "size"], [rows, rows], [])
    'counts the rows'
    """
    if len(columns) < 2 or columns[0].name in kept or columns[0].missing.any():
        return None
    name, values = names[0], columns[0].values
    n, whole = len(values), values.dtype.kind == "i"
    unnamed, called = UNNAMED.fullmatch(name) is not None, CALLED.fullmatch(name) is not None
    counts = whole and int(values[0]) in (0, 1) and np.array_equal(values, np.arange(n) + values[0])
    if counts and (unnamed or called or n >= ROWS):
        return "counts the rows"
    if unnamed and (whole or len(set(values.tolist())) == n):
        return "has no name, as an index has none"
    if called and whole and len(np.unique(values)) == n:
        return "is called like an index, and differs in every row"
    return None
