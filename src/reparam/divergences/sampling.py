"""Divergences by sampling, each with its standard error, for anything that samples and has a log-density."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from reparam.divergences.values import (
    LOG_2,
    Divergence,
    jensen_shannon,
    kl,
    log_ratio,
    reverse_kl,
    squared_hellinger,
    total_variation,
)
from reparam.errors import UserError


class Sampled(Protocol):
    """Anything that samples and has a log-density, such as a :class:`reparam.distributions.Distribution`."""

    def sample(self, sample_shape: tuple[int, ...], /) -> Tensor:
        """Draws ``(n, *event)`` for a sample shape ``(n,)``."""

    def log_prob(self, value: Tensor, /) -> Tensor:
        """Log-densities ``(n,)`` in nats."""


class Estimate(NamedTuple):
    """A Monte Carlo estimate: its value, its standard error, and how many draws of each distribution it took."""

    value: Tensor
    error: Tensor
    n: int


# E_p of the first and E_q of the second function of t = log p/q, averaged with their weights. The symmetric three are
# expectations under ½ (p + q), so their integrands are bounded and their standard errors finite whatever p and q are.
Terms = tuple[tuple[float, Callable[[Tensor], Tensor]], tuple[float, Callable[[Tensor], Tensor]]]
_TERMS: dict[Divergence, Terms] = {
    kl: ((1.0, lambda t: t), (0.0, lambda t: t)),
    reverse_kl: ((0.0, lambda t: t), (1.0, lambda t: -t)),
    jensen_shannon: ((0.5, lambda t: LOG_2 - F.softplus(-t)), (0.5, lambda t: LOG_2 - F.softplus(t))),
    total_variation: ((0.5, lambda t: (t / 2).tanh().abs()), (0.5, lambda t: (t / 2).tanh().abs())),
    squared_hellinger: ((0.5, lambda t: 1 - _sech(t / 2)), (0.5, lambda t: 1 - _sech(t / 2))),
}


def estimate(divergence: Divergence, p: Sampled, q: Sampled, n: int = 10_000) -> Estimate:
    """A divergence from n draws of each distribution that it takes an expectation under; the error falls like n^-½.

    Unbiased for all five. KL's standard error is honest only where log p/q has a variance; for the others it always
    is. Differentiable where the draws are.

    Args:
        divergence: one of this package.
        p: samples and has ``log_prob``, of batch shape ``()``.
        q: likewise.
        n: draws.

    Raises:
        UserError: if n is less than 2, or the divergence is none of this package's.

    >>> from reparam.distributions import Normal
    >>> p, q = (Normal(torch.tensor([m]), torch.ones(1)) for m in (0.0, 2.0))
    >>> found = estimate(kl, p, q, 20_000)
    >>> bool((found.value - 2.0).abs() < 5 * found.error)
    True
    """
    if divergence not in _TERMS:
        names = ", ".join(known.__name__ for known in _TERMS if hasattr(known, "__name__"))
        raise UserError(f"{divergence!r} has no estimator here: take one of {names}")
    if n < 2:
        raise UserError(f"{n} draws have no standard error: give at least 2")
    parts = [
        (weight, function(_ratios(x.sample((n,)), p, q)))
        for x, (weight, function) in zip((p, q), _TERMS[divergence], strict=True)
        if weight
    ]
    value = torch.stack([weight * values.mean() for weight, values in parts]).sum()
    # an infinite integrand has no spread to speak of: the error of an infinite value is infinite
    spread = [weight**2 * values.detach().var() / n for weight, values in parts]
    error = torch.stack(spread).sum().sqrt()
    return Estimate(value, torch.where(value.isinf(), torch.inf, error).to(value.dtype), n)


def _ratios(x: Tensor, p: Sampled, q: Sampled) -> Tensor:
    return log_ratio(p.log_prob(x), q.log_prob(x))


def _sech(t: Tensor) -> Tensor:
    """1/cosh without overflow: 2 e^-|t| / (1 + e^-2|t|)."""
    decay = (-t.abs()).exp()
    return 2 * decay / (1 + decay.square())
