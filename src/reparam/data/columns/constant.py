"""Columns that say the same in every row: left out of what a model sees, and given back."""

from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from reparam.data.columns.date import check_written
from reparam.data.columns.kind import ColumnKind, Read, base, present, wrong
from reparam.data.columns.number import MOST_DECIMALS
from reparam.data.columns.texts import texts
from reparam.data.readers.cells import Column


class Constant(ColumnKind):
    """The same cell in every row."""

    word: ClassVar[str] = "constant"

    value: bool | int | float | str | None
    """The cell: a truth value, a number, a word, a date in the words of ISO 8601; none: it is missing in every row."""
    date: bool = False
    """The value is a date."""
    decimals: Annotated[int, Field(ge=0, le=MOST_DECIMALS)] | None = None
    """Digits behind the point of a number."""
    written: str | None = None
    """How a date or a truth value is written."""

    @model_validator(mode="after")
    def _is_a_cell(self) -> Self:
        if self.date and not isinstance(self.value, str):
            raise ValueError(f"column {self.name!r}: value={self.value!r} is no date")
        check_written(self.written if self.date else None, self.name)
        try:
            texts(self.cells(1))
            whole = type(self.value) is not int or self.cells(1).values.dtype.kind == "i"
        except (ValueError, OverflowError):
            whole = False
        if not whole:
            raise ValueError(f"column {self.name!r}: value={self.value!r:.60} is no cell")
        return self

    @classmethod
    def of(cls, column: Column, why: str = "") -> Self:
        """What a column says in every row."""
        values = present(column)
        if len(values) and (len(values) < len(column.values) or (values != values[0]).any()):
            raise wrong(column, cls.word, "does not say the same in every row", "dropped")
        date = column.values.dtype.kind == "M" and len(values) > 0
        value = None if not len(values) else str(values[0]) if date else values[:1].tolist()[0]
        decimals = column.decimals if column.decimals is not None and column.decimals <= MOST_DECIMALS else None
        return cls(**base(column, why), value=value, date=date, decimals=decimals, written=column.written)

    @property
    def about(self) -> str:
        """The value."""
        return "missing" if self.value is None else str(texts(self.cells(1))[0])

    def cells(self, n: int) -> Column:
        """The value, ``n`` times."""
        missing = np.full(n, self.value is None)
        if self.value is None:
            return Column(self.name, np.full(n, np.nan), missing)
        dtype = "datetime64[us]" if self.date else object if isinstance(self.value, str) else None
        return Column(self.name, np.full(n, self.value, dtype), missing, self.decimals, self.written)

    def read(self, column: Column) -> Read:
        """Whether cells say the same as always."""
        return Read(np.zeros(len(column.values)), texts(column) == texts(self.cells(1))[0])
