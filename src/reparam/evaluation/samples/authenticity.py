"""AuthPct: the share of samples that are no nearer to a training example than training examples are to each other."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

from reparam.evaluation.samples.compared import Beside, Compared
from reparam.evaluation.samples.memorization import checked, checked_rows
from reparam.evaluation.samples.neighbours import nearest
from reparam.evaluation.samples.scorecard import Score


@dataclass(frozen=True)
class Authenticity:
    """A share of samples.

    Attributes:
        value: the share that is authentic.
        standard_error: of it.
        n: samples and training examples.
    """

    value: float
    standard_error: float
    n: tuple[int, int]


def authenticity(samples: Tensor, train: Tensor) -> Authenticity:
    """The share of samples that are farther from their nearest training example than that is from its nearest other.

    (Alaa et al. 2022, section 4.3; in per cent AuthPct.) Copies come to 0. What real examples come to that training has
    not seen depends on the law of the data and is no round number: compare with it. Noise, which is far from all data,
    comes to 1: the measure sees copies, and no quality.

    Args:
        samples: features ``(n, d)``.
        train: features of the training examples ``(t, d)``, at least 2.

    Raises:
        UserError: if there are fewer than 40 samples or 2 training examples, or values are not finite.

    >>> x = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
    >>> authenticity(x, x).value, authenticity(x + 100, x).value
    (0.0, 1.0)
    """
    x, y = checked(samples, "samples"), checked_rows(train, "training examples")
    value, error = _share(beside_training(x, y))
    return Authenticity(value, error, (len(x), len(y)))


def beside_training(x: Tensor, train: Tensor) -> Beside:
    """Each example ``(n, d)`` beside its nearest of the training examples ``(t, d)``."""
    found = nearest(x, train, 1)
    rows, back = torch.unique(found.indices[:, 0], return_inverse=True)
    return Beside(found.distances[:, 0], to_other(train[rows], train)[back])


def to_other(rows: Tensor, train: Tensor | Iterable[Tensor]) -> Tensor:
    """The distance ``(k,)`` of training examples ``(k, d)`` to the nearest other one: the nearest is each itself."""
    return nearest(rows, train, 2).distances[:, 1]


def authentic(given: Compared) -> Score:
    """The measure of samples; the ideal is what unseen examples come to, and only less is a fault."""
    (value, error), (ideal, its) = (_share(one()) for one in (given.beside_training, given.unseen_beside_training))
    return Score("AuthPct", value, sqrt(error**2 + its**2), ideal, only_below=True, worst=0.0)


def _share(found: Beside) -> tuple[float, float]:
    """The share of the authentic with its standard error."""
    value = float((found.distances > found.theirs).double().mean())
    return value, sqrt(value * (1 - value) / len(found.distances))
