"""What a lab is: a text, a measurement that ends in checks, and a drawing of its numbers."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reparam.randomness import noise

Numbers = Mapping[str, NDArray[Any]]


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


@dataclass(frozen=True)
class Findings:
    """What a measurement gives: its checks, and the arrays that its figure shows."""

    checks: tuple[Check, ...]
    numbers: Numbers = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """A lab's outcome.

    ``verdict``: whether every check holds. ``numbers``: the arrays behind the figure, drawn by ``Lab.draw``.
    """

    lab: str
    checks: tuple[Check, ...]
    numbers: Numbers
    seed: int
    quick: bool
    seconds: float

    @property
    def verdict(self) -> bool:
        """Whether the theory's predictions were all met."""
        return bool(self.checks) and all(check.holds for check in self.checks)


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
        return Result(self.name, findings.checks, numbers, seed, quick, time.perf_counter() - start)


def slope(x: object, y: object) -> float:
    """The slope of log y against log x: the rate at which something falls or rises.

    >>> round(slope([1, 10, 100], [1, 0.1, 0.01]), 6)
    -1.0
    """
    return float(np.polyfit(np.log(np.asarray(x, float)), np.log(np.asarray(y, float)), 1)[0])
