"""Toy densities of the plane whose log density is known exactly."""

import math
from abc import ABC, abstractmethod

import numpy as np
import torch

from reparam.hardware import in_float64


class ToyDensity(ABC):
    """A distribution on the plane that can be sampled and evaluated exactly.

    ``modes``: ``(k, 2)`` float64, the centres, with ``weights`` ``(k,)`` that sum to one; ``k = 0`` where there are no
    point modes. ``standard_deviation``: of the normal noise around a mode, along each axis.
    """

    modes: torch.Tensor
    weights: torch.Tensor
    standard_deviation: float

    @abstractmethod
    def sample(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """``(n, 2)`` float32 independent draws; ``generator`` is a CPU generator."""

    @abstractmethod
    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Log density in nats of ``x: (..., 2)``, as ``(...)``: computed in float64, returned in the dtype of x."""


class GaussianMixture(ToyDensity):
    """Normal blobs of one standard deviation: ``p(x) = sum_k w_k N(x; m_k, s^2 I)``.

    >>> blob = GaussianMixture(torch.zeros(1, 2), 1.0)
    >>> round(float(blob.log_prob(torch.zeros(2)).exp()) * 2 * math.pi, 6)
    1.0
    """

    def __init__(self, modes: torch.Tensor, standard_deviation: float, weights: torch.Tensor | None = None) -> None:
        self.modes = modes.double()
        k = len(modes)
        self.weights = torch.full((k,), 1 / k, dtype=torch.float64) if weights is None else weights.double()
        self.standard_deviation = standard_deviation

    def sample(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """``(n, 2)`` float32 independent draws."""
        which = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        noise = torch.randn(n, 2, generator=generator, dtype=torch.float64)
        return (self.modes[which] + self.standard_deviation * noise).float()

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Log density in nats, ``(..., 2)`` to ``(...)``."""
        variance = self.standard_deviation**2
        wide = in_float64(x)
        apart = wide.unsqueeze(-2) - self.modes.to(wide.device)
        log_normal = -apart.square().sum(-1) / (2 * variance) - math.log(2 * math.pi * variance)
        return torch.logsumexp(log_normal + self.weights.to(wide.device).log(), -1).to(x)


class Moons(ToyDensity):
    """Two half circles of radius one with normal noise around them.

    A point is ``c_m + u_m(t) + s e`` with a fair coin m, t uniform on [0, pi] and e standard normal: the upper moon has
    ``c = (0, 0)``, ``u(t) = (cos t, sin t)``, the lower one ``c = (1, 0.5)``, ``u(t) = (-cos t, -sin t)``. Hence
    ``p(x) = 1/2 sum_m 1/pi int_0^pi N(x; c_m + u_m(t), s^2 I) dt``, integrated by Gauss-Legendre quadrature: its
    integrand is entire, so the error falls faster than any power of ``nodes``; ``log_prob`` is right to 1e-8 wherever
    every coordinate is at most 10 in absolute value (with the default noise and nodes).
    """

    def __init__(self, standard_deviation: float = 0.1, nodes: int = 192) -> None:
        self.modes = torch.zeros(0, 2, dtype=torch.float64)
        self.weights = torch.zeros(0, dtype=torch.float64)
        self.standard_deviation = standard_deviation
        points, weights = np.polynomial.legendre.leggauss(nodes)
        angles = torch.from_numpy(math.pi * (points + 1) / 2)
        self._arcs = torch.cat([self._place(angles, torch.full((nodes,), moon)) for moon in (0, 1)])
        self._log_weights = torch.from_numpy(np.log(weights) - math.log(4)).repeat(2)

    @staticmethod
    def _place(angles: torch.Tensor, moon: torch.Tensor) -> torch.Tensor:
        """The points ``(n, 2)`` at these angles on moon 0 or 1."""
        upper = torch.stack([angles.cos(), angles.sin()], -1)
        lower = torch.tensor([1.0, 0.5], dtype=torch.float64) - upper
        return torch.where(moon.bool()[:, None], lower, upper)

    def sample(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """``(n, 2)`` float32 independent draws."""
        angles = math.pi * torch.rand(n, generator=generator, dtype=torch.float64)
        moon = torch.randint(0, 2, (n,), generator=generator)
        noise = torch.randn(n, 2, generator=generator, dtype=torch.float64)
        return (self._place(angles, moon) + self.standard_deviation * noise).float()

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Log density in nats, ``(..., 2)`` to ``(...)``."""
        flat = in_float64(x.reshape(-1, 2))
        # A few thousand points at a time: each costs a row of squared distances to every node.
        parts = [self._log_prob(flat[at : at + 4096]) for at in range(0, max(1, len(flat)), 4096)]
        return torch.cat(parts).reshape(x.shape[:-1]).to(x)

    def _log_prob(self, x: torch.Tensor) -> torch.Tensor:
        variance = self.standard_deviation**2
        apart = x[:, None] - self._arcs.to(x.device)
        log_normal = -apart.square().sum(-1) / (2 * variance) - math.log(2 * math.pi * variance)
        return torch.logsumexp(log_normal + self._log_weights.to(x.device), -1)
