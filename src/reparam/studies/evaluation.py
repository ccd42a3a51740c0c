"""Runs measured side by side, data set by data set: ``reparam.evaluate`` and what it gives."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reparam import checks
from reparam.contention import sharing_cores
from reparam.data.columns.outside import Outside
from reparam.errors import UserError
from reparam.evaluation.columns.card import TableCard
from reparam.evaluation.samples.panels import panels_of
from reparam.evaluation.samples.scorecard import Scorecard
from reparam.result import Result
from reparam.runs.run import Run
from reparam.studies.asked import Asked
from reparam.studies.columns_text import table_text
from reparam.studies.held_out import beside
from reparam.studies.judge import Judge, Measured, Progress, silent
from reparam.studies.scores import fold, likelihood_text, quality_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Runs = Run | str | Path | Sequence[Run | str | Path] | Mapping[str, Run | str | Path]
LEFT_OUT = {"log_likelihood": "no log p(x)", "quality": "samples not measured", "table": "columns not measured"}
FEWER = " (images=...: of so many; likelihood=True alone: of all)"


@dataclass(frozen=True, repr=False)
class Evaluation(Result):
    """What was found of each run, and why it was not.

    Attributes:
        asked: what was asked for.
        measured: the runs in their order; of one that could not be read there is nothing.
        data: the data sets' names, by fingerprint, since numbers of different data do not compare.
        floors: real examples in the samples' place, by the data's fingerprint.
        left_out: for each measure the runs that have none, and the reason.
        table_floors: real rows in the place of made ones, by the data's fingerprint.
        judged: of data that were given in the place of the runs' own, which part is judged; a sentence each.
    """

    asked: Asked
    measured: tuple[Measured, ...]
    data: Mapping[str, str]
    floors: Mapping[str, Scorecard]
    left_out: Mapping[str, Mapping[str, str]]
    table_floors: Mapping[str, TableCard] = field(default_factory=dict)
    judged: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(self.measured)

    def __getitem__(self, name: str) -> Measured:
        """What a run came to, by its name."""
        return {one.name: one for one in self.measured}[name]

    @property
    def values(self) -> dict[str, np.ndarray]:
        """Log p(x) of every example, by the runs' names."""
        return {one.name: one.likelihood.values for one in self.measured if one.likelihood is not None}

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Log p(x) of every example, and each score with its error, by what they are and the run's name."""
        found = {f"log p(x) of {name}": values for name, values in self.values.items()}
        for one in self.measured:
            if one.card is not None:
                scores = one.card.numbers
                found |= {"measure": scores["measure"], f"scores of {one.name}": scores["value"]}
                found[f"errors of {one.name}"] = scores["standard_error"]
            if one.table is not None:
                found |= {f"{name} of {one.name}": array for name, array in one.table.numbers.items()}
        return found

    def figure(self) -> "Figure":
        """A panel a measure, the runs and the floor in it.

        Raises:
            UserError: if the runs are of several data sets, whose numbers do not compare, or nothing was measured.
        """
        from reparam.plots import measure_panels

        groups = self._groups()
        if len(groups) > 1:
            raise UserError(f"numbers of different data do not compare ({self._title(groups)}): one data set at a time")
        rows = {one.name: (one.card, one.likelihood) for group in groups.values() for one in group}
        floors = {floor.name: (floor, None) for floor in self.floors.values()}
        return measure_panels(
            [*rows, *floors], panels_of([*rows.values(), *floors.values()]), title=self._title(groups)
        )

    def _groups(self) -> dict[str, list[Measured]]:
        """The runs of which something was found, by the data's fingerprint, in the order in which these came."""
        found = {key: [one for one in self.measured if one.fingerprint == key and one] for key in self.data}
        return {key: group for key, group in found.items() if group}

    def _title(self, groups: Mapping[str, Any]) -> str:
        return ", ".join(self.data[key] for key in groups)

    def __str__(self) -> str:
        groups = self._groups()
        parts = [
            (f"data: {self.data[key]}\n\n" if len(groups) > 1 else "") + self._tables(key, group)
            for key, group in groups.items()
        ]
        return "\n\n".join([*parts, "\n".join(map(fold, [*self.judged, *self.reasons()]))]).rstrip()

    def _tables(self, key: str, group: Sequence[Measured]) -> str:
        likelihoods = {one.name: one.likelihood for one in group if one.likelihood is not None}
        cards = {one.name: one.card for one in group if one.card is not None}
        parts = [likelihood_text(likelihoods, FEWER if self.asked.fewer else "")] if likelihoods else []
        parts += [quality_text(cards, self.floors[key])] if cards else []
        tables = {one.name: one.table for one in group if one.table is not None}
        return "\n\n".join(parts + ([table_text(tables, self.table_floors[key])] if tables else []))

    def reasons(self) -> list[str]:
        """What was left out, a sentence each."""
        first, *others = self.left_out.values()
        # of a run that could not even be read, once
        wholly = {name: why for name, why in first.items() if all(other.get(name) == why for other in others)}
        return [why if name in why else f"{name}: {why}" for name, why in wholly.items()] + [
            f"{name}: {LEFT_OUT[measure]}: {why}"
            for measure, reasons in self.left_out.items()
            for name, why in reasons.items()
            if name not in wholly
        ]

    def json(self) -> dict[str, Any]:
        """Runs by their names for each measure, floors by the data's fingerprint, and what was left out."""
        found: dict[str, Any] = {measure: {} for measure in self.left_out}
        if "quality" in found:
            found["floor"] = {key: floor.json() for key, floor in self.floors.items()}
        if self.table_floors:
            found["table_floor"] = {key: floor.json() for key, floor in self.table_floors.items()}
        for one in self.measured:
            if one.likelihood is not None:
                found["log_likelihood"][one.name] = one.likelihood.json()
            if one.card is not None:
                found["quality"][one.name] = one.card.json()
            if one.table is not None:
                found["table"][one.name] = one.table.json()
        if self.judged:
            found["judged"] = list(self.judged)
        return found | {"left_out": {measure: dict(reasons) for measure, reasons in self.left_out.items()}}


