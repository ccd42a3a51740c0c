"""The kernel distance between features: squared MMD with a cubic kernel, unbiased, with an error bar."""

from dataclasses import dataclass

import torch
from torch import Tensor

from reparam import checks
from reparam.evaluation.samples.feature_checks import as_features
from reparam.hardware import exact
from reparam.randomness import generator

FEWEST = 40
SUBSETS = 10
SUBSET_SIZE = 1000


@dataclass(frozen=True)
class KernelDistance:
    """A squared maximum mean discrepancy; 0 for samples of one distribution, about which its estimate scatters.

    Attributes:
        value: the mean over subsets.
        standard_error: of that mean; the subsets are disjoint, so it is an honest one.
        subsets: how many.
        subset_size: examples of each set in each of them.
    """

    value: float
    standard_error: float
    subsets: int
    subset_size: int


@exact()
def kernel_distance(x: object, y: object, seed: int = 0, subset_size: int | None = None) -> KernelDistance:
    """The mean of unbiased squared MMDs of disjoint subsets, with k(a, b) = (aᵀb/d + 1)³ (Bińkowski et al. 2018).

    The custom of drawing a hundred overlapping subsets and showing the spread among them says neither how precise the
    mean is nor how precise one of them is; disjoint ones do.

    Args:
        x: features ``(n, d)``, array or tensor.
        y: ``(m, d)``.
        seed: of the choice of subsets.
        subset_size: at most half of the smaller set; unless given 1,000, or a tenth of the smaller set if that is less.

    Raises:
        UserError: if a set has fewer than 40 rows or values that are not finite, the columns differ, or a subset has
            fewer than 2 examples.
    """
    if subset_size is not None:
        checks.whole("subset_size", subset_size, 2)
    a, b = as_features(x, y, FEWEST)
    fewer = min(len(a), len(b))
    size = max(2, min(subset_size or min(SUBSET_SIZE, fewer // SUBSETS), fewer // 2))
    count = fewer // size
    rng = generator(seed, "kernel distance")
    parts = [z[torch.randperm(len(z), generator=rng)[: count * size]].reshape(count, size, -1) for z in (a, b)]
    values = torch.stack([squared_mmd(first, second) for first, second in zip(*parts, strict=True)])
    return KernelDistance(float(values.mean()), float(values.std() / count**0.5), count, size)


def squared_mmd(x: Tensor, y: Tensor) -> Tensor:
    """The unbiased squared MMD with the cubic kernel, ``()`` (Gretton et al. 2012, lemma 6).

    Args:
        x: ``(n, d)`` with n at least 2.
        y: ``(m, d)``.
    """
    within = sum((k.sum() - k.trace()) / (len(k) * (len(k) - 1)) for k in (_cubic(x, x), _cubic(y, y)))
    return torch.as_tensor(within) - 2 * _cubic(x, y).mean()


def _cubic(x: Tensor, y: Tensor) -> Tensor:
    return (x @ y.mT / x.shape[1] + 1) ** 3
