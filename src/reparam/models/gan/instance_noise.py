"""Noise on everything that a discriminator sees, which vanishes."""

from dataclasses import dataclass

import torch
from torch import Tensor

from reparam import checks


@dataclass(frozen=True)
class InstanceNoise:
    """Normal noise on everything the discriminator sees, decaying linearly to nothing (Sønderby et al. 2017).

    Args:
        scale: its standard deviation at the start; 0: none.
        epochs: how long it takes to vanish.

    Raises:
        UserError: if the scale is negative or the epochs are not positive.
    """

    scale: float = 0.0
    epochs: float = 10.0

    def __post_init__(self) -> None:
        checks.within("scale", self.scale, 0)
        checks.positive("epochs", self.epochs)

    def at(self, epoch: float) -> float:
        """The standard deviation after so many epochs."""
        return self.scale * max(0.0, 1 - epoch / self.epochs)

    def add(self, x: Tensor, epoch: float) -> Tensor:
        """X with fresh noise."""
        scale = self.at(epoch)
        return x + scale * torch.randn_like(x) if scale else x
