"""What keeps a discriminator smooth: a term of its loss, or something done to its weights after each update."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from reparam.adversarial import Critic, gradient_penalty, zero_centred_penalty


class Constraint:
    """No constraint: the base of those that constrain."""

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor | None:
        """A scalar added to the discriminator's loss, or None."""
        return None

    def after(self, critic: nn.Module) -> None:
        """Called after each update of the discriminator."""


@dataclass(frozen=True)
class WeightClipping(Constraint):
    """Every parameter in [-c, c] after every update (Arjovsky et al. 2017, algorithm 1).

    Args:
        c: the bound.
    """

    c: float = 0.01

    @torch.no_grad()
    def after(self, critic: nn.Module) -> None:
        """Clip."""
        for parameter in critic.parameters():
            parameter.clamp_(-self.c, self.c)


@dataclass(frozen=True)
class GradientPenalty(Constraint):
    """Gradient norms near 1 at interpolates (Gulrajani et al. 2017).

    Args:
        weight: lambda.
    """

    weight: float = 10.0

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        """The weighted penalty."""
        return self.weight * gradient_penalty(critic, real, fake)


@dataclass(frozen=True)
class ZeroCentred(Constraint):
    """Gradients near zero at real (R1) and generated (R2) examples (Mescheder et al. 2018).

    Args:
        r1: gamma at real examples.
        r2: gamma at generated ones.
    """

    r1: float = 1.0
    r2: float = 0.0

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        """The weighted sum of both."""
        terms = [gamma * zero_centred_penalty(critic, x) for gamma, x in ((self.r1, real), (self.r2, fake)) if gamma]
        return torch.stack(terms).sum() if terms else real.new_zeros(())


def spectrally_normalized(network: nn.Module) -> nn.Module:
    """Divide each linear or convolutional layer's weight by its largest singular value, in place (Miyato et al. 2018).

    Returns the network, its layers parametrized by power iteration.
    """
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.utils.parametrizations.spectral_norm(module)
    return network
