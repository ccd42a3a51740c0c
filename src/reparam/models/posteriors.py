"""Approximate posteriors q(z|x): what an encoder's output means."""

from torch import Tensor, nn

from reparam.distributions import Normal


class DiagonalNormal(nn.Module):
    """A normal with diagonal covariance; the encoder gives mean and log-variance, ``(batch, 2 * latent_dim)``.

    Args:
        latent_dim: width of z.

    >>> import torch
    >>> DiagonalNormal(5)(torch.zeros(3, 10)).sample().shape
    torch.Size([3, 5])
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim
        self.outputs = 2 * latent_dim

    def forward(self, output: Tensor) -> Normal:
        """The normal over z ``(batch, latent_dim)``."""
        mean, log_variance = output.chunk(2, dim=-1)
        return Normal.from_log_scale(mean, 0.5 * log_variance)
