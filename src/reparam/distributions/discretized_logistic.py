"""The discretized logistic: a proper probability for 8-bit values."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from reparam.distributions.base import Distribution, broadcast_shape, check_parameters

LEVELS = 256
# the outermost values own the tails
LAST = LEVELS - 1


def log_bin_mass(center: Tensor, width: Tensor, lowest: Tensor, highest: Tensor) -> Tensor:
    """The log-mass that a standard logistic gives to bins; those at either end own everything beyond them.

    Args:
        center: of each bin, in units of the logistic's scale from its mean.
        width: of each, likewise.
        lowest: whether a bin is the one at the lower end.
        highest: at the upper end; a bin may be both.

    >>> log_bin_mass(torch.tensor(0.0), torch.tensor(2.0), torch.tensor(False), torch.tensor(False)).exp()
    tensor(0.4621)
    """
    return log_mass_between(center - 0.5 * width, center + 0.5 * width, width, lowest, highest)


def log_mass_between(lower: Tensor, upper: Tensor, width: Tensor, lowest: Tensor, highest: Tensor) -> Tensor:
    """The same of bins given by their edges, whose distance is known better than their difference tells."""
    # sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - exp(b - a)): no digits are lost in either tail
    inside = F.logsigmoid(upper) + F.logsigmoid(-lower) + torch.log(-torch.expm1(-width))
    below, above = F.logsigmoid(upper), F.logsigmoid(-lower)
    one_end = torch.where(lowest, below, torch.where(highest, above, inside))
    return torch.where(lowest & highest, torch.zeros_like(one_end), one_end)


class DiscretizedLogistic(Distribution):
    """A logistic density on [0, 1] integrated over the 256 bins of 8-bit values (Kingma et al. 2016, section 5.2).

    P(x) = sigmoid((x + w/2 - mean) / scale) - sigmoid((x - w/2 - mean) / scale) for x in {0, w, ..., 1} with w = 1/255,
    where 0 owns everything below it and 1 everything above, so that the probabilities sum to one.

    Args:
        location: the logistic's mean, ``(*batch_shape, *event_shape)``, in units of the data.
        log_scale: logarithm of its scale, broadcasting with the location.
        event_dims: how many trailing dimensions make one event.

    >>> values = torch.arange(256.0).unsqueeze(1) / 255
    >>> p = DiscretizedLogistic(torch.tensor([0.3]), torch.tensor([-2.0]))
    >>> round(p.log_prob(values).exp().sum().item(), 5)
    1.0
    """

    levels = LEVELS

    def __init__(self, location: Tensor, log_scale: Tensor, event_dims: int = 1) -> None:
        super().__init__(event_dims)
        check_parameters(event_dims, location=location, log_scale=log_scale)
        self.location, self.log_scale = location, log_scale

    @property
    def mean(self) -> Tensor:
        """The logistic's mean within [0, 1]: where it is in the middle, that of the discrete values too."""
        return self.location.clamp(0, 1)

    @property
    def shape(self) -> torch.Size:
        """That of the parameters."""
        return broadcast_shape(self.location.shape, self.log_scale.shape)

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws among the 256 values. Rounding has no pathwise gradient: none passes."""
        location, log_scale = self._broadcast()
        u = torch.rand((*sample_shape, *location.shape), dtype=location.dtype, device=location.device)
        draw: Tensor = location + log_scale.exp() * torch.logit(u, eps=1e-7)
        return (draw * LAST).round().clamp(0, LAST) / LAST

    def _broadcast(self) -> tuple[Tensor, Tensor]:
        zeros = torch.zeros_like(self.location + self.log_scale)
        return self.location + zeros, self.log_scale + zeros

    def log_prob(self, value: Tensor) -> Tensor:
        """The log-mass of the bins that hold ``value`` (in [0, 1]), summed over the event; in nats."""
        half, inverse = 0.5 / LAST, (-self.log_scale).exp()
        center, width = (value - self.location) * inverse, inverse / LAST
        log_mass = log_bin_mass(center, width, value < half, value > 1 - half)
        return self._sum_event(log_mass)

    def cumulative(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """The logistic's at both edges of the bins that hold ``value``; the outermost own what lies beyond them."""
        half = 0.5 / LAST
        x, inverse = value.double(), (-self.log_scale.double()).exp()
        below, above = (torch.sigmoid((edge - self.location.double()) * inverse) for edge in (x - half, x + half))
        return torch.where(x < half, 0.0, below), torch.where(x > 1 - half, 1.0, above)

    def bits_per_dimension(self, value: Tensor) -> Tensor:
        """-log2 P(x) per dimension of the event, ``(*batch_shape,)``."""
        return -self.log_prob(value) / (math.log(2) * math.prod(self.location.shape[-self.event_dims :]))

    def entropy(self) -> Tensor:
        """Summed over the 256 values and then the event."""
        location, log_scale = self._broadcast()
        values = torch.arange(LEVELS, dtype=location.dtype, device=location.device) / LAST
        each = DiscretizedLogistic(location.unsqueeze(-1), log_scale.unsqueeze(-1), 0)
        log_mass = each.log_prob(values.expand(*location.shape, LEVELS))
        return self._sum_event(-(log_mass.exp() * log_mass).sum(-1))
