"""Dates, times and both, as people write them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import numpy as np

MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
          "december")  # fmt: skip
PARTS = {
    "%Y": r"(?P<Y>[12]\d{3})",
    "%y": r"(?P<y>\d\d)",
    "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})",
    "%b": f"(?P<b>{'|'.join(month[:3] for month in MONTHS)})",
    "%B": f"(?P<B>{'|'.join(MONTHS)})",
}
"""What the directives of strptime stand for."""
DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y_%m_%d", "%Y%m%d", "%Y-%m"),
    *("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%y", "%m/%d/%y", "%d/%m/%y"),
    *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", ""),
)
"""How days are written; a time of day has none."""
TWO = ("%Y%m%d", "%d.%m.%y", "%m/%d/%y", "%d/%m/%y")
"""Those whose days and months have two digits always, or many another thing would be one."""
TIME = r"(?P<H>\d{1,2}):(?P<M>\d\d)(?::(?P<S>\d\d)(?:\.(?P<f>\d{1,9}))?)?(?: ?(?P<p>[ap]m))?"
ZONE = r"(?P<z>Z| ?UTC|[+-]\d\d:?\d\d)"
CHANGED = {"%d/%m": "%m/%d", "%m-%d": "%d-%m", "%m/%d": "%d/%m", "%d-%m": "%m-%d"}
"""Days and months that may have changed places."""
ENOUGH = 0.9
"""The share of a column's words that have to be dates for the others to be mistakes."""
PIVOT = 69
"""From which two digits are a year of the 20th century, as strptime has it."""


@dataclass(frozen=True)
class Dates:
    """Texts read as dates.

    Args:
        values: ``(n,)`` datetime64[us], NaT where a text is none.
        written: how they are written, as strptime has it.
        notes: what was decided.
    """

    values: np.ndarray
    written: str
    notes: tuple[str, ...] = ()


def dates_of(texts: Sequence[str], day_first: bool = False, written: str | None = None) -> Dates | None:
    """Texts as dates, if nine in ten of them are, all in one form.

    Args:
        texts: the different cells of a column.
        day_first: whether 3/4/2024 is the third of April where nothing in the column says so.
        written: how they are written, where that is known.

    >>> dates_of(["2024_01_15", "2024_02_29"]).written
    '%Y_%m_%d'
    >>> found = dates_of(["1/2/2024 8:30", "31/1/2024 17:05"])
    >>> found.written, str(found.values[0])
    ('%d/%m/%Y %H:%M', '2024-02-01T08:30:00.000000')
    >>> dates_of(["ant", "bee"]), dates_of(["2024-02-30"])
    (None, None)
    """
    known = DAYS if written is None else [max(filter(written.startswith, DAYS), key=len)]
    likely = [day for day in known if any(map(_form(day).fullmatch, texts[:20]))]
    tried = {day: _read(texts, day) for day in likely}
    right = {day: int(np.count_nonzero(~np.isnat(found.values))) for day, found in tried.items()}
    best = max(right, key=right.__getitem__, default=None)
    if best is None or right[best] < max(1, ENOUGH * len(texts)):
        return None
    other = next((day for day in right if day != best and right[day] == right[best] and _changed(best) == day), None)
    if other is None:
        return tried[best]
    chosen = next(day for day in (best, other) if day.startswith("%d") == (day_first or "-" in day))
    order = "day before month" if chosen.startswith("%d") else "month before day"
    return Dates(tried[chosen].values, tried[chosen].written, (f"{order} taken, as no date in it says which",))


