"""Five divergences as functions of two log-densities on the same nodes, each node with a weight.

With weights of one the nodes are the outcomes of discrete distributions; with quadrature weights the sums are
integrals. Everything is computed from logarithms: a density that underflows is still compared correctly, and one that
is zero (log-density ``-inf``) has no NaN, neither in the value nor in the gradient.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

LOG_2 = math.log(2)
"""The largest Jensen-Shannon divergence, in nats."""

Divergence = Callable[..., Tensor]
"""Takes log p and log q, each ``(*batch, n)``, and optional weights ``(n,)``; gives ``(*batch,)``."""


def kl(log_p: Tensor, log_q: Tensor, weights: Tensor | None = None) -> Tensor:
    """KL(p ‖ q) = ∫ p log(p/q) in nats (Kullback & Leibler 1951); infinite where p has mass and q has none.

    Args:
        log_p: log-densities (or log-masses) of p at n nodes, ``(*batch, n)``.
        log_q: those of q at the same nodes.
        weights: of the nodes, ``(n,)``; one each unless given.

    Returns:
        ``(*batch,)``.

    >>> coin, biased = torch.tensor([0.5, 0.5]).log(), torch.tensor([0.0, 1.0]).log()
    >>> kl(biased, coin), kl(coin, biased)
    (tensor(0.6931), tensor(inf))
    """
    positive, both = log_p > -torch.inf, (log_p > -torch.inf) & (log_q > -torch.inf)
    # inner masks first: a masked infinity would still turn the gradient into NaN
    a, b = (torch.where(both, x, 0.0) for x in (log_p, log_q))
    integrand = torch.where(both, a.exp() * (a - b), torch.where(positive, torch.inf, 0.0).to(a.dtype))
    return _sum(integrand, weights)


def reverse_kl(log_p: Tensor, log_q: Tensor, weights: Tensor | None = None) -> Tensor:
    """KL(q ‖ p), arguments as for :func:`kl`."""
    return kl(log_q, log_p, weights)


def jensen_shannon(log_p: Tensor, log_q: Tensor, weights: Tensor | None = None) -> Tensor:
    """JSD = ½ KL(p ‖ m) + ½ KL(q ‖ m), m = ½ (p + q), in nats (Lin 1991); at most log 2.

    Arguments as for :func:`kl`. A quadrature rule's excess over log 2 is cut off.

    >>> a, b = torch.tensor([1.0, 0.0]).log(), torch.tensor([0.0, 1.0]).log()
    >>> jensen_shannon(a, b) == torch.tensor(LOG_2)
    tensor(True)
    """
    return _sum(0.5 * (_to_mixture(log_p, log_q) + _to_mixture(log_q, log_p)), weights).clamp(0.0, LOG_2)


def total_variation(log_p: Tensor, log_q: Tensor, weights: Tensor | None = None) -> Tensor:
    """TV = ½ ∫ |p - q|, between 0 and 1; arguments as for :func:`kl`.

    >>> total_variation(torch.tensor([0.5, 0.5]).log(), torch.tensor([0.2, 0.8]).log())
    tensor(0.3000)
    """
    return _sum(0.5 * (log_p.exp() - log_q.exp()).abs(), weights).clamp(max=1.0)


def squared_hellinger(log_p: Tensor, log_q: Tensor, weights: Tensor | None = None) -> Tensor:
    """H² = ½ ∫ (√p - √q)² = 1 - ∫ √(pq), between 0 and 1; arguments as for :func:`kl`.

    >>> squared_hellinger(torch.tensor([0.5, 0.5]).log(), torch.tensor([0.5, 0.5]).log())
    tensor(0.)
    """
    return _sum(0.5 * ((0.5 * log_p).exp() - (0.5 * log_q).exp()).square(), weights).clamp(max=1.0)


def log_ratio(log_p: Tensor, log_q: Tensor) -> Tensor:
    """Log p/q, ±inf where one density is zero, and 0 where both are (a convention: such points have no mass).

    >>> log_ratio(torch.tensor([0.0, -torch.inf, -torch.inf]), torch.tensor([-torch.inf, 0.0, -torch.inf]))
    tensor([inf, -inf, 0.])
    """
    nowhere = (log_p == -torch.inf) & (log_q == -torch.inf)
    return torch.where(nowhere, 0.0, log_p) - torch.where(nowhere, 0.0, log_q)


def _to_mixture(log_p: Tensor, log_q: Tensor) -> Tensor:
    """The integrand of KL(p ‖ ½ (p + q)): p (log 2 - log(1 + q/p)), and 0 where p is."""
    t = torch.where(log_p > -torch.inf, log_ratio(log_p, log_q), 0.0)
    return log_p.exp() * (LOG_2 - F.softplus(-t))


def _sum(integrand: Tensor, weights: Tensor | None) -> Tensor:
    return integrand.sum(-1) if weights is None else (integrand * weights).sum(-1)
