"""All measures of one made table: every number with its error, and what it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reparam.evaluation.columns.calibration import INTERVAL, Calibration, expected_distance
from reparam.evaluation.columns.closest import Closest
from reparam.evaluation.columns.pairs import Trends
from reparam.evaluation.columns.part import Part
from reparam.evaluation.columns.prediction import Prediction
from reparam.evaluation.columns_apart import Feature
from reparam.evaluation.samples.scorecard import Score
from reparam.evaluation.two_sample import ClassifierTest
from reparam.result import UNSAID, Result, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[Any]
TOLD = "told apart by a classifier"
TELLS = 0.05
"""The p-value of the classifier's accuracy below which columns are named that give rows away."""
NEARER = "nearer to training rows"
RATIO = "closest record, ratio of 5 % quantiles"
NEW = "new rows"
COVERAGE = f"coverage of {INTERVAL:.0%} intervals".replace("%", " %")
UNIFORM = "distance from calibration"


@dataclass(frozen=True)
class TableConditions:
    """What the numbers of a table rest on; only those of equal conditions compare.

    Attributes:
        data: the data set's name.
        fingerprint: of its contents.
        n: made rows.
        reference: training rows that they are compared with.
        nearest: made rows whose nearest rows are looked for.
        searched: training rows, and rows held out, among which.
        targets: the columns that are predicted.
        seed: of every choice and draw.
    """

    data: str
    fingerprint: str
    n: int
    reference: int
    nearest: int
    searched: tuple[int, int]
    targets: tuple[str, ...]
    seed: int

    def caption(self) -> str:
        """The sentence beneath a table."""
        predicted = f"; predicted: {', '.join(self.targets)}" if self.targets else ""
        return (
            f"{self.n:,} rows against {self.reference:,} training rows of {self.data}; nearest rows of "
            f"{self.nearest:,} among {self.searched[0]:,} that were trained on and {self.searched[1]:,} held out"
            f"{predicted}; seed {self.seed}"
        )


@dataclass(frozen=True)
class ColumnCard:
    """What one column comes to.

    Attributes:
        name: the column's.
        number: whether it holds numbers or moments, and not words.
        shape: 1 less the distance of Kolmogorov and Smirnov, or of total variation; None where it has no cell.
        keeps: the share within the data's range, or of words that the data have.
        missing: how alike the shares of missing cells are; None where none is missing.
        drop: what the classifier loses where the column is shuffled among rows.
        covered: the share within the model's 90 % intervals, with its error; None where the model has none.
        uniform: distance of its transform from uniform, and the p-value of that; None likewise.
    """

    name: str
    number: bool
    shape: Part | None
    keeps: Part | None
    missing: Part | None
    drop: float
    covered: tuple[float, float] | None = None
    uniform: tuple[float, float] | None = None

    def json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        parts = {"shape": self.shape, "boundary" if self.number else "category": self.keeps, "missing": self.missing}
        told = {name: None if one is None else {"value": one.value, "standard_error": one.error}
                for name, one in parts.items()}  # fmt: skip
        names = ("value", "standard_error"), ("distance", "p_value")
        more = {name: None if pair is None else dict(zip(heads, pair, strict=True))
                for name, pair, heads in zip(("coverage", "calibration"), (self.covered, self.uniform), names,
                                             strict=True)}  # fmt: skip
        return {"name": self.name, "kind": "number" if self.number else "words", **told, **more,
                "drop_of_accuracy": self.drop}  # fmt: skip


