"""Dates: whole days are counted, moments are numbers of seconds."""

import re
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Self

import numpy as np
from pydantic import field_validator, model_validator

from reparam.data.columns.ends import mirrored, piles
from reparam.data.columns.integer import MOST_SPAN, Whole
from reparam.data.columns.kind import Read, SeenKind, base, present, wrong
from reparam.data.columns.number import Scale
from reparam.data.columns.scaling import standard
from reparam.data.readers.cells import Column
from reparam.distributions.columns import Integer, Number

DAY = 86_400 * 10**6
"""Microseconds."""
EARLIEST, LATEST = np.datetime64("0001-01-01", "us"), np.datetime64("9999-12-31T23:59:59", "us")
"""The dates that there are."""
FIRST, LAST = int(EARLIEST.astype(np.int64)), int(LATEST.astype(np.int64))
DIRECTIVES = re.compile(r"[^%\0\ud800-\udfff]*(?:%-?[A-Za-z%][^%\0\ud800-\udfff]*)*")
"""What strftime is given: no widths, with which a short format makes a long text, and characters that are some."""
GRAINS = (86_400 * 10**6, 3600 * 10**6, 60 * 10**6, 10**6, 10**3, 1)
"""What moments may be whole multiples of, in microseconds: hours to microseconds."""


