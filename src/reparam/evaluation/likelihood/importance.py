"""The evidence by importance sampling, from the posterior or naively the prior; memory does not grow with K."""

import math
from collections.abc import Callable
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from reparam import checks
from reparam.distributions import Distribution
from reparam.hardware import exact
from reparam.models.protocols import Decodes, Encodes, HasPrior
from reparam.networks.products import multiplied_by, usual_products

Proposal = Literal["posterior", "prior"]
# so many numbers of x are decoded at a time: enough for the matrix products, few enough for the cache behind them
AT_ONCE = 2**19


class LatentVariableModel(Encodes, Decodes, HasPrior, Protocol):
    """What the estimators ask of a model: :class:`reparam.models.VAE` has it.

    Its ``decode`` takes z with any leading dimensions, ``(draws, batch, *event_shape)``.
    """


class Accumulator:
    """A running log-mean-exp of weights, and their effective sample size.

    Args:
        n: how many streams.

    >>> total = Accumulator(1)
    >>> total.add(torch.tensor([[0.0], [math.log(3.0)]]))
    >>> round(total.log_mean.exp().item(), 6), round(total.effective.item(), 6)
    (2.0, 1.6)
    """

    def __init__(self, n: int) -> None:
        self.log_sum = torch.full((n,), -math.inf, dtype=torch.float64)
        self.log_square_sum = self.log_sum.clone()
        self.count = 0

    def add(self, log_weights: Tensor) -> None:
        """Take in more log-weights, ``(draws, n)``."""
        log_weights = log_weights.cpu().double()
        self.log_sum = torch.logaddexp(self.log_sum, log_weights.logsumexp(0))
        self.log_square_sum = torch.logaddexp(self.log_square_sum, (2 * log_weights).logsumexp(0))
        self.count += len(log_weights)

    @property
    def log_mean(self) -> Tensor:
        """Log of the mean weight, ``(n,)``."""
        return self.log_sum - math.log(self.count)

    @property
    def effective(self) -> Tensor:
        """(Σ w)² / Σ w², ``(n,)``: how many equal weights would be as good."""
        return (2 * self.log_sum - self.log_square_sum).exp()


@exact()
@torch.no_grad()
def importance_estimate(
    model: LatentVariableModel,
    x: Tensor,
    samples: int = 1000,
    proposal: Proposal = "posterior",
    step: Callable[[int], None] = lambda decoded: None,
) -> Accumulator:
    """Log p(x) ≈ log 1/K Σ p(x|z) p(z) / q(z), z ~ q, with K draws a few at a time (Burda et al. 2016, equation 8).

    No gradient is kept, with which memory would grow with K: :func:`reparam.bounds.log_importance_weights` has one.
    In expectation a lower bound, by about ½ (1/ESS - 1/K) nats where the effective sample size ESS is large.

    Args:
        model: with an encoder that gives a density, a prior and a decoder.
        x: ``(batch, *data_shape)``.
        samples: K.
        proposal: the model's posterior, or its prior (naive Monte Carlo, hopeless but in few dimensions).
        step: told after each part how many draws were decoded.

    Returns:
        The log-mean weights ``(batch,)`` in nats, in float64, and effective sample sizes.

    Raises:
        UserError: if fewer than one sample is asked for, the proposal is unknown, or the posterior has no density
            (adversarial ones).
    """
    checks.whole("samples", samples)
    checks.one_of("proposal", proposal, ("posterior", "prior"))
    prior = model.prior
    posterior = model.encode(x) if proposal == "posterior" else None
    chunk = max(1, AT_ONCE // max(1, x.numel()))
    total = Accumulator(len(x))
    networks = [model] if isinstance(model, nn.Module) else []
    with multiplied_by(usual_products(x.device), *networks):
        for start in range(0, samples, chunk):
            count = min(chunk, samples - start)
            total.add(_log_weights(model, x, prior, posterior, count))
            step(count * len(x))
    return total


def _log_weights(
    model: LatentVariableModel, x: Tensor, prior: Distribution, posterior: Distribution | None, count: int
) -> Tensor:
    if posterior is None:
        return model.decode(prior.sample((count, len(x)))).log_prob(x)
    z, log_q = posterior.sample_and_log_prob((count,))
    return model.decode(z).log_prob(x) + prior.log_prob(z) - log_q
