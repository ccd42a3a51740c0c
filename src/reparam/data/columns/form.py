"""The forms that a table is given back in: a DataFrame where pandas is installed, else a light table of our own."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from reparam.data.columns.texts import array, as_written, texts
from reparam.data.readers.cells import Column
from reparam.data.readers.dtypes import as_dtype
from reparam.data.readers.punctuation import PLAIN, Punctuation
from reparam.errors import tell
from reparam.files import text, write_result
from reparam.spreadsheets import remark

SHOWN = 8


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Columns by name, in the user's types, and their cells as the user's file would have them.

    ``table["age"]`` is a column; ``len(table)`` is the number of rows; ``str(table)`` shows the first of them.
    """

    cells: tuple[Column, ...]
    punctuation: Punctuation = PLAIN

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self.cells)

    def __getitem__(self, name: str) -> np.ndarray:
        return array(next(column for column in self.cells if column.name == name))

    def __len__(self) -> int:
        return len(self.cells[0].values) if self.cells else 0

    def to_csv(self, path: str | PathLike[str], force: bool = False) -> None:
        """Write the table as text: punctuation, dates, decimals and truth values as the user's own has them.

        Raises:
            UserError: if there is a file already that reparam did not make, unless ``force``.
        """
        file = io.StringIO()
        lay_out(file, self.cells, self.punctuation)
        write_result(Path(path), text(file.getvalue()), force)

    def __str__(self) -> str:
        shown = [[column.name, *texts(_first(column)).tolist()] for column in self.cells]
        more = f"\n... {len(self):,} rows" if len(self) > SHOWN else ""
        return aligned(list(zip(*shown, strict=True))) + more

    def __repr__(self) -> str:
        return f"<Table of {len(self):,} rows: {', '.join(self.columns)}>"


def _first(column: Column) -> Column:
    return replace(column, values=column.values[:SHOWN], missing=column.missing[:SHOWN], text=None)


def lay_out(file: io.StringIO, cells: Sequence[Column], punctuation: Punctuation) -> None:
    """Write columns below their names, as they are: what a spreadsheet would take for formulas is said."""
    lines = csv.writer(file, delimiter=punctuation.delimiter, lineterminator="\n")
    written = [as_written(column, punctuation) for column in cells]
    lines.writerow([column.name for column in cells])
    lines.writerows(zip(*written, strict=True))
    words = ((column.name, found if _is_text(column) else ()) for column, found in zip(cells, written, strict=True))
    if (told := remark(words)) is not None:
        tell(told)


def _is_text(column: Column) -> bool:
    return column.values.dtype.kind == "O" or column.text is not None


def aligned(rows: Sequence[Sequence[str]], widest: Sequence[int] = ()) -> str:
    """Rows of words in columns of one width each, at most ``widest`` (40 unless given); longer words are cut.

    >>> print(aligned([["a", "b"], ["long", "c"]]))
    a     b
    long  c
    """
    limits = [*widest, *[40] * len(rows[0])][: len(rows[0])]
    cut = [[_cut(word, most) for word, most in zip(row, limits, strict=True)] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cut, strict=True)]
    lines = ("  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in cut)
    return "\n".join(lines)


def _cut(word: str, most: int) -> str:
    line = " ".join(word.split()) if word.strip() else word
    return line if len(line) <= most else line[: most - 1] + "…"


def pandas_frame(columns: Sequence[Column], index: Any = None) -> Any:
    """Columns as a DataFrame, missing cells as pandas has them; None where pandas is not installed."""
    try:
        import pandas
    except ImportError:
        return None
    return pandas.DataFrame({column.name: _series(column, pandas) for column in columns}, index=index)


NULLABLE: Mapping[str, str] = {"i": "Int64", "b": "boolean"}
"""The types of pandas that whole numbers and truth values with missing cells have."""


def _series(column: Column, pandas: Any) -> Any:
    given = array(column)
    if column.dtype is not None:
        return as_dtype(column, given, pandas)
    if column.missing.any() and column.values.dtype.kind in NULLABLE and given.dtype.kind != "O":
        whole = pandas.array(column.values, dtype=NULLABLE[column.values.dtype.kind])
        whole[column.missing] = pandas.NA
        return whole
    return given
