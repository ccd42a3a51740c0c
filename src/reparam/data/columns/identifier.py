"""Columns that name rows: left out, since another row would have another name."""

from typing import ClassVar, Self

from reparam.data.columns.kind import ColumnKind, base
from reparam.data.readers.cells import Column


class Identifier(ColumnKind):
    """A column that is different in every row and says nothing but which row it is."""

    word: ClassVar[str] = "identifier"

    @classmethod
    def of(cls, column: Column, why: str = "") -> Self:
        """Nothing is kept but the name."""
        return cls(**base(column, why))
