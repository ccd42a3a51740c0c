"""The Vendi score: how many different examples a sample is worth, with an error bar."""

from dataclasses import dataclass
from math import hypot, sqrt

import torch
from torch import Tensor

from reparam.evaluation.samples.compared import Compared
from reparam.evaluation.samples.feature_checks import as_features
from reparam.evaluation.samples.scorecard import Score
from reparam.hardware import exact

GROUPS = 10
FEWEST = 4 * GROUPS


@dataclass(frozen=True)
class Vendi:
    """An effective number of different examples: 1 if all are alike, n if no two have anything in common.

    Attributes:
        value: the plain estimate; of more examples it is larger: compare only what is of the same count.
        standard_error: of it.
        n: examples.
    """

    value: float
    standard_error: float
    n: int


@exact()
def vendi_score(x: object) -> Vendi:
    """The exponential of the entropy of the eigenvalues of K/n, K the cosines of features (Friedman & Dieng 2023).

    Definition 3.1 there. The eigenvalues of K/n and of XᵀX/n, with the rows of X at length 1, are the same but for
    zeros, and XᵀX is d × d: 50,000 examples take no more memory than their features. A row of zeros, which has no
    direction, is like its like and nothing else. The standard error is a jackknife's that leaves out a tenth of the
    rows at a time.

    Args:
        x: features ``(n, d)``, array or tensor; neighbouring rows must not be related (shuffled, say).

    Raises:
        UserError: if there are fewer than 40 rows, or values are not finite.

    >>> round(vendi_score(torch.eye(5).repeat(8, 1)).value, 6)
    5.0
    """
    rows = as_features(x, x, FEWEST)[0]
    sums = [_products(part) for part in torch.tensor_split(rows, GROUPS)]
    whole, n = torch.stack(sums).sum(0), len(rows)
    counts = [len(part) for part in torch.tensor_split(rows, GROUPS)]
    without = torch.stack([_effective((whole - s) / (n - k)) for s, k in zip(sums, counts, strict=True)])
    error = sqrt((GROUPS - 1) / GROUPS * float((without - without.mean()).square().sum()))
    return Vendi(float(_effective(whole / n)), error, n)


def vendi(given: Compared) -> Score:
    """The measure of samples; the ideal is what as many examples of reference come to."""
    found, ideal = (
        vendi_score(given.sample_features),
        given.once("vendi", lambda: vendi_score(given.reference_features)),
    )
    return Score("Vendi score", found.value, hypot(found.standard_error, ideal.standard_error), ideal.value, worst=1.0)


def _products(rows: Tensor) -> Tensor:
    """XᵀX of rows at length 1, ``(d + 1, d + 1)``: the last entry marks those that have no length."""
    lengths = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
    x = torch.cat([rows / torch.where(lengths > 0, lengths, 1.0), (lengths == 0).to(rows)], 1)
    return x.mT @ x


def _effective(covariance: Tensor) -> Tensor:
    """exp(-Σ λ log λ) of its eigenvalues, which sum to 1, ``()``."""
    values = torch.linalg.eigvalsh(covariance).clamp(min=0)
    entropy: Tensor = torch.special.entr(values).sum()
    return entropy.exp()
