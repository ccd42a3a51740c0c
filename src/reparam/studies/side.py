"""Two comparisons of the same data side by side, from the numbers that their reports wrote."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reparam.errors import UserError
from reparam.files import make_way, result_json, write_result
from reparam.folders import standing
from reparam.pages import Entry, Overview, Page, Picture, Reading, Section, write
from reparam.pages.numbers import ABSENT
from reparam.result import Result as Found
from reparam.runs.run import load
from reparam.studies import playing
from reparam.studies.changes import Change, changes, table, told
from reparam.studies.overview import HEADLINES, INSTEAD, gauge_of
from reparam.studies.pictures import tell_of_the_system
from reparam.studies.record import FLOOR, Point, Record, read_record
from reparam.studies.results import Result, Results
from reparam.studies.strips import strip_of
from reparam.studies.summary import LIKELIHOOD
from reparam.studies.tables import measured
from reparam.studies.trials import Trial, folder_of, runs_of
from reparam.studies.undertrained import notices

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REPORT = "report.json"


@dataclass(frozen=True, repr=False)
class SideBySide(Found):
    """Two comparisons of the same data. Its text says what differs by more than the errors.

    Attributes:
        folders: of the two.
        records: their numbers.
        page: where it was written.
    """

    folders: tuple[Path, Path]
    records: tuple[Record, Record]
    page: Path | None = None

    @property
    def names(self) -> tuple[str, str]:
        """What the two are called: their folders' own names where these differ."""
        own = tuple(folder.resolve().name for folder in self.folders)
        return own if own[0] != own[1] else tuple(map(str, self.folders))  # type: ignore[return-value]

    @property
    def names_in_text(self) -> list[str]:
        """What models and comparisons are called there."""
        return [*self.names, *dict.fromkeys(change.model for change in self.changes)]

    @property
    def changes(self) -> list[Change]:
        """Every number that both have, what differs most surely first."""
        return changes(*self.records)

    @property
    def conclusion(self) -> list[str]:
        """What they differ in, a sentence each."""
        return told(*self.records)

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Every number that both have: ``before`` of the first, ``after`` of the second, and p after the correction."""
        found = self.changes
        return {
            name: np.array([getattr(change, name) for change in found])
            for name in ("model", "measure", "before", "after", "p")
        }

    def figure(self) -> "Figure":
        """A panel a measure, the models of both in it."""
        from reparam.plots import Panel, measure_panels

        rows = [(i, model) for i in (0, 1) for model in self.records[i].models]
        measures = dict.fromkeys(measure for record in self.records for _, measure in record.points)
        panels = []
        for measure in measures:
            cells = [_mean(self.records[i], model, measure) for i, model in rows]
            panels.append(Panel(measure, [value for value, _ in cells], [error for _, error in cells]))
        return measure_panels([f"{model}, {self.names[i]}" for i, model in rows], panels, title=self.records[0].name)

    def __str__(self) -> str:
        return "\n".join([*self.conclusion, *([] if self.page is None else ["", f"open {self.page}"])])

    def json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {"studies": list(map(str, self.folders)), "changes": [change.json() for change in self.changes]}


def _mean(record: Record, model: str, measure: str) -> tuple[float, float]:
    points = record.points.get((model, measure), {})
    values = [point.value for point in points.values()]
    if not values:
        return float("nan"), float("nan")
    error = next(iter(points.values())).error if len(values) == 1 else float(np.std(values, ddof=1))
    return float(np.mean(values)), float("nan") if error is None else error


def side_by_side(folders: Sequence[Path], page: Path, force: bool = False) -> SideBySide:
    """Set two comparisons side by side and write the page.

    Args:
        folders: of two comparisons, each with its report.
        page: to write; its numbers are written beside it as JSON.
        force: replace files that are there already, whoever made them.

    Raises:
        UserError: if these are not two, one has no report, or they are of different data.
    """
    if len(folders) != 2:
        raise UserError(f"two comparisons are set side by side, and {len(folders)} were named: name two")
    first, second = (read_record(folder / REPORT) for folder in folders)
    if first.fingerprint != second.fingerprint:
        each = f"{folders[0]} of {first.name!r}, {folders[1]} of {second.name!r}"
        raise UserError(f"comparisons of different data do not compare ({each})")
    found = SideBySide((folders[0], folders[1]), (first, second), page)
    with standing(make_way(page)):
        write_result(page.with_suffix(".json"), result_json(found.json()), force)
        write(_page(found), page, force)
    return found


def _page(found: SideBySide) -> Page:
    """The models of both under shared scales, what differs in words, and those of both to play with."""
    runs, unread = _runs(found)
    without = _page_of(found, runs, unread, [])
    return _page_of(found, runs, unread, playing.section(runs.pictured, playing.room_beside(without)))


def _page_of(found: SideBySide, runs: Results, unread: Sequence[str], played: list[Section]) -> Page:
    first, second = found.names
    text = "\n\n".join(found.conclusion)
    differing = table(*found.records, heads=(first, second))
    sections = [
        Section("Overview", notices=[*notices(runs), *unread], overview=_overview(found)),
        Section("What differs", text, tables=[differing] if differing else []),
        *played,
    ]
    return Page(
        f"Two comparisons of {found.records[0].name}: {first} and {second}",
        f"first: {_made(found.records[0])}; second: {_made(found.records[1])}",
        sections,
        f"From the numbers of {found.folders[0] / REPORT} and {found.folders[1] / REPORT}.",
    )


def _runs(found: SideBySide) -> tuple[Results, list[str]]:
    """The trained models of both that are still there, each called as its comparison's; why others cannot be shown."""
    trials, unread = [], []
    for name, place in _places(found):
        try:
            trials.append(Trial(name, place, load(place)))
        except UserError as error:
            unread.append(f"`{name}` is there by its numbers alone: {str(error).rstrip('.')}.")
    return Results(None, None, tuple(map(Result, trials)), None), unread


