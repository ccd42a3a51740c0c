"""What a sweep found: every trial, which settings matter, and the winner with its test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reparam.errors import UserError
from reparam.result import UNSAID
from reparam.result import Result as Found
from reparam.runs.run import Run
from reparam.studies.results import Results
from reparam.studies.sweeps.axes import Axis, Range
from reparam.studies.sweeps.proposals import Proposed

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Sweep(Found):
    """What ``reparam.sweep`` gives.

    Attributes:
        kind: of the models.
        axes: what was varied.
        trials: all of them, in the order of their numbers.
        criterion: what decided, in words; the higher the better.
        importances: the share of each setting in how values differ; empty where too few trials tell.
        winner: the best trial.
        run: the winner's first run.
        test: what the test split says of the winner, the mean over its runs; read for it alone.
        measured: the winner's runs, measured as a comparison measures.
        page: the report.
        machines: that trained them, by the trials' numbers, where workers did.
    """

    kind: str
    axes: tuple[Axis, ...] = field(metadata=UNSAID)
    trials: tuple[Proposed, ...] = field(metadata=UNSAID)
    criterion: str
    importances: Mapping[str, float]
    winner: Proposed
    run: Run = field(metadata=UNSAID)
    test: Mapping[str, float]
    measured: Results = field(metadata=UNSAID)
    page: Path | None = None
    machines: Mapping[int, str] = field(default_factory=dict, metadata=UNSAID)

    @property
    def complete(self) -> tuple[Proposed, ...]:
        """The trials that came to a value, not broken off."""
        return tuple(trial for trial in self.trials if trial.value is not None)

    @property
    def best(self) -> dict[str, Any]:
        """The winner's settings."""
        return {axis.name: axis.value(self.winner.settings[axis.name]) for axis in self.axes}

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Of every trial with a value: its number, value, and settings by their names."""
        done = self.complete
        found = {"trial": np.array([one.number for one in done]), "value": np.array([one.value for one in done])}
        return found | {axis.name: np.array([one.settings[axis.name] for one in done]) for axis in self.axes}

    def figure(self) -> "Figure":
        """Every trial as a line through its settings."""
        from reparam.plots import parallel_coordinates

        done = self.complete
        columns = {axis.name: [one.settings[axis.name] for one in done] for axis in self.axes}
        logarithmic = [axis.name for axis in self.axes if isinstance(axis, Range) and axis.logarithmic]
        values = np.array([one.value for one in done], float)
        return parallel_coordinates(columns, values, logarithmic=logarithmic, value=self.criterion)

    def importance_figure(self) -> "Figure":
        """A bar a setting.

        Raises:
            UserError: where too few trials tell.
        """
        from reparam.plots import bars

        if not self.importances:
            raise UserError("too few trials have ended to say which settings matter: give more `trials`")
        return bars(list(self.importances), list(self.importances.values()), unit="share of the spread of values")

    def __str__(self) -> str:
        states = [trial.state for trial in self.trials]
        done = len(self.complete)
        counts = f"{done} trials of {self.kind} to their end" if done != 1 else f"1 trial of {self.kind} to its end"
        lagged = "it" if states.count("pruned") == 1 else "they"
        rest = {"pruned": f"broken off since {lagged} lagged behind", "fail": "failed", "running": "put off"}
        told = [f", {states.count(state)} {words}" for state, words in rest.items() if state in states]
        settings = ", ".join(f"{name} {value}" for name, value in _shown(self.best).items())
        lines = [
            counts + "".join(told),
            f"best: trial {self.winner.number} ({self.run.where}), {settings}",
            f"{self.criterion}: {self.winner.value:.4g}",
        ]
        if self.importances:
            lines.append("what matters: " + ", ".join(f"{n} {share:.0%}" for n, share in self.importances.items()))
        lines += [
            f"{axis.name} lies at the {end} end of its range: go further there"
            for axis in self.axes
            if isinstance(axis, Range) and (end := axis.end(self.winner.settings[axis.name]))
        ]
        if self.test:
            lines.append("test, read for it alone: " + ", ".join(f"{n} {v:.4g}" for n, v in self.test.items()))
        return "\n".join([*lines, *([] if self.page is None else ["", f"open {self.page}"])])

    def json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        trials = [
            {"number": one.number, "state": one.state, "value": one.value, "settings": dict(one.settings)}
            | ({"machine": self.machines[one.number]} if one.number in self.machines else {})
            for one in self.trials
        ]
        return super().json() | {"best": self.best, "run": self.run.where, "trials": trials}


def _shown(settings: Mapping[str, Any]) -> dict[str, str]:
    """Values as they are read.

    >>> _shown({"learning_rate": 0.00123456, "hidden": [400, 200]})
    {'learning_rate': '0.001235', 'hidden': '400+200'}
    """
    return {
        name: f"{value:.4g}"
        if isinstance(value, float)
        else "+".join(map(str, value))
        if isinstance(value, list)
        else str(value)
        for name, value in settings.items()
    }
