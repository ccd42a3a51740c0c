"""What two comparisons of the same data differ in: their protocols, their models, their numbers beyond the errors."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from reparam.data.columns.wording import counted
from reparam.pages import Cell, Table
from reparam.result import plain
from reparam.studies.differences import LEVEL, Difference, difference, holm
from reparam.studies.record import FLOOR, Key, Record
from reparam.studies.tables import measured

UNCHANGING = ("threads",)
"""Parts of a protocol that no number of a report depends on but for its last bits."""


@dataclass(frozen=True)
class Change:
    """A measure of a model in two comparisons.

    Attributes:
        model, measure: which.
        before, after: the means over seeds.
        errors: of each: its own standard error with one seed, the standard deviation over seeds with more.
        found: what lies between, first less second.
        p: corrected by Holm for all that are compared.
        better: whether the second is nearer to the best value; None where both are as near.
    """

    model: str
    measure: str
    before: float
    after: float
    errors: tuple[float | None, float | None]
    found: Difference
    p: float
    better: bool | None

    @property
    def beyond(self) -> bool:
        """Whether they differ by more than the errors."""
        return self.p < LEVEL

    @property
    def verdict(self) -> str:
        """Whether it is better."""
        return {True: "better", False: "worse", None: "neither better nor worse"}[self.better]

    @property
    def text(self) -> str:
        """In words, as `recall 0.40 ± 0.02 → 0.52 ± 0.02 (better)`."""
        first, second = measured(self.before, self.errors[0]), measured(self.after, self.errors[1])
        return f"`{self.model}`: {self.measure} {first} → {second} ({self.verdict})"

    def json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        told = {"model": self.model, "measure": self.measure, "before": self.before, "after": self.after}
        told |= {"test": self.found.test, "p": self.found.p, "p_holm": self.p, "beyond_errors": self.beyond}
        made = plain(told | {"better": self.better})
        assert isinstance(made, dict)
        return made


def changes(before: Record, after: Record) -> list[Change]:
    """Every measure of every model that both have, what differs most surely first; the floor is compared, too."""
    keys = [key for key in after.points if key in before.points]
    found = [difference(before.seen(key), after.seen(key)) for key in keys]
    corrected = holm([one.p for one in found])
    made = [_change(key, before, after, one, p) for key, one, p in zip(keys, found, corrected, strict=True)]
    return sorted(made, key=lambda one: (one.p, one.found.p))


def _change(key: Key, before: Record, after: Record, found: Difference, p: float) -> Change:
    first, second = before.points[key], after.points[key]
    means = [fmean(point.value for point in points.values()) for points in (first, second)]
    gaps = [fmean(point.gap for point in points.values()) for points in (first, second)]
    errors = [_error([(point.value, point.error) for point in points.values()]) for points in (first, second)]
    better = None if gaps[0] == gaps[1] else gaps[1] < gaps[0]
    return Change(*key, means[0], means[1], (errors[0], errors[1]), found, p, better)


def _error(points: list[tuple[float, float | None]]) -> float | None:
    return points[0][1] if len(points) == 1 else stdev(value for value, _ in points)


def told(before: Record, after: Record) -> list[str]:
    """What they differ in, in sentences: how they were made, which models they have, what lies beyond the errors."""
    found = changes(before, after)
    beyond = [change for change in found if change.beyond]
    of = f"of {counted(len(found), 'number')} that both have"
    alike = f"{of.capitalize()}, none differs by more than the errors."
    words = f"Beyond the errors, {of}: {'; '.join(one.text for one in beyond)}."
    return [*_protocols(before, after), *_models(before, after), words if beyond else alike]


def _protocols(before: Record, after: Record) -> Iterator[str]:
    names = [name for name in {**before.protocol, **after.protocol} if name not in (*UNCHANGING, "data")]
    differing = [name for name in names if before.protocol.get(name) != after.protocol.get(name)]
    if differing and before.protocol and after.protocol:
        each = (f"{name} {before.protocol.get(name)} → {after.protocol.get(name)}" for name in differing)
        yield f"Made otherwise: {', '.join(each)}."


def _models(before: Record, after: Record) -> Iterator[str]:
    first, second = set(before.models), set(after.models)
    for names, what in ((second - first, "Only in the second"), (first - second, "Only in the first")):
        if names:
            yield f"{what}: {', '.join(f'`{name}`' for name in sorted(names))}."
    seeds = [{name: _seeds(one, name) for name in first & second} for one in (before, after)]
    grown = [
        f"`{name}` {seeds[0][name]} → {seeds[1][name]}"
        for name in sorted(first & second)
        if seeds[0][name] != seeds[1][name]
    ]
    if grown:
        yield f"Seeds: {', '.join(grown)}."


def _seeds(record: Record, model: str) -> int:
    return max(len(points) for (name, _), points in record.points.items() if name == model)


def table(before: Record, after: Record, heads: tuple[str, str] = ("before", "now")) -> Table | None:
    """Every number that is not the same in both, what differs most surely first; None where all are."""
    found = [change for change in changes(before, after) if change.found.value != 0]
    if not found:
        return None
    rows: list[list[Cell | str]] = [
        [
            "floor: test set" if one.model == FLOOR else one.model,
            one.measure,
            Cell(measured(one.before, one.errors[0]), order=one.before),
            Cell(measured(one.after, one.errors[1]), order=one.after),
            Cell("<\N{NO-BREAK SPACE}0.001" if one.p < 1e-3 else f"{one.p:.2g}", order=one.p),
            Cell(one.verdict if one.beyond else "within the errors", strong=one.beyond),
        ]
        for one in found
    ]
    tests = "; ".join(dict.fromkeys(one.found.test for one in found))
    caption = f"{tests}; p after Holm's correction for {counted(len(changes(before, after)), 'number')} that both have."
    return Table(("model", "measure", *heads, "p", f"{heads[1]} is"), rows, caption)


def same(before: Record, after: Record) -> bool:
    """Whether two have the very same numbers."""
    return before.points.keys() == after.points.keys() and all(
        before.points[key].keys() == after.points[key].keys()
        and all(math.isclose(before.points[key][s].value, after.points[key][s].value) for s in after.points[key])
        for key in after.points
    )
