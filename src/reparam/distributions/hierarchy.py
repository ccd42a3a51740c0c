"""A chain of normals over the parts of one vector, each given the parts above it."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

import torch
from torch import Tensor

from reparam import checks
from reparam.distributions.base import Distribution, broadcast_shape, parted
from reparam.distributions.normal import Normal


class Conditional(Protocol):
    """The distribution of one layer given those above it."""

    @property
    def width(self) -> int:
        """How many latents the layer has."""

    def __call__(self, above: Tensor, /) -> Normal:
        """The normal over ``(*leading, width)``, given z above ``(*leading, widths above)``."""

    def detached(self) -> "Conditional":
        """The same with no gradient to its parameters; the gradient still reaches ``above``."""


class Hierarchy(Distribution):
    """p(z) = N(z_1) ∏ N(z_k | z_1, ..., z_{k-1}) over z = (z_1, ..., z_K), the top layer first.

    A draw is noise pushed down the layers, z_k = mean_k(z above) + scale_k(z above) * noise_k, so that its gradient
    passes through every layer. The density of any z takes one pass: all that each layer is given is known.

    Source: Sønderby et al. 2016, equations 1 to 3, each layer given all of those above.

    Args:
        top: diagonal normal over vectors, the first layer.
        below: the other layers, downwards.

    Raises:
        UserError: if the top is no normal over vectors.

    >>> class Doubled:
    ...     width = 1
    ...     def __call__(self, above):
    ...         return Normal(2 * above[..., -1:], torch.ones(1))
    >>> chain = Hierarchy(Normal(torch.zeros(1), torch.ones(1)), [Doubled()])
    >>> chain.push(torch.tensor([3.0, 0.5]))
    tensor([3.0000, 6.5000])
    """

    def __init__(self, top: Normal, below: Sequence[Conditional] = ()) -> None:
        super().__init__(event_dims=1)
        if not isinstance(top, Normal) or top.event_dims != 1:
            checks.refuse("top", top, "give a diagonal normal over vectors, event_dims=1")
        self.top, self.below = top, tuple(below)

    @property
    def widths(self) -> tuple[int, ...]:
        """Of the layers, the top one first."""
        return (self.top.event_shape[0], *(layer.width for layer in self.below))

    @property
    def mean(self) -> Tensor:
        """The mean of what lies below the top has no closed form.

        Raises:
            UserError: always; :attr:`center` is a typical point.
        """
        raise self.no_closed_form("mean")

    @property
    def center(self) -> Tensor:
        """Each layer's mean given the means above, ``(*batch_shape, dim)``: a typical point, not the expectation."""
        return self.push(self.top.mean.new_zeros(self.shape))

    @property
    def shape(self) -> torch.Size:
        """The top layer's batch, and all widths together."""
        return torch.Size((*self.top.batch_shape, sum(self.widths)))

    def push(self, noise: Tensor) -> Tensor:
        """Noise ``(*leading, *batch_shape, dim)`` pushed down the layers to z, of the same shape."""
        return self._down(noise)[0]

    def pull(self, value: Tensor) -> Tensor:
        """The noise that :meth:`push` makes a z of, ``(*leading, dim)``: what each layer adds to those above it."""
        parts = zip(parted(value, self.widths), self.layers(value), strict=True)
        return torch.cat([(part - normal.mean) / normal.scale for part, normal in parts], dim=-1)

    def _down(self, noise: Tensor) -> tuple[Tensor, list[Normal]]:
        """The z that a noise becomes, and each layer's normal there."""
        first, *others = parted(noise, self.widths)
        z, normals = self.top.mean + self.top.scale * first, [self.top]
        for layer, part in zip(self.below, others, strict=True):
            normals.append(layer(z))
            z = torch.cat([z, normals[-1].mean + normals[-1].scale * part], dim=-1)
        return z, normals

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Noise pushed down the layers: gradients reach the parameters of all of them."""
        return self.sample_with_layers(sample_shape)[0]

    def sample_with_layers(self, sample_shape: Sequence[int] = ()) -> tuple[Tensor, list[Normal]]:
        """Draws, and what each layer of them was drawn from: its normal, given the drawn z above."""
        like = self.top.mean
        noise = torch.randn((*sample_shape, *self.shape), dtype=like.dtype, device=like.device)
        return self._down(noise)

    def sample_and_log_prob(self, sample_shape: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
        """Draws and their log-density, by one pass down."""
        z, normals = self.sample_with_layers(sample_shape)
        return z, self._density(z, normals)

    def layers(self, value: Tensor) -> list[Normal]:
        """Each layer's normal given those of z ``(*leading, dim)`` above it; the top one's is given nothing."""
        ends = accumulate(self.widths)
        return [self.top, *(layer(value[..., :end]) for layer, end in zip(self.below, ends, strict=False))]

    def log_prob(self, value: Tensor) -> Tensor:
        """Log N(z_1) + Σ log N(z_k | z above)."""
        value = value.expand(*broadcast_shape(value.shape, self.shape))
        return self._density(value, self.layers(value))

    def _density(self, value: Tensor, normals: Sequence[Normal]) -> Tensor:
        parts = parted(value, self.widths)
        return torch.stack([normal.log_prob(part) for normal, part in zip(normals, parts, strict=True)]).sum(0)

    def detached(self) -> "Hierarchy":
        """The same with no gradient to any layer's parameters; one still passes from a layer to the z above it."""
        return Hierarchy(self.top.detached(), [layer.detached() for layer in self.below])

    def entropy(self) -> Tensor:
        """A hierarchy's entropy has no closed form.

        Raises:
            UserError: always.
        """
        raise self.no_closed_form("entropy")
