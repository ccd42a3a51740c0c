"""What every sample of one data set is measured against: the same examples, features, counts and seeds for all."""

from functools import cached_property

import torch
from torch import Tensor, nn

from reparam import checks
from reparam.data import Dataset, Split
from reparam.data.reading import take
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import examples, pick
from reparam.evaluation.codes.latent_usage import LatentUsage
from reparam.evaluation.samples.classifier import CLASSES, ClassHistogram, digit_classifier, is_mnist
from reparam.evaluation.samples.features import Choice, Features, choose_features
from reparam.evaluation.samples.frechet import frechet_distance
from reparam.evaluation.samples.kernel_distance import kernel_distance
from reparam.evaluation.samples.manifold_metrics import manifold_metrics
from reparam.evaluation.samples.measures import Compared, further
from reparam.evaluation.samples.memorization import FEWEST as FEWEST_SEARCHED
from reparam.evaluation.samples.memorization import Memorization, beside, checked, duplicates
from reparam.evaluation.samples.neighbours import Nearest, nearest
from reparam.evaluation.samples.scorecard import Conditions, Draws, Scorecard, SplitName
from reparam.evaluation.two_sample import classifier_test
from reparam.hardware import exact
from reparam.randomness import generator

FEWEST = 60
MOST_SEARCHED = 100_000
PERMUTATIONS = 200
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
        features: ``auto``, ``raw``, ``inception``, or a network
            (see :func:`reparam.evaluation.samples.features.choose_features`).
        draws: what samples are, for the record.
        neighbours: samples, at most, whose nearest training examples are looked for.

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
        features: nn.Module | Choice = "auto",
        draws: Draws = "sample",
        neighbours: int = 2000,
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
                f"{data.name!r}, and of the samples"
            )
        self.neighbours = min(checks.whole("neighbours", neighbours, FEWEST_SEARCHED), self.n)
        self.x = self.examples(reference, self.n)
        self._neighbours_of: dict[SplitName, tuple[Nearest, Nearest | None]] = {}
        self.features: Features = choose_features(features, data, self.x, seed)

    def examples(self, split: SplitName, n: int) -> Tensor:
        """Seeded random examples of a split in random order, ``(n, *data_shape)``."""
        chosen = pick(self.data.splits[split], n, generator(self.seed, "measures", split))
        x = torch.cat(list(examples(chosen, self.data)))
        return x[torch.randperm(len(x), generator=generator(self.seed, "measures", split, "order"))]

    @cached_property
    def reference_features(self) -> Tensor:
        """``(n, width)``."""
        return self.features(self.x)

    @cached_property
    def training(self) -> Split:
        """The training examples that are searched: all, or a seeded 100,000."""
        split = self.data.train
        return Split(take(split.x, self.searched_rows), binarized=split.binarized)

    @cached_property
    def searched_rows(self) -> Tensor:
        """Which rows of the training split are searched, ``(searched,)``; a record's ``indices`` count within these."""
        n = len(self.data.train)
        order = torch.randperm(n, generator=generator(self.seed, "measures", "searched"))
        return order[:MOST_SEARCHED].sort().values

    @cached_property
    def training_features(self) -> Tensor:
        """Of the training examples that are searched, ``(searched, width)``."""
        return torch.cat([self.features(x) for x in examples(self.training, self.data)])

    def conditions(self) -> Conditions:
        """What this yardstick's numbers rest on."""
        return Conditions(
            data=self.data.name,
            fingerprint=self.data.fingerprint,
            reference=self.reference,
            n=self.n,
            neighbours=self.neighbours,
            searched=len(self.searched_rows),
            draws=self.draws,
            features=self.features.name,
            seed=self.seed,
        )

    def floor(self) -> Scorecard:
        """Real examples, of the test split, in the place of samples: what no model can be expected to pass."""
        return self._measure(self.examples(self.stand_in, self.n), f"{self.stand_in} set", None, OTHER[self.stand_in])

    def measure(self, samples: Tensor, name: str = "samples", latents: LatentUsage | None = None) -> Scorecard:
        """Measure samples x ``(n, *data_shape)`` in random order.

        Args:
            samples: as many as :attr:`n` says, or more, of which the first are taken.
            name: whose they are.
            latents: to be put on record, too.

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
        return self._measure(samples[: self.n].cpu().float(), name, latents, "test")

    def _measure(self, x: Tensor, name: str, latents: LatentUsage | None, unseen: SplitName) -> Scorecard:
        checked(x, f"samples of {name}")
        found, real = self.features(x), self.reference_features
        by_values, by_features = self._memorization(x[: self.neighbours], found[: self.neighbours], unseen)
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
            further=further(Compared(x, self.x, found, real, self.seed)),
        )

    def _memorization(self, x: Tensor, found: Tensor, unseen: SplitName) -> tuple[Memorization, Memorization | None]:
        """By values, and by features unless these are the values."""
        real, real_found = self._unseen(unseen)
        by_values = beside(self._nearest_by_values(x), real, "pixels" if self.data.is_image else "columns")
        if real_found is None:
            return by_values, None
        return by_values, beside(nearest(found, self.training_features, 2), real_found, self.features.name)

    def _unseen(self, split: SplitName) -> tuple[Nearest, Nearest | None]:
        """The nearest training examples of examples that training has not seen."""
        if split not in self._neighbours_of:
            x = self.examples(split, self.neighbours)
            checked(x, f"examples of the {split} split")
            by_features = None if self.features.kind == "raw" else nearest(self.features(x), self.training_features, 2)
            self._neighbours_of[split] = self._nearest_by_values(x), by_features
        return self._neighbours_of[split]

    def _nearest_by_values(self, x: Tensor) -> Nearest:
        return nearest(x.flatten(1), (part.flatten(1) for part in examples(self.training, self.data)), 2)


@exact()
@torch.no_grad()
def _digits(found: Tensor) -> ClassHistogram:
    """What ``class_histogram`` of the classifier gives, from features that were computed already."""
    top, digit = digit_classifier().head(found).softmax(1).max(1)
    shares = torch.bincount(digit, minlength=CLASSES).double() / len(found)
    return ClassHistogram(dict(enumerate(shares.tolist())), top.double().mean().item(), len(found))
