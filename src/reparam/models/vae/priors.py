"""Priors p(z): modules whose call, given the model's encoder as a function, is a distribution of batch shape ``()``."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from reparam import checks
from reparam.distributions import Distribution, Normal, NormalMixture
from reparam.distributions.flow import AutoregressiveTransforms, Flow
from reparam.errors import UserError
from reparam.recording import recorded

Encode = Callable[[Tensor], Distribution]
"""From x ``(batch, *data_shape)`` to q(z|x)."""


class Prior(nn.Module, ABC):
    """The distribution of z.

    Args:
        latent_dim: width of z.

    Raises:
        UserError: if that is no whole number of at least 1.
    """

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = checks.whole("latent_dim", latent_dim)

    @abstractmethod
    def forward(self, encode: Encode) -> Distribution:
        """p(z) over vectors ``(latent_dim,)``; ``encode`` is for those priors that are made of posteriors."""


@recorded
class StandardNormal(Prior):
    """N(0, I): nothing is learned.

    Args:
        latent_dim: width of z.

    >>> StandardNormal(5)().sample((3,)).shape
    torch.Size([3, 5])
    """

    zeros: Tensor

    def __init__(self, latent_dim: int) -> None:
        super().__init__(latent_dim)
        self.register_buffer("zeros", torch.zeros(latent_dim), persistent=False)

    def forward(self, encode: Encode | None = None) -> Normal:
        """The distribution."""
        return Normal.from_log_scale(self.zeros, self.zeros)


@recorded
class MixturePrior(Prior):
    """A mixture of diagonal normals, all of it learned with the rest.

    Args:
        latent_dim: width of z.
        components: how many normals.

    >>> MixturePrior(5, components=3)().sample((4,)).shape
    torch.Size([4, 5])
    """

    def __init__(self, latent_dim: int, components: int = 100) -> None:
        super().__init__(latent_dim)
        checks.whole("components", components)
        self.logits = nn.Parameter(torch.zeros(components))
        # apart enough to take different parts of the posteriors from the start
        self.means = nn.Parameter(torch.randn(components, latent_dim))
        self.log_scales = nn.Parameter(torch.zeros(components, latent_dim))

    def forward(self, encode: Encode | None = None) -> NormalMixture:
        """The distribution."""
        return NormalMixture(self.logits, Normal.from_log_scale(self.means, self.log_scales))


@recorded
class FlowPrior(Prior):
    """Noise N(0, I) pushed through a learned flow, whose density takes one pass and whose draws ``latent_dim`` of them.

    Source: Chen et al. 2017; with an affine flow it is the same model as an inverse autoregressive posterior.

    Args:
        latent_dim: width of z.
        transforms: how many.
        hidden: widths of each transform's hidden layers.
        kind: ``affine`` or ``spline``.

    >>> FlowPrior(5)().sample((4,)).shape
    torch.Size([4, 5])
    """

    zeros: Tensor

    def __init__(
        self, latent_dim: int, transforms: int = 2, hidden: Sequence[int] = (128, 128), kind: str = "affine"
    ) -> None:
        super().__init__(latent_dim)
        self.register_buffer("zeros", torch.zeros(latent_dim), persistent=False)
        self.transforms = AutoregressiveTransforms(latent_dim, 0, transforms, hidden, kind)

    def forward(self, encode: Encode | None = None) -> Flow:
        """The distribution."""
        return Flow(Normal.from_log_scale(self.zeros, self.zeros), self.transforms().inv)


@recorded
class VampPrior(Prior):
    """The mixture of the posteriors of learned pseudo-inputs (Tomczak & Welling 2018, equation 9), weighted evenly.

    Args:
        latent_dim: width of z.
        pseudo_inputs: where they start, ``(components, *data_shape)``.
        low: smallest value of the data.
        high: largest value of the data.

    Raises:
        UserError: if there are no pseudo-inputs, one is not finite, or ``low`` is not below ``high``.

    >>> prior = VampPrior(2, torch.rand(7, 3))
    >>> prior(lambda x: Normal(x[:, :2], torch.ones(7, 2))).sample((4,)).shape
    torch.Size([4, 2])
    """

    low: Tensor
    high: Tensor

    def __init__(
        self, latent_dim: int, pseudo_inputs: Tensor, low: float = -float("inf"), high: float = float("inf")
    ) -> None:
        super().__init__(latent_dim)
        _check_pseudo_inputs(pseudo_inputs, low, high)
        # buffers, so that a checkpoint brings them
        self.register_buffer("low", torch.tensor(low))
        self.register_buffer("high", torch.tensor(high))
        self.pseudo_inputs = nn.Parameter(pseudo_inputs.clamp(low, high))

    def forward(self, encode: Encode) -> NormalMixture:
        """The distribution.

        Raises:
            UserError: unless the encoder's posterior is a diagonal normal.
        """
        posteriors = encode(self.pseudo_inputs.clamp(self.low, self.high))
        if not isinstance(posteriors, Normal):
            raise UserError('a VampPrior is a mixture of diagonal normals: use it with posterior="diagonal"')
        return NormalMixture(self.pseudo_inputs.new_zeros(len(self.pseudo_inputs)), posteriors)


def _check_pseudo_inputs(pseudo_inputs: Tensor, low: float, high: float) -> None:
    if not isinstance(pseudo_inputs, Tensor) or pseudo_inputs.dim() < 2 or 0 in pseudo_inputs.shape:
        told = tuple(pseudo_inputs.shape) if isinstance(pseudo_inputs, Tensor) else type(pseudo_inputs).__name__
        raise UserError(f"pseudo_inputs of shape {told} will not do: give a tensor (components, *data_shape)")
    if not torch.isfinite(pseudo_inputs).all():
        raise UserError("pseudo_inputs hold values that are not finite: give numbers like the data's")
    if not low < high:
        raise UserError(f"low={low:g} and high={high:g} bound no data: give a low below high")