class Date(SeenKind):
    """A date or a moment.

    Of whole days the number since 1970, a whole number between the first and the last; else seconds since 1970, a real
    number in units of their spread, rounded as the data's are and within their range.
    """

    word: ClassVar[str] = "date"

    low: str
    """The first, as in 2021-03-01 or 2021-03-01 12:30:00."""
    high: str
    """The last."""
    grain: int
    """What all are whole multiples of, in microseconds; 86400000000 are days."""
    offset: Whole = 0
    """Where the entry is 0: days, or seconds, since 1970."""
    scale: Scale = 1.0
    """Days, or seconds, that one unit of the entry is."""
    written: str | None = None
    """How dates are written, in the words of strptime; none: as dates themselves."""
    owns_below: bool = True
    """Whether the first stands for all that a model has before it, too; else that is cut off, of moments mirrored."""
    owns_above: bool = True
    """Whether the last stands for all after it."""

    @field_validator("low", "high")
    @classmethod
    def _a_date(cls, text: str) -> str:
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(f"{text!r} is no date: write it as 2021-03-01 or 2021-03-01 12:30:00") from None
        return text

    @model_validator(mode="after")
    def _of_a_size(self) -> Self:
        if self.grain not in GRAINS:
            raise ValueError(f"column {self.name!r}: grain={self.grain} is none of {', '.join(map(str, GRAINS))}")
        days = (self._end(self.high) - self._end(self.low)) // DAY
        if not 0 <= days <= MOST_SPAN:
            raise ValueError(f"column {self.name!r}: low={self.low} to high={self.high} is no range")
        if not FIRST <= self.offset * _unit(self.grain) <= LAST:
            raise ValueError(f"column {self.name!r}: offset={self.offset} is no date")
        check_written(self.written, self.name)
        return self

    @classmethod
    def of(cls, column: Column, why: str = "") -> Self:
        """Range, grain and spread of a column of dates."""
        if column.values.dtype.kind != "M" or len(present(column)) == 0:
            raise wrong(column, cls.word, "holds what is no date", "category")
        moments = present(column).astype("datetime64[us]")
        if moments.min() < EARLIEST or moments.max() > LATEST:
            raise wrong(column, cls.word, "holds dates before the year 1 or after 9999", "dropped")
        counts = moments.astype(np.int64)
        grain = next(grain for grain in GRAINS if not (counts % grain).any())
        from_first = (counts - counts[0]) / _unit(grain)
        offset, scale = standard(from_first)
        owns_below, owns_above = piles(from_first)
        return cls(
            **base(column, why),
            low=_iso(moments.min()),
            high=_iso(moments.max()),
            grain=grain,
            offset=round(offset + int(counts[0]) // _unit(grain)),
            scale=scale,
            written=column.written,
            owns_below=owns_below,
            owns_above=owns_above,
        )

    @staticmethod
    def _end(text: str) -> int:
        """A date in microseconds since 1970."""
        return int(np.datetime64(datetime.fromisoformat(text).replace(tzinfo=None), "us").astype(np.int64))

    @property
    def days(self) -> bool:
        """Whether all are whole days."""
        return self.grain == DAY

    @property
    def family(self) -> Integer | Number:
        """Days are whole numbers in their range, moments real ones."""
        unit = _unit(self.grain)
        if self.days:
            low, high = self._end(self.low) // unit, self._end(self.high) // unit
            return Integer(
                missing=self.missing,
                low=low,
                high=high,
                scale=self.scale,
                offset=float(self.offset),
                owns_below=self.owns_below,
                owns_above=self.owns_above,
            )
        step = self.grain / unit / self.scale
        return Number(missing=self.missing, scale=self.scale, offset=float(self.offset), step=step)

    @property
    def about(self) -> str:
        """The first and the last."""
        return f"{self.low} to {self.high}"

    @property
    def told(self) -> str:
        """A multiple of u since 1970."""
        unit = "day" if self.days else "second"
        return f"{unit} {self.offset} + {self.scale:.9g} u since 1970-01-01, from {self.low} to {self.high}"

    def read(self, column: Column) -> Read:
        """Dates as microseconds since 1970; words that are written as dates are here are some."""
        counts, known = self.moments(column)
        if self.days:
            within = (counts >= self._end(self.low)) & (counts <= self._end(self.high)) & (counts % DAY == 0)
            known &= column.missing | within
        return Read(counts, known)

    def nearest(self, column: Column) -> Column:
        """Moments within the range that there is, whole days where these are counted; what is no date stays."""
        values, known = self.moments(column)
        if not self.days or not known.all():
            return column
        first, last = self._end(self.low), self._end(self.high)
        counts = (values - values % DAY).clip(first, last)
        return replace(column, values=counts.astype("datetime64[us]"), written=None, text=None)

    def moments(self, column: Column) -> Read:
        """Dates as microseconds since 1970 wherever they lie; which cells are some, or missing."""
        values, missing = column.values, column.missing
        if values.dtype.kind == "O":
            values = np.array([_parsed(word, self.written) for word in values.tolist()], dtype="datetime64[us]")
        if values.dtype.kind != "M":
            return Read(np.zeros(len(values), dtype=np.int64), missing.copy())
        lost = np.isnat(values)
        counts = np.where(lost, 0, values.astype("datetime64[us]").astype(np.int64))
        return Read(counts, missing | (~lost & (values >= EARLIEST) & (values <= LATEST)))

    def entries(self, values: np.ndarray) -> np.ndarray:
        """Days or seconds in units of their spread."""
        unit = _unit(self.grain)
        # whole numbers as long as they are large: a float64 holds no microseconds since 1970
        return ((values - self.offset * unit) / unit / self.scale)[:, None]

    def column(self, entries: np.ndarray, missing: np.ndarray, noise: np.random.Generator) -> Column:
        """The nearest moments of the grain within the range."""
        unit, grain = _unit(self.grain), self.grain
        base, rest = divmod(self.offset * unit, grain)
        apart = np.clip(entries[:, 0] * self.scale * unit, -1e18, 1e18)
        counts = (base + np.rint((apart + rest) / grain).astype(np.int64)) * grain
        first, last = self._end(self.low), self._end(self.high)
        ends = -0.5, (last - first) / grain + 0.5, self.owns_below, self.owns_above
        within = first + np.rint(mirrored((counts - first) / grain, *ends)).astype(np.int64) * grain
        counts = np.where((counts < first) | (counts > last), within, counts).clip(first, last)
        return Column(self.name, counts.astype("datetime64[us]"), missing, written=self.written)


def check_written(written: str | None, name: str) -> None:
    """Make sure that a format of dates is one that strftime can be given.

    Raises:
        ValueError: if it is not.
    """
    if written is not None and not (len(written) <= 64 and DIRECTIVES.fullmatch(written)):
        raise ValueError(f"column {name!r}: written={written[:64]!r} is no format of dates")


def _unit(grain: int) -> int:
    """Microseconds that offset and scale are in: days, or seconds."""
    return DAY if grain == DAY else 10**6


def _iso(moment: np.datetime64) -> str:
    text = str(moment.astype("datetime64[us]").astype(datetime).isoformat(sep=" "))
    return text.removesuffix(" 00:00:00")


def _parsed(word: str, written: str | None) -> np.datetime64:
    try:
        moment = datetime.fromisoformat(word) if written is None else datetime.strptime(word, written)
        return np.datetime64(moment.replace(tzinfo=None), "us")
    except ValueError:
        return np.datetime64("NaT", "us")
