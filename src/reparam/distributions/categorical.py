"""Independent choices among levels, with no shape assumed over them."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from reparam.distributions.base import Distribution, check_parameters
from reparam.errors import UserError


class Categorical(Distribution):
    """Each value one of ``levels`` equally spaced in [0, 1], with probabilities softmax(logits).

    Args:
        logits: ``(*batch_shape, *event_shape, levels)``.
        event_dims: how many trailing dimensions (before the levels) make one event.

    >>> Categorical(torch.zeros(3, 2, 4)).log_prob(torch.tensor([0.0, 1 / 3]))
    tensor([-2.7726, -2.7726, -2.7726])
    """

    def __init__(self, logits: Tensor, event_dims: int = 1) -> None:
        super().__init__(event_dims)
        check_parameters(event_dims + 1, logits=logits)
        if logits.shape[-1] < 2:
            raise UserError(
                f"logits of shape {tuple(logits.shape)} choose among {logits.shape[-1]} levels: give 2 or more"
            )
        self.logits = logits
        self.levels = logits.shape[-1]

    @property
    def mean(self) -> Tensor:
        """The expected value in [0, 1], ``(*batch_shape, *event_shape)``."""
        values = torch.linspace(0, 1, self.levels, dtype=self.logits.dtype, device=self.logits.device)
        return self.logits.softmax(-1) @ values

    @property
    def shape(self) -> torch.Size:
        """That of the parameters."""
        return self.logits.shape[:-1]

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws in [0, 1], by the largest of logits plus Gumbel noise. A choice passes no pathwise gradient."""
        noise = torch.empty((*sample_shape, *self.logits.shape), dtype=self.logits.dtype, device=self.logits.device)
        gumbel = -noise.exponential_().log()
        return (self.logits + gumbel).argmax(-1).to(self.logits.dtype) / (self.levels - 1)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log-probability of the levels nearest to ``value`` (in [0, 1]), summed over the event."""
        level = (value * (self.levels - 1)).round().long().unsqueeze(-1)
        log_probabilities = F.log_softmax(self.logits, -1)
        level = level.expand(*log_probabilities.shape[:-1], 1)
        return self._sum_event(log_probabilities.gather(-1, level).squeeze(-1))

    def cumulative(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """Of the levels below those nearest to ``value``, and with these."""
        chances = self.logits.double().softmax(-1)
        level = (value * (self.levels - 1)).round().long().unsqueeze(-1).expand(*chances.shape[:-1], 1)
        up_to = chances.cumsum(-1).gather(-1, level)
        below = up_to - chances.gather(-1, level)
        return below.squeeze(-1).clamp(min=0), up_to.squeeze(-1).clamp(max=1)

    def entropy(self) -> Tensor:
        """-Σ p log p, summed over the event."""
        log_probabilities = F.log_softmax(self.logits, -1)
        return self._sum_event(-(log_probabilities.exp() * log_probabilities).sum(-1))

    def kl(self, other: Distribution) -> Tensor:
        """Closed form between choices among as many levels."""
        if not isinstance(other, Categorical) or other.levels != self.levels:
            return super().kl(other)
        log_p, log_q = F.log_softmax(self.logits, -1), F.log_softmax(other.logits, -1)
        return self._sum_event((log_p.exp() * (log_p - log_q)).sum(-1))
