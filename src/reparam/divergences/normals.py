"""Closed forms between normals: diagonal (univariate is one dimension) and full covariance."""

import math

import torch
from torch import Tensor

from reparam.distributions import Normal
from reparam.errors import UserError


def kl_diagonal(mean_p: Tensor, scale_p: Tensor, mean_q: Tensor, scale_q: Tensor) -> Tensor:
    """KL(p ‖ q) of normals with diagonal covariance, in nats summed over the last dimension.

    Σ [log σ_q/σ_p + (σ_p² + (μ_p - μ_q)²) / (2 σ_q²) - ½] (Kingma & Welling 2014, appendix B, for general normals).

    Args:
        mean_p: ``(*batch, dimensions)``.
        scale_p: standard deviations, positive.
        mean_q: as ``mean_p``.
        scale_q: as ``scale_p``.

    Returns:
        ``(*batch,)``.

    Raises:
        UserError: if a scale is not positive.

    >>> kl_diagonal(torch.tensor([1.0]), torch.tensor([1.0]), torch.tensor([0.0]), torch.tensor([1.0]))
    tensor(0.5000)
    """
    return Normal(mean_p, scale_p).kl(Normal(mean_q, scale_q))


def kl_full(mean_p: Tensor, covariance_p: Tensor, mean_q: Tensor, covariance_q: Tensor) -> Tensor:
    """KL(p ‖ q) of normals with full covariance, in nats.

    ½ [tr(Σ_q⁻¹ Σ_p) + (μ_q - μ_p)ᵀ Σ_q⁻¹ (μ_q - μ_p) - d + log det Σ_q - log det Σ_p].

    Args:
        mean_p: ``(*batch, d)``.
        covariance_p: ``(*batch, d, d)``, symmetric positive definite.
        mean_q: as ``mean_p``.
        covariance_q: as ``covariance_p``.

    Returns:
        ``(*batch,)``.

    Raises:
        UserError: if a covariance is not symmetric positive definite.

    >>> eye = torch.eye(2)
    >>> kl_full(torch.ones(2), eye, torch.zeros(2), eye)
    tensor(1.)
    """
    root_p, root_q = cholesky(covariance_p, "the first"), cholesky(covariance_q, "the second")
    ratio = torch.linalg.solve_triangular(root_q, root_p, upper=False)
    shift = torch.linalg.solve_triangular(root_q, (mean_q - mean_p).unsqueeze(-1), upper=False)
    squares = ratio.square().sum((-2, -1)) + shift.square().sum((-2, -1))
    kl: Tensor = 0.5 * (squares - mean_p.shape[-1]) + half_log_det(root_q) - half_log_det(root_p)
    return kl


def hellinger_diagonal(mean_p: Tensor, scale_p: Tensor, mean_q: Tensor, scale_q: Tensor) -> Tensor:
    """Squared Hellinger distance of normals with diagonal covariance, ``(*batch,)`` in [0, 1].

    1 - Π √(2 σ_p σ_q / (σ_p² + σ_q²)) exp(-¼ (μ_p - μ_q)² / (σ_p² + σ_q²)); arguments as for :func:`kl_diagonal`.

    >>> one = torch.ones(1)
    >>> hellinger_diagonal(0 * one, one, 0 * one, one)
    tensor(0.)
    """
    both = scale_p.square() + scale_q.square()
    log_affinity = 0.5 * (2 * scale_p * scale_q / both).log() - 0.25 * (mean_p - mean_q).square() / both
    return 0.0 - torch.expm1(log_affinity.sum(-1))


def hellinger_full(mean_p: Tensor, covariance_p: Tensor, mean_q: Tensor, covariance_q: Tensor) -> Tensor:
    """Squared Hellinger distance of normals with full covariance, ``(*batch,)`` in [0, 1].

    1 - det(Σ_p)^¼ det(Σ_q)^¼ / det(Σ̄)^½ · exp(-⅛ (μ_p - μ_q)ᵀ Σ̄⁻¹ (μ_p - μ_q)), Σ̄ = ½ (Σ_p + Σ_q) (Pardo 2006,
    section 1.4); arguments and errors as for :func:`kl_full`.
    """
    roots = [cholesky(covariance_p, "the first"), cholesky(covariance_q, "the second")]
    middle = cholesky(0.5 * (covariance_p + covariance_q), "the mean")
    shift = torch.linalg.solve_triangular(middle, (mean_p - mean_q).unsqueeze(-1), upper=False)
    log_determinants = 0.5 * (half_log_det(roots[0]) + half_log_det(roots[1])) - half_log_det(middle)
    return 0.0 - torch.expm1(log_determinants - 0.125 * shift.square().sum((-2, -1)))


