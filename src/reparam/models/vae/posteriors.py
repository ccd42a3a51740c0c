"""Approximate posteriors q(z|x): what an encoder's output means."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from reparam import checks
from reparam.distributions import MultivariateNormal, Normal
from reparam.distributions.flow import AutoregressiveTransforms, Flow
from reparam.recording import recorded

WIDE = 10.0


def bounded(log_variance: Tensor) -> Tensor:
    """A log-variance as it is up to 10, and growing as a logarithm beyond, so that no outlier makes a scale infinite.

    A posterior wider than its prior costs exp(log-variance) / 2 nats, so that trained encoders never come near 10. An
    outlying example may, and what an encoder says of it would overflow: then all weights become NaN. The slope is 1 at
    10 and stays positive, so that there is a way back.

    >>> bounded(torch.tensor([-3.0, 10.0, 1e6])).tolist()
    [-3.0, 10.0, 23.815...]
    """
    return log_variance.clamp(max=WIDE) + (log_variance - WIDE).clamp(min=0).log1p()


@recorded
class DiagonalNormal(nn.Module):
    """A normal with diagonal covariance; the encoder gives mean and log-variance, ``(batch, 2 * latent_dim)``.

    Args:
        latent_dim: width of z.

    Raises:
        UserError: if that is no whole number of at least 1.

    >>> import torch
    >>> DiagonalNormal(5)(torch.zeros(3, 10)).sample().shape
    torch.Size([3, 5])
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = checks.whole("latent_dim", latent_dim)
        self.outputs = 2 * latent_dim

    def forward(self, output: Tensor) -> Normal:
        """The normal over z ``(batch, latent_dim)``."""
        mean, log_variance = output.chunk(2, dim=-1)
        return Normal.from_log_scale(mean, 0.5 * bounded(log_variance))


@recorded
class FullNormal(nn.Module):
    """A normal with full covariance; the encoder gives mean and Cholesky factor, D (D + 1) / 2 + D numbers.

    Row i of the factor is its diagonal entry times (what the encoder gives / D, 1): a unit whose posterior grows narrow
    keeps its correlations, where entries of a size of their own would drown it in the noise of all the others.

    Args:
        latent_dim: D, width of z.

    Raises:
        UserError: if that is no whole number of at least 1.

    >>> import torch
    >>> FullNormal(5).outputs, FullNormal(5)(torch.zeros(3, 20)).sample().shape
    (20, torch.Size([3, 5]))
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = checks.whole("latent_dim", latent_dim)
        self.outputs = latent_dim * (latent_dim + 1) // 2 + latent_dim

    def forward(self, output: Tensor) -> MultivariateNormal:
        """The normal over z ``(batch, latent_dim)``."""
        mean, log_variance, relative = output.tensor_split([self.latent_dim, 2 * self.latent_dim], dim=-1)
        log_diagonal = 0.5 * bounded(log_variance)
        rows, _ = torch.tril_indices(self.latent_dim, self.latent_dim, -1, device=output.device)
        below = relative * log_diagonal.exp()[..., rows] / self.latent_dim
        return MultivariateNormal.from_log_diagonal(mean, log_diagonal, below)


@recorded
class FlowPosterior(nn.Module):
    """A diagonal normal pushed through autoregressive transforms that see the encoder's context (Kingma et al. 2016).

    The encoder gives mean, log-variance and context, ``(batch, 2 * latent_dim + context)``. Drawing takes one pass per
    transform, and gives the density of what is drawn; the density elsewhere takes ``latent_dim`` passes.

    Args:
        latent_dim: width of z.
        context: numbers of the encoder that each transform is told.
        transforms: how many.
        hidden: widths of each transform's hidden layers.
        kind: ``affine`` (an inverse autoregressive flow) or ``spline``.

    Raises:
        UserError: if a number is not whole or too small, or the kind is unknown.

    >>> import torch
    >>> FlowPosterior(5, context=4)(torch.zeros(3, 14)).sample().shape
    torch.Size([3, 5])
    """

    def __init__(
        self,
        latent_dim: int,
        context: int = 32,
        transforms: int = 2,
        hidden: Sequence[int] = (128, 128),
        kind: str = "affine",
    ) -> None:
        super().__init__()
        self.latent_dim, self.context = checks.whole("latent_dim", latent_dim), checks.whole("context", context, 0)
        self.outputs = 2 * latent_dim + context
        self.transforms = AutoregressiveTransforms(latent_dim, context, transforms, hidden, kind)

    def forward(self, output: Tensor) -> Flow:
        """The flow over z ``(batch, latent_dim)``."""
        mean, log_variance, context = output.tensor_split([self.latent_dim, 2 * self.latent_dim], dim=-1)
        return Flow(Normal.from_log_scale(mean, 0.5 * bounded(log_variance)), self.transforms(context))
