"""What a lab is: a text, a measurement that ends in checks, and a drawing of its numbers."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reparam.errors import UserError
from reparam.randomness import noise
from reparam.result import Result as Found
from reparam.result import plain

Numbers = Mapping[str, NDArray[Any]]
SIGNS = {"=": "", ">=": "≥ ", "<=": "≤ "}


@dataclass(frozen=True)
class Check:
    """A number that the theory predicts beside the one measured.

    Args:
        what: what is measured, with its unit.
        predicted: the theory's number: the value itself, or a bound.
        measured: ours.
        tolerance: how far beyond the prediction still counts, in the same unit.
        relation: whether the measured number should be equal, at least or at most the prediction.

    >>> Check("W1", 5.0, 5.0000001, tolerance=1e-6).holds, Check("KL", math.inf, 3.0).holds
    (True, False)
    >>> Check("fall", 100.0, 250.0, relation=">=").holds
    True
    """

    what: str
    predicted: float
    measured: float
    tolerance: float = 0.0
    relation: Literal["=", ">=", "<="] = "="

    def __post_init__(self) -> None:
        for name in ("predicted", "measured", "tolerance"):  # plain numbers, which JSON knows
            object.__setattr__(self, name, float(getattr(self, name)))

    @property
    def holds(self) -> bool:
        """Whether theory and measurement agree; never for NaN."""
        if math.isinf(self.predicted) and self.relation == "=":
            return self.measured == self.predicted
        above = self.measured >= self.predicted - self.tolerance
        below = self.measured <= self.predicted + self.tolerance
        return {"=": above and below, ">=": above, "<=": below}[self.relation]

    @property
    def prediction(self) -> str:
        """The prediction with its relation and tolerance.

        >>> Check("fall", 2.0, 3.0, relation=">=").prediction, Check("W1", 2.0, 2.0, tolerance=0.1).prediction
        ('≥ 2', '2 ± 0.1')
        """
        within = f" ± {self.tolerance:.2g}" if self.tolerance and self.relation == "=" else ""
        return f"{SIGNS[self.relation]}{self.predicted:.6g}{within}"

    @property
    def measurement(self) -> str:
        """What was measured, to six digits."""
        return f"{self.measured:.6g}"

    def json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        told = {"prediction": self.prediction, "measurement": self.measurement}
        found: dict[str, Any] = plain(self)
        return found | {"holds": self.holds} | told


@dataclass(frozen=True)
class Findings:
    """What a measurement gives: its checks, and the arrays that its figure shows."""

    checks: tuple[Check, ...]
    numbers: Numbers = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class Result(Found):
    """A lab's outcome.

    Attributes:
        lab: its name.
        checks: each prediction beside what was measured.
        arrays: the numbers behind the figure.
        seed: of every draw.
        quick: whether it is the small version's.
        seconds: it took.
        title: the lab's.
        draw: from the numbers to the figure.
    """

    lab: str
    checks: tuple[Check, ...]
    arrays: Numbers
    seed: int
    quick: bool
    seconds: float
    title: str = ""
    draw: Callable[[Numbers], Figure] | None = None

    @property
    def verdict(self) -> bool:
        """Whether the theory's predictions were all met."""
        return bool(self.checks) and all(check.holds for check in self.checks)

    @property
    def numbers(self) -> dict[str, NDArray[Any]]:
        """The arrays behind the figure."""
        return dict(self.arrays)

    def figure(self) -> Figure:
        """What happened.

        Raises:
            UserError: if the lab draws nothing.
        """
        if self.draw is None:
            raise UserError(f"the lab {self.lab!r} draws nothing")
        return self.draw(self.arrays)

    def __str__(self) -> str:
        verdict = "as predicted" if self.verdict else "NOT AS PREDICTED"
        lines = [f"{self.lab}: {verdict} ({self.seconds:.1f} s)"]
        for check in self.checks:
            mark = "ok " if check.holds else "NO "
            lines.append(f"  {mark} {check.what}: predicted {check.prediction}, measured {check.measurement}")
        return "\n".join(lines)

    def json(self) -> dict[str, Any]:
        """The verdict and the checks, each with its numbers and, since JSON knows no infinity, its words."""
        return {
            "lab": self.lab,
            "title": self.title,
            "verdict": self.verdict,
            "checks": [check.json() for check in self.checks],
            "seed": self.seed,
            "quick": self.quick,
            "seconds": round(self.seconds, 2),
        }


@dataclass(frozen=True)
class Lab:
    """An experiment.

    Args:
        name: on the command line.
        title: a line.
        text: what it shows, paragraphs apart by an empty line, code between backticks.
        source: where the claim is from.
        measure: from (seed, quick) to :class:`Findings`; noise from torch's global generator is seeded for it.
        draw: from the numbers to a figure.
    """

    name: str
    title: str
    text: str
    source: str
    measure: Callable[[int, bool], Findings]
    draw: Callable[[Numbers], Figure]

    def run(self, seed: int = 0, quick: bool = False) -> Result:
        """Measure.

        Args:
            seed: of every draw.
            quick: smaller and faster (under ten seconds), with the same checks at wider tolerances where need be.
        """
        start = time.perf_counter()
        with noise(seed, "lab", self.name):
            findings = self.measure(seed, quick)
        numbers = {name: np.asarray(values) for name, values in findings.numbers.items()}
        seconds = time.perf_counter() - start
        return Result(self.name, findings.checks, numbers, seed, quick, seconds, self.title, self.draw)


def slope(x: object, y: object) -> float:
    """The slope of log y against log x: the rate at which something falls or rises.

    >>> round(slope([1, 10, 100], [1, 0.1, 0.01]), 6)
    -1.0
    """
    return float(np.polyfit(np.log(np.asarray(x, float)), np.log(np.asarray(y, float)), 1)[0])
