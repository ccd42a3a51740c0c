"""What every made table of one data set is measured against: the same rows, seeds and columns for all."""

from dataclasses import replace
from functools import cached_property
from math import sqrt
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from reparam import checks
from reparam.data import Dataset
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import examples, pick
from reparam.evaluation.columns.adherence import boundary, category, missing_patterns, missing_share
from reparam.evaluation.columns.calibration import Calibration, calibration, judged
from reparam.evaluation.columns.card import ColumnCard, TableCard, TableConditions
from reparam.evaluation.columns.closest import chosen, closest, new_rows
from reparam.evaluation.columns.pairs import trends
from reparam.evaluation.columns.prediction import Prediction, predict, targets
from reparam.evaluation.columns.rows import Codebook, Rows, Seen, shared, size, take
from reparam.evaluation.columns.shapes import shape
from reparam.evaluation.columns_apart import column_groups
from reparam.evaluation.draws import drawing
from reparam.evaluation.samples.yardstick import FEWEST, PERMUTATIONS
from reparam.evaluation.two_sample import ClassifierTest, classifier_test
from reparam.hardware import exact
from reparam.models.protocols import Conditional, can
from reparam.randomness import derive_seed, generator
from reparam.runs.given import of_run
from reparam.runs.run import Run

Array = NDArray[Any]
NEAREST, SEARCHED = 2000, 10_000
"""Made rows whose nearest rows are looked for, and rows of either set among which, at most."""
LEARNED = 5000
"""Rows that a prediction is learned from, at most."""
USUAL = 20
"""Columns up to which that many are; of more columns fewer rows, so that the work stays the same."""


