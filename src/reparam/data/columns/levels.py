"""Numbers of which there are only a few: grades, zeros and ones, sizes."""

from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from reparam.data.columns.integer import EXACT, nearest_of, numbered, whole_numbers
from reparam.data.columns.kind import Read, SeenKind, base, wrong
from reparam.data.columns.number import MOST_DECIMALS, Finite, as_numbers, digits, shown, strange
from reparam.data.readers.cells import Column
from reparam.distributions.columns import Category as Family

FEW = 16
"""Numbers that take at most so many values, each of them often, are levels."""
MOST_LEVELS = 1024


class Levels(SeenKind):
    """One of a few numbers: a one-hot code, and given back as the number."""

    word: ClassVar[str] = "levels"

    levels: Annotated[tuple[Finite, ...], Field(min_length=1, max_length=MOST_LEVELS)]
    """The numbers, rising."""
    decimals: Annotated[int, Field(ge=0, le=MOST_DECIMALS)] | None = None
    """Digits behind the point; none: all there are."""
    whole: bool = False
    """Given back as whole numbers."""

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not (np.diff(self.levels) > 0).all():
            raise ValueError(f"column {self.name!r}: its levels do not rise")
        if self.whole and not all(level == round(level) and abs(level) <= EXACT for level in self.levels):
            raise ValueError(f"column {self.name!r}: its levels are not whole")
        return self

    @classmethod
    def of(cls, column: Column, why: str = "") -> Self:
        """The numbers that a column holds; of whole ones that lie close together those between them, too."""
        read = as_numbers(column)
        found = np.unique(read.values[~column.missing])
        if not read.known.all() or len(found) == 0:
            raise strange(column, read, cls.word)
        if len(found) > MOST_LEVELS:
            raise wrong(column, cls.word, f"holds {len(found):,} different numbers", "number")
        if whole_numbers(column) is not None and np.ptp(found) <= FEW:
            found = found[0] + np.arange(np.ptp(found) + 1)  # of 2^53 and one more there is no float64
        whole = column.values.dtype.kind != "f"
        return cls(
            **base(column, why),
            levels=tuple(found.tolist()),
            decimals=None if whole else digits(column, found),
            whole=whole,
        )

    @property
    def family(self) -> Family:
        """One level among as many."""
        return Family(missing=self.missing, levels=len(self.levels))

    @property
    def about(self) -> str:
        """The levels."""
        words = [shown(level, 0 if self.whole else self.decimals) for level in self.levels]
        return f"{words[0]} to {words[-1]}" if len(words) > 6 else ", ".join(words)

    @property
    def told(self) -> str:
        """The number whose entry is the largest."""
        return f"the largest of {', '.join(f'{level:g}' for level in self.levels)}"

    def read(self, column: Column) -> Read:
        """The places of the cells among the levels."""
        numbers, known = as_numbers(column)
        levels = np.array(self.levels)
        place = np.searchsorted(levels, np.nan_to_num(numbers, posinf=0, neginf=0)).clip(0, len(levels) - 1)
        return Read(place, known & (column.missing | (levels[place] == numbers)))

    def nearest(self, column: Column) -> Column:
        """Numbers as the nearest levels; what is no number stays."""
        levels = np.array(self.levels)
        middles = (levels[1:] + levels[:-1]) / 2
        numbers = nearest_of(column, lambda values: levels[np.searchsorted(middles, np.nan_to_num(values))])
        return column if numbers is None else numbers

    def entries(self, values: np.ndarray) -> np.ndarray:
        """A 1 in the level's place."""
        return np.asarray(np.eye(len(self.levels))[values])

    def column(self, entries: np.ndarray, missing: np.ndarray, noise: np.random.Generator) -> Column:
        """The level whose entry is the largest."""
        numbers = np.array(self.levels)[entries.argmax(1)]
        return numbered(self.name, numbers, missing, self.whole, self.decimals)
