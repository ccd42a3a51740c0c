"""The feature likelihood divergence: how probable unseen examples are under balls around the samples, with an error."""

from dataclasses import dataclass, replace
from math import log, nan, pi, sqrt

import torch
from torch import Tensor

from reparam import checks
from reparam.errors import UserError
from reparam.evaluation.samples.compared import Compared
from reparam.evaluation.samples.feature_checks import as_features
from reparam.evaluation.samples.neighbours import squared_distances
from reparam.evaluation.samples.scorecard import Score
from reparam.hardware import exact
from reparam.pace import work

NAME = "feature likelihood divergence"
FEWEST = 40
BALLS = 500
STEPS = 4
GROUPS = 10
BACKGROUND = 1
"""Balls that the background counts as."""
SMALLEST = 1e-5
"""The least variance per feature, in units of the data's own: a ball around a copy shrinks without end."""
TINY = 1e-30
BLOCK = 2**18
"""Distances in memory at a time."""


@dataclass(frozen=True)
class FeatureLikelihood:
    """How many hundredths of a nat per feature unseen examples are less probable than beside real examples.

    Attributes:
        value: 0 where samples do as well as training examples in their place; may fall below.
        standard_error: of it, over unseen examples and balls.
        balls: samples, and training examples in their place.
        n: training examples that variances are fitted to, and unseen ones that are judged.
    """

    value: float
    standard_error: float
    balls: int
    n: tuple[int, int]


@exact()
def feature_likelihood(
    samples: object, train: object, unseen: object, balls: int = BALLS, steps: int = STEPS
) -> FeatureLikelihood:
    """100/d (log q - log p) of unseen examples: p is a mixture of balls around samples, q around training examples.

    After Jiralerspong et al. 2023 (section 3), with these differences, so that no learning rate decides the number:

    - features are standardized by the training examples; each ball is a normal of one variance of its own, all of one
      weight, and a standard normal weighs as much as one ball, so that nothing is impossible;
    - the variances are fitted to the training examples by EM from the distance to each ball's nearest (the maximum
      likelihood that the paper looks for by Adam). A ball around a copy shrinks onto it and explains nothing else:
      that is how memorizing is seen;
    - the balls of q are training examples, left out of those that q is fitted to.

    The standard error has a part of the unseen examples, paired, and a jackknife's over balls with their variances.

    Args:
        samples: features ``(n, d)``; neighbouring rows must not be related (shuffled, say).
        train: of training examples ``(t, d)``, likewise.
        unseen: of real examples that training has not seen ``(k, d)``.
        balls: at most, and at most as many as samples, and as a third of the training examples.
        steps: of EM.

    Raises:
        UserError: if there are fewer than 40 samples or unseen examples, or 120 training examples; values are not
            finite, or the columns differ.
    """
    return _beside(samples, _real(train, unseen, balls, steps))


@dataclass(frozen=True)
class _Real:
    """Training and unseen examples, standardized by the first ``mean`` and ``deviation``, and log q of the unseen."""

    train: Tensor
    unseen: Tensor
    mean: Tensor
    deviation: Tensor
    balls: int
    steps: int
    q: tuple[Tensor, Tensor]


