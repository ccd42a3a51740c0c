"""Independent coins."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from reparam.distributions.base import Distribution, check_parameters

# 2^112 is a float32 still
FACTORS = 112


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
        check_parameters(event_dims, logits=logits)
        self.logits = logits

    @property
    def mean(self) -> Tensor:
        """The probability of a one."""
        return self.logits.sigmoid()

    @property
    def shape(self) -> torch.Size:
        """That of the parameters."""
        return self.logits.shape

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws of 0 and 1 (floats). A coin has no pathwise gradient: none passes."""
        with torch.no_grad():
            mean = self.mean.expand(*sample_shape, *self.logits.shape)
            return torch.bernoulli(mean)

    def log_prob(self, value: Tensor) -> Tensor:
        """X · logits - softplus(logits), summed over the event; ``value`` holds zeros and ones."""
        if not self.logits.requires_grad:
            return self._log_mass_without_gradient(value)
        value = value.expand_as(self.logits)
        return -self._sum_event(F.binary_cross_entropy_with_logits(self.logits, value, reduction="none"))

    def _log_mass_without_gradient(self, value: Tensor) -> Tensor:
        """The same in half the time, for importance sampling, whose cost is one logarithm per pixel.

        softplus(l) = max(l, 0) + log(1 + exp(-|l|)), and the logarithm of a product of so few factors of at most 2 as
        do not overflow is one logarithm for all of them.
        """
        logits = self.logits.flatten(-self.event_dims) if self.event_dims else self.logits.unsqueeze(-1)
        shape = (*value.shape[: value.dim() - self.event_dims], logits.shape[-1])
        factors = logits.abs().neg_().exp_().add_(1.0)
        softplus = logits.clamp(min=0).sum(-1)
        for part in torch.split(factors, FACTORS, dim=-1):
            softplus += part.prod(-1).log_()
        return (logits * value.reshape(shape)).sum(-1) - softplus

    def cumulative(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """0 and P(0) where a coin shows 0, P(0) and 1 where it shows 1.

        >>> [end.item() for end in Bernoulli(torch.zeros(1)).cumulative(torch.ones(1))]
        [0.5, 1.0]
        """
        none = (-self.logits.double()).sigmoid()
        one = value > 0.5
        return torch.where(one, none, 0.0), torch.where(one, 1.0, none)

    def entropy(self) -> Tensor:
        """softplus(logits) - sigmoid(logits) · logits, summed over the event."""
        return self._sum_event(F.softplus(self.logits) - self.mean * self.logits)

    def kl(self, other: Distribution) -> Tensor:
        """Closed form between coins: p (l - m) - softplus(l) + softplus(m) with log-odds l and m."""
        if not isinstance(other, Bernoulli):
            return super().kl(other)
        difference = self.logits - other.logits
        return self._sum_event(self.mean * difference - F.softplus(self.logits) + F.softplus(other.logits))
