"""Columns that are left out because somebody said so."""

from typing import ClassVar, Self

from reparam.data.columns.kind import ColumnKind, base
from reparam.data.readers.cells import Column


class Dropped(ColumnKind):
    """A column that is left out."""

    word: ClassVar[str] = "dropped"

    @classmethod
    def of(cls, column: Column, why: str = "") -> Self:
        """Nothing is kept but the name."""
        return cls(**base(column, why))
