"""What every sample of one data set is measured against: the same examples, features, counts and seeds for all."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor

from reparam import checks
from reparam.data import Dataset
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import examples, pick
from reparam.evaluation.codes.latent_usage import LatentUsage
from reparam.evaluation.samples import path_length as paths
from reparam.evaluation.samples.classifier import CLASSES, ClassHistogram, digit_classifier, is_mnist
from reparam.evaluation.samples.compared import Compared
from reparam.evaluation.samples.feature_cache import kept
from reparam.evaluation.samples.features import Asked, Features, choose_features
from reparam.evaluation.samples.frechet import frechet_distance
from reparam.evaluation.samples.kernel_distance import kernel_distance
from reparam.evaluation.samples.manifold_metrics import manifold_metrics
from reparam.evaluation.samples.measures import further
from reparam.evaluation.samples.memorization import FEWEST as FEWEST_SEARCHED
from reparam.evaluation.samples.memorization import Memorization, beside, checked, duplicates
from reparam.evaluation.samples.neighbours import Nearest
from reparam.evaluation.samples.scorecard import Conditions, Draws, Score, Scorecard, SplitName
from reparam.evaluation.samples.training_side import TrainingSide
from reparam.evaluation.two_sample import classifier_test
from reparam.hardware import exact
from reparam.randomness import generator

FEWEST = 60
PERMUTATIONS = 200
Close = tuple[Nearest, Nearest | None]
"""The two nearest training examples by values, and by features unless these are the values."""
FLOOR: dict[SplitName, SplitName] = {"train": "test", "validation": "test", "test": "validation"}
"""The split that stands in for samples in the floor row, by the split of reference."""
OTHER: dict[SplitName, SplitName] = {"test": "validation", "validation": "test"}
"""Beside which unseen examples the nearest training neighbours of that row are judged."""


class Yardstick:
    """Measures samples of one data set, all in the same way; what is the same for all of them is computed once.

    Args:
        data: the data set; binarized where samples are draws of a model of binarized data.
        n: samples, and examples of reference, at most; as few as there are in the floor row's split, so that every row
            rests on the same count.
        seed: of every choice and draw.
        reference: the split to compare with.
        features: ``auto``, ``raw``, ``random-conv``, ``self``, ``inception``, ``dinov2``, or a network or
            function (see :func:`reparam.evaluation.samples.features.choose_features`).
        draws: what samples are, for the record.
        neighbours: samples, at most, whose nearest training examples are looked for.
        all_measures: take the slow ones, too.

    Raises:
        UserError: if there are fewer than 60 examples to compare with, an argument is out of range, or the features
            are unknown.
    """

    def __init__(
        self,
        data: Dataset,
        n: int = 10_000,
        seed: int = 0,
        reference: SplitName = "train",
        *,
        features: Asked = "auto",
        draws: Draws = "sample",
        neighbours: int = 2000,
        all_measures: bool = False,
    ) -> None:
        checks.one_of("reference", reference, FLOOR)
        checks.one_of("draws", draws, ("sample", "mean"))
        self.data, self.seed, self.draws, self.stand_in = data, seed, draws, FLOOR[reference]
        self.reference: SplitName = reference
        self.n = min(n, len(data.splits[reference]), len(data.splits[self.stand_in]))
        if self.n < FEWEST:
            count = "1 example is" if self.n == 1 else f"{self.n} examples are"
            raise UserError(
                f"{count} too few to measure by: {FEWEST} are needed of the {reference} and {self.stand_in} splits of "
                f"{data.name!r}, and of the samples: give data=... that were not trained on, of which all are "
                "judged, or train on more, or on data whose source names larger splits"
            )
        self.all_measures = all_measures
        self.neighbours = min(checks.whole("neighbours", neighbours, FEWEST_SEARCHED), self.n)
        self.x = self.examples(reference, self.n)
        self._known: dict[Hashable, object] = {}
        self._unseen_of: dict[SplitName, tuple[Tensor, Close]] = {}
        self.features: Features = choose_features(features, data, self.x, seed)
        self.training = TrainingSide(data, seed, self.features)

    def examples(self, split: SplitName, n: int) -> Tensor:
        """Seeded random examples of a split in random order, ``(n, *data_shape)``."""
        chosen = pick(self.data.splits[split], n, generator(self.seed, "measures", split))
        x = torch.cat(list(examples(chosen, self.data)))
        return x[torch.randperm(len(x), generator=generator(self.seed, "measures", split, "order"))]

    @cached_property
    def reference_features(self) -> Tensor:
        """``(n, width)``."""
        return kept(self.features, lambda: [self.x])

    def conditions(self) -> Conditions:
        """What this yardstick's numbers rest on."""
        return Conditions(
            data=self.data.name,
            fingerprint=self.data.fingerprint,
            reference=self.reference,
            n=self.n,
            neighbours=self.neighbours,
            searched=len(self.training.rows),
            draws=self.draws,
            features=self.features.name,
            seed=self.seed,
        )

    def floor(self) -> Scorecard:
        """Real examples, of the test split, in the place of samples: what no model can be expected to pass."""
        x = self.examples(self.stand_in, self.n)
        card = self._measure(x, f"{self.stand_in} set", None, OTHER[self.stand_in])
        return self._with_path(card, lambda: paths.between_examples(self.features(x), self.reference_features))

    def measure(
        self,
        samples: Tensor,
        name: str = "samples",
        latents: LatentUsage | None = None,
        path: paths.PathLength | None = None,
    ) -> Scorecard:
        """Measure samples x ``(n, *data_shape)`` in random order.

        Args:
            samples: as many as :attr:`n` says, or more, of which the first are taken.
            name: whose they are.
            latents: to be put on record, too.
            path: likewise, where all measures are asked for.

        Raises:
            UserError: if there are fewer samples, of another shape, or values are not finite.
        """
        if samples.shape[1:] != self.data.data_shape:
            raise UserError(
                f"the samples of {name} have shape {tuple(samples.shape)}, and {self.data.name!r} holds examples of "
                f"shape {tuple(self.data.data_shape)}: give (n, *{tuple(self.data.data_shape)})"
            )
        if len(samples) < self.n:
            raise UserError(f"{len(samples)} samples of {name} are measured against {self.n} examples: give as many")
        card = self._measure(samples[: self.n].cpu().float(), name, latents, "test")
        return self._with_path(card, lambda: paths.score(path, self.reference_features))

    def _with_path(self, card: Scorecard, score: Callable[[], Score]) -> Scorecard:
        """With the measure that is no function of samples, where all are asked for."""
        return replace(card, further={**card.further, "path_length": score()}) if self.all_measures else card

    def _measure(self, x: Tensor, name: str, latents: LatentUsage | None, unseen: SplitName) -> Scorecard:
        checked(x, f"samples of {name}")
        found, real = self.features(x), self.reference_features
        close = self.training.nearest(x[: self.neighbours], found[: self.neighbours])
        unseen_features, unseen_close = self._unseen(unseen)
        by_values, by_features = self._memorization(close, unseen_close)
        return Scorecard(
            name=name,
            conditions=self.conditions(),
            frechet=frechet_distance(real, found),
            kernel=kernel_distance(real, found, self.seed),
            manifold=manifold_metrics(real, found),
            two_sample=classifier_test(real, found, permutations=PERMUTATIONS, seed=self.seed, features=False),
            memorization_values=by_values,
            memorization_features=by_features,
            duplicates=duplicates(found, real),
            classes=_digits(found) if is_mnist(self.data) and self.features.kind == "digits" else None,
            latents=latents,
            further=further(
                Compared(
                    x,
                    self.x,
                    found,
                    real,
                    self.seed,
                    beside_training=lambda: self.training.beside(close),
                    unseen_beside_training=lambda: self.training.beside(unseen_close),
                    training_features=lambda: self.training.features,
                    unseen_features=lambda: unseen_features,
                    unseen=unseen,
                    known=self._known,
                ),
                self.all_measures,
            ),
        )

    def _memorization(self, close: Close, real: Close) -> tuple[Memorization, Memorization | None]:
        """By values, and by features unless these are the values."""
        by_values = beside(close[0], real[0], "pixels" if self.data.is_image else "columns")
        if close[1] is None or real[1] is None:
            return by_values, None
        return by_values, beside(close[1], real[1], self.features.name)

    def _unseen(self, split: SplitName) -> tuple[Tensor, Close]:
        """Features of examples that training has not seen, and their nearest training examples."""
        if split not in self._unseen_of:
            x = self.examples(split, self.neighbours)
            checked(x, f"examples of the {split} split")
            found = self.features(x)
            self._unseen_of[split] = found, self.training.nearest(x, found)
        return self._unseen_of[split]


@exact()
@torch.no_grad()
def _digits(found: Tensor) -> ClassHistogram:
    """What ``class_histogram`` of the classifier gives, from features that were computed already."""
    top, digit = digit_classifier().head(found).softmax(1).max(1)
    shares = torch.bincount(digit, minlength=CLASSES).double() / len(found)
    return ClassHistogram(dict(enumerate(shares.tolist())), top.double().mean().item(), len(found))
