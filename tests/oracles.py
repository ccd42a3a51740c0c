"""Problems whose answer is known exactly."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import multivariate_normal
from torch import Tensor, nn

from reparam.models import VAE, NormalLikelihood, StandardNormal
from reparam.randomness import generator


@dataclass(frozen=True)
class LinearGaussian:
    """z ~ N(0, I), x = weight z + bias + scale · noise: evidence and posterior are normal, in closed form (float64)."""

    weight: Tensor
    bias: Tensor
    scale: float

    @classmethod
    def random(cls, data_dim: int, latent_dim: int, seed: int, scale: float = 0.5) -> "LinearGaussian":
        g = generator(seed, "linear gaussian")
        weight = torch.randn(data_dim, latent_dim, generator=g, dtype=torch.float64)
        return cls(weight, torch.randn(data_dim, generator=g, dtype=torch.float64), scale)

    @property
    def covariance(self) -> Tensor:
        return self.weight @ self.weight.T + self.scale**2 * torch.eye(len(self.bias), dtype=torch.float64)

    def evidence(self, x: Tensor) -> Tensor:
        """log p(x), ``(batch,)``, computed by scipy."""
        density = multivariate_normal(self.bias.numpy(), self.covariance.numpy())
        return torch.from_numpy(np.atleast_1d(density.logpdf(x.detach().numpy())))

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean ``(batch, latent)`` and covariance ``(latent, latent)`` of p(z|x)."""
        precision = torch.eye(self.weight.shape[1], dtype=torch.float64) + self.weight.T @ self.weight / self.scale**2
        covariance = torch.linalg.inv(precision)
        return (x - self.bias) @ self.weight @ covariance / self.scale**2, covariance

    def sample(self, n: int, seed: int) -> Tensor:
        g = generator(seed, "linear gaussian data")
        z = torch.randn(n, self.weight.shape[1], generator=g, dtype=torch.float64)
        noise = torch.randn(n, len(self.bias), generator=g, dtype=torch.float64)
        return z @ self.weight.T + self.bias + self.scale * noise

    def vae(self) -> VAE:
        """A VAE whose decoder is this model, with an untrained linear encoder (float64)."""
        data_dim, latent_dim = self.weight.shape
        decoder = nn.Linear(latent_dim, data_dim, dtype=torch.float64)
        with torch.no_grad():
            decoder.weight.copy_(self.weight)
            decoder.bias.copy_(self.bias)
        likelihood = NormalLikelihood((data_dim,), learned=False).double()
        likelihood.log_scale.fill_(math.log(self.scale))
        encoder = nn.Linear(data_dim, 2 * latent_dim)
        return VAE(encoder, decoder, StandardNormal(latent_dim), likelihood=likelihood).double()


def kl_between_normals(mean: Tensor, covariance: Tensor, other_mean: Tensor, other_covariance: Tensor) -> Tensor:
    """KL between full normals with one pair of covariances and batches of means, ``(batch,)``, by linear algebra."""
    inverse = torch.linalg.inv(other_covariance)
    shift = other_mean - mean
    logdet = torch.logdet(other_covariance) - torch.logdet(covariance)
    return 0.5 * ((inverse @ covariance).trace() + ((shift @ inverse) * shift).sum(-1) - mean.shape[-1] + logdet)


def within_error(samples: Tensor, exact: float, sigmas: float = 4.5) -> bool:
    """Whether the mean of independent samples is within its own error bar of the exact value."""
    error = samples.std() / len(samples) ** 0.5
    return bool((samples.mean() - exact).abs() <= sigmas * error)
