"""The numbers of a comparison as a table of rows, as ``report.json`` keeps them, and read back from it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reparam.door import read_json
from reparam.errors import UserError
from reparam.evaluation.samples.scorecard import Score
from reparam.result import plain
from reparam.studies.differences import Seen
from reparam.studies.results import Results
from reparam.studies.summary import LIKELIHOOD, by_seed, comparable, likelihoods

FLOOR = "floor"
MOST_ROWS = 1_000_000
Key = tuple[str, str]
"""A model, or the floor, and a measure."""


@dataclass(frozen=True)
class Point:
    """A number of a run.

    Attributes:
        value: the number.
        error: its standard error, or None.
        ideal: the best value there is; None where more is always better.
        only_above: only a value above it is a fault.
        only_below: only a value below it is.
    """

    value: float
    error: float | None
    ideal: float | None
    only_above: bool = False
    only_below: bool = False

    @property
    def gap(self) -> float:
        """How far from the best value; what has none is the better the larger it is."""
        if self.ideal is None:
            return -self.value
        if self.only_above or self.only_below:
            return max(0.0, (self.value - self.ideal) * (1 if self.only_above else -1))
        return abs(self.value - self.ideal)


@dataclass(frozen=True)
class Record:
    """The numbers of a comparison.

    Attributes:
        name: of the data.
        fingerprint: of the data.
        protocol: what was the same for all, as JSON has it; empty where the runs were trained apart.
        points: by model and measure, by seed.
    """

    name: str
    fingerprint: str
    protocol: Mapping[str, Any]
    points: Mapping[Key, Mapping[int, Point]]

    @property
    def models(self) -> list[str]:
        """Their names, without the floor."""
        return [name for name in dict.fromkeys(model for model, _ in self.points) if name != FLOOR]

    def seen(self, key: Key) -> Seen:
        """A measure of a model, to be compared with the same of another comparison: by its value."""
        points = self.points[key]
        values = {seed: point.value for seed, point in points.items()}
        return Seen(values, {seed: point.error for seed, point in points.items()})


def rows_of(results: Results) -> list[dict[str, Any]]:
    """A row for each model, seed and measure, and for the floor: what can be read back, and by any spreadsheet."""
    made = [*_rows(results), *_likelihood_rows(results)]
    if results.floor is not None:
        made += [_row(FLOOR, 0, score) for score in results.floor.scores()]
    if results.table_floor is not None:
        made += [_row(FLOOR, 0, score) for score in results.table_floor.scores()]
    return made


def _rows(results: Results) -> Iterator[dict[str, Any]]:
    for model, group in results.groups.items():
        for seed, one in by_seed(group).items():
            found = [*(one.card.scores() if one.card else ()), *(one.table.scores() if one.table else ())]
            yield from (_row(model, seed, score) for score in found)


def _row(model: str, seed: int, score: Score) -> dict[str, Any]:
    told = {"value": score.value, "standard_error": score.standard_error, "ideal": score.best}
    told |= {"only_above": score.only_above, "only_below": score.only_below}
    return _plain({"model": model, "seed": seed, "measure": score.name, **told})


def _likelihood_rows(results: Results) -> Iterator[dict[str, Any]]:
    """Log p(x) where all of it is of the same values, so that it compares."""
    found = likelihoods(results) if len(comparable(results)) == 1 else {}
    for model, one in found.items():
        for seed, value in one.values.items():
            told = {"value": value, "standard_error": one.seen.errors[seed], "ideal": None, "only_above": False}
            yield _plain({"model": model, "seed": seed, "measure": LIKELIHOOD, **told})


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row as JSON can hold it: nothing where a number is not finite."""
    made = plain(row)
    assert isinstance(made, dict)
    return made


def record_of(results: Results) -> Record:
    """The numbers of results that were just measured."""
    return record(results.json())


def read_record(path: Path) -> Record:
    """The numbers that a report wrote beside its page.

    Raises:
        UserError: if there are none, or they are not what a report of this version writes.
    """
    try:
        return record(read_json(path))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise UserError(
            f"{path} has not the numbers of a comparison as this version writes them: compare or report again with the "
            "same options, which uses the finished runs again"
        ) from None


def record(told: Mapping[str, Any]) -> Record:
    """The numbers of a report that JSON tells."""
    points: dict[Key, dict[int, Point]] = {}
    for row in _listed(told["scores"]):
        value = row["value"]
        if value is None:
            continue
        key, seed = (str(row["model"]), str(row["measure"])), int(row["seed"])
        above, below = row["only_above"] is True, row.get("only_below") is True  # which reports before had not
        point = Point(_number(value), _maybe(row["standard_error"]), _maybe(row["ideal"]), above, below)
        points.setdefault(key, {})[seed] = point
    data = told["data"] or {"name": "nothing", "fingerprint": ""}
    return Record(str(data["name"]), str(data["fingerprint"]), dict(told["protocol"] or {}), points)


def _listed(rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    if not isinstance(rows, list) or len(rows) > MOST_ROWS:
        raise ValueError("no list of rows")
    return rows


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _maybe(value: Any) -> float | None:
    return None if value is None else _number(value)
