"""What a comparison found: every trial with its measures, and the floor they stand on."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from reparam.data import Dataset
from reparam.errors import UserError
from reparam.evaluation import measure_run, yardstick_of
from reparam.evaluation.likelihood.estimate import LogLikelihood, log_likelihood
from reparam.evaluation.samples.scorecard import Scorecard
from reparam.evaluation.samples.yardstick import Yardstick
from reparam.files import read_json
from reparam.runs.run import Run
from reparam.studies.protocol import Protocol
from reparam.studies.trials import Trial

Say = Callable[[str], None]


@dataclass(frozen=True)
class Result:
    """A trial and what was measured of it.

    Attributes:
        trial: the model, its run or the reason why there is none.
        card: fidelity, coverage, two-sample test, memorization, latent use; None if they could not be measured.
        likelihood: of test examples; None where the model has none.
        notes: why a measure is missing.
    """

    trial: Trial
    card: Scorecard | None = None
    likelihood: LogLikelihood | None = None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the model."""
        return self.trial.name

    @property
    def run(self) -> Run:
        """The finished run."""
        assert self.trial.run is not None
        return self.trial.run

    @property
    def cost(self) -> dict[str, float]:
        """Seconds of training, parameters and peak memory."""
        return read_json(self.run.folder.cost) if self.run.folder else {}

    def json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        if self.trial.run is None:
            return {"failure": self.trial.failure}
        likelihood = None if self.likelihood is None else asdict(self.likelihood)
        return {
            "run": str(self.trial.folder),
            "step": self.run.step,
            "test": self.run.test,
            "cost": self.cost,
            "measures": self.card and self.card.json(),
            "log_likelihood": likelihood and {k: v for k, v in likelihood.items() if k != "values"},
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Results:
    """All results of one data set.

    Attributes:
        protocol: what was the same for all; None for runs that were trained apart.
        data: the data set, or None where nothing could be trained.
        results: in the order of the trials.
        floor: the test set measured in the place of samples; None where it cannot be.
    """

    protocol: Protocol | None
    data: Dataset | None
    results: tuple[Result, ...]
    floor: Scorecard | None

    @property
    def finished(self) -> tuple[Result, ...]:
        """Those that have a run."""
        return tuple(result for result in self.results if result.trial.run is not None)

    @property
    def groups(self) -> dict[str, list[Result]]:
        """The finished ones by model, one for each seed."""
        names = dict.fromkeys(result.name for result in self.finished)
        return {name: [result for result in self.finished if result.name == name] for name in names}

    @property
    def pictured(self) -> tuple[Result, ...]:
        """One of each model, its first seed: what the report draws, so that it stays small."""
        return tuple(group[0] for group in self.groups.values())

    def json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return {
            "protocol": self.protocol and self.protocol.model_dump(mode="json"),
            "data": self.data and {"name": self.data.name, "fingerprint": self.data.fingerprint},
            "floor": self.floor and self.floor.json(),
            "results": {str(result.trial.folder): result.json() for result in self.results},
        }


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
    runs = [trial.run for trial in trials if trial.run is not None]
    data = runs[0].data if runs else None
    _check_one_data_set(trials)
    yardstick, why_not = _yardstick(runs, protocol.count, say)
    results = tuple(_judge(trial, yardstick, why_not, protocol, say) for trial in trials)
    floor = None if yardstick is None else yardstick.floor()
    return Results(None if apart else protocol, data, results, floor)


def _check_one_data_set(trials: Sequence[Trial]) -> None:
    found = {trial.run.data.fingerprint: trial for trial in trials if trial.run is not None}
    if len(found) > 1:
        names = ", ".join(f"{trial.folder} of {trial.run.data.name!r}" for trial in found.values() if trial.run)
        raise UserError(f"runs of different data do not compare ({names}): write a report of each data set's runs")


def _yardstick(runs: Sequence[Run], count: int, say: Say) -> tuple[Yardstick | None, str]:
    """The yardstick for all, or why there is none."""
    if not runs:
        return None, ""
    say(f"measuring {runs[0].data.name}'s test set")
    try:
        return yardstick_of(runs[0], count), ""
    except UserError as error:
        return None, str(error)


def _judge(trial: Trial, yardstick: Yardstick | None, why_not: str, protocol: Protocol, say: Say) -> Result:
    if trial.run is None:
        return Result(trial)
    say(f"measuring {trial.folder}")
    notes = [why_not] if why_not else []
    card = None
    if yardstick is not None:
        try:
            card = measure_run(trial.run, yardstick, trial.name)
        except UserError as error:
            notes.append(str(error))
    likelihood = _likelihood(trial.run, protocol, notes)
    return Result(trial, card, likelihood, tuple(notes))


def _likelihood(run: Run, protocol: Protocol, notes: list[str]) -> LogLikelihood | None:
    """By importance sampling where the model has a posterior with a density."""
    try:
        return log_likelihood(run, protocol.importance_samples, images=protocol.images)
    except UserError as error:
        notes.append(str(error))
        return None
