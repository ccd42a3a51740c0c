"""What keeps a discriminator smooth: a term of its loss, or something done to its weights after each update."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from reparam import checks
from reparam.adversarial import Critic, gradient_penalty, half_mean_square
from reparam.distributions.base import check_positive
from reparam.errors import UserError


@dataclass(frozen=True)
class Shown:
    """What a discriminator was shown and said: examples ``(batch, *data_shape)``, its logits on them ``(batch,)``."""

    real: Tensor
    fake: Tensor
    on_real: Tensor
    on_fake: Tensor


class Constraint:
    """No constraint: the base of those that constrain.

    Attributes:
        differentiates: whether the examples that the discriminator is shown must carry gradients.
    """

    differentiates = False

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor | None:
        """A scalar added to the discriminator's loss, from points of the constraint's own choosing; or None."""
        return None

    def penalty_as_shown(self, shown: Shown, progress: float) -> Tensor | None:
        """A scalar added to the discriminator's loss, from what it said already; or None.

        Args:
            shown: examples and logits; the examples carry gradients where ``differentiates``.
            progress: the share of the training that is done.
        """
        return None

    def after(self, critic: nn.Module) -> None:
        """Called after each update of the discriminator."""


@dataclass(frozen=True)
class WeightClipping(Constraint):
    """Every parameter in [-c, c] after every update (Arjovsky et al. 2017, algorithm 1).

    Args:
        c: the bound.

    Raises:
        UserError: if that is not positive.
    """

    c: float = 0.01

    def __post_init__(self) -> None:
        checks.positive("c", self.c)

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

    Raises:
        UserError: if that is negative or not finite.
    """

    weight: float = 10.0

    def __post_init__(self) -> None:
        checks.within("weight", self.weight, 0)

    def penalty(self, critic: Critic, real: Tensor, fake: Tensor) -> Tensor:
        """The weighted penalty."""
        return self.weight * gradient_penalty(critic, real, fake)


@dataclass(frozen=True)
class ZeroCentred(Constraint):
    """Gradients near zero at real (R1) and generated (R2) examples (Mescheder et al. 2018).

    Args:
        r1: gamma at real examples.
        r2: gamma at generated ones.
        decay: what either has been multiplied by when the training ends, geometrically.
        hold: share of the training before they begin to fade. While they are strong the discriminator is smooth, and
            mass can flow from one mode to another; once they are weak it is pinned to where it is.
        unit: what counts as a length of 1 in the data, broadcasting with an example.

    Raises:
        UserError: if a number is out of range, both gammas are 0, or a hold has no decay to hold back.

    >>> fading = ZeroCentred(1.0, decay=0.01, hold=0.5)
    >>> [round(fading.size(progress), 3) for progress in (0.0, 0.5, 0.75, 1.0)]
    [1.0, 1.0, 0.1, 0.01]
    """

    r1: float = 0.1
    r2: float = 0.1
    decay: float = 1.0
    hold: float = 0.0
    unit: Tensor | float = 1.0
    differentiates = True

    def __post_init__(self) -> None:
        for name in ("r1", "r2"):
            checks.within(name, getattr(self, name), 0)
        if not (self.r1 or self.r2):
            raise UserError("r1=0 and r2=0 will not do: give a weight above 0 to one of them, or no constraint")
        if checks.positive("decay", self.decay) > 1:
            checks.refuse("decay", self.decay, "give a number above 0 and up to 1")
        if checks.within("hold", self.hold, 0, 1) and self.decay == 1:
            checks.refuse("hold", self.hold, "it has no effect with decay=1, leave one of them out")
        if isinstance(self.unit, Tensor):
            check_positive("unit", self.unit)
        else:
            checks.positive("unit", self.unit)

    def size(self, progress: float) -> float:
        """What gammas are multiplied by when that share of the training is done."""
        factor: float = self.decay ** max(0.0, (progress - self.hold) / (1 - self.hold))
        return factor

    def penalty_as_shown(self, shown: Shown, progress: float) -> Tensor:
        """The weighted sum of both, from one pass back through the discriminator."""
        sides = ((self.r1, shown.on_real, shown.real), (self.r2, shown.on_fake, shown.fake))
        gammas, outputs, examples = zip(*(side for side in sides if side[0]), strict=True)
        gradients = torch.autograd.grad([output.sum() for output in outputs], examples, create_graph=True)
        pairs = zip(gammas, gradients, strict=True)
        first, *rest = (gamma * half_mean_square(self._per_unit(gradient)) for gamma, gradient in pairs)
        weighted: Tensor = sum(rest, start=first)
        return self.size(progress) * weighted

    def _per_unit(self, gradient: Tensor) -> Tensor:
        return gradient if isinstance(self.unit, float) and self.unit == 1 else self._unit(gradient) * gradient

    def _unit(self, x: Tensor) -> Tensor | float:
        """On x's device, where it is copied once: a step that copies waits."""
        if not isinstance(self.unit, Tensor):
            return self.unit
        copies: dict[tuple[torch.device, torch.dtype], Tensor] = self.__dict__.setdefault("_copies", {})
        place = x.device, x.dtype
        if place not in copies:
            copies[place] = self.unit.to(x)
        return copies[place]


def spectrally_normalized(network: nn.Module) -> nn.Module:
    """Divide each linear or convolutional layer's weight by its largest singular value, in place (Miyato et al. 2018).

    Returns the network, its layers parametrized by power iteration.

    Raises:
        UserError: if the network has no such layer.
    """
    layers = [module for module in network.modules() if isinstance(module, nn.Linear | nn.Conv2d)]
    if not layers:
        raise UserError(
            f"a {type(network).__name__} has no linear or convolutional layer to normalize: give one that has"
        )
    for layer in layers:
        nn.utils.parametrizations.spectral_norm(layer)
    return network
