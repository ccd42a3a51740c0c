"""What one looks at first: a row a model, its samples, and its numbers as points on scales that all of them share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from reparam.pages.numbers import number
from reparam.pages.picture import Picture


@dataclass(frozen=True)
class Gauge:
    """The scale of a measure, the same for all rows.

    Args:
        name: of the measure, with its unit.
        low: the number at the left.
        high: the number at the right, above ``low``.
        better: which end is better, or ``neither``.
        floor: what real examples come to; None where they have no such number.
        note: what it is, for those who ask.
    """

    name: str
    low: float
    high: float
    better: Literal["low", "high", "neither"] = "neither"
    floor: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"a gauge goes from a number to a larger one: low={self.low}, high={self.high}")

    def place(self, value: float) -> float:
        """Where a number lies, in percent of the width from the left, two decimals; what is beyond lies at the end.

        >>> Gauge("recall", 0, 1).place(0.25), Gauge("recall", 0, 1).place(7)
        (25.0, 100.0)
        """
        return round(100 * min(1.0, max(0.0, (value - self.low) / (self.high - self.low))), 2)

    def span(self, value: float, error: float) -> tuple[float, float]:
        """Where an error bar begins, and how long it is, in percent."""
        left, right = self.place(value - error), self.place(value + error)
        return left, round(right - left, 2)

    @property
    def ends(self) -> tuple[str, str]:
        """The numbers at both ends as they are read."""
        return number(self.low), number(self.high)


@dataclass(frozen=True)
class Reading:
    """A number on a gauge.

    Args:
        value: the number; None where there is none.
        text: how it is read, with its error.
        error: half the length of its bar; None: no bar.
        seeds: the number of each seed, where there are several.
        best: it is the best, or not told from the best.
    """

    value: float | None
    text: str
    error: float | None = None
    seeds: Sequence[float] = ()
    best: bool = False


@dataclass(frozen=True)
class Entry:
    """A row of the overview.

    Args:
        name: of the model.
        readings: as many as there are gauges.
        strip: some samples side by side.
        facts: what it cost.
        colour: its number among the colours of the page's charts; None for real examples.
    """

    name: str
    readings: Sequence[Reading]
    strip: Picture | None = None
    facts: str = ""
    colour: int | None = None


@dataclass(frozen=True)
class Overview:
    """Rows under shared gauges.

    Args:
        gauges: the scales.
        entries: the rows.
        caption: what one sees.
    """

    gauges: Sequence[Gauge]
    entries: Sequence[Entry]
    caption: str = ""

    def __post_init__(self) -> None:
        for entry in self.entries:
            if len(entry.readings) != len(self.gauges):
                raise ValueError(f"{entry.name} has {len(entry.readings)} readings for {len(self.gauges)} gauges")

    @property
    def has_strips(self) -> bool:
        """Whether there are samples to be seen."""
        return any(entry.strip is not None for entry in self.entries)
