"""The one way in which runs are measured: those of one data set by one yardstick; what cannot be had is put down."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from reparam.errors import UserError
from reparam.evaluation import measure_run, yardstick_of
from reparam.evaluation.columns.card import TableCard
from reparam.evaluation.columns.measure import TableYardstick
from reparam.evaluation.likelihood.annealed import Annealing
from reparam.evaluation.likelihood.estimate import LogLikelihood, explanation, log_likelihood
from reparam.evaluation.samples.scorecard import Scorecard
from reparam.evaluation.samples.yardstick import Yardstick
from reparam.runs.run import Run
from reparam.studies.asked import Asked

Progress = Callable[[str, bool], AbstractContextManager[Callable[[float], None]]]
"""From what is being done, and whether its share is told, to a context that takes the share that is done."""


@contextmanager
def silent(what: str, known: bool = True) -> Iterator[Callable[[float], None]]:
    """Progress that nobody is told of."""
    yield lambda share: None


@dataclass(frozen=True)
class Measured:
    """What a run came to.

    Attributes:
        name: of the run.
        fingerprint: of its data; numbers of different data do not compare.
        card: the measures of its samples, or None.
        likelihood: log p(x), or None.
        table: the measures of a made table, or None.
        missing: why a measure that was asked for is None, by its name.
    """

    name: str
    fingerprint: str
    card: Scorecard | None = None
    likelihood: LogLikelihood | None = None
    table: TableCard | None = None
    missing: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(one is not None for one in (self.card, self.likelihood, self.table))

    def asked_for(self, measure: str) -> bool:
        """Whether a measure was asked of it, had or not."""
        found = {"log_likelihood": self.likelihood, "quality": self.card, "table": self.table}
        return found[measure] is not None or measure in self.missing


@dataclass
class _Bench:
    """What the runs of one data set are measured by: made with the first of them, or why it cannot be."""

    data: str
    by: Yardstick | None = None
    why_not: str = ""
    used: bool = False
    table: TableYardstick | None = None


class Judge:
    """Measures runs one after the other.

    Args:
        asked: what of them.
        progress: told what is being done.
        alone: there is one run only, so that a setting which does not apply to it is a mistake; else those runs that it
            does not apply to go without it.

    Raises:
        UserError: if a published network's features are asked for and cannot be had.
    """

    def __init__(self, asked: Asked, progress: Progress = silent, alone: bool = False) -> None:
        self.asked, self._progress, self._alone = asked, progress, alone
        self._benches: dict[str, _Bench] = {}
        self._features = asked.features
        if "quality" in asked.measures:
            from reparam.evaluation.samples.features import ready

            # loaded once, and missing weights are known before anything takes its time
            self._features = ready(asked.features, asked.dinov2_weights)

    @property
    def data(self) -> dict[str, str]:
        """The names of the data seen so far, by their fingerprints."""
        return {fingerprint: bench.data for fingerprint, bench in self._benches.items()}

    def measure(self, run: Run, name: str) -> Measured:
        """Measure a run; what cannot be had is put down with its reason.

        Raises:
            UserError: if the run's data cannot be read.
        """
        data = run.data
        self._benches.setdefault(data.fingerprint, _Bench(data.name))
        missing: dict[str, str] = {}
        found: dict[str, Any] = {}
        ask = {"log_likelihood": self._likelihood, "quality": self._quality, "table": self._table}
        for measure in self._applicable(run):
            try:
                found[measure] = ask[measure](run, name)
            except UserError as error:
                missing[measure] = str(error)
        table = found.get("table")
        return Measured(name, data.fingerprint, found.get("quality"), found.get("log_likelihood"), table, missing)

    def _applicable(self, run: Run) -> Sequence[str]:
        """What is asked of a run; of others than tables nothing of tables, unless nothing else is asked."""
        asked = self.asked.measures
        plain = run.data.table is None and len(asked) > 1 and (self.asked.target is None or not self._alone)
        return [measure for measure in asked if not (plain and measure == "table")]

    def floors(self) -> dict[str, Scorecard]:
        """Real examples measured in the samples' place, by the data's fingerprint, where any run was measured."""
        found = {}
        for fingerprint, bench in self._benches.items():
            if bench.by is not None and bench.used:
                with self._progress(f"{bench.data}: real examples in the samples' place", False):
                    found[fingerprint] = bench.by.floor()
        return found

    def table_floors(self) -> dict[str, TableCard]:
        """Real rows measured in the place of made ones, by the data's fingerprint, where any table was measured."""
        found = {}
        for fingerprint, bench in self._benches.items():
            if bench.table is not None:
                with self._progress(f"{bench.data}: real rows in the place of made ones", False):
                    found[fingerprint] = bench.table.floor()
        return found

    def _table(self, run: Run, name: str) -> TableCard:
        bench, asked = self._benches[run.data.fingerprint], self.asked
        by = bench.table or TableYardstick(run.data, asked.count, asked.seed, asked.target)
        with self._progress(f"{name}: columns beside those of {bench.data}", False):
            card = by.measure(run, name)
        bench.table = by
        return card

    def _likelihood(self, run: Run, name: str) -> LogLikelihood:
        asked = self.asked
        with self._progress(f"{name}: log p(x)", True) as step:
            return log_likelihood(
                run,
                asked.draws,
                asked.proposal,
                images=asked.examples,
                split=asked.split,
                seed=asked.seed,
                scale=asked.scale if self._alone or explanation(run.model) is None else None,
                annealing=Annealing(steps=asked.steps),
                step=step,
            )

    def _quality(self, run: Run, name: str) -> Scorecard:
        bench = self._benches[run.data.fingerprint]
        with self._progress(f"{bench.data}: what features are of", True):
            by = self._yardstick(run, bench)
        with self._progress(f"{name}: samples beside {bench.data}", False):
            card = measure_run(run, by, name)
        bench.used = True
        return card

    def _yardstick(self, run: Run, bench: _Bench) -> Yardstick:
        asked = self.asked
        if bench.by is None and not bench.why_not:
            try:
                bench.by = yardstick_of(
                    run,
                    asked.count,
                    asked.seed,
                    asked.reference,
                    features=self._features,
                    all_measures=asked.all_measures,
                )
            except UserError as error:
                bench.why_not = str(error)
        if bench.by is None:
            raise UserError(bench.why_not)
        return bench.by
