"""Lower bounds on the log-evidence log p(x), in nats per example."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor

from reparam.distributions import Distribution

KL = Callable[[Distribution, Distribution, Tensor], Tensor]
"""An estimate of KL(posterior ‖ prior): given both and samples z ``(L, batch, latent_dim)``, returns ``(batch,)``."""


class Bound(NamedTuple):
    """The evidence lower bound's two terms, each ``(batch,)`` in nats: log p(x) >= reconstruction - kl."""

    reconstruction: Tensor
    kl: Tensor

    @property
    def elbo(self) -> Tensor:
        """The bound itself, ``(batch,)``."""
        return self.reconstruction - self.kl


def analytic_kl(posterior: Distribution, prior: Distribution, z: Tensor) -> Tensor:
    """KL(posterior ‖ prior) in closed form; the samples are not looked at."""
    return posterior.kl(prior)


def sampled_kl(posterior: Distribution, prior: Distribution, z: Tensor) -> Tensor:
    """The mean over samples of log q(z) - log p(z): unbiased, for any pair that has densities."""
    return (posterior.log_prob(z) - prior.log_prob(z)).mean(0)


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
        kl: how the second term is computed, :func:`analytic_kl` or :func:`sampled_kl`.

    Returns:
        Per-example reconstruction and KL, each ``(batch,)`` in nats.

    Raises:
        UserError: by the analytic KL, if the pair has no closed form.

    >>> import torch
    >>> from reparam.distributions import Normal
    >>> unit = lambda z: Normal(z, torch.ones_like(z))
    >>> q, p = unit(torch.zeros(4, 2)), unit(torch.zeros(4, 2))
    >>> elbo(torch.zeros(4, 2), q, p, unit, samples=8).kl
    tensor([0., 0., 0., 0.])
    """
    z = posterior.sample((samples,))
    return Bound(likelihood(z).log_prob(x).mean(0), kl(posterior, prior, z))
