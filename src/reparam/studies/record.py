"""The numbers of a comparison as a table of rows, as ``report.json`` keeps them, and read back from it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reparam.door import read_json
from reparam.errors import UserError
from reparam.result import plain
from reparam.studies.differences import Seen
from reparam.studies.results import Results
from reparam.studies.summary import LIKELIHOOD, comparable, likelihoods, scores, scores_of

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
    """

    value: float
    error: float | None
    ideal: float | None

    @property
    def gap(self) -> float:
        """How far from the best value; what has none is the better the larger it is."""
        return -self.value if self.ideal is None else abs(self.value - self.ideal)


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
        made += [_row(FLOOR, 0, name, one, 0) for name, one in scores_of({0: results.floor}).items()]
    return made


def _rows(results: Results) -> Iterator[dict[str, Any]]:
    for model, row in scores(results).items():
        ideals = {score.name: score.best for one in results.groups[model] if one.card for score in one.card.scores()}
        for measure, one in row.items():
            yield from (_row(model, seed, measure, one, ideals[measure]) for seed in one.values)


def _likelihood_rows(results: Results) -> Iterator[dict[str, Any]]:
    """Log p(x) where all of it is of the same values, so that it compares."""
    if len(comparable(results)) == 1:
        for model, one in likelihoods(results).items():
            yield from (_row(model, seed, LIKELIHOOD, one, None) for seed in one.values)


def _row(model: str, seed: int, measure: str, one: Any, ideal: float | None) -> dict[str, Any]:
    error = one.seen.errors[seed]
    made = {"model": model, "seed": seed, "measure": measure, "value": one.values[seed]}
    row: dict[str, Any] = plain(made | {"standard_error": error, "ideal": ideal})
    return row


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
        points.setdefault(key, {})[seed] = Point(_number(value), _maybe(row["standard_error"]), _maybe(row["ideal"]))
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
