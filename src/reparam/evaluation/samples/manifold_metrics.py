"""Precision and recall, density and coverage: fidelity and diversity by balls around each example."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from reparam.errors import UserError
from reparam.evaluation.samples.feature_checks import as_features
from reparam.evaluation.samples.neighbours import blocks, neighbour_squares

PARTS = 10
FEW = 150
"""Rows of the smaller set below which errors are a jackknife's: by tenths of 6 they were a quarter of the truth."""
FEWEST = 40
ROUNDING = 1e-12
NAMES = ("precision", "recall", "density", "coverage")


@dataclass(frozen=True)
class ManifoldMetrics:
    """Fidelity (precision, density) and diversity (recall, coverage) of samples.

    A ball is around each example, of radius the distance to its kth nearest neighbour in its own set.

    Attributes:
        precision: share of samples inside a real ball.
        recall: share of real examples inside a sample's ball.
        density: how many real balls a sample is inside, over k; 1 in expectation for equal distributions.
        coverage: share of real balls with a sample inside; see :func:`expected_coverage`.
        errors: standard errors of these four, by name.
        k: neighbours that make the balls of precision and recall, and of density and coverage.
        n: real examples and samples.
    """

    precision: float
    recall: float
    density: float
    coverage: float
    errors: dict[str, float]
    k: tuple[int, int]
    n: tuple[int, int]


def manifold_metrics(real: object, samples: object, k_precision: int = 3, k_density: int = 5) -> ManifoldMetrics:
    """Improved precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020).

    Balls are closed, so that a copy is inside the ball of an example with k copies of its own. Values depend on the
    counts of both sets: compare only what has the same. Standard errors are the spread among ten disjoint subsets of
    both sets over √10. That takes the variance to fall like 1/n, as it does within a third or so, but for a share that
    is near 1 only because n is large. Below 150 rows they are a jackknife's, which leaves a tenth of both out at a
    time: too large in expectation rather than too small (Efron and Stein 1981, theorem 2), by a half or so. No error
    is below one example's part, 1/n.

    Args:
        real: features ``(n, d)``, array or tensor; neighbouring rows must not be related (shuffled, say).
        samples: ``(m, d)``.
        k_precision: of precision and recall (3 in their paper).
        k_density: of density and coverage (5 in theirs).

    Raises:
        UserError: if a k is below 1, a set has fewer than 40 or 10 (k + 1) rows, values are not finite, or the columns
            differ.
    """
    ks = k_precision, k_density
    if min(ks) < 1:
        raise UserError(f"k = {min(ks)} makes no ball: give at least 1")
    x, y = as_features(real, samples, max(FEWEST, PARTS * (max(ks) + 1)))
    x, y = x - x.mean(0), y - x.mean(0)
    fewer = min(len(x), len(y))
    spread = (_left_out if fewer < FEW else _spread)(x, y, ks).clamp(min=1 / fewer)
    means, errors = (dict(zip(NAMES, row.tolist(), strict=True)) for row in (_values(x, y, *ks), spread))
    return ManifoldMetrics(**means, errors=errors, k=ks, n=(len(x), len(y)))


def _spread(x: Tensor, y: Tensor, ks: tuple[int, int]) -> Tensor:
    """Standard errors of the four, ``(4,)``, from tenths of both sets."""
    parts = zip(torch.tensor_split(x, PARTS), torch.tensor_split(y, PARTS), strict=True)
    return torch.stack([_values(a, b, *ks) for a, b in parts]).std(0) / math.sqrt(PARTS)


def _left_out(x: Tensor, y: Tensor, ks: tuple[int, int]) -> Tensor:
    """The same from all but a tenth of both sets."""
    xs, ys = torch.tensor_split(x, PARTS), torch.tensor_split(y, PARTS)
    rest = [[torch.cat([*z[:part], *z[part + 1 :]]) for z in (xs, ys)] for part in range(PARTS)]
    return torch.stack([_values(a, b, *ks) for a, b in rest]).std(0, correction=0) * math.sqrt(PARTS - 1)


def expected_coverage(n: int, m: int, k: int = 5) -> float:
    """Coverage in expectation when n real examples and m samples are of one distribution (Naeem et al. 2020, lemma 2).

    1 - (n-1)···(n-k) / ((n+m-1)···(n+m-k)): the chance that of all others the k nearest are not all real.

    >>> round(expected_coverage(10_000, 10_000, 5), 4)
    0.9688
    """
    missed = 1.0
    for i in range(1, k + 1):
        missed *= (n - i) / (n + m - i)
    return 1 - missed


def _values(x: Tensor, y: Tensor, k_precision: int, k_density: int) -> Tensor:
    """Precision, recall, density and coverage, ``(4,)``, of real x ``(n, d)`` and samples y ``(m, d)``."""
    squares = neighbour_squares(x, max(k_precision, k_density))
    narrow, wide = _balls(x, squares[:, k_precision - 1]), _balls(x, squares[:, k_density - 1])
    around_samples = _balls(y, neighbour_squares(y, k_precision)[:, -1])
    inside, recalled, counts, covered = _membership(x, y, narrow, wide, around_samples)
    parts = inside, recalled, counts.double() / k_density, covered
    return torch.stack([part.double().mean() for part in parts])


def _balls(x: Tensor, squares: Tensor) -> Tensor:
    """Squared radii with room for rounding, so that the point which made a ball is inside."""
    return squares + ROUNDING * (x.square().sum(1) + squares)


def _membership(x: Tensor, y: Tensor, narrow: Tensor, wide: Tensor, around_samples: Tensor) -> tuple[Tensor, ...]:
    """Who is inside whose ball, the balls given by their squared radii.

    Returns:
        Of each sample whether it is inside a narrow ball, of each example whether it is inside a sample's, of each
        sample inside how many wide balls it is, of each wide ball whether a sample is inside.
    """
    inside, counts = torch.zeros(len(y), dtype=torch.bool), torch.zeros(len(y), dtype=torch.int64)
    recalled, covered = torch.zeros(len(x), dtype=torch.bool), torch.zeros(len(x), dtype=torch.bool)
    for rows, squares in blocks(x, y):
        within = squares <= wide[rows, None]
        counts += within.sum(0)
        covered[rows] = within.any(1)
        inside |= (squares <= narrow[rows, None]).any(0)
        recalled[rows] = (squares <= around_samples).any(1)
    return inside, recalled, counts, covered
