"""The games' losses as pure functions of logits.

Logits are what a discriminator or critic gives before any sigmoid, one per example: ``(batch,)``. Everything is
computed with softplus, never as the logarithm of a sigmoid, so that values and gradients stay finite at any logit.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

EQUILIBRIUM = -math.log(4)
"""V(D, G) in nats where the generator's distribution is the data's and D is 1/2 everywhere."""


def value(real: Tensor, fake: Tensor) -> Tensor:
    """V(D, G) = E[log D(x)] + E[log(1 - D(G(z)))] in nats (Goodfellow et al. 2014, equation 1); -log 4 at equilibrium.

    >>> import torch
    >>> bool(torch.isclose(value(torch.zeros(3), torch.zeros(3)), torch.tensor(EQUILIBRIUM)))
    True
    """
    return -F.softplus(-real).mean() - F.softplus(fake).mean()


@dataclass(frozen=True)
class AdversarialLoss:
    """A game: what each player minimizes, scalars from the logits of real and generated examples.

    ``paired``: whether the generator's loss looks at real logits. Where it does not, it may be given any tensor for
    them, and the discriminator need not be asked about real examples in the generator's turn.
    ``ratio``: whether the best discriminator's logits are log p*(x) - log p_θ(x) up to a constant.
    ``critic``: whether the discriminator is a critic, whose outputs are heights and no logits.
    """

    discriminator: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    paired: bool = False
    ratio: bool = False
    critic: bool = False


def minimax_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """J_D = -½ E[log D(x)] - ½ E[log(1 - D(G(z)))] (Goodfellow 2016, equation 8)."""
    return -0.5 * value(real, fake)


def minimax_generator(real: Tensor, fake: Tensor) -> Tensor:
    """J_G = -J_D: the zero-sum game, whose gradient vanishes where D is sure (Goodfellow 2016, equation 10)."""
    return -minimax_discriminator(real.detach(), fake)


def non_saturating_generator(real: Tensor, fake: Tensor) -> Tensor:
    """J_G = -½ E[log D(G(z))] (Goodfellow 2016, equation 13)."""
    return 0.5 * F.softplus(-fake).mean()


def least_squares_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """½ E[(D(x) - 1)²] + ½ E[D(G(z))²] on raw outputs (Mao et al. 2017, equation 9)."""
    return 0.5 * (real - 1).square().mean() + 0.5 * fake.square().mean()


def least_squares_generator(real: Tensor, fake: Tensor) -> Tensor:
    """½ E[(D(G(z)) - 1)²] on raw outputs (Mao et al. 2017, equation 9)."""
    return 0.5 * (fake - 1).square().mean()


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E[max(0, 1 - D(x))] + E[max(0, 1 + D(G(z)))] (Lim & Ye 2017; Miyato et al. 2018, equation 16)."""
    return F.relu(1 - real).mean() + F.relu(1 + fake).mean()


def wasserstein_critic(real: Tensor, fake: Tensor) -> Tensor:
    """-(E[f(x)] - E[f(G(z))]): minus the dual's estimate of W1 (Arjovsky et al. 2017, equation 3)."""
    return fake.mean() - real.mean()


def wasserstein_generator(real: Tensor, fake: Tensor) -> Tensor:
    """-E[f(G(z))] (Arjovsky et al. 2017, algorithm 1; the hinge game's generator too)."""
    return -fake.mean()


def relativistic_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """E[softplus(-(D(x) - D(G(z))))] over pairs (Jolicoeur-Martineau 2018; Huang et al. 2024, equation 2)."""
    return F.softplus(fake - real).mean()


def relativistic_generator(real: Tensor, fake: Tensor) -> Tensor:
    """E[softplus(-(D(G(z)) - D(x)))] over pairs (Huang et al. 2024, equation 2)."""
    return F.softplus(real - fake).mean()


LOSSES: dict[str, AdversarialLoss] = {
    "minimax": AdversarialLoss(minimax_discriminator, minimax_generator, paired=True, ratio=True),
    "non-saturating": AdversarialLoss(minimax_discriminator, non_saturating_generator, ratio=True),
    "least-squares": AdversarialLoss(least_squares_discriminator, least_squares_generator),
    "hinge": AdversarialLoss(hinge_discriminator, wasserstein_generator),
    "wasserstein": AdversarialLoss(wasserstein_critic, wasserstein_generator, critic=True),
    "relativistic": AdversarialLoss(relativistic_discriminator, relativistic_generator, paired=True, ratio=True),
}


def smoothed(discriminator: Callable[[Tensor, Tensor], Tensor], smoothing: float) -> Callable[[Tensor, Tensor], Tensor]:
    """One-sided label smoothing of a logistic discriminator's loss: real targets 1 - smoothing (Salimans et al. 2016).

    Cross-entropy with target t is softplus(-l) + (1 - t) l: the loss gains ½ · smoothing · E[l] over real examples.

    >>> import torch
    >>> loss = smoothed(minimax_discriminator, 0.0)
    >>> bool(loss(torch.ones(2), torch.ones(2)) == minimax_discriminator(torch.ones(2), torch.ones(2)))
    True
    """
    return lambda real, fake: discriminator(real, fake) + 0.5 * smoothing * real.mean()
