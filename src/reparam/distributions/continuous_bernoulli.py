"""The continuous Bernoulli: a density on [0, 1], for grey values that a Bernoulli would only pretend to model."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from reparam.distributions.base import Distribution, check_parameters

# nearer to zero than this the closed forms lose digits to a difference of large numbers, and series are as exact
NEAR_ZERO = 0.1
# the inverse distribution function is a ratio, which loses none: it needs a series at 0/0 only
ALMOST_ZERO = 1e-3


class ContinuousBernoulli(Distribution):
    """Density C(λ) λˣ (1 - λ)¹⁻ˣ on [0, 1], with λ = sigmoid(logits) (Loaiza-Ganem & Cunningham 2019, equation 4).

    With l = logits the density is exp(l x) l / (eˡ - 1), so log p(x) = l x - log((eˡ - 1) / l).

    Args:
        logits: ``(*batch_shape, *event_shape)``.
        event_dims: how many trailing dimensions make one event.

    >>> ContinuousBernoulli(torch.zeros(3, 2)).log_prob(torch.rand(3, 2))
    tensor([0., 0., 0.])
    """

    def __init__(self, logits: Tensor, event_dims: int = 1) -> None:
        super().__init__(event_dims)
        check_parameters(event_dims, logits=logits)
        self.logits = logits

    @property
    def mean(self) -> Tensor:
        """1 / (1 - e⁻ˡ) - 1 / l."""
        logits, small = _away_from_zero(self.logits)
        exact = 1 / -torch.expm1(-logits) - 1 / logits
        series = 0.5 + self.logits / 12 - self.logits**3 / 720 + self.logits**5 / 30240
        return torch.where(small, series, exact)

    @property
    def shape(self) -> torch.Size:
        """That of the parameters."""
        return self.logits.shape

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """The inverse of the distribution function at uniform noise: gradients reach the logits."""
        shape = (*sample_shape, *self.logits.shape)
        u = torch.rand(shape, dtype=self.logits.dtype, device=self.logits.device)
        logits, small = _away_from_zero(self.logits, ALMOST_ZERO)
        # log(1 + u (eˡ - 1)) / l, reflected for positive l so that no exponential overflows
        size = logits.abs()
        reflected = -torch.log1p(u * torch.expm1(-size)) / size
        inverse = torch.where(logits > 0, 1 - reflected, reflected)
        slope = u * (1 - u) / 2
        series = u + self.logits * slope + self.logits**2 * slope * (1 - 2 * u) / 3
        return torch.where(small, series, inverse)

    def log_prob(self, value: Tensor) -> Tensor:
        """L x - log((eˡ - 1) / l), summed over the event."""
        return self._sum_event(self.logits * value - _log_normalizer(self.logits))

    def cumulative(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """(eˡˣ - 1) / (eˡ - 1), twice: a value has no probability of its own."""
        logits, x = self.logits.double(), value.double()
        away, small = _away_from_zero(logits, ALMOST_ZERO)
        size = away.abs()
        # of -|l| no exponential overflows: for positive l it is the other end's, reflected
        reflected = torch.where(away > 0, 1 - x, x)
        ratio = torch.expm1(-size * reflected) / torch.expm1(-size)
        exact = torch.where(away > 0, 1 - ratio, ratio)
        series = x - logits * x * (1 - x) / 2
        found = torch.where(small, series, exact).clamp(0, 1)
        return found, found

    def entropy(self) -> Tensor:
        """log((eˡ - 1) / l) - l · mean, summed over the event."""
        return self._sum_event(_log_normalizer(self.logits) - self.logits * self.mean)

    def kl(self, other: Distribution) -> Tensor:
        """Closed form: (l - m) · mean - log-normalizers' difference."""
        if not isinstance(other, ContinuousBernoulli):
            return super().kl(other)
        difference = (self.logits - other.logits) * self.mean
        return self._sum_event(difference - _log_normalizer(self.logits) + _log_normalizer(other.logits))


def _away_from_zero(logits: Tensor, near: float = NEAR_ZERO) -> tuple[Tensor, Tensor]:
    """Logits with the near-zero ones replaced (so that no NaN enters a gradient), and where that was done."""
    small = logits.abs() < near
    return torch.where(small, torch.full_like(logits, near), logits), small


def _log_normalizer(logits: Tensor) -> Tensor:
    """log((eˡ - 1) / l), which is l/2 + log(sinh(l/2) / (l/2)) and so even but for its first term."""
    away, small = _away_from_zero(logits)
    size = away.abs()
    exact = F.relu(away) + torch.log(-torch.expm1(-size) / size)
    series = logits / 2 + logits**2 / 24 - logits**4 / 2880 + logits**6 / 181440
    return torch.where(small, series, exact)
