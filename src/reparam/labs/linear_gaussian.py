"""The model whose evidence and posterior are known: z ~ N(0, I), x = W z + b + σ · noise."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from reparam.distributions import Normal
from reparam.divergences.normals import cholesky, half_log_det


@dataclass(frozen=True)
class LinearGaussian:
    """A linear-Gaussian latent variable model.

    ``weight``: W ``(data, latent)``. ``bias``: b ``(data,)``. ``log_scale``: log σ, a number or one per dimension.
    """

    weight: Tensor
    bias: Tensor
    log_scale: Tensor

    @classmethod
    def random(cls, data_dim: int, latent_dim: int, scale: float) -> "LinearGaussian":
        """Standard normal entries from torch's global noise, float64."""
        weight, bias = (torch.randn(*shape, dtype=torch.float64) for shape in ((data_dim, latent_dim), (data_dim,)))
        return cls(weight, bias, torch.tensor(math.log(scale), dtype=torch.float64))

    @property
    def variances(self) -> Tensor:
        """σ² per dimension, ``(data,)``."""
        return (2 * self.log_scale).exp().expand(len(self.bias))

    def evidence(self, x: Tensor) -> Tensor:
        """Log p(x) = log N(x; b, W Wᵀ + σ² I) in nats, ``(batch,)``."""
        root = cholesky(self.weight @ self.weight.T + torch.diag(self.variances), "the data's")
        white = torch.linalg.solve_triangular(root, (x - self.bias).T, upper=False)
        log_prob: Tensor = -0.5 * white.square().sum(0) - half_log_det(root)
        return log_prob - 0.5 * len(self.bias) * math.log(2 * math.pi)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean ``(batch, latent)`` and covariance ``(latent, latent)`` of p(z|x)."""
        scaled = self.weight / self.variances[:, None]
        precision = torch.eye(self.weight.shape[1]).to(self.weight) + self.weight.T @ scaled
        covariance = torch.linalg.inv(precision)
        return (x - self.bias) @ scaled @ covariance, covariance

    def likelihood(self, z: Tensor) -> Normal:
        """p(x|z) for z ``(*leading, latent)``."""
        mean = z @ self.weight.T + self.bias
        return Normal.from_log_scale(mean, self.log_scale.expand_as(mean))

    def prior(self) -> Normal:
        """p(z)."""
        zeros = torch.zeros(self.weight.shape[1]).to(self.weight)
        return Normal.from_log_scale(zeros, zeros)

    def sample(self, n: int) -> Tensor:
        """Draws of x, ``(n, data)``."""
        return self.likelihood(self.prior().sample((n,))).sample()
