"""The training examples that samples are searched among, and what lies nearest to what."""

from collections.abc import Iterator
from functools import cached_property

import torch
from torch import Tensor

from reparam.data import Dataset, Split
from reparam.data.reading import take
from reparam.evaluation.codes.encoding import examples
from reparam.evaluation.samples.authenticity import to_other
from reparam.evaluation.samples.compared import Beside
from reparam.evaluation.samples.feature_cache import kept
from reparam.evaluation.samples.features import Features
from reparam.evaluation.samples.neighbours import Nearest, nearest
from reparam.randomness import generator

MOST_SEARCHED = 100_000


class TrainingSide:
    """The training examples of a data set, or a seeded 100,000 of them, by values and by features.

    Args:
        data: whose training split is searched.
        seed: of the choice.
        features: what distances are taken of besides values; of raw features they would be the same.
    """

    def __init__(self, data: Dataset, seed: int, features: Features) -> None:
        self.data, self.seed, self.of = data, seed, features
        self._others: dict[bool, Tensor] = {}

    @cached_property
    def rows(self) -> Tensor:
        """Which rows of the training split are searched, ``(searched,)``; a record's ``indices`` count within these."""
        n = len(self.data.train)
        order = torch.randperm(n, generator=generator(self.seed, "measures", "searched"))
        return order[:MOST_SEARCHED].sort().values

    @cached_property
    def split(self) -> Split:
        """The examples that are searched."""
        return self._of_split(self.data.train, self.rows)

    @cached_property
    def features(self) -> Tensor:
        """``(searched, width)``."""
        return kept(self.of, lambda: examples(self.split, self.data))

    def nearest(self, x: Tensor, found: Tensor) -> tuple[Nearest, Nearest | None]:
        """The two nearest of examples x with features ``found``, by values and, unless these are raw, by features."""
        by_values = nearest(x.flatten(1), self._values(self.split), 2)
        return by_values, None if self.of.kind == "raw" else nearest(found, self.features, 2)

    def beside(self, pair: tuple[Nearest, Nearest | None]) -> Beside:
        """What :meth:`nearest` gave, beside the distances of those training examples to others: by features if any."""
        by_features = pair[1] is not None
        close = pair[1] or pair[0]
        first = close.indices[:, 0]
        known = self._others.setdefault(by_features, torch.full((close.searched,), torch.nan))
        new = torch.unique(first[known[first].isnan()])  # models of the same data have neighbours in common
        if len(new):
            known[new] = self._to_other(new, by_features)
        return Beside(close.distances[:, 0], known[first])

    def _to_other(self, rows: Tensor, by_features: bool) -> Tensor:
        if by_features:
            return to_other(self.features[rows], self.features)
        return to_other(torch.cat(list(self._values(self._of_split(self.split, rows)))), self._values(self.split))

    def _values(self, split: Split) -> Iterator[Tensor]:
        return (part.flatten(1) for part in examples(split, self.data))

    @staticmethod
    def _of_split(split: Split, rows: Tensor) -> Split:
        return Split(take(split.x, rows), binarized=split.binarized)
