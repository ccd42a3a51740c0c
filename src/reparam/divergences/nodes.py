"""Quadrature: nodes and weights on an interval or a box, and a divergence of two densities by them."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from reparam.divergences.values import Divergence
from reparam.errors import UserError

POINTS_PER_PANEL = 8
MOST_NODES = 4_000_000


class Density(Protocol):
    """Anything with a log-density."""

    def log_prob(self, value: Tensor, /) -> Tensor:
        """Log-densities ``(n,)`` in nats at points ``(n, dimensions)``."""


class Nodes(NamedTuple):
    """A quadrature rule: ``points`` ``(n, dimensions)`` and ``weights`` ``(n,)`` (float64)."""

    points: Tensor
    weights: Tensor

    def integrate(self, values: Tensor) -> Tensor:
        """The integral of a function with ``values`` ``(*batch, n)`` at the points, ``(*batch,)``."""
        return (values * self.weights).sum(-1)


def interval(low: float, high: float, panels: int = 250) -> Nodes:
    """Gauss-Legendre nodes, eight in each of ``panels`` equal parts of [low, high].

    A smooth integrand's error falls like panels⁻¹⁶; an integrand with a kink (total variation) loses that unless the
    kink is a panel's end.

    Args:
        low: lower end.
        high: upper end.
        panels: number of parts.

    Raises:
        UserError: if the interval is empty or not finite, or there is no panel.

    >>> nodes = interval(0.0, 1.0, panels=4)
    >>> round(nodes.integrate(nodes.points.squeeze(1) ** 3).item(), 12)
    0.25
    """
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise UserError(
            f"the interval from {low:g} to {high:g} cannot be integrated over: give finite ends, low < high"
        )
    if panels < 1:
        raise UserError(f"{panels} panels cannot hold a node: give at least 1")
    at, share = np.polynomial.legendre.leggauss(POINTS_PER_PANEL)
    edges = np.linspace(low, high, panels + 1)
    half = (high - low) / panels / 2
    points = ((edges[:-1] + edges[1:]) / 2)[:, None] + half * at
    weights = np.broadcast_to(half * share, points.shape)
    return Nodes(torch.from_numpy(points.reshape(-1, 1)), torch.from_numpy(weights.reshape(-1).copy()))


def grid(low: Sequence[float], high: Sequence[float], panels: int = 25) -> Nodes:
    """The product of one :func:`interval` rule per dimension, over the box from ``low`` to ``high``.

    Args:
        low: lower corner, one number per dimension.
        high: upper corner.
        panels: parts per dimension; there are ``(8 * panels) ** dimensions`` nodes.

    Raises:
        UserError: if the corners differ in length, or there would be more than four million nodes.

    >>> grid([0.0, 0.0], [1.0, 2.0], panels=1).weights.sum()
    tensor(2., dtype=torch.float64)
    """
    if len(low) != len(high) or not low:
        raise UserError(f"corners with {len(low)} and {len(high)} numbers make no box: give one each per dimension")
    if (POINTS_PER_PANEL * panels) ** len(low) > MOST_NODES:
        raise UserError(
            f"a grid of {POINTS_PER_PANEL * panels} nodes in each of {len(low)} dimensions is too large: "
            "give fewer panels, or use reparam.divergences.estimate"
        )
    sides = [interval(a, b, panels) for a, b in zip(low, high, strict=True)]
    points = torch.stack(torch.meshgrid(*[side.points.squeeze(1) for side in sides], indexing="ij"), -1)
    weights = torch.stack(torch.meshgrid(*[side.weights for side in sides], indexing="ij"), -1).prod(-1)
    return Nodes(points.reshape(-1, len(low)), weights.reshape(-1))


def between(divergence: Divergence, p: Density, q: Density, nodes: Nodes) -> Tensor:
    """A divergence of two densities by quadrature, in nats, differentiable in their parameters.

    Args:
        divergence: one of this package, such as :func:`reparam.divergences.jensen_shannon`.
        p: has ``log_prob``.
        q: likewise.
        nodes: where to integrate; mass outside is not seen.

    >>> from reparam.distributions import Normal
    >>> from reparam.divergences import kl
    >>> p, q = (Normal(torch.tensor([m]), torch.ones(1)) for m in (0.0, 2.0))
    >>> round(between(kl, p, q, interval(-12.0, 14.0)).item(), 9)
    2.0
    """
    return divergence(p.log_prob(nodes.points), q.log_prob(nodes.points), nodes.weights)