def _real(train: object, unseen: object, balls: int, steps: int) -> _Real:
    """What is the same whatever samples there are."""
    checks.whole("steps", steps)
    y, z = as_features(train, unseen, FEWEST)
    count = min(checks.whole("balls", balls, FEWEST), len(y) // 3)
    if count < FEWEST:
        raise UserError(f"{len(y)} training examples are too few to fit balls to: give {3 * FEWEST} or more")
    mean, deviation = y.mean(0), y.std(0, correction=0)
    deviation = torch.where(deviation > 0, deviation, 1.0)
    y, z = (((one - mean) / deviation).float() for one in (y, z))
    return _Real(y, z, mean, deviation, count, steps, _judged(y[:count], y[count:], z, steps))


def _beside(samples: object, real: _Real) -> FeatureLikelihood:
    x, _ = as_features(samples, real.mean.expand(FEWEST, -1), FEWEST)
    count = min(real.balls, len(x))
    if count < real.balls:  # as many balls on both sides
        fewer = real.train[:count], real.train[count:], real.unseen, real.steps
        real = replace(real, balls=count, q=_judged(*fewer))
    centres = ((x[:count] - real.mean) / real.deviation).float()
    p = _judged(centres, real.train, real.unseen, real.steps)
    gap = real.q[0] - p[0]
    scale = 100 / x.shape[1]
    error = sqrt(float(gap.var()) / len(gap) + _jackknife(p[1]) + _jackknife(real.q[1]))
    return FeatureLikelihood(scale * float(gap.mean()), scale * error, count, (len(real.train), len(real.unseen)))


@exact()
def likely(given: Compared) -> Score:
    """The measure of samples; 0 is what training examples in their place come to. Fewer than 120 give no number."""
    if len(given.training_features()) < 3 * FEWEST:
        return Score(NAME, nan, None, 0.0)
    balls = min(BALLS, len(given.sample_features))
    real = given.once(
        (NAME, given.unseen), lambda: _real(given.training_features(), given.unseen_features(), balls, STEPS)
    )
    found = _beside(given.sample_features, real)
    return Score(NAME, found.value, found.standard_error, 0.0)


def _judged(centres: Tensor, train: Tensor, unseen: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Log-densities of unseen examples ``(k,)``, and their mean without each tenth of the balls ``(10,)``."""
    variances = fitted(centres, train, steps)
    tenth = torch.nn.functional.one_hot(torch.arange(len(centres)) % GROUPS, GROUPS).float()
    left = (
        len(centres) + BACKGROUND - torch.cat([torch.zeros(1), tenth.sum(0)]).double()
    )  # with all of them, and without
    logs = []
    for block in torch.split(unseen, max(1, BLOCK // len(centres))):
        most, each, whole = _parts(squared_distances(block, centres), variances, block)
        sums = torch.cat([whole[:, None], whole[:, None] - each @ tenth], 1).double()
        logs.append(most[:, None] + sums.clamp(min=TINY).log() - left.log())
    found = torch.cat(logs)
    return found[:, 0], found[:, 1:].mean(0)


def fitted(centres: Tensor, train: Tensor, steps: int) -> Tensor:
    """The variance of each ball ``(balls,)``, float64, after so many steps of EM; the likelihood never falls.

    σ_j² = Σ_i r_ij |x_i - c_j|² / (d Σ_i r_ij), with r_ij the share of ball j in the density at x_i.
    """
    width = centres.shape[1]
    size = max(1, BLOCK // len(centres))
    least = torch.stack([squared_distances(part, centres).amin(0) for part in torch.split(train, size)]).amin(0)
    variances = (least.double() / width).clamp(min=SMALLEST)
    with work("fitting balls", steps * len(train), "`steps`") as add:
        for _ in range(steps):
            total, weight = torch.zeros_like(variances), torch.zeros_like(variances)
            for part in torch.split(train, size):
                squares = squared_distances(part, centres)
                _, shares, whole = _parts(squares, variances, part)
                weight += shares.mT @ (1 / whole)
                total += shares.mul_(squares).mT @ (1 / whole)
                add(len(part))
            # a ball that explains nothing stays as it is
            variances = torch.where(weight > 0, total / (width * weight), variances).clamp(min=SMALLEST)
    return variances


def _parts(squares: Tensor, variances: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The log of a scale ``(n,)``, and in units of it densities of balls ``(n, balls)`` and of all ``(n,)``.

    All: their sum with the background's.
    """
    width = x.shape[1]
    precision = (-0.5 / variances).float()
    each = torch.addcmul((-width / 2 * (2 * pi * variances).log()).float(), squares, precision)
    ground = -x.square().sum(1) / 2 - width / 2 * log(2 * pi) + log(BACKGROUND)
    most = torch.maximum(each.amax(1), ground)
    each = each.sub_(most[:, None]).exp_()
    return most, each, each.sum(1) + (ground - most).exp()


def _jackknife(without: Tensor) -> float:
    """The variance of a mean, from what it is without each of ten parts."""
    return float((GROUPS - 1) / GROUPS * (without - without.mean()).square().sum())
