"""Models that have hardly trained, and what it would take: their numbers say little of what they can do."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reparam.pages import duration, percent
from reparam.studies.results import Result, Results

STEEP = 0.01
"""The share of itself by which a bound rises over the last tenth of a training that is far from done."""
FLAT = 0.005
"""And by which it rises at most where it has settled."""
LEAST = 10.0
"""Nats that such shares are of at least: a density's bound may lie near 0."""
TENTH = 0.9
FARTHEST = 30.0
"""Times as long, beyond which a curve is not followed."""


@dataclass(frozen=True)
class Undertrained:
    """A model that has hardly trained.

    Attributes:
        name: of the model.
        why: in words that go on from its name.
        seconds: what would do, of training; None where it is not known.
        most: whether more than that is needed, nobody knows how much.
    """

    name: str
    why: str
    seconds: float | None
    most: bool = False

    @property
    def takes(self) -> str:
        """What would do, in words."""
        if self.seconds is None:
            return ""
        return f" ({'more than' if self.most else 'about'} {duration(self.seconds)} of training would do)"


def undertrained(results: Results) -> list[Undertrained]:
    """The models that saw less than all training examples once, or whose bound was still rising steeply."""
    found = (_of(name, group) for name, group in results.groups.items())
    return [one for one in found if one is not None]


def notices(results: Results) -> list[str]:
    """One paragraph on all of them; none where all have trained."""
    found = undertrained(results)
    if not found:
        return []
    told = "; ".join(f"`{one.name}` {one.why}{one.takes}" for one in found)
    text = f"Hardly trained: {told}. Its numbers" if len(found) == 1 else f"Hardly trained: {told}. Their numbers"
    longest = max((one.seconds for one in found if one.seconds is not None), default=None)
    by_time = results.protocol is not None and results.protocol.seconds is not None
    again = f" Compare again, into another folder, with a budget of {_rounded(longest)}." if longest and by_time else ""
    return [f"{text} say little of what more training would give.{again}"]


def _of(name: str, group: Sequence[Result]) -> Undertrained | None:
    """A model, judged by the least trained of its seeds."""
    epochs = min(result.run.last_row.get("epoch", 1.0) for result in group)
    costs = [result.cost["seconds"] for result in group if "seconds" in result.cost]
    seconds = sum(costs) / len(costs) if costs else None
    if epochs < 1:
        why = f"has seen {percent(epochs, 0)} of the training data, once"
        return Undertrained(name, why, None if seconds is None or epochs <= 0 else seconds / epochs)
    rising = [rise for rise in map(_rise, group) if rise is not None]
    if not rising:
        return None
    share, times, beyond = max(rising)
    why = f"was still getting better, by {percent(share)} over the last tenth of its training"
    return Undertrained(name, why, None if seconds is None else seconds * times, beyond)


def _rise(result: Result) -> tuple[float, float, bool] | None:
    """By which share of itself a bound still rose, how many times as long would do, and whether more; None: settled."""
    steps, values = _curve(result, "validation")
    if len(steps) < 3:  # as of a training of one epoch, whose log has more
        steps, values = _curve(result, "train")
    if len(steps) < 3 or not np.isfinite(values).all():
        return None
    share = rise(steps, values)
    return (share, *longer(steps, values)) if share > STEEP else None


def _curve(result: Result, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps and the bound that training raises, ``(rows,)`` each; of a model without one none."""
    key = result.run.model.monitor
    rows = [row for row in result.run.rows if key and row["split"] == split and row.get(key) is not None]
    steps, values = (np.array([row[name] for row in rows], float) for name in ("step", key or "step"))
    return steps, values


def rise(steps: np.ndarray, values: np.ndarray) -> float:
    """The share of itself by which a curve rose over the last tenth of its way.

    >>> round(rise(np.array([0, 80, 100]), np.array([-200.0, -120.0, -100.0])), 3)
    0.1
    """
    last = values[-1]
    return float((last - np.interp(TENTH * steps[-1], steps, values)) / max(abs(last), LEAST))


def longer(steps: np.ndarray, values: np.ndarray) -> tuple[float, bool]:
    """How many times as long a curve would take to settle, if it goes on as a power of time, as learning curves do.

    Through the values at a quarter, a half and the whole of its way goes a - b·t^(-c): what a doubling wins falls by
    2^(-c) with each. Then what a last tenth wins falls as t^(-c).

    Args:
        steps: rising from 0.
        values: as many.

    Returns:
        At most 30, and whether it takes more, as where the gains do not fall; where there are too few values to tell,
        more than 2.
    """
    whole = steps[-1]
    if steps[1] > 0.25 * whole:
        return 2.0, True
    quarter, half, last = (float(np.interp(part * whole, steps, values)) for part in (0.25, 0.5, 1.0))
    first, second = half - quarter, last - half
    if not first > second > 0:
        return FARTHEST, True
    power = math.log2(first / second)
    wanted = FLAT * max(abs(last), LEAST)
    now = second * (TENTH**-power - 1) / (0.5**-power - 1)  # what the last tenth wins by that law
    times = max(1.0, (now / wanted) ** (1 / power))
    return min(FARTHEST, times), times > FARTHEST


def _rounded(seconds: float) -> str:
    """A budget at least as long, as it is given.

    >>> _rounded(7.1), _rounded(95), _rounded(4000)
    ('10s', '2m', '67m')
    """
    return f"{math.ceil(seconds / 10) * 10}s" if seconds <= 60 else f"{math.ceil(seconds / 60)}m"
