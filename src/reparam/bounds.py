"""Lower bounds on the log-evidence log p(x), in nats per example."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from reparam import checks
from reparam.distributions import Distribution, Hierarchy, Normal
from reparam.errors import UserError

Draws = tuple[Tensor, Tensor]
KL = Callable[[Distribution, Distribution, int], Draws]
"""From posterior, prior and L to draws z of the posterior ``(L, batch, latent_dim)`` and KL(posterior ‖ prior)
``(batch,)``: drawn together, because a flow knows the density of its own draws best."""


class Bound(NamedTuple):
    """The evidence lower bound's two terms, each ``(batch,)`` in nats: log p(x) >= reconstruction - kl."""

    reconstruction: Tensor
    kl: Tensor

    @property
    def elbo(self) -> Tensor:
        """The bound itself, ``(batch,)``."""
        return self.reconstruction - self.kl


def analytic_kl(posterior: Distribution, prior: Distribution, samples: int = 1) -> Draws:
    """Draws, and KL(posterior ‖ prior) in closed form.

    Raises:
        UserError: if the pair has none, or there are no draws.
    """
    checks.whole("samples", samples)
    return posterior.sample((samples,)), posterior.kl(prior)


def sampled_kl(posterior: Distribution, prior: Distribution, samples: int = 1) -> Draws:
    """Draws, and their mean of log q(z) - log p(z): unbiased, for any pair that has densities."""
    z, log_q = posterior.sample_and_log_prob((checks.whole("samples", samples),))
    return z, (log_q - prior.log_prob(z)).mean(0)


def layerwise_kl(posterior: Distribution, prior: Distribution, samples: int = 1) -> Draws:
    """Draws, and the sum over the layers of their KL in closed form, at the z drawn above each, averaged over draws.

    E_q[Σ_k KL(q(z_k|x, z above) ‖ p(z_k|z above))] is KL(q ‖ p) by the chain rule: unbiased, and without the noise of a
    layer's own draw that :func:`sampled_kl` has. A diagonal normal on either side counts as layers that are told
    nothing of each other.

    Source: Vahdat & Kautz 2020, equation 1.

    Raises:
        UserError: if neither has layers or they have different ones, a density is no normal layer by layer, or there
            are no draws.
    """
    z, each = kl_by_layer(posterior, prior, samples)
    return z, each.sum(0)


def kl_by_layer(posterior: Distribution, prior: Distribution, samples: int = 1) -> Draws:
    """The terms of :func:`layerwise_kl` one by one, ``(layers, batch)``, the top one first."""
    widths = next((p.widths for p in (posterior, prior) if isinstance(p, Hierarchy)), None)
    if widths is None:
        raise UserError('neither posterior nor prior has layers: use kl="analytic" or "sampled"')
    checks.whole("samples", samples)
    if isinstance(posterior, Hierarchy):
        z, q = posterior.sample_with_layers((samples,))
    else:
        z = posterior.sample((samples,))
        q = _layers(posterior, z, widths)
    pairs = zip(q, _layers(prior, z, widths), strict=True)
    return z, torch.stack([one.kl(other).expand(z.shape[:-1]).mean(0) for one, other in pairs])


def has_layers(posterior: Distribution, prior: Distribution) -> bool:
    """Whether both are normals layer by layer, of the same layers, so that :func:`layerwise_kl` can be had."""
    widths = {p.widths for p in (posterior, prior) if isinstance(p, Hierarchy)}
    return len(widths) == 1 and all(isinstance(p, Hierarchy | Normal) for p in (posterior, prior))


def _layers(p: Distribution, z: Tensor, widths: tuple[int, ...]) -> list[Normal]:
    """The normal of each layer of p, given the layers of z above it."""
    if isinstance(p, Hierarchy) and p.widths == widths:
        return p.layers(z)
    if isinstance(p, Hierarchy):
        raise UserError(f'layers of widths {widths} and {p.widths} are not compared one by one: use kl="sampled"')
    if not isinstance(p, Normal):
        raise UserError(f'a {type(p).__name__} is no product of normal layers: use kl="sampled"')
    return p.split(widths)


