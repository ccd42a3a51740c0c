"""The sliced Wasserstein distance between features: what sorting says of every direction, with an error bar."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, sqrt

import torch
from torch import Tensor

from reparam import checks
from reparam.evaluation.samples.compared import Compared
from reparam.evaluation.samples.feature_checks import as_features
from reparam.evaluation.samples.scorecard import Score
from reparam.hardware import exact
from reparam.pace import work
from reparam.randomness import generator

GROUPS = 10
FEWEST = 4 * GROUPS
DIRECTIONS = 100
"""At least so many, in whole orthogonal bases."""
BLOCK = 2**22
"""Projections in memory at a time."""


@dataclass(frozen=True)
class SlicedWasserstein:
    """A mean squared 2-Wasserstein distance of projections, in squared units of the features.

    Attributes:
        value: the plain estimate; too large, by an amount that falls with the counts and hardly grows with the width.
        standard_error: of it, over examples; directions are a condition, as the seed is.
        directions: how many.
        n: examples of both sets.
    """

    value: float
    standard_error: float
    directions: int
    n: tuple[int, int]


@exact()
def sliced_wasserstein(x: object, y: object, seed: int = 0, directions: int = DIRECTIONS) -> SlicedWasserstein:
    """The mean over directions θ of W₂²(θᵀx, θᵀy), each of which sorting gives (Bonneel et al. 2015, equation 8).

    The Monge inception distance (MIND, Berthet et al. 2026) is this of Inception's features. No covariance is
    estimated, and all moments count. Directions come in whole random orthogonal bases, over which the mean of (θᵀm)² is
    exactly |m|²/d: a shift by m comes to that, with no error of directions. The standard error is a jackknife's that
    leaves out a tenth of both sets at a time.

    Args:
        x: features ``(n, d)``, array or tensor; neighbouring rows must not be related (shuffled, say).
        y: ``(m, d)``.
        seed: of the directions.
        directions: at least so many.

    Raises:
        UserError: if a set has fewer than 40 rows or values that are not finite, or the columns differ.

    >>> x = torch.randn(1000, 3, generator=torch.Generator().manual_seed(0))
    >>> round(sliced_wasserstein(x, x + torch.tensor([3.0, 0.0, 6.0])).value, 6)
    15.0
    """
    checks.whole("directions", directions)
    a, b = as_features(x, y, FEWEST)
    total, without, count = torch.zeros(()).double(), torch.zeros(GROUPS).double(), 0
    block = max(1, BLOCK // max(len(a), len(b)))
    for basis in _bases(a.shape[1], directions, seed):
        with work("sorting projections", len(basis), "`count`") as add:
            for some in torch.split(basis, block):
                whole, parts = _squares(a @ some.mT, b @ some.mT)
                total, without, count = total + whole, without + parts, count + len(some)
                add(len(some))
    without = without / count
    error = sqrt((GROUPS - 1) / GROUPS * float((without - without.mean()).square().sum()))
    return SlicedWasserstein(float(total / count), error, count, (len(a), len(b)))


def sliced(given: Compared) -> Score:
    """The measure of samples; 0 is the least."""
    found = sliced_wasserstein(given.reference_features, given.sample_features, given.seed)
    return Score("sliced Wasserstein distance", found.value, found.standard_error, 0.0)


def _bases(width: int, directions: int, seed: int) -> Iterator[Tensor]:
    """Random orthogonal bases ``(width, width)``, of the uniform law on the group (Mezzadri 2007): signs matter."""
    rng = generator(seed, "sliced Wasserstein")
    for _ in range(ceil(directions / width)):
        q, r = torch.linalg.qr(torch.randn(width, width, generator=rng, dtype=torch.float64))
        yield q * r.diagonal().sign()


def _squares(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """W₂² of each column of x ``(n, k)`` and y ``(m, k)``, summed over columns, and so without each tenth of rows.

    Returns:
        ``()`` and ``(10,)``.
    """
    (x, of_x), (y, of_y) = (_sorted(z) for z in (x, y))
    parts = [_apart(_left(x, of_x != group), _left(y, of_y != group)) for group in range(GROUPS)]
    return _apart(x.mT, y.mT), torch.stack(parts)


def _sorted(x: Tensor) -> tuple[Tensor, Tensor]:
    """Each column in order, and the tenth of the rows that each of its entries is of."""
    tenth = torch.cat([torch.full((len(part),), i) for i, part in enumerate(torch.tensor_split(x, GROUPS))])
    values, order = x.sort(0)
    return values, tenth[order]


def _left(x: Tensor, kept: Tensor) -> Tensor:
    """The kept entries of each column, still in order, ``(k, left)``: every column keeps as many."""
    return x.mT[kept.mT].reshape(x.shape[1], -1)


def _apart(x: Tensor, y: Tensor) -> Tensor:
    """∫ (F⁻¹(u) - G⁻¹(u))² du of rows in order, ``(k, n)`` and ``(k, m)``, summed over rows."""
    n, m = x.shape[1], y.shape[1]
    if n == m:
        return (x - y).square().mean(1).sum()
    ends = torch.cat([torch.arange(1, n + 1).double() / n, torch.arange(1, m + 1).double() / m]).sort().values
    widths = ends.diff(prepend=ends.new_zeros(1))
    middles = ends - widths / 2
    first, second = ((middles * count).long().clamp(max=count - 1) for count in (n, m))
    return ((x[:, first] - y[:, second]).square() * widths).sum()