@sharing_cores()
def evaluate(
    runs: Runs, *, data: object = None, outside: Outside = "skip", progress: Progress = silent, **settings: Any
) -> Evaluation:
    """Measure runs side by side, each number with its error bar; what cannot be had of one is put down with its reason.

    Args:
        runs: a run or its folder, some of them, or by names of your own.
        data: in the place of the runs' own, as :func:`reparam.load` takes them: where these lie now, or others, of
            which every example is judged unless their source names splits
            (:func:`reparam.studies.held_out.beside`).
        outside: of rows of a table given as ``data`` that a run's own do not know, as there.
        progress: told what is being done.
        **settings: fields of :class:`Asked`, such as ``measures=("quality",), count=2000, seed=1``.

    Raises:
        UserError: if there are no runs, or none that can be read, or settings contradict each other.

    >>> import reparam
    >>> from reparam.training import Silent
    >>> data = reparam.load_data("two-gaussians")
    >>> likelihood = reparam.models.NormalLikelihood(data.data_shape)
    >>> nets = reparam.networks.MLP(2, [8], 2), reparam.networks.MLP(1, [8], 2)
    >>> vae = reparam.VAE(*nets, reparam.models.StandardNormal(1), likelihood=likelihood)
    >>> run = reparam.fit(vae, data, steps=5, progress=Silent())
    >>> found = reparam.evaluate(run, samples=5, images=20, count=100)
    >>> found["VAE"].likelihood.examples, len(found["VAE"].card.scores())
    (20, 14)
    """
    checks.names(settings, [field.name for field in fields(Asked)], "what is evaluated")
    if isinstance(settings.get("measures"), str):
        settings["measures"] = (settings["measures"],)  # one may stand by itself
    asked = Asked(**settings)
    named = dict(_named(runs))
    if not named:
        raise UserError("no run was named: give one or more runs, or their folders")
    judge = Judge(asked, progress, alone=len(named) == 1)
    measured: list[Measured] = []
    unread: dict[str, str] = {}
    told: dict[str, None] = {}
    for name, run in named.items():
        try:
            given, words = beside(run, data, outside)
            measured.append(judge.measure(given, name))
            told |= {words: None} if words else {}
        except UserError as error:
            unread[name] = str(error)
    if not measured:
        raise UserError("; ".join(dict.fromkeys(unread.values())))
    missing: dict[str, Mapping[str, str]] = {name: dict.fromkeys(asked.measures, why) for name, why in unread.items()}
    missing |= {one.name: one.missing for one in measured}
    # of tables nothing is said where there is none, and something else was asked for
    asked_for = [m for m in asked.measures if m != "table" or any(one.asked_for(m) for one in measured)]
    left_out: dict[str, Mapping[str, str]] = {
        m: {name: missing[name][m] for name in named if m in missing[name]} for m in asked_for or asked.measures
    }
    return Evaluation(asked, tuple(measured), judge.data, judge.floors(), left_out, judge.table_floors(), tuple(told))


def _named(runs: Runs) -> Iterator[tuple[str, Run | str | Path]]:
    """Each run under a name of its own: the folder's, or the class of a model that has none."""
    if isinstance(runs, Mapping):
        yield from runs.items()
        return
    given = list(runs) if isinstance(runs, Sequence) and not isinstance(runs, str) else [runs]
    counts: dict[str, int] = {}
    for run in given:
        own = (run.folder.name if run.folder else type(run.model).__name__) if isinstance(run, Run) else str(run)
        counts[own] = counts.get(own, 0) + 1
        in_memory = isinstance(run, Run) and run.folder is None
        yield (f"{own} {counts[own]}" if in_memory and counts[own] > 1 else own), run
