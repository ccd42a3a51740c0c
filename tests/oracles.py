"""Problems whose answer is known exactly."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import multivariate_normal
from torch import Tensor, nn

from reparam.distributions.columns import Category, Integer, Number
from reparam.distributions.columnwise import Columns
from reparam.models import VAE, NormalLikelihood, StandardNormal
from reparam.randomness import generator, noise


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


@dataclass(frozen=True)
class MixedLaw:
    """Rows of a number that may be missing, a whole number and a category: three kinds of rows, columns independent
    within each, so that every row's probability and the entropy of the whole are known (float64)."""

    families = (
        Number(scale=4.0, offset=20.0, missing=True),
        Integer(low=0, high=5, scale=2.0, offset=2.5),
        Category(levels=3),
    )
    shares = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)

    @property
    def kinds(self) -> Columns:
        """The three, a batch of them."""
        mean, missing = [-1.2, 0.2, 1.3], [-3.0, -3.0, 1.0]
        location, logits = [-1.0, 1.0, 0.0], [[2.0, 0.0, -2.0], [-2.0, 2.0, 0.0], [0.0, -2.0, 2.0]]
        rows = [[m, g, k, *c] for m, g, k, c in zip(mean, missing, location, logits, strict=True)]
        log_scale = torch.tensor([[-1.4, -1.2], [-1.0, -1.5], [-1.2, -0.7]], dtype=torch.float64)
        return Columns(self.families, torch.tensor(rows, dtype=torch.float64), log_scale)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x) of rows, ``(n,)``."""
        return (self.kinds.log_prob(x.double().unsqueeze(1)) + self.shares.log()).logsumexp(-1)

    def log_prob_apart(self, x: Tensor) -> Tensor:
        """What the best model of independent columns says: the product of this law's columns, each alone, ``(n,)``."""
        each = self.kinds.log_prob_columns(x.double().unsqueeze(1))
        return (each + self.shares.log().unsqueeze(-1)).logsumexp(1).sum(-1)

    def sample(self, n: int, seed: int) -> Tensor:
        g = generator(seed, "mixed law")
        chosen = torch.multinomial(self.shares, n, replacement=True, generator=g)
        with noise(seed, "mixed law"):
            return self.kinds.sample((n,))[torch.arange(n), chosen]

    def whole(self) -> tuple[Tensor, Tensor]:
        """Every row there is, its number on a fine grid, and what weighs it: densities times these sum to one."""
        width = 1e-3
        u = torch.arange(-6, 6, width, dtype=torch.float64)
        numbers = torch.cat([torch.stack([u, 0 * u], 1), torch.tensor([[0.0, 1.0]], dtype=torch.float64)])
        weights = torch.full((len(numbers),), 4.0 * width, dtype=torch.float64)
        weights[-1] = 1.0
        rest = [
            torch.tensor([(k - 2.5) / 2, *(float(level == c) for level in range(3))], dtype=torch.float64)
            for k in range(6)
            for c in range(3)
        ]
        rows = torch.cat([torch.cat([numbers, one.expand(len(numbers), -1)], 1) for one in rest])
        return rows, weights.repeat(len(rest))

    @property
    def entropy(self) -> float:
        """In nats per row, by summing over everything."""
        rows, weights = self.whole()
        log_p = self.log_prob(rows)
        return -(weights * log_p.exp() * log_p).sum().item()
