"""The normal distribution with diagonal covariance."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from reparam import checks
from reparam.distributions.base import Distribution, broadcast_shape, check_parameters, check_positive, parted

LOG_2PI = math.log(2 * math.pi)


class Normal(Distribution):
    """The normal distribution with diagonal covariance, N(mean, diag(scale²)).

    A sample is ``mean + scale * noise`` with noise ~ N(0, I), so the gradient passes to both parameters
    (Kingma & Welling 2014, section 2.4).

    Args:
        mean: ``(*batch_shape, *event_shape)``.
        scale: standard deviation, positive, of a shape that broadcasts with ``mean``.
        event_dims: how many trailing dimensions make one event (1: vectors).

    Raises:
        UserError: if a scale is not positive, naming the element, or shapes do not broadcast.

    >>> q = Normal(torch.zeros(3, 2), torch.ones(3, 2))
    >>> q.sample().shape, q.log_prob(torch.zeros(3, 2)).shape
    (torch.Size([3, 2]), torch.Size([3]))
    >>> Normal(torch.zeros(2), torch.tensor([1.0, -3.0]))
    Traceback (most recent call last):
    reparam.errors.UserError: scale must be positive everywhere, but element [1] is -3: give ...
    """

    def __init__(self, mean: Tensor, scale: Tensor, event_dims: int = 1) -> None:
        check_parameters(checks.whole("event_dims", event_dims, 0), mean=mean, scale=scale)
        check_positive("scale", scale)
        self._set(mean, scale, scale.log(), event_dims)

    @classmethod
    def from_log_scale(cls, mean: Tensor, log_scale: Tensor, event_dims: int = 1) -> "Normal":
        """A normal whose scale is ``exp(log_scale)``: positive by construction, so nothing is checked."""
        normal = cls.__new__(cls)
        normal._set(mean, log_scale.exp(), log_scale, event_dims)
        return normal

    @classmethod
    def from_positive(cls, mean: Tensor, scale: Tensor, event_dims: int = 1) -> "Normal":
        """A normal whose scale is known to be positive: nothing is checked, since a check waits for the device."""
        normal = cls.__new__(cls)
        normal._set(mean, scale, scale.log(), event_dims)
        return normal

    def _set(self, mean: Tensor, scale: Tensor, log_scale: Tensor, event_dims: int) -> None:
        super().__init__(event_dims)
        self._mean, self.scale, self.log_scale = mean, scale, log_scale

    @property
    def mean(self) -> Tensor:
        """The mean, as given."""
        return self._mean

    @property
    def shape(self) -> torch.Size:
        """That of the parameters."""
        return broadcast_shape(self._mean.shape, self.scale.shape)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """``mean + scale * noise``: gradients reach mean and scale."""
        shape = self._mean.shape if self._mean.shape == self.scale.shape else (self._mean + self.scale).shape
        noise = torch.randn((*sample_shape, *shape), dtype=self._mean.dtype, device=self._mean.device)
        return self._mean + self.scale * noise

    def log_prob(self, value: Tensor) -> Tensor:
        """-½ [((x - mean)/scale)² + log 2π] - log scale, summed over the event."""
        standardized = (value - self._mean) / self.scale
        return self._sum_event(-0.5 * (standardized.square() + LOG_2PI) - self.log_scale)

    def cumulative(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """Φ((x - mean)/scale), twice: a value has no probability of its own."""
        found = torch.special.ndtr((value.double() - self._mean.double()) / self.scale.double())
        return found, found

    def entropy(self) -> Tensor:
        """½ (1 + log 2π) + log scale, summed over the event."""
        return self._sum_event(0.5 * (1 + LOG_2PI) + self.log_scale + torch.zeros_like(self._mean))

    def detached(self) -> "Normal":
        """The same normal with no gradient to mean and scale."""
        return Normal.from_log_scale(self._mean.detach(), self.log_scale.detach(), self.event_dims)

    def factors(self) -> "Normal":
        """One normal per dimension: what was summed over the event is then given for each."""
        return Normal.from_log_scale(self._mean, self.log_scale, 0)

    def split(self, widths: Sequence[int]) -> "list[Normal]":
        """The normals of the parts, of such widths, that the last dimension is cut into."""
        sides = (parted(side.expand(self.shape), widths) for side in (self._mean, self.log_scale))
        return [Normal.from_log_scale(mean, log_scale, self.event_dims) for mean, log_scale in zip(*sides, strict=True)]

    def kl(self, other: Distribution) -> Tensor:
        """Closed form between diagonal normals (Kingma & Welling 2014, appendix B, for two general normals).

        >>> standard = Normal(torch.zeros(1, 2), torch.ones(1, 2))
        >>> Normal(torch.ones(1, 2), torch.ones(1, 2)).kl(standard)
        tensor([1.])
        """
        if not isinstance(other, Normal):
            return super().kl(other)
        log_ratio = self.log_scale - other.log_scale
        shift = (self._mean - other._mean) / other.scale
        return self._sum_event(0.5 * ((2 * log_ratio).exp() + shift.square() - 1) - log_ratio)
