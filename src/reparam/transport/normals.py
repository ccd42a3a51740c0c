"""The 2-Wasserstein distance between normals, in closed form."""

import torch
from torch import Tensor

from reparam.divergences.normals import cholesky
from reparam.transport.discrete import root


def wasserstein2_diagonal(mean_p: Tensor, scale_p: Tensor, mean_q: Tensor, scale_q: Tensor) -> Tensor:
    """W2 of normals with diagonal covariance, ``(*batch,)``: √(‖μ_p - μ_q‖² + ‖σ_p - σ_q‖²).

    Args:
        mean_p: ``(*batch, dimensions)``; one dimension is the univariate case.
        scale_p: standard deviations, not negative.
        mean_q: as ``mean_p``.
        scale_q: as ``scale_p``.

    >>> wasserstein2_diagonal(torch.tensor([0.0]), torch.tensor([1.0]), torch.tensor([3.0]), torch.tensor([5.0]))
    tensor(5.)
    """
    return root(((mean_p - mean_q).square() + (scale_p - scale_q).square()).sum(-1), 2)


def wasserstein2_full(mean_p: Tensor, covariance_p: Tensor, mean_q: Tensor, covariance_q: Tensor) -> Tensor:
    """W2 of normals with full covariance, ``(*batch,)``, by the Bures metric (Dowson & Landau 1982).

    √(‖μ_p - μ_q‖² + tr Σ_p + tr Σ_q - 2 tr (Σ_p^½ Σ_q Σ_p^½)^½). The last trace is the nuclear norm of L_pᵀ L_q with
    Σ = L Lᵀ, whose gradient exists where eigenvalues coincide, too.

    Args:
        mean_p: ``(*batch, d)``.
        covariance_p: ``(*batch, d, d)``, symmetric positive definite.
        mean_q: as ``mean_p``.
        covariance_q: as ``covariance_p``.

    Raises:
        UserError: if a covariance is not symmetric positive definite.

    >>> eye = torch.eye(2)
    >>> wasserstein2_full(torch.zeros(2), eye, torch.tensor([3.0, 4.0]), eye)
    tensor(5.)
    """
    root_p, root_q = cholesky(covariance_p, "the first"), cholesky(covariance_q, "the second")
    fidelity = torch.linalg.svdvals(root_p.mT @ root_q).sum(-1)
    traces = sum(c.diagonal(dim1=-2, dim2=-1).sum(-1) for c in (covariance_p, covariance_q))
    return root((mean_p - mean_q).square().sum(-1) + (traces - 2 * fidelity), 2)
