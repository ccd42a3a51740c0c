"""What a comparison found: every trial with its measures, and the floor they stand on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reparam.contention import sharing_cores
from reparam.data import Dataset
from reparam.errors import UserError
from reparam.evaluation.columns.card import TableCard
from reparam.evaluation.likelihood.estimate import LogLikelihood
from reparam.evaluation.samples.panels import panels_of
from reparam.evaluation.samples.scorecard import Scorecard
from reparam.result import Result as Found
from reparam.result import plain
from reparam.runs.only_read import called, told
from reparam.runs.run import Run, share_data
from reparam.studies.asked import Asked
from reparam.studies.judge import Judge
from reparam.studies.protocol import Protocol
from reparam.studies.trials import Trial

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from reparam.studies.record import Record
    from reparam.studies.standing import Standing

Say = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """A trial and what was measured of it.

    Attributes:
        trial: the model, its run or the reason why there is none.
        card: fidelity, coverage, two-sample test, memorization, latent use; None if they could not be measured.
        likelihood: of test examples; None where the model has none.
        table: the columns of a made table; None of other data.
        notes: why a measure is missing.
    """

    trial: Trial
    card: Scorecard | None = None
    likelihood: LogLikelihood | None = None
    notes: tuple[str, ...] = ()
    table: TableCard | None = None

    @property
    def name(self) -> str:
        """Of the model."""
        return self.trial.name

    @property
    def run(self) -> Run:
        """The finished run."""
        assert self.trial.run is not None
        return self.trial.run

    @cached_property
    def cost(self) -> dict[str, float]:
        """Seconds of training, parameters and peak memory, read once: a file may go from one look to the next."""
        return self.run.folder.costs() if self.run.folder else {}

    def json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        if self.trial.run is None:
            return {"failure": self.trial.failure, "elsewhere": self.trial.elsewhere}
        return {
            "run": str(self.trial.folder),
            "step": self.run.step,
            "test": plain(self.run.test),
            "cost": plain(self.cost),
            "machine": self.trial.machine,
            "measures": self.card and self.card.json(),
            "log_likelihood": self.likelihood and self.likelihood.json(),
            **({} if self.table is None else {"table": self.table.json()}),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, repr=False)
class Results(Found):
    """All results of one data set: what ``reparam.compare`` and ``reparam.report`` give. Its text is the conclusion.

    Attributes:
        protocol: what was the same for all; None for runs that were trained apart.
        data: the data set, or None where nothing could be trained.
        results: in the order of the trials.
        floor: the test set measured in the place of samples; None where it cannot be.
        page: the report, where it was written.
        before: the numbers of the report before this one, where they were others.
        table_floor: real rows, held out, in the place of made ones; None of other data than tables.
    """

    protocol: Protocol | None
    data: Dataset | None
    results: tuple[Result, ...]
    floor: Scorecard | None
    page: Path | None = None
    before: "Record | None" = None
    table_floor: TableCard | None = None

    @property
    def finished(self) -> tuple[Result, ...]:
        """Those that have a run."""
        return tuple(result for result in self.results if result.trial.run is not None)

    @cached_property
    def groups(self) -> dict[str, list[Result]]:
        """The finished ones by model, one for each seed."""
        found: dict[str, list[Result]] = {}
        for result in self.finished:
            found.setdefault(result.name, []).append(result)
        return found

    @property
    def pictured(self) -> tuple[Result, ...]:
        """One of each model, its first seed: what the report draws, so that it stays small."""
        return tuple(group[0] for group in self.groups.values())

    @cached_property
    def standings(self) -> "dict[str, Standing]":
        """How the models stand by each measure, see :func:`reparam.studies.summary.standings`."""
        from reparam.studies.summary import standings

        return standings(self)

    @property
    def conclusion(self) -> list[str]:
        """What the rules find, a sentence each."""
        from reparam.studies.conclusion import conclude

        return [sentence for _, found in conclude(self) for sentence in found]

    @property
    def names_in_text(self) -> list[str]:
        """What models and runs are called there."""
        return [name for one in self.results for name in (one.name, called(one.trial.folder))]

    def __str__(self) -> str:
        return "\n".join([*self.conclusion, *([] if self.page is None else ["", f"open {self.page}"])])

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Every measure, log p(x) first, and its error, ``(runs, measures)``; NaN where there is none."""
        panels = self._panels()
        return {
            "run": np.array([called(result.trial.folder) for result in self.finished]),
            "measure": np.array([panel.name for panel in panels]),
            "value": np.array([panel.values for panel in panels]).T,
            "error": np.array([panel.errors for panel in panels]).T,
        }

    def _panels(self, floor: bool = False) -> list[Any]:
        return panels_of([(r.card, r.likelihood) for r in self.finished] + ([(self.floor, None)] if floor else []))

    def figure(self) -> "Figure":
        """A panel a measure, every run in it, and the floor."""
        from reparam.plots import measure_panels

        names = [called(result.trial.folder) for result in self.finished]
        floor = [] if self.floor is None else [self.floor.name]
        return measure_panels([*names, *floor], self._panels(bool(floor)), title=self.data.name if self.data else None)

    def json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        from reparam.studies.changes import changes
        from reparam.studies.record import record, rows_of

        made = {
            "protocol": self.protocol and self.protocol.model_dump(mode="json"),
            "data": self.data and {"name": self.data.name, "fingerprint": self.data.fingerprint},
            "floor": self.floor and self.floor.json(),
            **({} if self.table_floor is None else {"table_floor": self.table_floor.json()}),
            "results": {str(result.trial.folder): result.json() for result in self.results},
            "comparisons": {measure: one.json() for measure, one in self.standings.items()},
            "scores": rows_of(self),
        }
        if self.before is None:
            return made
        return made | {"changes": [one.json() for one in changes(self.before, record(made))]}


@sharing_cores()
def judge(trials: Sequence[Trial], protocol: Protocol, say: Say = lambda text: None, apart: bool = False) -> Results:
    """Measure every finished trial by the same yardstick.

    Args:
        trials: of one data set.
        protocol: how many samples and examples.
        say: told what is being done.
        apart: the runs were trained apart from each other: the protocol says nothing of their training.

    Raises:
        UserError: if the runs are of different data.
    """
    _check_one_data_set(trials)
    asked = Asked(samples=protocol.importance_samples, images=protocol.images, count=protocol.count)
    one = Judge(asked)
    results = tuple(_judged(trial, one, say) for trial in trials)
    data = next((trial.run.data for trial in trials if trial.run is not None), None)
    if data is not None:
        say(f"measuring {data.name}'s test set")
    floor = next(iter(one.floors().values()), None)
    rows = next(iter(one.table_floors().values()), None)
    return Results(None if apart else protocol, data, results, floor, table_floor=rows)


def _check_one_data_set(trials: Sequence[Trial]) -> None:
    share_data(trial.run for trial in trials if trial.run is not None)
    found = {trial.run.data.fingerprint: trial for trial in trials if trial.run is not None}
    if len(found) > 1:
        names = ", ".join(f"{trial.folder} of {trial.run.data.name!r}" for trial in found.values() if trial.run)
        raise UserError(f"runs of different data do not compare ({names}): write a report of each data set's runs")


def _judged(trial: Trial, judge: Judge, say: Say) -> Result:
    if trial.run is None:
        return Result(trial)
    say(f"measuring {told(trial.folder)}")
    found = judge.measure(trial.run, trial.name)
    wanted = ("quality", "log_likelihood", "table")
    notes = tuple(dict.fromkeys(found.missing[measure] for measure in wanted if measure in found.missing))
    return Result(trial, found.card, found.likelihood, notes, found.table)