@dataclass(frozen=True)
class FreeBits:
    """The KL in closed form, each dimension's average over the batch counted as at least ``least`` nats.

    A dimension below that is not pushed towards the prior, so that it can come to be used (Kingma et al. 2016,
    equation 15, with one group per dimension). The bound it gives is a lower one still.

    Args:
        least: lambda, nats per latent dimension.

    Raises:
        UserError: if that is negative or not finite.

    >>> import torch
    >>> from reparam.distributions import Normal
    >>> unit = Normal(torch.zeros(4, 3), torch.ones(4, 3))
    >>> FreeBits(0.5)(unit, unit)
    tensor([1.5000, 1.5000, 1.5000, 1.5000])
    """

    least: float

    def __post_init__(self) -> None:
        checks.within("least", self.least, 0)

    def __call__(self, posterior: Distribution, prior: Distribution) -> Tensor:
        """The KL ``(batch,)`` raised by what its dimensions lack on average.

        Raises:
            UserError: unless the dimensions of both are independent.
        """
        each = posterior.factors().kl(prior.factors())
        lacking = (self.least - each.mean(0)).clamp(min=0)
        # where a dimension lacks, this is the constant `least` on average, and the gradient of the average is zero
        return each.sum(-1) + lacking.sum(-1)


def elbo(
    x: Tensor,
    posterior: Distribution,
    prior: Distribution,
    likelihood: Callable[[Tensor], Distribution],
    samples: int = 1,
    kl: KL = analytic_kl,
) -> Bound:
    """E_q[log p(x|z)] - KL(q(z|x) ‖ p(z)), the first term averaged over ``samples`` draws of q.

    Source: Kingma & Welling 2014, equation 7 (and 6 with the sampled KL).

    Args:
        x: ``(batch, *data_shape)``.
        posterior: q(z|x) with batch shape ``(batch,)``.
        prior: p(z), broadcasting with the posterior.
        likelihood: from z ``(samples, batch, latent_dim)`` to p(x|z).
        samples: L, the draws per example.
        kl: how the second term is computed, :func:`analytic_kl`, :func:`layerwise_kl` or :func:`sampled_kl`.

    Returns:
        Per-example reconstruction and KL, each ``(batch,)`` in nats.

    Raises:
        UserError: if there are no draws; by the analytic KL, if the pair has no closed form.

    >>> import torch
    >>> from reparam.distributions import Normal
    >>> unit = lambda z: Normal(z, torch.ones_like(z))
    >>> q, p = unit(torch.zeros(4, 2)), unit(torch.zeros(4, 2))
    >>> elbo(torch.zeros(4, 2), q, p, unit, samples=8).kl
    tensor([0., 0., 0., 0.])
    """
    z, divergence = kl(posterior, prior, samples)
    return Bound(likelihood(z).log_prob(x).mean(0), divergence)


def log_importance_weights(
    x: Tensor,
    posterior: Distribution,
    prior: Distribution,
    likelihood: Callable[[Tensor], Distribution],
    samples: int,
) -> Tensor:
    """Log p(x|z) + log p(z) - log q(z|x) at draws of q, ``(samples, batch)`` in nats.

    Arguments as for :func:`elbo`.
    """
    z, log_q = posterior.sample_and_log_prob((checks.whole("samples", samples),))
    return likelihood(z).log_prob(x) + prior.log_prob(z) - log_q


def importance_weighted(log_weights: Tensor) -> Tensor:
    """Log of the mean weight: a bound on log p(x) that tightens with the number of draws, ``(batch,)`` in nats.

    Source: Burda et al. 2016, equation 8.

    Args:
        log_weights: ``(samples, batch)``.

    >>> import torch
    >>> importance_weighted(torch.tensor([[0.0], [0.0]])).item()
    0.0
    """
    return log_weights.logsumexp(0) - math.log(len(log_weights))


def doubly_reparameterized(
    x: Tensor,
    posterior: Distribution,
    prior: Distribution,
    likelihood: Callable[[Tensor], Distribution],
    samples: int,
) -> tuple[Tensor, Tensor]:
    """The importance-weighted bound, and a scalar to raise whose gradient is that of the bound's average.

    The scalar's gradient is unbiased; for the posterior's parameters it is the one whose signal-to-noise ratio does
    not vanish as draws are added (Tucker et al. 2019, equations 9 and 10); for all others it is the plain one.

    Returns:
        The bound ``(batch,)`` in nats, and the surrogate, a scalar of no value of its own.

    Raises:
        UserError: if the posterior cannot be detached from its parameters (flows).
    """
    z = posterior.sample((checks.whole("samples", samples),))
    log_weights = likelihood(z).log_prob(x) + prior.log_prob(z) - posterior.detached().log_prob(z)
    shares = log_weights.detach().softmax(0)
    if z.requires_grad:
        # what comes back to z is already weighted once; the posterior's gradient needs the square
        z.register_hook(lambda gradient: gradient * shares.unsqueeze(-1))  # type: ignore[no-untyped-call]
    return importance_weighted(log_weights.detach()), (shares * log_weights).sum(0).mean()
