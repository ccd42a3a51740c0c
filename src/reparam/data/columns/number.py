"""Numbers: in units of their own spread around their own middle, both in float64."""

import math
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from reparam.data.columns.ends import mirrored, piles
from reparam.data.columns.kind import Read, SeenKind, base, wrong
from reparam.data.columns.scaling import MOST, decimals_of, has_decimals, standard
from reparam.data.readers.cells import Column
from reparam.distributions.columns import Number as Family
from reparam.errors import UserError

MOST_DECIMALS = 15
"""Text with more has more digits than a float64."""
LARGEST = 2.0**62
Finite = Annotated[float, Field(ge=-MOST, le=MOST)]
Scale = Annotated[float, Field(gt=0, le=MOST)]


def as_numbers(column: Column) -> Read:
    """Cells as float64; words that spell a number are one."""
    values, kind = column.values, column.values.dtype.kind
    if kind == "M":
        return Read(np.zeros(len(values)), column.missing.copy())
    if kind == "O":
        values = np.array([_number(word) for word in values.tolist()])
    numbers = values.astype(np.float64, copy=False)
    return Read(numbers, column.missing | (np.abs(numbers) <= MOST))


def strange(column: Column, read: Read, kind: str) -> UserError:
    """That a column holds cells that are no numbers, or numbers too large to be told apart."""
    beyond = int((np.abs(read.values[~column.missing]) > MOST).sum())
    if not beyond:
        return wrong(column, kind, "holds what is no number", "category")
    return UserError(
        f"column {column.name!r} holds {beyond:,} number{'s' * (beyond > 1)} beyond {MOST:g}, whose "
        "differences may be infinite: give it in larger units (divide it)"
    )


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan


class Number(SeenKind):
    """A real number: entry u = (t(x) - offset) / scale, with t the identity here.

    A number that a model made is rounded as those of the data are, and mirrored at an end of their range where it lies
    beyond, or brought to that end where numbers pile up there.
    """

    word: ClassVar[str] = "number"
    transform: ClassVar[str] = "none"

    offset: Finite = 0.0
    """Where u is 0, in units of t(x)."""
    scale: Scale = 1.0
    """What one unit of u is."""
    low: Finite | None = None
    """The smallest number that is given back; none: no bound."""
    high: Finite | None = None
    """The largest."""
    decimals: Annotated[int, Field(ge=0, le=MOST_DECIMALS)] | None = None
    """Digits behind the point; none: all there are."""
    whole: bool = False
    """Given back as whole numbers."""
    owns_below: bool = True
    """Whether the lowest stands for all that a model makes below it."""
    owns_above: bool = True
    """Whether the highest stands for all above."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"column {self.name!r}: low={self.low:g} is above high={self.high:g}")
        return self

    @classmethod
    def of(cls, column: Column, why: str = "") -> Self:
        """Offset and scale, range and decimals of a column."""
        read = as_numbers(column)
        if not read.known.all():
            raise strange(column, read, cls.word)
        numbers = read.values[~column.missing]
        if len(numbers) == 0:
            raise wrong(column, cls.word, "has no cell that is not missing", "constant")
        kept = cls._kept(column, numbers)
        offset, scale = standard(cls(**base(column, why), **kept).there(numbers))
        whole = column.values.dtype.kind == "i"
        decimals = 0 if whole else digits(column, numbers)
        low, high = float(numbers.min()), float(numbers.max())
        owns_below, owns_above = piles(numbers)
        # whole numbers keep their last digit where the offset is one, too
        return cls(
            **base(column, why),
            **kept,
            offset=float(round(offset)) if whole else offset,
            scale=scale,
            low=low if decimals is None else round(low, decimals),
            high=high if decimals is None else round(high, decimals),
            decimals=decimals,
            whole=whole,
            owns_below=owns_below,
            owns_above=owns_above,
        )

    @classmethod
    def _kept(cls, column: Column, numbers: np.ndarray) -> dict[str, Any]:
        """What the transform needs of a column."""
        return {}

    def there(self, x: np.ndarray) -> np.ndarray:
        """The transform t."""
        return x

    def back(self, t: np.ndarray) -> np.ndarray:
        """Its inverse."""
        return t

    def slope(self) -> float:
        """The derivative of t where u is 0."""
        return 1.0

    @property
    def family(self) -> Family:
        """A number in units of its spread."""
        step = 0.0 if self.decimals is None else 10.0**-self.decimals * self.slope() / self.scale
        return Family(missing=self.missing, scale=self.scale, offset=self.offset, transform=self.transform, step=step)

    @property
    def about(self) -> str:
        """The range."""
        return between(self.low, self.high, self.decimals)

    @property
    def told(self) -> str:
        """A multiple of u, through the inverse of the transform."""
        return f"{self.offset:.9g} + {self.scale:.9g} u"

    def read(self, column: Column) -> Read:
        """Cells as numbers."""
        return as_numbers(column)

    def entries(self, values: np.ndarray) -> np.ndarray:
        """Numbers in units of their spread."""
        return ((self.there(values) - self.offset) / self.scale)[:, None]

    def column(self, entries: np.ndarray, missing: np.ndarray, noise: np.random.Generator) -> Column:
        """Numbers, rounded, within the range."""
        numbers = self.back(self._mirrored(entries[:, 0] * self.scale + self.offset))
        if self.decimals is not None:
            numbers = np.round(numbers, self.decimals)
        if self.low is not None or self.high is not None:
            numbers = np.clip(numbers, self.low, self.high)
        if not self.whole:
            return Column(self.name, np.where(missing, np.nan, numbers), missing, self.decimals)
        return Column(self.name, np.clip(numbers, -LARGEST, LARGEST).astype(np.int64), missing, 0)

    def _mirrored(self, t: np.ndarray) -> np.ndarray:
        """What lies beyond the range mirrored at ends that do not own it, where what is rounded to them ends."""
        if self.low is None or self.high is None:
            return t
        half = 0.0 if self.decimals is None else 0.5 * 10.0**-self.decimals
        with np.errstate(invalid="ignore", divide="ignore"):  # of a range that was edited there may be no logarithm
            low, high = self.there(np.array([self.low - half, self.high + half])).tolist()
        return mirrored(t, low, high, self.owns_below, self.owns_above)


def between(low: float | None, high: float | None, decimals: int | None = None) -> str:
    """A range in words.

    >>> between(1.0, 2.5, 2), between(None, 3.0), between(None, None), between(1 - 2**-20, 1 + 2**-20)
    ('1.00 to 2.50', 'at most 3', 'any number', '0.99999905 to 1.000001')
    """
    if low is None or high is None:
        known = [
            f"{word} {shown(end, decimals)}" for word, end in (("at least", low), ("at most", high)) if end is not None
        ]
        return known[0] if known else "any number"
    # as many digits as tell the ends apart
    more = math.log10(max(abs(low), abs(high)) / (high - low)) if high > low else 0
    digits = min(17, 6 + max(0, math.ceil(more) - 4))
    return f"{shown(low, decimals, digits)} to {shown(high, decimals, digits)}"


def shown(value: float, decimals: int | None, digits: int = 6) -> str:
    """A number as its column has them, with some digits where that is not known."""
    return f"{value:.{digits}g}" if decimals is None or abs(value) >= 2**53 else f"{value:.{decimals}f}"


def digits(column: Column, numbers: np.ndarray) -> int | None:
    """The digits behind the point that numbers do with: as written, or as they are."""
    written = column.decimals
    if written is not None and written <= MOST_DECIMALS and has_decimals(numbers, written):
        return written
    return decimals_of(numbers)
