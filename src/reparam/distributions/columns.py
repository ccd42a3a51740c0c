"""A row of a table as a vector that models see: which entries belong to which column, and of what family it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from reparam import checks
from reparam.errors import UserError

TRANSFORMS = ("none", "log", "quantile")
WHOLE, LARGEST = 2**53, 1e300
"""Whole numbers up to the one are float64s; numbers up to the other can be multiplied."""


@dataclass(frozen=True)
class Family:
    """How one column lies in the vector of a row.

    A column has ``width`` entries for its value and, where cells may be missing, one more behind them: 1 where the cell
    is missing, in which case the value's entries are 0, else 0.

    Args:
        missing: whether cells may be missing.
    """

    missing: bool = False

    @property
    def width(self) -> int:
        """Entries of the value."""
        return 1

    @property
    def entries(self) -> int:
        """Entries of the value and of whether it is missing."""
        return self.width + self.missing


@dataclass(frozen=True)
class Number(Family):
    """A real number in units of its own spread: entry u = (t(x) - offset) / scale, with t the identity, or a transform.

    Args:
        missing: whether cells may be missing.
        scale: what one unit of u is in units of t(x); log-densities are in the column's own units.
        offset: where u is 0.
        transform: ``log``: t(x) = log x; ``quantile``: t is piecewise linear through ``knots``, from x to the quantiles
            of a standard normal; none otherwise.
        knots: pairs (x, t(x)), both rising; beyond the first and the last t goes on straight.
        step: the distance of neighbouring values in units of u, where values are rounded; 0: not known.

    Raises:
        UserError: if a number is out of range, the transform is unknown, or knots do not rise.
    """

    scale: float = 1.0
    offset: float = 0.0
    transform: str = "none"
    knots: tuple[tuple[float, float], ...] = ()
    step: float = 0.0

    def __post_init__(self) -> None:
        checks.positive("scale", self.scale)
        checks.within("offset", self.offset, -LARGEST)
        checks.one_of("transform", self.transform, TRANSFORMS)
        checks.within("step", self.step, 0)
        if any(not (before < after) for pair in pairwise(self.knots) for before, after in zip(*pair, strict=True)):
            raise UserError("knots will not do: give pairs (x, t(x)) that rise, both of them")


@dataclass(frozen=True)
class Integer(Family):
    """A whole number k in ``low..high``: entry u = (k - offset) / scale.

    Args:
        missing: whether cells may be missing.
        low: smallest value there is.
        high: largest.
        scale: what one unit of u is.
        offset: where u is 0.
        owns_below: whether the lowest stands for all that a logistic has below it, too, as 0 may of amounts; else that
            is cut off, and what is left brought to one.
        owns_above: whether the highest stands for all above.

    Raises:
        UserError: if a number is out of range, or a truth value is none.
    """

    low: int = 0
    high: int = 1
    scale: float = 1.0
    offset: float = 0.0
    owns_below: bool = True
    owns_above: bool = True

    def __post_init__(self) -> None:
        checks.positive("scale", self.scale)
        checks.within("offset", self.offset, -LARGEST)
        checks.whole("low", self.low, -WHOLE)
        checks.whole("high", self.high, self.low)
        for name in ("owns_below", "owns_above"):
            if not isinstance(getattr(self, name), bool):
                checks.refuse(name, getattr(self, name), "give True or False")


@dataclass(frozen=True)
class Category(Family):
    """One of ``levels`` things: a one-hot code.

    Args:
        missing: whether cells may be missing.
        levels: how many.

    Raises:
        UserError: if there is none.
    """

    levels: int = 2

    def __post_init__(self) -> None:
        checks.whole("levels", self.levels)

    @property
    def width(self) -> int:
        """One entry a level."""
        return self.levels


def places(families: Sequence[Family]) -> list[slice]:
    """Where each column's entries lie in the vector, the one that tells whether it is missing included.

    >>> places([Number(), Category(missing=True, levels=3)])
    [slice(0, 1, None), slice(1, 5, None)]
    """
    ends = [0]
    for family in families:
        ends.append(ends[-1] + family.entries)
    return [slice(start, end) for start, end in pairwise(ends)]
