"""The record of all measures of one sample: every number with its error, and what it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import floor, inf, isnan, log10
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from reparam.evaluation.codes.latent_usage import LatentUsage
from reparam.evaluation.samples.classifier import ClassHistogram
from reparam.evaluation.samples.frechet import FrechetDistance
from reparam.evaluation.samples.kernel_distance import KernelDistance
from reparam.evaluation.samples.manifold_metrics import ManifoldMetrics
from reparam.evaluation.samples.memorization import Duplicates, Memorization, Share
from reparam.evaluation.two_sample import ClassifierTest
from reparam.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Draws = Literal["mean", "sample"]
SplitName = Literal["train", "validation", "test"]
DECIMALS, MOST_DECIMALS = 3, 6
"""Of numbers without an error, and of those with a tiny one."""


@dataclass(frozen=True)
class Conditions:
    """What numbers rest on; only those of equal conditions compare.

    Attributes:
        data: the data set's name.
        fingerprint: of its contents.
        reference: the split that samples are compared with.
        n: examples of either that were compared.
        neighbours: samples whose nearest training examples were looked for.
        searched: training examples among which.
        draws: ``mean``: the mean of p(x|z) at draws of z, beside data that are not binarized; ``sample``: draws of x,
            beside data as the model sees them. Games make no difference between them.
        features: their name.
        seed: of every choice and draw.
    """

    data: str
    fingerprint: str
    reference: SplitName
    n: int
    neighbours: int
    searched: int
    draws: Draws
    features: str
    seed: int

    def caption(self) -> str:
        """The sentence beneath a table."""
        what = "decoder means" if self.draws == "mean" else "draws"
        return (
            f"{self.n:,} samples ({what}) against {self.n:,} examples of {self.data}'s {self.reference} split; "
            f"features: {self.features}; nearest neighbours of {self.neighbours:,} samples among {self.searched:,} "
            f"training examples; seed {self.seed}"
        )


@dataclass(frozen=True)
class Score:
    """One number of a table.

    Attributes:
        name: of the measure.
        value: the number.
        standard_error: or None where there is none.
        best: the value that a model with the data's distribution would have.
        only_above: only a value above it is a fault (samples that repeat training examples or each other).
        worst: the value of a model that fails altogether; None where there is no end to it, as of a distance.
        only_below: only a value below it is a fault.
    """

    name: str
    value: float
    standard_error: float | None
    best: float
    only_above: bool = False
    worst: float | None = None
    only_below: bool = False

    @property
    def gap(self) -> float:
        """How far from the best value: the less, the better."""
        if self.only_above or self.only_below:
            return max(0.0, (self.value - self.best) * (1 if self.only_above else -1))
        return abs(self.value - self.best)

    @property
    def worst_gap(self) -> float | None:
        """How far the worst value is from the best one."""
        return None if self.worst is None else abs(self.worst - self.best)

    def __str__(self) -> str:
        """The value with its error, to the first digit of the error.

        >>> str(Score("recall", 0.51234, 0.0123, 1.0)), str(Score("duplicates", 0.0, None, 0.0))
        ('0.51±0.01', '0.000')
        """
        error = self.standard_error
        if isnan(self.value):  # a run that has no such number
            return "-"
        if error is None or not 0 < error < inf:
            return f"{self.value:.{DECIMALS}f}" + ("" if error is None else f"±{error:.{DECIMALS}f}")
        decimals = min(max(-floor(log10(error)), 0), MOST_DECIMALS)
        return f"{self.value:.{decimals}f}±{error:.{decimals}f}"


@dataclass(frozen=True, repr=False)
class Scorecard(Result):
    """Every measure of one sample.

    Attributes:
        name: whose sample it is.
        conditions: what the numbers rest on.
        frechet: Fréchet distance of features.
        kernel: kernel distance of features.
        manifold: precision, recall, density, coverage.
        two_sample: a classifier's test on features (without ranking them).
        memorization_values: nearest training examples by pixels or columns.
        memorization_features: by features; None where features are the values.
        duplicates: samples with near-equal features.
        classes: which digits, for MNIST, else None.
        latents: None without an encoder.
        further: what the measures of :data:`reparam.evaluation.MEASURES` come to.
    """

    name: str
    conditions: Conditions
    frechet: FrechetDistance
    kernel: KernelDistance
    manifold: ManifoldMetrics
    two_sample: ClassifierTest
    memorization_values: Memorization
    memorization_features: Memorization | None
    duplicates: Duplicates
    classes: ClassHistogram | None
    latents: LatentUsage | None
    further: Mapping[str, Score] = field(default_factory=dict)

    @property
    def memorizes(self) -> bool:
        """Whether pixels or features say that training examples are repeated."""
        found = (self.memorization_values, self.memorization_features)
        return any(one.suspected for one in found if one is not None)

    def scores(self) -> tuple[Score, ...]:
        """The numbers that make a row of a table."""
        m, told = self.manifold, self.two_sample
        ideal = {"precision": 1.0, "recall": 1.0, "density": 1.0, "coverage": 1.0}
        told_error = (told.accuracy * (1 - told.accuracy) / told.held_out) ** 0.5
        return (
            Score("Fréchet distance", self.frechet.value, self.frechet.standard_error, 0.0),
            Score("Fréchet distance, extrapolated", self.frechet.extrapolated, self.frechet.standard_error, 0.0),
            Score("kernel distance", self.kernel.value, self.kernel.standard_error, 0.0),
            *(Score(name, getattr(m, name), m.errors[name], best, worst=0.0) for name, best in ideal.items()),
            Score("two-sample accuracy", told.accuracy, told_error, 0.5, worst=1.0),
            _score("nearer to training than test is", self.memorization_values.closer),
            _score("singled-out training neighbour", self.memorization_values.singled_out),
            _score("duplicates", self.duplicates.near),
            *self.further.values(),
        )

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Every score's value, standard error (NaN: none) and ideal, in the order of :meth:`scores`."""
        scores = self.scores()
        columns = {
            "value": [score.value for score in scores],
            "standard_error": [np.nan if score.standard_error is None else score.standard_error for score in scores],
            "ideal": [score.best for score in scores],
        }
        return {"measure": np.array([score.name for score in scores])} | {k: np.array(v) for k, v in columns.items()}

    def figure(self) -> "Figure":
        """A panel a measure: the value with its error beside the ideal."""
        from reparam.evaluation.samples.panels import panels_of
        from reparam.plots import measure_panels

        return measure_panels([self.name], panels_of([(self, None)]), title=self.conditions.data)

    def __str__(self) -> str:
        lines = [f"  {score.name:<32}{score}" for score in self.scores()]
        suspicion = ["  training examples seem to be repeated"] if self.memorizes else []
        return "\n".join([self.name, *lines, *suspicion, f"  {self.conditions.caption()}"])

    def json(self) -> dict[str, Any]:
        """Everything as JSON can hold it; of arrays (distances to neighbours) nothing."""
        found = super().json() | {"memorizes": self.memorizes}
        for name in ("memorization_values", "memorization_features"):
            one: Memorization | None = getattr(self, name)
            if one is not None:
                found[name]["suspected"] = one.suspected
        return {**found, **found.pop("further")}


def _score(name: str, share: Share) -> Score:
    return Score(name, share.value, share.standard_error, share.expected, only_above=True, worst=1.0)
