"""A trial that lags behind is broken off: at a validation, by the median of those that have ended."""

from collections.abc import Iterable, Mapping
from statistics import median
from typing import TYPE_CHECKING, Any

from reparam.training import Callback
from reparam.training.best import HighWater

if TYPE_CHECKING:
    from reparam.training.session import Session

ENOUGH, EARLIEST, APART = 5, 20, 5
"""Trials that must have ended; the percentage of a training before which none is judged; and between two judgements."""
LAGS = "the best validation so far lies below the median of earlier trials at this point"


def bars(curves: Iterable[Mapping[int, float]]) -> dict[int, float]:
    """What a trial has to reach, by the percentage of its training; nothing before five trials have ended.

    Args:
        curves: of trials that have ended, by percentage.

    >>> bars([{0: 0.0, 50: float(i)} for i in range(5)])[60]
    2.0
    """
    known = [curve for curve in curves if curve]
    if len(known) < ENOUGH:
        return {}
    marks = range(EARLIEST, 100, APART)
    return {mark: median(_at(curve, mark) for curve in known) for mark in marks}


def _at(curve: Mapping[int, float], percent: int) -> float:
    """The best by then."""
    return max((value for step, value in curve.items() if step <= percent), default=float("-inf"))


def curve_of(rows: Iterable[Mapping[str, Any]], name: str | None, total: int) -> dict[int, float]:
    """The best validation so far, by the percentage of the training.

    >>> rows = [{"split": "validation", "step": s, "elbo": -9.0 + s} for s in (0, 5, 10)]
    >>> curve_of(rows, "elbo", 20)
    {0: -9.0, 25: -4.0, 50: 1.0}
    """
    mark, found = HighWater(name), {}
    for row in rows:
        mark.rises(row)
        if row["split"] == "validation" and mark.value > float("-inf"):
            found[100 * row["step"] // total] = mark.value
    return found


class Pruning(Callback):
    """Asks to stop where a trial has not reached what it has to.

    Args:
        bars: by the percentage of the training.
    """

    def __init__(self, bars: Mapping[int, float]) -> None:
        self._bars = dict(bars)

    def row(self, session: "Session", row: Mapping[str, Any]) -> None:
        """After a validation."""
        if row["split"] != "validation" or session.model.monitor is None or session.step == session.total:
            return
        percent = 100 * session.step // session.total
        due = [mark for mark in self._bars if mark <= percent]
        mark = HighWater.of(session.model.monitor, session.rows)
        if due and mark.value < self._bars[max(due)]:
            session.ask_to_stop(LAGS)