def _places(found: SideBySide) -> Iterator[tuple[str, Path]]:
    """Each run's model, called as its comparison's, and folder."""
    for model in _models(found):
        for folder, name, record in zip(found.folders, found.names, found.records, strict=True):
            kept = runs_of(folder, model) if model in record.models else []
            yield from ((f"{model}, {name}", place) for place in kept)


def _models(found: SideBySide) -> list[str]:
    """Of either, in the order in which they are met."""
    return list(dict.fromkeys(model for record in found.records for model in record.models))


def _made(record: Record) -> str:
    seconds, epochs = record.protocol.get("seconds"), record.protocol.get("epochs")
    seeds = max((len(points) for points in record.points.values()), default=0)
    length = f"{seconds:g} s" if isinstance(seconds, int | float) else f"{epochs} epoch{'' if epochs == 1 else 's'}"
    return f"{length} of training each, {seeds} seed{'' if seeds == 1 else 's'}"


def _overview(found: SideBySide) -> Overview | None:
    """The same model of both one under the other."""
    measures = [
        name
        for name in (*HEADLINES, LIKELIHOOD, INSTEAD)
        if any((m, name) in r.points for r in found.records for m in r.models)
    ]
    measures = [name for name in measures if name != INSTEAD or LIKELIHOOD not in measures]
    if not measures:
        return None
    gauges = [gauge_of(name, list(_reach(found, name)), _floor(found, name)) for name in measures]
    both = [(i, model) for model in _models(found) for i in (0, 1)]
    entries = [_entry(found, i, model, measures) for i, model in both if model in found.records[i].models]
    caption = (
        f"Each model of {found.names[0]} and of {found.names[1]}. Bars are one standard error, with several seeds "
        "their standard deviation. A dashed line is what real test examples come to, where both found the same."
    )
    return Overview(gauges, entries, caption)


def _reach(found: SideBySide, measure: str) -> Iterator[float]:
    for record in found.records:
        for model in record.models:
            value, error = _mean(record, model, measure)
            yield from (value + side * np.nan_to_num(error) for side in (-1, 1) if np.isfinite(value))


def _floor(found: SideBySide, measure: str) -> float | None:
    """What real examples come to, where it is the same in both."""
    floors: list[Point | None] = [record.points.get((FLOOR, measure), {}).get(0) for record in found.records]
    first, second = floors
    return first.value if first is not None and first == second else None


def _entry(found: SideBySide, i: int, model: str, measures: Sequence[str]) -> Entry:
    cells = [_mean(found.records[i], model, measure) for measure in measures]
    readings = [
        Reading(value, measured(value, error), error if np.isfinite(error) else None)
        if np.isfinite(value)
        else Reading(None, ABSENT)
        for value, error in cells
    ]
    return Entry(f"{model}, {found.names[i]}", readings, _strip(found.folders[i], model), colour=i)


def _strip(folder: Path, model: str) -> Picture | None:
    """Samples of a model's first run, where it is still there."""
    try:
        return strip_of(load(folder_of(folder, model, 0)), model)
    except UserError as error:
        tell_of_the_system(error)
        return None
