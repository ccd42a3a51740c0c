"""The columns of categories of a table that have one number of levels: a choice each."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from reparam.distributions.base import broadcast_shape
from reparam.distributions.columnwise.group import Group, Judged, through


@dataclass(frozen=True)
class Categories(Group):
    """Columns of one-hot codes, with probabilities softmax(output)."""

    def judge(self, entries: Tensor, output: Tensor, log_scale: Tensor) -> Judged:
        """The log-probability of the level that is 1, where all others are 0."""
        blank = (entries == 0).all(-1)
        largest, level = entries.max(-1, keepdim=True)
        fits = (largest.squeeze(-1) == 1) & ((entries != 0).sum(-1) == 1)
        log_p = F.log_softmax(output, -1)
        level = level.expand(*broadcast_shape(level.shape[:-1], log_p.shape[:-1]), 1)
        return Judged(log_p.expand(*level.shape[:-1], -1).gather(-1, level).squeeze(-1), fits, blank)

    @torch.no_grad()
    def draw(self, output: Tensor, log_scale: Tensor, shape: Sequence[int]) -> Tensor:
        """Draws, by the largest of logits plus Gumbel noise. A choice passes no pathwise gradient."""
        return one_hot(output + gumbel(output, shape))

    def pass_through(self, output: Tensor, temperature: float, shape: Sequence[int]) -> Tensor:
        """A drawn level, with the gradient of a softmax of its scores (Jang et al. 2017)."""
        scores = output + gumbel(output, shape)
        return through(one_hot(scores.detach()), (scores / temperature).softmax(-1))

    def center(self, output: Tensor, log_scale: Tensor) -> Tensor:
        """The most probable level."""
        return one_hot(output)

    def entropy(self, output: Tensor, log_scale: Tensor) -> Tensor:
        """-Σ p log p."""
        log_p = F.log_softmax(output, -1)
        return -(log_p.exp() * log_p).sum(-1)

    def kl(self, output: Tensor, log_scale: Tensor, other: Tensor, other_log_scale: Tensor) -> Tensor:
        """Σ p (log p - log q)."""
        log_p, log_q = F.log_softmax(output, -1), F.log_softmax(other, -1)
        return (log_p.exp() * (log_p - log_q)).sum(-1)


def one_hot(scores: Tensor) -> Tensor:
    """1 where the score is the largest of its column and 0 elsewhere; no gradient passes."""
    levels = torch.arange(scores.shape[-1], device=scores.device)
    return (scores.argmax(-1, keepdim=True) == levels).to(scores.dtype)


def gumbel(like: Tensor, shape: Sequence[int]) -> Tensor:
    """Standard Gumbel noise, ``(*shape, *like.shape)``."""
    return -torch.empty((*shape, *like.shape), dtype=like.dtype, device=like.device).exponential_().log()