def total_variation_univariate(mean_p: Tensor, scale_p: Tensor, mean_q: Tensor, scale_q: Tensor) -> Tensor:
    """Total variation of univariate normals, elementwise, from the one or two points where their densities cross.

    The densities are equal at the roots of a quadratic; between them the narrower one is larger, and TV is the
    difference of both normals' masses there.

    Args:
        mean_p: any shape, broadcasting with the others.
        scale_p: standard deviation, positive.
        mean_q: as ``mean_p``.
        scale_q: as ``scale_p``.

    >>> zero, one = torch.tensor(0.0), torch.tensor(1.0)
    >>> total_variation_univariate(zero, one, 2 * one, one)  # 2 Φ(1) - 1
    tensor(0.6827)
    """
    # in the units of p, so that the crossing is found as well for tiny as for large scales
    shift, log_scale = (mean_q - mean_p) / scale_p, (scale_q / scale_p).log()
    equal = log_scale.abs() < 1e-7
    safe = torch.where(equal, 1.0, log_scale)
    a = -torch.expm1(-2 * safe)
    b, c = shift * (-2 * safe).exp(), -(shift.square() * (-2 * safe).exp() + 2 * safe)
    # the sum without cancellation gives one root, the product of both the other
    far = -(b + torch.where(b < 0, -1.0, 1.0) * (b.square() - a * c).sqrt())
    ends = far / a, c / far
    of_p, of_q = _mass(*ends), _mass(*((end - shift) / safe.exp() for end in ends))
    crossing_twice = (of_p - of_q).abs()
    crossing_once = torch.erf(torch.where(equal, shift, 0.0).abs() / math.sqrt(8))
    return torch.where(equal, crossing_once, crossing_twice)


def total_variation_equal_covariance(mean_p: Tensor, mean_q: Tensor, covariance: Tensor) -> Tensor:
    """Total variation of normals that share a covariance: 2 Φ(δ/2) - 1 with δ their Mahalanobis distance.

    Args:
        mean_p: ``(*batch, d)``.
        mean_q: likewise.
        covariance: ``(d, d)`` or ``(*batch, d, d)``, symmetric positive definite.

    Raises:
        UserError: if the covariance is not symmetric positive definite.
    """
    root = cholesky(covariance, "the")
    shift = torch.linalg.solve_triangular(root, (mean_p - mean_q).unsqueeze(-1), upper=False)
    return torch.erf(torch.linalg.vector_norm(shift, dim=(-2, -1)) / math.sqrt(8))


def cholesky(covariance: Tensor, which: str) -> Tensor:
    """The lower Cholesky factor, ``(*batch, d, d)``.

    Raises:
        UserError: if the matrix is not symmetric positive definite.
    """
    symmetric = torch.allclose(covariance, covariance.mT, rtol=1e-5, atol=1e-8)
    root, failed = torch.linalg.cholesky_ex(covariance)
    if not symmetric or failed.any() or not torch.isfinite(root).all():
        raise UserError(
            f"{which} covariance is not symmetric positive definite: give one that is (adding a small multiple of the "
            "identity helps a singular one)"
        )
    factor: Tensor = root
    return factor


def half_log_det(root: Tensor) -> Tensor:
    """½ log det of the matrix whose Cholesky factor this is, ``(*batch,)``."""
    return root.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def _mass(low: Tensor, high: Tensor) -> Tensor:
    """The standard normal's mass between two points, negative if they are swapped."""
    return 0.5 * (torch.erf(high / math.sqrt(2)) - torch.erf(low / math.sqrt(2)))
