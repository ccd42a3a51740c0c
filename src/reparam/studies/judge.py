"""The one way in which runs are measured: those of one data set by one yardstick; what cannot be had is put down."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from reparam.errors import UserError
from reparam.evaluation import measure_run, yardstick_of
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
        missing: why a measure that was asked for is None, by its name.
    """

    name: str
    fingerprint: str
    card: Scorecard | None = None
    likelihood: LogLikelihood | None = None
    missing: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.card is not None or self.likelihood is not None


@dataclass
class _Bench:
    """What the runs of one data set are measured by: made with the first of them, or why it cannot be."""

    data: str
    by: Yardstick | None = None
    why_not: str = ""
    used: bool = False


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
        found: dict[str, LogLikelihood | Scorecard] = {}
        for measure in self.asked.measures:
            try:
                found[measure] = (self._likelihood if measure == "log_likelihood" else self._quality)(run, name)
            except UserError as error:
                missing[measure] = str(error)
        return Measured(name, data.fingerprint, found.get("quality"), found.get("log_likelihood"), missing)  # type: ignore[arg-type]

    def floors(self) -> dict[str, Scorecard]:
        """Real examples measured in the samples' place, by the data's fingerprint, where any run was measured."""
        found = {}
        for fingerprint, bench in self._benches.items():
            if bench.by is not None and bench.used:
                with self._progress(f"{bench.data}: real examples in the samples' place", False):
                    found[fingerprint] = bench.by.floor()
        return found

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
        with self._progress(f"{name}: samples beside {bench.data}", False):
            card = measure_run(run, self._yardstick(run, bench), name)
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
