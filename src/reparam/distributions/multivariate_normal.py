"""The normal distribution with full covariance."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from reparam.distributions.base import Distribution, broadcast_shape, check_parameters, check_positive
from reparam.distributions.normal import LOG_2PI, Normal
from reparam.errors import UserError


class MultivariateNormal(Distribution):
    """N(mean, L Lᵀ) with a lower-triangular L whose diagonal is positive (Kingma & Welling 2014, section 2.4).

    A sample is ``mean + L noise`` with noise ~ N(0, I), so the gradient passes to both parameters.

    Args:
        mean: ``(*batch_shape, dim)``.
        cholesky: L, ``(*batch_shape, dim, dim)``, broadcasting with the mean; what is above its diagonal is not read.

    Raises:
        UserError: if an entry of the diagonal is not positive, naming it, or shapes do not go together.

    >>> q = MultivariateNormal(torch.zeros(3, 2), torch.eye(2).expand(3, 2, 2))
    >>> q.sample((5,)).shape, q.log_prob(torch.zeros(3, 2)).shape
    (torch.Size([5, 3, 2]), torch.Size([3]))
    """

    def __init__(self, mean: Tensor, cholesky: Tensor) -> None:
        super().__init__(event_dims=1)
        _check_shapes(mean, cholesky)
        check_positive("the Cholesky factor's diagonal", cholesky.diagonal(dim1=-2, dim2=-1))
        self._set(mean, cholesky.tril(), cholesky.diagonal(dim1=-2, dim2=-1).log())

    @classmethod
    def from_log_diagonal(cls, mean: Tensor, log_diagonal: Tensor, below: Tensor) -> "MultivariateNormal":
        """A normal whose L has diagonal ``exp(log_diagonal)``: positive by construction, so nothing is checked.

        Args:
            mean: ``(*batch_shape, dim)``.
            log_diagonal: ``(*batch_shape, dim)``.
            below: what is below the diagonal, row by row, ``(*batch_shape, dim (dim - 1) / 2)``.
        """
        normal = cls.__new__(cls)
        super(cls, normal).__init__(event_dims=1)
        rows, columns = torch.tril_indices(mean.shape[-1], mean.shape[-1], -1, device=mean.device)
        cholesky = log_diagonal.exp().diag_embed()
        cholesky[..., rows, columns] = below
        normal._set(mean, cholesky, log_diagonal)
        return normal

    def _set(self, mean: Tensor, cholesky: Tensor, log_diagonal: Tensor) -> None:
        self._mean, self.cholesky, self.log_diagonal = mean, cholesky, log_diagonal

    @property
    def mean(self) -> Tensor:
        """The mean, as given."""
        return self._mean

    @property
    def shape(self) -> torch.Size:
        """That of the parameters."""
        return broadcast_shape(self._mean.shape, self.log_diagonal.shape)

    @property
    def covariance(self) -> Tensor:
        """L Lᵀ, ``(*batch_shape, dim, dim)``."""
        return self.cholesky @ self.cholesky.mT

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """``mean + L noise``: gradients reach mean and L."""
        return self._push(self._noise(sample_shape))

    def sample_and_log_prob(self, sample_shape: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
        """Draws and their log-density, read off the noise: no triangular system to solve."""
        noise = self._noise(sample_shape)
        return self._push(noise), self._log_density(noise)

    def _noise(self, sample_shape: Sequence[int]) -> Tensor:
        shape = (*sample_shape, *(self._mean + self.log_diagonal).shape)
        return torch.randn(shape, dtype=self._mean.dtype, device=self._mean.device)

    def _push(self, noise: Tensor) -> Tensor:
        return self._mean + (self.cholesky @ noise.unsqueeze(-1)).squeeze(-1)

    def _log_density(self, standardized: Tensor) -> Tensor:
        dim = self._mean.shape[-1]
        return -0.5 * (standardized.square().sum(-1) + dim * LOG_2PI) - self.log_diagonal.sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """-½ [|L⁻¹(x - mean)|² + dim log 2π] - log det L."""
        return self._log_density(_solve(self.cholesky, value - self._mean))

    def entropy(self) -> Tensor:
        """½ dim (1 + log 2π) + log det L."""
        constant = 0.5 * self._mean.shape[-1] * (1 + math.log(2 * math.pi))
        return constant + self.log_diagonal.sum(-1)

    def kl(self, other: Distribution) -> Tensor:
        """Closed form to a normal with full or diagonal covariance.

        >>> q = MultivariateNormal(torch.ones(1, 2), torch.eye(2))
        >>> q.kl(Normal(torch.zeros(2), torch.ones(2)))
        tensor([1.])
        """
        if isinstance(other, Normal) and other.event_dims == 1:
            shift, factor = (self._mean - other.mean) / other.scale, self.cholesky / other.scale.unsqueeze(-1)
            logdet = other.log_scale.sum(-1)
        elif isinstance(other, MultivariateNormal):
            shift = _solve(other.cholesky, self._mean - other._mean)
            factor = torch.linalg.solve_triangular(other.cholesky, self.cholesky, upper=False)
            logdet = other.log_diagonal.sum(-1)
        else:
            return super().kl(other)
        trace = factor.square().sum((-2, -1))
        dim = self._mean.shape[-1]
        return 0.5 * (trace + shift.square().sum(-1) - dim) + logdet - self.log_diagonal.sum(-1)

    def detached(self) -> "MultivariateNormal":
        """The same distribution with no gradient to its parameters."""
        normal = type(self).__new__(type(self))
        super(MultivariateNormal, normal).__init__(event_dims=1)
        normal._set(self._mean.detach(), self.cholesky.detach(), self.log_diagonal.detach())
        return normal


def _check_shapes(mean: Tensor, cholesky: Tensor) -> None:
    """Refuse a factor that is not square, or not of the mean's width."""
    if mean.dim() < 1 or cholesky.dim() < 2 or set(cholesky.shape[-2:]) != {mean.shape[-1]}:
        raise UserError(
            f"mean {tuple(mean.shape)} and cholesky {tuple(cholesky.shape)} make no normal: give (*batch, dim) and "
            "(*batch, dim, dim)"
        )
    check_parameters(1, mean=mean, diagonal=cholesky.diagonal(dim1=-2, dim2=-1))


def _solve(cholesky: Tensor, vector: Tensor) -> Tensor:
    """L⁻¹ v for any leading dimensions."""
    solution: Tensor = torch.linalg.solve_triangular(cholesky, vector.unsqueeze(-1), upper=False)
    return solution.squeeze(-1)
