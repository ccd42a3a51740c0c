"""What every reader of tables makes of a file or a frame: columns of typed cells, and what was decided on the way."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reparam.data.readers.punctuation import Punctuation


@dataclass(frozen=True)
class Dtype:
    """A type of pandas, by its name; of categories those that there are, words or numbers, and whether in order."""

    name: str
    categories: tuple[str | float, ...] = ()
    ordered: bool = False


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        name: what it is called, unlike any other of the table.
        values: ``(n,)``: float64 (NaN where missing), int64 (0), bool (False), datetime64[us] (NaT), or an object array
            of str (``""``).
        missing: ``(n,)`` bool, where a cell has no value.
        decimals: the most digits behind the decimal point as the text has them; None where it was no text.
        written: how dates are written, as strptime has it (``"%Y-%m-%d"``), or truth values (``"yes/no"``).
        levels: the words in an order of their own, where the table has one.
        text: ``(n,)`` objects, the cells as a file has them, None where it has none; where that was asked for.
        dtype: the type that a frame of pandas has it in, where its values do not say that.
    """

    name: str
    values: np.ndarray
    missing: np.ndarray
    decimals: int | None = None
    written: str | None = None
    levels: tuple[str, ...] | None = None
    text: np.ndarray | None = None
    dtype: Dtype | None = None

    def loaded(self) -> "Column":
        """The column with its cells in memory, as they are unless they lie elsewhere."""
        return self


@dataclass(frozen=True)
class Cells:
    """A table as it was read.

    Args:
        columns: the columns, in order.
        notes: what was decided, in plain sentences.
        lines: the line of the file that each row stands on, where the file is text.
        header: whether the file names the columns.
        left_out: the places, counted from 1, of columns that were left out, as an index is.
        punctuation: how the file is written, where it is text.
        index: of a frame of pandas.
    """

    columns: Sequence[Column]
    notes: tuple[str, ...] = ()
    lines: np.ndarray | None = None
    header: bool = True
    left_out: tuple[int, ...] = ()
    punctuation: Punctuation | None = None
    index: Any = None

    @property
    def by_place(self) -> dict[int, str]:
        """The columns' names by their places in the table as the user has it, counted from 1.

        >>> Cells((Column("b", np.zeros(1), np.zeros(1, bool)),), left_out=(1,)).by_place
        {2: 'b'}
        """
        places = (at for at in itertools.count(1) if at not in self.left_out)
        return dict(zip(places, (column.name for column in self.columns), strict=False))
