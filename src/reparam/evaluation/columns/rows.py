"""Rows of a table as its measures see them: numbers, dates among them, and codes of words, with their missing cells."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam.data.columns.label import Label
from reparam.data.columns.table import TableSchema
from reparam.data.columns.texts import texts
from reparam.data.readers.cells import Column
from reparam.distributions.columns import Category

Array = NDArray[Any]


@dataclass(frozen=True)
class Seen:
    """A column of some rows.

    Attributes:
        name: the column's.
        number: whether its cells are numbers or moments, and not words.
        values: ``(n,)`` float64: the numbers, microseconds since 1970, or codes of words; of no meaning where missing.
        missing: ``(n,)`` bool.
    """

    name: str
    number: bool
    values: Array
    missing: Array

    @property
    def there(self) -> Array:
        """Where a cell has a value, ``(n,)`` bool."""
        return ~self.missing

    @property
    def known(self) -> Array:
        """The values of cells that are there."""
        return self.values[self.there]

    @property
    def codes(self) -> Array:
        """Codes of words ``(n,)`` int64, -1 where missing."""
        return np.where(self.missing, -1, self.values).astype(np.int64)

    def take(self, rows: Array) -> "Seen":
        """Some of the rows."""
        return Seen(self.name, self.number, self.values[rows], self.missing[rows])


Rows = Sequence[Seen]
"""Columns of the same rows."""


@dataclass
class Codebook:
    """Codes for the words of a table's columns, the same for whatever is compared.

    Args:
        schema: of the table.
    """

    schema: TableSchema
    words: dict[str, dict[str, int]] = field(default_factory=dict)

    def rows(self, x: Array, y: Array | None = None, seed: int = 0) -> Rows:
        """Vectors as a model sees them, ``(n, width)``, as columns of the user's cells.

        Args:
            x: the vectors.
            y: codes of labels ``(n,)``, where rows have any.
            seed: of the rare words that are drawn.
        """
        found = {column.name: column for column in self.schema.cells(x, y, seed).columns}
        return [self._seen(found[name], number) for name, number in self._columns() if name in found]

    def word(self, name: str, code: int) -> str:
        """The word that a code stands for."""
        return list(self.words[name])[code]

    def _columns(self) -> Iterator[tuple[str, bool]]:
        """The columns that can be compared, and whether they are of numbers."""
        seen = {kind.name: kind.family for kind in self.schema.seen}
        for kind in self.schema.columns:
            if kind.name in seen:
                yield kind.name, not isinstance(seen[kind.name], Category) or kind.word == "levels"
            elif isinstance(kind, Label):
                yield kind.name, False

    def _seen(self, column: Column, number: bool) -> Seen:
        missing = np.asarray(column.missing)
        if number:
            values = column.values
            moments = values.dtype.kind == "M"
            plain = values.astype("datetime64[us]").astype(np.int64) if moments else values
            return Seen(column.name, True, np.where(missing, 0, plain).astype(np.float64), missing)
        book = self.words.setdefault(column.name, {})
        words, places = np.unique(np.where(missing, "", texts(column)).astype(str), return_inverse=True)
        codes = np.array([book.setdefault(word, len(book)) for word in words.tolist()], dtype=np.float64)
        return Seen(column.name, False, codes[places], missing)


def take(rows: Rows, chosen: Array) -> Rows:
    """Some of the rows, in the order that they are named in."""
    return [column.take(chosen) for column in rows]


def size(rows: Rows) -> int:
    """How many rows there are."""
    return len(rows[0].values) if rows else 0


def shared(first: Rows, second: Rows) -> list[tuple[Seen, Seen]]:
    """The columns that both have."""
    by_name = {column.name: column for column in second}
    return [(column, by_name[column.name]) for column in first if column.name in by_name]
