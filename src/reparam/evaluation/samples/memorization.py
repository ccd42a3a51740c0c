"""Memorization: are samples nearer to the training examples than real examples are, and do they repeat each other?"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import sqrt
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reparam.errors import UserError
from reparam.evaluation.samples.neighbours import AT_ONCE, Nearest, nearest, neighbour_squares

Array = NDArray[Any]
QUANTILE = 0.05
COPY = 1e-5
FEWEST = 40
CERTAIN = 4.0
"""Standard errors by which a share must exceed its expectation to count."""
TIMES = 2.0
"""And how many times its expectation it must be."""


@dataclass(frozen=True)
class Share:
    """A share of samples, its standard error, and what it would be if samples were drawn like the test examples."""

    value: float
    standard_error: float
    expected: float

    @property
    def excessive(self) -> bool:
        """Whether it is at least twice what is expected, and by more than four standard errors."""
        return self.value - self.expected > CERTAIN * self.standard_error and self.value >= TIMES * self.expected


@dataclass(frozen=True)
class Memorization:
    """Samples and real test examples, each beside its nearest training examples.

    Attributes:
        space: where distances were taken: pixels, or the features' name.
        closer: the chance that a sample is nearer to the training set than a test example is (ties count half).
        near: the share of samples within the distance that 5 % of the test examples are within.
        singled_out: the share that is no farther from the training set than the median test example, and whose nearest
            training example stands out from the second nearest as among 5 % of the test examples: d₁/d₂ below their
            5 % quantile. A blurred or typical sample is near, too, but near to many; one far from all data may have an
            outlier for its neighbour, and repeats nothing.
        copies: the share of samples that equal a training example.
        n: samples, test examples and training examples.
        distances: of each sample to its nearest training example, ``(n,)``.
        ratios: d₁/d₂ of each sample, ``(n,)``.
        indices: the nearest training example, as a row of what was searched, ``(n,)``.
    """

    space: str
    closer: Share
    near: Share
    singled_out: Share
    copies: float
    n: tuple[int, int, int]
    distances: Array = field(repr=False, compare=False)
    ratios: Array = field(repr=False, compare=False)
    indices: Array = field(repr=False, compare=False)

    @property
    def suspected(self) -> bool:
        """Whether the model seems to repeat training examples: there are copies, or far too many are singled out."""
        return self.copies > 0.01 or self.singled_out.excessive

    def most_suspect(self, count: int = 10) -> Array:
        """Which samples to look at, beside training example ``indices[sample]``: the smallest d₁/d₂ first."""
        return np.lexsort((self.distances, self.ratios))[:count]


@dataclass(frozen=True)
class Duplicates:
    """Samples that repeat each other.

    Attributes:
        near: the share of samples whose nearest other sample is within the distance within which 5 % of as many real
            examples have theirs.
        identical: the share of samples that equal an earlier sample.
        n: samples, and real examples, as many.
    """

    near: Share
    identical: float
    n: int


def memorization(
    samples: Tensor, test: Tensor, train: Tensor | Iterable[Tensor], space: str = "pixels"
) -> Memorization:
    """Compare distances to the nearest training example between samples and test examples.

    ``closer`` is the statistic of the Mann-Whitney test of Meehan et al. 2020 (there within cells, here over all),
    ``singled_out`` follows the relative distance by which Carlini et al. 2023 (section 4.2) find copied images.

    Args:
        samples: ``(n, *shape)``.
        test: real examples that training has not seen, ``(m, *shape)``.
        train: the training examples ``(t, *shape)``, or parts of them one after the other.
        space: what the record calls it.

    Raises:
        UserError: if there are fewer than 40 samples or test examples or 2 training examples, or values are not finite.
    """
    sampled, real = checked(samples, "samples"), checked(test, "test examples")
    n, width = sampled.shape
    _check_width(real, "test examples", width)
    parts = torch.split(train, AT_ONCE) if isinstance(train, Tensor) else train
    rows = (_check_width(checked_rows(part, "training examples"), "training examples", width) for part in parts)
    both = nearest(torch.cat([sampled, real]), rows, 2)
    first, second = (Nearest(both.distances[at], both.indices[at], both.searched) for at in (slice(n), slice(n, None)))
    return beside(first, second, space)


def beside(samples: Nearest, test: Nearest, space: str = "pixels") -> Memorization:
    """The comparison, given both sets' two nearest training examples (of test examples they are found once for all).

    Args:
        samples: distances and indices ``(n, 2)``.
        test: ``(m, 2)``.
        space: what the record calls it.
    """
    distances = [found.distances.double() for found in (samples, test)]
    firsts = [d[:, 0] for d in distances]
    # two training examples that are equal: a copy of both is singled out, too
    ratios = [torch.where(d[:, 1] > 0, d[:, 0] / d[:, 1], 0.0) for d in distances]
    usual = firsts[1].median()
    standing_out = [torch.where(d <= usual, ratio, 1.0) for d, ratio in zip(firsts, ratios, strict=True)]
    return Memorization(
        space=space,
        closer=_chance_below(*firsts),
        near=_share_within(*firsts),
        singled_out=_share_within(*standing_out),
        copies=float((firsts[0] <= COPY * firsts[1].median()).double().mean()),
        n=(len(firsts[0]), len(firsts[1]), samples.searched),
        distances=firsts[0].numpy(),
        ratios=ratios[0].numpy(),
        indices=samples.indices[:, 0].numpy(),
    )


def duplicates(samples: Tensor, real: Tensor) -> Duplicates:
    """How often samples repeat each other, beside as many real examples (Arora & Zhang 2017 count such collisions).

    Args:
        samples: ``(n, *shape)``.
        real: ``(n, *shape)``; more of either are left out, since distances depend on the count.

    Raises:
        UserError: if there are fewer than 40 of either, or values are not finite.
    """
    x, y = checked(samples, "samples").double(), checked(real, "real examples").double()
    _check_width(y, "real examples", x.shape[1])
    n = min(len(x), len(y))
    x, y = x[:n], y[:n]
    near = _share_within(neighbour_squares(x, 1)[:, 0], neighbour_squares(y, 1)[:, 0])
    return Duplicates(near, 1 - len(np.unique(x.numpy(), axis=0)) / n, n)


def checked(x: Tensor, what: str) -> Tensor:
    """Examples as finite float32 rows ``(n, d)``.

    Raises:
        UserError: if there are fewer than 40, or values are not finite.
    """
    if len(x) < FEWEST:
        raise UserError(f"{len(x)} {what} are too few to measure: give {FEWEST} or more")
    return checked_rows(x, what)


def checked_rows(x: Tensor, what: str) -> Tensor:
    """Examples, however many, as finite float32 rows ``(n, d)``.

    Raises:
        UserError: if values are not finite.
    """
    if not torch.isfinite(x).all():
        raise UserError(f"there are values among the {what} that are not finite: remove or mend them")
    return x.flatten(1).float()


def _check_width(x: Tensor, what: str, width: int) -> Tensor:
    if x.shape[1] != width:
        raise UserError(f"the samples hold {width} values each and the {what} {x.shape[1]}: give all of one shape")
    return x


def _share_within(samples: Tensor, real: Tensor) -> Share:
    """The share of samples at most the 5 % quantile of the real values, ``(n,)`` and ``(m,)``."""
    bound = real.kthvalue(max(1, int(QUANTILE * len(real)))).values
    value, expected = float((samples <= bound).double().mean()), float((real <= bound).double().mean())
    error = sqrt(value * (1 - value) / len(samples) + expected * (1 - expected) / len(real))
    return Share(value, error, expected)


def _chance_below(samples: Tensor, real: Tensor) -> Share:
    """P(sample < real) + ½ P(equal), with the standard error of DeLong et al. 1988."""
    of_samples = 1 - _midranks(samples, real)
    of_real = _midranks(real, samples)
    error = sqrt(float(of_samples.var()) / len(samples) + float(of_real.var()) / len(real))
    return Share(float(of_samples.mean()), error, 0.5)


def _midranks(values: Tensor, among: Tensor) -> Tensor:
    """The share of ``among`` below each value, ties counting half."""
    ordered, values = among.sort().values, values.contiguous()
    below, up_to = (torch.searchsorted(ordered, values, right=right) for right in (False, True))
    return (below + up_to).double() / (2 * len(among))
