"""Normalizing flows (zuko's) as distributions: noise pushed through an invertible function whose volume is known."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from reparam import checks
from reparam.distributions import Distribution, Normal
from reparam.recording import recorded

Transform = Any
"""A bijection of zuko's: called it maps; ``call_and_ladj`` also gives log |det Jacobian|; ``inv`` is its inverse."""


class Flow(Distribution):
    """z = f(noise) with noise ~ base: log p(z) = log base(f⁻¹(z)) - log |det ∂f/∂noise|.

    Source: Rezende & Mohamed 2015, equation 5.

    Args:
        base: a normal over vectors.
        transform: f, a transform of zuko's (or of torch's), from noise to z.
    """

    def __init__(self, base: Normal, transform: Transform) -> None:
        super().__init__(event_dims=1)
        self.base, self.transform = base, transform

    @property
    def mean(self) -> Tensor:
        """A flow's mean has no closed form.

        Raises:
            UserError: always; :attr:`center` is the image of the base's mean.
        """
        raise self.no_closed_form("mean")

    @property
    def center(self) -> Tensor:
        """f(the base's mean), ``(*batch_shape, dim)``: a typical point, not the expectation."""
        return self.transform(self.base.mean)  # type: ignore[no-any-return]

    @property
    def shape(self) -> torch.Size:
        """That of the base."""
        return self.base.batch_shape + self.base.event_shape

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """f(noise): gradients reach f and the base's parameters."""
        return self.transform(self.base.sample(sample_shape))  # type: ignore[no-any-return]

    def sample_and_log_prob(self, sample_shape: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
        """Draws and their log-density by the noise they came from: f is never inverted."""
        noise = self.base.sample(sample_shape)
        z, log_volume = self.transform.call_and_ladj(noise)
        return z, self.base.log_prob(noise) - log_volume

    def log_prob(self, value: Tensor) -> Tensor:
        """The density at any point, by inverting f."""
        noise, log_volume = self.transform.inv.call_and_ladj(value)
        return self.base.log_prob(noise) + log_volume  # type: ignore[no-any-return]

    def entropy(self) -> Tensor:
        """A flow's entropy has no closed form.

        Raises:
            UserError: always.
        """
        raise self.no_closed_form("entropy")


@recorded
class AutoregressiveTransforms(nn.Module):
    """A chain of masked autoregressive transforms of vectors, one pass in the direction it is called in.

    Args:
        dim: width of the vectors.
        context: width of what each transform is told besides; 0: nothing.
        transforms: how many; every other one goes through the dimensions backwards.
        hidden: widths of the hidden layers of each transform's network.
        kind: ``affine`` (Kingma et al. 2016; Papamakarios et al. 2017) or ``spline`` (rational-quadratic, Durkan et
            al. 2019; beyond [-5, 5] it leaves its input as it is).

    Raises:
        UserError: if a number is not whole or too small, or the kind is unknown.

    >>> import torch
    >>> transform = AutoregressiveTransforms(3, context=2)(torch.zeros(5, 2))
    >>> transform(torch.zeros(5, 3)).shape
    torch.Size([5, 3])
    """

    def __init__(
        self, dim: int, context: int = 0, transforms: int = 2, hidden: Sequence[int] = (64, 64), kind: str = "affine"
    ) -> None:
        import zuko

        super().__init__()
        families = {"affine": zuko.flows.MAF, "spline": zuko.flows.NSF}
        family = families[checks.one_of("kind", kind, families)]
        checks.wholes(dim=dim, transforms=transforms)
        checks.whole("context", context, 0)
        # one masked network per transform; zuko's own base is left aside, ours is the normal
        features = checks.widths("hidden", hidden)
        self.chain = family(dim, context, transforms=transforms, hidden_features=features).transform

    def forward(self, context: Tensor | None = None) -> Transform:
        """The transform, given its context ``(*batch_shape, context)``."""
        return self.chain(context)