def days_of_numbers(values: np.ndarray) -> np.ndarray | None:
    """Whole numbers such as 20240115 as dates, if each is one of 1900 to 2100.

    >>> days_of_numbers(np.array([20240115, 19991231])).astype("datetime64[D]").astype(str).tolist()
    ['2024-01-15', '1999-12-31']
    >>> days_of_numbers(np.array([20240230]))
    """
    if not len(values) or values.min() < 19000101 or values.max() > 21001231:
        return None
    found = _instants(values // 10000, values // 100 % 100, values % 100)
    return None if np.isnat(found).any() else found


def _changed(day: str) -> str:
    return CHANGED.get(day[:5], "") + day[5:]


@cache
def _form(day: str) -> re.Pattern[str]:
    two = {"%m": r"(?P<m>\d\d)", "%d": r"(?P<d>\d\d)"} if day in TWO else {}
    pattern = re.sub("%.", lambda found: (PARTS | two)[found[0]], day.replace(".", r"\."))
    full = rf"{pattern}(?:(?P<between>T| |, ){TIME}{ZONE}?)?" if day else TIME
    return re.compile(full, re.ASCII | re.IGNORECASE)


def _read(texts: Sequence[str], day: str) -> Dates:
    """What of the texts is a date whose day is written like that."""
    found = [match and match.groupdict() for match in map(_form(day).fullmatch, texts)]
    zones = {parts.get("z") for parts in found if parts}
    moments = [_moment(parts, shifted=len(zones) > 1) if parts else None for parts in found]
    written = day + _time_written([parts for parts in found if parts])
    notes: tuple[str, ...] = ()
    if zones - {None}:
        kept = zones.pop() if len(zones) == 1 else "+00:00"
        written += kept or ""
        notes = (f"times of the zone {(kept or '').strip()}",) if not zones else ("times of several zones kept as UTC",)
    return Dates(np.array(moments, "datetime64[us]"), written, notes)


def _moment(parts: dict[str, str | None], shifted: bool) -> datetime | None:
    """The instant that a date's parts make, None if there is no such day or hour."""

    def number(name: str, otherwise: int = 0) -> int:
        return int(parts.get(name) or otherwise)

    try:
        hour = number("H")
        if parts.get("p"):
            hour = datetime.strptime(f"{hour} {parts['p']}", "%I %p").hour
        fraction = int((parts.get("f") or "0").ljust(6, "0")[:6])
        moment = datetime(_year(parts), _month(parts), number("d", 1), hour, number("M"), number("S"), fraction)
    except ValueError:
        return None
    return moment - _offset(parts.get("z") or "Z") if shifted else moment


def _year(parts: dict[str, str | None]) -> int:
    if parts.get("y"):
        return int(parts["y"] or 0) + (1900 if int(parts["y"] or 0) >= PIVOT else 2000)
    return int(parts.get("Y") or 1970)


def _month(parts: dict[str, str | None]) -> int:
    word = (parts.get("B") or parts.get("b") or "").lower()
    return next((at for at, month in enumerate(MONTHS, 1) if word and month.startswith(word)), int(parts.get("m") or 1))


def _offset(zone: str) -> timedelta:
    """How far a zone is ahead of UTC.

    >>> _offset("-0330"), _offset(" UTC")
    (datetime.timedelta(days=-1, seconds=73800), datetime.timedelta(0))
    """
    if zone[0] not in "+-":
        return timedelta(0)
    ahead = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return -ahead if zone[0] == "-" else ahead


def _time_written(found: Sequence[dict[str, str | None]]) -> str:
    """How the time of day is written in the fullest of the dates, as strptime has it."""
    there = {name: value for parts in found for name, value in parts.items() if value is not None}
    if "H" not in there:
        return ""
    half = there.get("p")
    time = "%I:%M" if half else "%H:%M"
    time += (":%S" if "S" in there else "") + (".%f" if "f" in there else "") + (" %p" if half else "")
    return there.get("between", "") + time


def _instants(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Days of the calendar as datetime64[us], NaT where there is no such day."""
    months = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + (month - 1)
    days = months.astype("datetime64[D]") + (day - 1)
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months)
    return np.where(valid, days.astype("datetime64[us]"), np.datetime64("NaT", "us"))