@dataclass(frozen=True, repr=False)
class TableCard(Result):
    """Every measure of one made table.

    Attributes:
        name: whose rows they are.
        conditions: what the numbers rest on.
        columns: each column's.
        trends: pairs of columns.
        patterns: of missing cells; None where none is missing.
        told: a classifier's two-sample test, its features the columns.
        predictions: what the rows teach about a column.
        closest: distances to training rows and to rows held out.
        fresh: which of the rows match no training row, ``(n,)``.
        calibration: of the model's conditionals; None where it has none, and in the floor's row.
        uncalibrated: why there is none.
        real: whether these are real rows in the made ones' place: the floor.
        rows: how many cells' conditionals a right model's would be judged by; of the floor's row.
    """

    name: str
    conditions: TableConditions
    columns: tuple[ColumnCard, ...]
    trends: Trends
    patterns: Part | None
    told: ClassifierTest
    predictions: tuple[Prediction, ...]
    closest: Closest
    fresh: Array = field(metadata=UNSAID)
    calibration: Calibration | None = None
    uncalibrated: str = ""
    real: bool = False
    rows: int = 0

    def scores(self) -> tuple[Score, ...]:
        """The numbers that make a row of a table; what does not apply to it is left out."""
        parts = {
            "column shapes": _mean([one.shape for one in self.columns]),
            "pair trends": self.trends.overall,
            "boundary adherence": _mean([one.keeps for one in self.columns if one.number]),
            "category adherence": _mean([one.keeps for one in self.columns if not one.number]),
            "missing shares": _mean([one.missing for one in self.columns]),
            "missing patterns": self.patterns,
        }
        found = [Score(name, one.value, one.error, 1.0, worst=0.0) for name, one in parts.items() if one is not None]
        return (*found, self._apart(), *self._learned(), *self._near(), *self._calibrated())

    def _apart(self) -> Score:
        told = self.told
        error = sqrt(told.accuracy * (1 - told.accuracy) / told.held_out)
        return Score(TOLD, told.accuracy, error, 0.5, worst=1.0)

    def _learned(self) -> list[Score]:
        """What samples teach; of the floor what as many real rows do."""
        return [
            Score(f"{one.score} of {one.target}, trained on the rows", *((one.real, one.real_error) if self.real else
                  (one.value, one.error)), 1.0, worst=0.5 if one.score == "AUC" else 0.0)
            for one in self.predictions
        ]  # fmt: skip

    def _near(self) -> list[Score]:
        near, n = self.closest, len(self.fresh)
        share = float(self.fresh.mean())
        scores = [Score(NEARER, near.share, near.share_error, 0.5, only_above=True, worst=1.0)]
        if near.ratio is not None:
            scores.append(Score(RATIO, near.ratio, near.ratio_error, 1.0))
        return [*scores, Score(NEW, share, sqrt(share * (1 - share) / n), 1.0, worst=0.0)]

    def _calibrated(self) -> list[Score]:
        """Of the model's own conditionals; of the floor what those of the law itself would come to."""
        if self.calibration is None:
            if not self.rows:
                return []
            return [Score(COVERAGE, INTERVAL, None, INTERVAL), Score(UNIFORM, expected_distance(self.rows), None, 0.0)]
        count = len(self.calibration.names)
        distances = [self.calibration.uniform(at)[0] for at in range(count)]
        # of a right model's distance the standard deviation is 0.26 / √n (Kolmogorov's law)
        error = 0.2603 / sqrt(len(self.calibration.values)) / sqrt(count)
        return [
            Score(COVERAGE, *self.calibration.coverage, INTERVAL),
            Score(UNIFORM, float(np.mean(distances)), error, 0.0),
        ]

    @property
    def giveaways(self) -> Sequence[Feature]:
        """The columns that tell the rows from the data, the most telling first; none where nothing tells them."""
        if self.told.p_binomial >= TELLS:
            return []
        return [feature for feature in self.told.features if feature.drop > 0]

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Of each column its name, shape, and errors; matrices of pairs; distances; places in the conditionals."""
        shapes = [(np.nan, np.nan) if one.shape is None else (one.shape.value, one.shape.error) for one in self.columns]
        found = {
            "column": np.array([one.name for one in self.columns]),
            "shape": np.array([value for value, _ in shapes]),
            "shape_error": np.array([error for _, error in shapes]),
            "pair": np.array(self.trends.names),
            "pair_similarity": self.trends.alike,
            "pair_error": self.trends.errors,
            "association_samples": self.trends.samples,
            "association_data": self.trends.reference,
            "distance_samples": self.closest.to_training,
            "distance_held_out": self.closest.null,
        }
        if self.calibration is not None:
            found |= {"calibrated": np.array(self.calibration.names), "transform": self.calibration.values}
        return found

    def figure(self) -> "Figure":
        """How pairs of columns hang together in the data and in the rows, and the difference.

        Raises:
            UserError: if there is but one column.
        """
        from reparam.plots import pair_heatmaps

        return pair_heatmaps(self.trends.names, self.trends.reference, self.trends.samples, title=self.name)

    def distances_figure(self) -> "Figure":
        """Distances to the closest training row, of the rows and of real ones held out."""
        from reparam.plots import closest_distances

        return closest_distances(self.closest.to_training, self.closest.null, title=self.name)

    def transforms_figure(self) -> "Figure":
        """Where cells lie in the model's conditionals, a panel a column.

        Raises:
            UserError: if the model has none.
        """
        from reparam.plots import transform_panels

        return transform_panels(self.transforms, title=self.name)

    @property
    def transforms(self) -> Mapping[str, Array]:
        """Of each column where its cells lie in the model's conditionals; nothing where the model has none."""
        if self.calibration is None:
            return {}
        values = self.calibration.values
        return {name: values[~np.isnan(values[:, at]), at] for at, name in enumerate(self.calibration.names)}

    def __str__(self) -> str:
        lines = [f"  {score.name:<44}{score}" for score in self.scores()]
        told = ", ".join(f"{one.name} ({one.drop:+.3f})" for one in self.giveaways[:5])
        given = [f"  what gives it away: {told}"] if told else []
        why = [f"  not calibrated: {self.uncalibrated}"] if self.uncalibrated else []
        return "\n".join([self.name, *lines, *given, *why, f"  {self.conditions.caption()}"])

    def json(self) -> dict[str, Any]:
        """Scores, columns, pairs, predictions and what they rest on."""
        found = {
            "name": self.name,
            "conditions": self.conditions,
            "scores": {
                one.name: {"value": one.value, "standard_error": one.standard_error, "ideal": one.best}
                for one in self.scores()
            },
            "columns": [one.json() for one in self.columns],
            "pairs": _pairs(self.trends),
            "gives_away": [
                {"column": one.name, "drop": one.drop, "distance": one.distance, "p_value": one.p_value}
                for one in self.told.features
            ],
            "predictions": self.predictions,
            "not_calibrated": self.uncalibrated or None,
            "few_effective_codes": None if self.calibration is None else self.calibration.unsure,
        }
        made = plain(found)
        assert isinstance(made, dict)
        return made


def _mean(parts: Sequence[Part | None]) -> Part | None:
    from reparam.evaluation.columns.part import mean

    there = [part for part in parts if part is not None]
    return mean(there) if there else None


def _pairs(trends: Trends) -> list[dict[str, Any]]:
    d = len(trends.names)
    return [
        {
            "columns": [trends.names[i], trends.names[j]],
            "similarity": float(trends.alike[i, j]),
            "standard_error": float(trends.errors[i, j]),
            "samples": float(trends.samples[i, j]),
            "data": float(trends.reference[i, j]),
        }
        for i in range(d)
        for j in range(i + 1, d)
        if not np.isnan(trends.alike[i, j])
    ]
