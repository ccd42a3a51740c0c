"""Whole numbers in a range: counts, ages, ratings of many steps."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from reparam.data.columns.ends import piles
from reparam.data.columns.kind import Read, SeenKind, base, wrong
from reparam.data.columns.number import MOST_DECIMALS, Scale, as_numbers
from reparam.data.columns.scaling import standard
from reparam.data.readers.cells import Column
from reparam.distributions.columns import Integer as Family

EXACT = 2**53
"""Whole numbers up to here have a float64 of their own."""
MOST_SPAN = 2**23
"""In a wider range a float32 tells neighbours no longer apart."""
Whole = Annotated[int, Field(ge=-EXACT, le=EXACT)]


class Integer(SeenKind):
    """A whole number k in ``low..high``, which is all that there is: entry u = (k - offset) / scale."""

    word: ClassVar[str] = "integer"

    low: Whole
    """The smallest there is."""
    high: Whole
    """The largest."""
    offset: Whole = 0
    """Where u is 0."""
    scale: Scale = 1.0
    """What one unit of u is."""
    decimals: Annotated[int, Field(ge=0, le=MOST_DECIMALS)] | None = None
    """Of columns that are written as 1.0 and given back so: how many zeros."""
    whole: bool = True
    """Given back as whole numbers; else as floats that are whole."""
    owns_below: bool = True
    """Whether the lowest stands for all that a logistic has below it, too; else that is cut off."""
    owns_above: bool = True
    """Whether the highest stands for all above."""

    @model_validator(mode="after")
    def _of_a_size(self) -> Self:
        if not 0 <= self.high - self.low <= MOST_SPAN:
            raise ValueError(f"column {self.name!r}: low={self.low} to high={self.high} is no range of at most "
                             f"{MOST_SPAN:,} whole numbers")  # fmt: skip
        if not -MOST_SPAN <= self.offset - self.low <= 2 * MOST_SPAN:
            raise ValueError(f"column {self.name!r}: offset={self.offset} lies far from low={self.low}")
        return self

    @classmethod
    def of(cls, column: Column, why: str = "") -> Self:
        """Range, offset and scale of a column of whole numbers."""
        numbers = whole_numbers(column)
        if numbers is None or len(numbers) == 0:
            raise wrong(column, cls.word, "holds what is no whole number", "number")
        if np.ptp(numbers) > MOST_SPAN:
            raise wrong(column, cls.word, f"spans more than {MOST_SPAN:,}", "number")
        offset, scale = standard(numbers)
        whole = column.values.dtype.kind != "f"
        owns_below, owns_above = piles(numbers)
        return cls(
            **base(column, why),
            low=int(numbers.min()),
            high=int(numbers.max()),
            offset=round(offset),
            scale=scale,
            decimals=None if whole else column.decimals,
            whole=whole,
            owns_below=owns_below,
            owns_above=owns_above,
        )

    @property
    def family(self) -> Family:
        """A whole number in its range."""
        return Family(
            missing=self.missing,
            low=self.low,
            high=self.high,
            scale=self.scale,
            offset=float(self.offset),
            owns_below=self.owns_below,
            owns_above=self.owns_above,
        )

    @property
    def about(self) -> str:
        """The range."""
        return f"{self.low} to {self.high}"

    @property
    def told(self) -> str:
        """The number nearest to a multiple of u."""
        return f"the whole number from {self.low} to {self.high} nearest to {self.offset} + {self.scale:.9g} u"

    def read(self, column: Column) -> Read:
        """Cells as whole numbers within the range."""
        values, known = as_numbers(column)
        with np.errstate(invalid="ignore"):
            return Read(values, known & (column.missing | within(values, self.low, self.high)))

    def nearest(self, column: Column) -> Column:
        """Numbers as the nearest whole ones within the range; what is no number stays."""
        numbers = nearest_of(column, lambda values: np.rint(values).clip(self.low, self.high))
        return column if numbers is None else numbers

    def entries(self, values: np.ndarray) -> np.ndarray:
        """Whole numbers in units of their spread."""
        return ((values - self.offset) / self.scale)[:, None]

    def column(self, entries: np.ndarray, missing: np.ndarray, noise: np.random.Generator) -> Column:
        """The nearest whole numbers within the range."""
        numbers = np.rint(entries[:, 0] * self.scale + self.offset).clip(self.low, self.high)
        return numbered(self.name, numbers, missing, self.whole, self.decimals)


def within(values: np.ndarray, low: int, high: int) -> np.ndarray:
    """Where values are whole numbers in a range."""
    return np.asarray((values >= low) & (values <= high) & (values == np.rint(values)))


def nearest_of(column: Column, move: Callable[[np.ndarray], np.ndarray]) -> Column | None:
    """A column of numbers with those that are finite moved; None where a cell is none, and there is nothing to move.

    Words that spell no number stand for nothing near: of a column with such, as of any other, the numbers are moved
    only where all that is there is numbers.
    """
    values, _ = as_numbers(column)
    if column.values.dtype.kind in "MO" or not np.isfinite(values[~column.missing]).all():
        return None
    return replace(column, values=np.where(column.missing, np.nan, move(values)), text=None)


def numbered(name: str, numbers: np.ndarray, missing: np.ndarray, whole: bool, decimals: int | None) -> Column:
    """A column of whole numbers, as int64 or as float64."""
    if whole:
        return Column(name, np.where(missing, 0, numbers).astype(np.int64), missing, 0)
    return Column(name, np.where(missing, np.nan, numbers), missing, decimals)


def whole_numbers(column: Column) -> np.ndarray | None:
    """The numbers of the cells that are not missing, as float64; None where one of them is not whole, or is too large.

    >>> whole_numbers(Column("a", np.array([1.0, np.nan]), np.array([False, True]))).tolist()
    [1.0]
    """
    read = as_numbers(column)
    numbers = read.values[~column.missing]
    if not read.known.all() or (np.abs(numbers) > EXACT).any() or (numbers != np.rint(numbers)).any():
        return None
    return np.asarray(numbers)
