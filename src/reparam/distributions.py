"""Distributions as functions of noise: each can sample, say its log-density and mean, and compare itself by KL.

The last ``event_dims`` dimensions of a parameter are one event: ``log_prob``, ``entropy`` and ``kl`` sum over them,
so every result is in nats per example and never an average over pixels.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from reparam.errors import UserError

LOG_2PI = math.log(2 * math.pi)


class Distribution(ABC):
    """A distribution over tensors of shape ``(*batch_shape, *event_shape)``, independent across the batch.

    Args:
        event_dims: how many trailing dimensions make one event.
    """

    def __init__(self, event_dims: int) -> None:
        self.event_dims = event_dims

    @property
    @abstractmethod
    def mean(self) -> Tensor:
        """The expectation, ``(*batch_shape, *event_shape)``."""

    @abstractmethod
    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws of shape ``(*sample_shape, *batch_shape, *event_shape)``, differentiable where the family allows."""

    @abstractmethod
    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density (or log-mass) in nats, summed over the event: ``(*batch_shape,)``.

        ``value`` may lack leading dimensions of the batch shape: it is then compared with every one of them.
        """

    @abstractmethod
    def entropy(self) -> Tensor:
        """Entropy in nats, summed over the event: ``(*batch_shape,)``."""

    def kl(self, other: "Distribution") -> Tensor:
        """KL(self ‖ other) in closed form, nats summed over the event: ``(*batch_shape,)``.

        Raises:
            UserError: if no closed form is known for the pair; a sampled KL (``reparam.bounds.sampled_kl``) then does.
        """
        raise UserError(
            f"KL({type(self).__name__} ‖ {type(other).__name__}) has no closed form here: estimate it from samples "
            "with reparam.bounds.sampled_kl (on the command line: --kl sampled)"
        )

    def _sum_event(self, values: Tensor) -> Tensor:
        return values.flatten(-self.event_dims).sum(-1) if self.event_dims else values


def _check_positive(name: str, values: Tensor) -> None:
    """Refuse a scale that is not positive (NaN included), naming the first element that fails."""
    wrong = ~(values > 0)
    if wrong.any():
        index = tuple(int(i) for i in wrong.nonzero()[0])
        raise UserError(
            f"{name} must be positive everywhere, but element {list(index)} is {values[index].item():g}: "
            "give an exponential or a softplus of it, or use from_log_scale"
        )


class Normal(Distribution):
    """The normal distribution with diagonal covariance, N(mean, diag(scale²)).

    A sample is ``mean + scale * noise`` with noise ~ N(0, I), so the gradient passes to both parameters
    (Kingma & Welling 2014, section 2.4).

    Args:
        mean: ``(*batch_shape, *event_shape)``.
        scale: standard deviation, positive, of a shape that broadcasts with ``mean``.
        event_dims: how many trailing dimensions make one event (1: vectors).

    Raises:
        UserError: if a scale is not positive, naming the element.

    >>> q = Normal(torch.zeros(3, 2), torch.ones(3, 2))
    >>> q.sample().shape, q.log_prob(torch.zeros(3, 2)).shape
    (torch.Size([3, 2]), torch.Size([3]))
    >>> Normal(torch.zeros(2), torch.tensor([1.0, -3.0]))
    Traceback (most recent call last):
    reparam.errors.UserError: scale must be positive everywhere, but element [1] is -3: give ...
    """

    def __init__(self, mean: Tensor, scale: Tensor, event_dims: int = 1) -> None:
        _check_positive("scale", scale)
        self._set(mean, scale, scale.log(), event_dims)

    @classmethod
    def from_log_scale(cls, mean: Tensor, log_scale: Tensor, event_dims: int = 1) -> "Normal":
        """A normal whose scale is ``exp(log_scale)``: positive by construction, so nothing is checked."""
        normal = cls.__new__(cls)
        normal._set(mean, log_scale.exp(), log_scale, event_dims)
        return normal

    def _set(self, mean: Tensor, scale: Tensor, log_scale: Tensor, event_dims: int) -> None:
        super().__init__(event_dims)
        self._mean, self.scale, self.log_scale = mean, scale, log_scale

    @property
    def mean(self) -> Tensor:
        """The mean, as given."""
        return self._mean

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """``mean + scale * noise``: gradients reach mean and scale."""
        shape = self._mean.shape if self._mean.shape == self.scale.shape else (self._mean + self.scale).shape
        noise = torch.randn((*sample_shape, *shape), dtype=self._mean.dtype, device=self._mean.device)
        return self._mean + self.scale * noise

    def log_prob(self, value: Tensor) -> Tensor:
        """-½ [((x - mean)/scale)² + log 2π] - log scale, summed over the event."""
        standardized = (value - self._mean) / self.scale
        return self._sum_event(-0.5 * (standardized.square() + LOG_2PI) - self.log_scale)

    def entropy(self) -> Tensor:
        """½ (1 + log 2π) + log scale, summed over the event."""
        return self._sum_event(0.5 * (1 + LOG_2PI) + self.log_scale + torch.zeros_like(self._mean))

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


class Bernoulli(Distribution):
    """Independent coins with probabilities ``sigmoid(logits)``.

    Args:
        logits: log-odds, ``(*batch_shape, *event_shape)``.
        event_dims: how many trailing dimensions make one event (1: vectors; 3: images).

    >>> Bernoulli(torch.zeros(5, 1, 28, 28), event_dims=3).log_prob(torch.ones(5, 1, 28, 28)).shape
    torch.Size([5])
    """

    def __init__(self, logits: Tensor, event_dims: int = 1) -> None:
        super().__init__(event_dims)
        self.logits = logits

    @property
    def mean(self) -> Tensor:
        """The probability of a one."""
        return self.logits.sigmoid()

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws of 0 and 1 (floats). A coin has no pathwise gradient: none passes."""
        with torch.no_grad():
            mean = self.mean.expand(*sample_shape, *self.logits.shape)
            return torch.bernoulli(mean)

    def log_prob(self, value: Tensor) -> Tensor:
        """X · logits - softplus(logits), summed over the event; ``value`` holds zeros and ones."""
        value = value.expand_as(self.logits)
        return -self._sum_event(F.binary_cross_entropy_with_logits(self.logits, value, reduction="none"))

    def entropy(self) -> Tensor:
        """softplus(logits) - sigmoid(logits) · logits, summed over the event."""
        return self._sum_event(F.softplus(self.logits) - self.mean * self.logits)

    def kl(self, other: Distribution) -> Tensor:
        """Closed form between coins: p (l - m) - softplus(l) + softplus(m) with log-odds l and m."""
        if not isinstance(other, Bernoulli):
            return super().kl(other)
        difference = self.logits - other.logits
        return self._sum_event(self.mean * difference - F.softplus(self.logits) + F.softplus(other.logits))
