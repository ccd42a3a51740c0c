"""Curves in axes that they share, drawn by the page itself; the number under the pointer is told."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reparam.pages.numbers import number
from reparam.pages.picture import csv_address

COLOURS = 8
"""How many colours the page's style has; then they come again, in other strokes."""
START = 0.1
"""The first share of the way, whose values do not stretch the axis: where training starts everything is far away."""
FAR = 5.0
"""How many times as long the axis would have to be, for the start to be left beyond it."""
FEWEST = 3
"""Places that have to be left where the start is not shown: of fewer there is no curve without it."""
ROOM = 0.04


@dataclass(frozen=True)
class Series:
    """A curve.

    Args:
        label: whose; curves of one label, as those of some seeds, look alike.
        x: rising, at least one.
        y: as many; gaps are left where one is not finite.
        colour: its number among the colours of the page.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    colour: int = 0

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or not self.x:
            raise ValueError(f"{self.label}: {len(self.x)} places and {len(self.y)} values are no curve")

    @property
    def known(self) -> list[tuple[float, float]]:
        """Its points that can be drawn."""
        return [(x, y) for x, y in zip(self.x, self.y, strict=True) if math.isfinite(x) and math.isfinite(y)]


@dataclass(frozen=True)
class Chart:
    """Curves in the same axes.

    Args:
        series: the curves, with one point at least among them that can be drawn.
        caption: what one sees.
        alt: the same for those who do not see it; not empty.
        x_label: with its unit.
        y_label: with its unit.
        x_name: what a single place is called, as in "epoch 2.5".
        command: what to type to see each alone.
        numbers_csv: the numbers as CSV text, kept in the page under a link.
    """

    series: Sequence[Series]
    caption: str
    alt: str
    x_label: str
    y_label: str
    x_name: str = "x"
    command: str | None = None
    numbers_csv: str | None = None

    def __post_init__(self) -> None:
        if not self.alt.strip():
            raise ValueError("a chart needs an alternative text that says what it shows")
        if not self._points:
            raise ValueError(f"{self.y_label}: there is no point to draw")

    @property
    def _points(self) -> list[tuple[float, float]]:
        return [point for one in self.series for point in one.known]

    @property
    def x_range(self) -> tuple[float, float]:
        """From the first to the last place."""
        return _apart(min(x for x, _ in self._points), max(x for x, _ in self._points))

    @property
    def y_range(self) -> tuple[float, float]:
        """What there is of values, those of the very start only where they lie among the others."""
        low, high = self.x_range
        values = [y for _, y in self._points]
        after = [(x, y) for x, y in self._points if x >= low + START * (high - low)]
        late = [y for _, y in after]
        if len({x for x, _ in after}) < FEWEST or max(values) - min(values) <= FAR * (max(late) - min(late)):
            late = values
        least, most = _apart(min(late), max(late))
        room = ROOM * (most - least)
        return least - room, most + room

    @property
    def cut(self) -> str:
        """Which values lie beyond the axis, in words; empty where none do."""
        least, most = self.y_range
        beyond = [y for _, y in self._points if not least <= y <= most]
        return f"The start is beyond the axis: from {number(round(beyond[0], 1))}." if beyond else ""

    @property
    def x_ticks(self) -> list[tuple[float, str]]:
        """Where the numbers of the axis stand, in percent from the left, and how they read."""
        return self._placed(self.x_range)

    @property
    def y_ticks(self) -> list[tuple[float, str]]:
        """The same, from below."""
        return self._placed(self.y_range)

    @staticmethod
    def _placed(ends: tuple[float, float]) -> list[tuple[float, str]]:
        low, high = ends
        return [(round(100 * (value - low) / (high - low), 2), number(value)) for value in ticks(low, high)]

    def lines(self, one: Series) -> list[str]:
        """A curve's unbroken parts as an SVG ``points`` attribute each, in percent from the top left."""
        (left, right), (least, most) = self.x_range, self.y_range
        parts: list[list[str]] = [[]]
        for x, y in zip(one.x, one.y, strict=True):
            if not (math.isfinite(x) and math.isfinite(y)):
                parts.append([])
                continue
            parts[-1].append(f"{100 * (x - left) / (right - left):.2f},{100 * (most - y) / (most - least):.2f}")
        # one point alone is a line of no length, which round ends make a dot of
        return [" ".join(part if len(part) > 1 else part * 2) for part in parts if part]

    @property
    def legend(self) -> list[Series]:
        """One curve of each label."""
        first: dict[str, Series] = {}
        for one in self.series:
            first.setdefault(one.label, one)
        return list(first.values())

    @property
    def numbers(self) -> str | None:
        """The CSV text as a ``data:`` address."""
        return csv_address(self.numbers_csv)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between two, at most so many: multiples of 1, 2 or 5 times a power of ten.

    >>> ticks(0, 4.1), ticks(-121.3, -104.2), ticks(0.0, 0.003)
    ([0.0, 1.0, 2.0, 3.0, 4.0], [-120.0, -115.0, -110.0, -105.0], [0.0, 0.001, 0.002, 0.003])
    """
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(one * power for one in (1, 2, 5, 10, 20) if (high - low) / (one * power) < most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return [round(i * step, digits) + 0.0 for i in range(first, last + 1)]


def _apart(low: float, high: float) -> tuple[float, float]:
    """Two ends between which something fits."""
    if high > low:
        return low, high
    room = abs(low) * 0.05 or 1.0
    return low - room, high + room