class TableYardstick:
    """Measures made tables of one data set, all in the same way.

    Args:
        data: a table.
        n: made rows, and training rows that they are compared with, at most; no more made rows than there are test
            rows, so that these can stand in their place.
        seed: of every choice and draw.
        target: the column that is predicted by rows, or ``all`` of them in turn; unless given the labels, where there
            are any, and the last other column of words, else the last column.

    Raises:
        UserError: if the data are no table, too few, or there is no such column.
    """

    def __init__(self, data: Dataset, n: int = 10_000, seed: int = 0, target: str | None = None) -> None:
        checks.whole("count", n)
        if data.table is None:
            raise UserError(f"{data.name!r} is no table, and has no columns that could be compared one by one")
        self.data, self.seed, self.schema = data, seed, data.table
        self.n = min(n, len(data.test))
        if min(self.n, len(data.train), len(data.validation)) < FEWEST:
            raise UserError(
                f"{min(self.n, len(data.validation)):,} rows are too few to measure by: {FEWEST} are needed of each "
                f"split of {data.name!r}, and of the samples: train on more rows, or name larger splits in a "
                "column, split_by=..., and train anew"
            )
        self.book = Codebook(data.table)
        self.x, self.reference = self._rows("train", min(n, len(data.train)))
        self.x_test, self.test = self._rows("test", self.n)
        self.target = targets(self.reference, target, data.table.label.name if data.table.label else None)

    def _rows(self, split: str, n: int) -> tuple[Array, Rows]:
        """Seeded random rows of a split: as a model sees them, and as columns."""
        found = pick(self.data.splits[split], n, generator(self.seed, "table", split))
        x = torch.cat(list(examples(found, self.data))).numpy()
        y = None if found.labels is None else found.labels.numpy()
        order = np.random.default_rng(derive_seed(self.seed, "table", split)).permutation(len(x))
        return x[order], take(self.book.rows(x, y, self.seed), order)

    @cached_property
    def _less(self) -> float:
        """The share of the usual rows that is looked at, of very many columns."""
        return min(1.0, sqrt(USUAL / len(self.reference)))

    @cached_property
    def _searched(self) -> tuple[int, int]:
        """Rows that were trained on, and rows held out, that nearest rows are looked for among."""
        most = int(SEARCHED * self._less)
        return min(len(self.data.train), most), min(len(self.data.validation), len(self.data.test), most)

    @cached_property
    def _training(self) -> Rows:
        return self._rows("train", self._searched[0])[1]

    @cached_property
    def _nearest(self) -> int:
        """Made rows whose nearest rows are looked for."""
        return min(self.n, int(NEAREST * self._less))

    def conditions(self) -> TableConditions:
        """What this yardstick's numbers rest on."""
        return TableConditions(self.data.name, self.data.fingerprint, self.n, size(self.reference), self._nearest,
                               self._searched, tuple(self.target), self.seed)  # fmt: skip

    @exact()
    def floor(self) -> TableCard:
        """Real rows, held out, in the place of made ones: what no model can be expected to pass."""
        _, unseen = self._rows("validation", self._searched[1])
        card = self._card(self.test, self.x_test, unseen, "test set", real=True)
        return replace(card, rows=min(self.n, judged(len(self.schema.seen))))

    @exact()
    def measure(self, run: Run, name: str = "") -> TableCard:
        """Draw rows from a run and measure them.

        Args:
            run: of a model of the yardstick's data.
            name: for the record; the run's folder, or the model's class, unless given.

        Raises:
            UserError: if the run is of other data, or its samples are not finite.
        """
        if run.data.fingerprint != self.data.fingerprint:
            raise UserError(f"the run was trained on {run.data.name!r} and is measured by other data, "
                            f"{self.data.name!r}")  # fmt: skip
        drawn = drawing(run, self.n, self.seed, as_seen=True).samples()
        rows = self.book.rows(drawn.x, drawn.y if can(run.model, Conditional) else None, self.seed)
        _, unseen = self._rows("test", self._searched[1])
        name = name or (run.folder.name if run.folder else type(run.model).__name__)
        card = self._card(rows, np.asarray(drawn.x), unseen, name)
        found, why = self._calibration(run)
        return replace(card, calibration=found, uncalibrated=why, columns=_calibrated(card.columns, found))

    def _calibration(self, run: Run) -> tuple[Calibration | None, str]:
        try:
            return calibration(run.model, self.schema, torch.from_numpy(self.x_test), self.seed), ""
        except UserError as error:
            return None, str(error)

    def _card(self, rows: Rows, x: Array, unseen: Rows, name: str, real: bool = False) -> TableCard:
        rng = np.random.default_rng(derive_seed(self.seed, "table", "nearest"))
        nearest = chosen(rows, self._nearest, rng)
        told = self._told_apart(x)
        return TableCard(
            name=name,
            conditions=self.conditions(),
            columns=tuple(_column(one, other, told) for one, other in shared(rows, self.reference)),
            trends=trends(rows, self.reference),
            patterns=missing_patterns(rows, self.reference),
            told=told,
            predictions=tuple(self._predictions(rows)),
            closest=closest(nearest, self._training, unseen, self.seed),
            fresh=new_rows(nearest, self._training),
            real=real,
        )

    def _told_apart(self, x: Array) -> ClassifierTest:
        groups = column_groups(self.schema)
        return classifier_test(self.x[: len(x)], x, permutations=PERMUTATIONS, seed=self.seed, groups=groups)

    def _predictions(self, rows: Rows) -> list[Prediction]:
        names = {column.name for column in rows}
        few = np.arange(min(self.n, int(LEARNED * self._less)))
        both = take(rows, few), [one for one in take(self.reference, few) if one.name in names]
        test = [one for one in self.test if one.name in names]
        found = [predict(name, *both, test, self.seed) for name in self.target if name in names]
        return [one for one in found if one is not None]


def _column(one: Seen, other: Seen, told: ClassifierTest) -> ColumnCard:
    drops = {feature.name: feature.drop for feature in told.features}
    keeps = (boundary if one.number else category)(one, other)
    return ColumnCard(one.name, one.number, shape(one, other), keeps, missing_share(one, other),
                      drops.get(one.name, 0.0))  # fmt: skip


def _calibrated(columns: tuple[ColumnCard, ...], found: Calibration | None) -> tuple[ColumnCard, ...]:
    if found is None:
        return columns
    places_ = {name: at for at, name in enumerate(found.names)}
    return tuple(
        replace(one, covered=found.column_coverage(places_[one.name]), uniform=found.uniform(places_[one.name]))
        if one.name in places_
        else one
        for one in columns
    )


@of_run
def table_measures(run: Run, n: int = 10_000, seed: int = 0, target: str | None = None) -> TableCard:
    """What a run of a table makes, in the words that users of tables know, each number with its error.

    To measure several runs of one table make a :class:`TableYardstick` once; its ``floor()`` measures real rows that
    were held out in the same way.

    Args:
        run: a trained run, or its folder.
        n: made rows, at most.
        seed: of every choice and draw.
        target: the column that is predicted, see :class:`TableYardstick`.

    Raises:
        UserError: if the run's data are no table, too few, or there is no such column.
    """
    return TableYardstick(run.data, n, seed, target).measure(run)
