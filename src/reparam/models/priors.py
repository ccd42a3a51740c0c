"""Priors p(z)."""

import torch
from torch import Tensor, nn

from reparam.distributions import Normal


class StandardNormal(nn.Module):
    """N(0, I): nothing is learned.

    Args:
        latent_dim: width of z.

    >>> StandardNormal(5)().sample((3,)).shape
    torch.Size([3, 5])
    """

    zeros: Tensor

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.register_buffer("zeros", torch.zeros(latent_dim), persistent=False)

    def forward(self) -> Normal:
        """The distribution, of batch shape ``()``."""
        return Normal.from_log_scale(self.zeros, self.zeros)
