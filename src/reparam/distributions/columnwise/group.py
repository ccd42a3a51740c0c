"""What columns of one family have in common: their values are judged and drawn together."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor


class Judged(NamedTuple):
    """What a group says of values, each ``(*, columns)``.

    ``term``: log p of a value that is there, finite whatever it is. ``fits``: whether it is one that the column may
    have. ``blank``: whether all of its entries are 0, as those of a missing cell are.
    """

    term: Tensor
    fits: Tensor
    blank: Tensor


class Group(ABC):
    """The columns of one family, each of the same number of entries.

    ``entries`` and ``output`` are ``(*, columns, width)``: what a row holds, and what a decoder says of it;
    ``log_scale`` is ``(*, columns)``, and ``(*, 0)`` where the family has no scale.
    """

    @abstractmethod
    def judge(self, entries: Tensor, output: Tensor, log_scale: Tensor) -> Judged:
        """Log p of each value, in nats."""

    @abstractmethod
    def draw(self, output: Tensor, log_scale: Tensor, shape: Sequence[int]) -> Tensor:
        """Draws, ``(*shape, *, columns, width)``."""

    @abstractmethod
    def pass_through(self, output: Tensor, temperature: float, shape: Sequence[int]) -> Tensor:
        """What a generator's output becomes, ``(*shape, *, columns, width)``: values that a column may have.

        Where these are discrete the gradient is that of something continuous near them (Bengio et al. 2013).
        """

    @abstractmethod
    def center(self, output: Tensor, log_scale: Tensor) -> Tensor:
        """The value that stands for each column, ``(*, columns, width)``."""

    @abstractmethod
    def entropy(self, output: Tensor, log_scale: Tensor) -> Tensor:
        """The entropy of each column, in nats."""

    @abstractmethod
    def kl(self, output: Tensor, log_scale: Tensor, other: Tensor, other_log_scale: Tensor) -> Tensor:
        """The divergence of each column from the same one with other parameters, in nats."""


def through(value: Tensor, soft: Tensor) -> Tensor:
    """The value exactly, with the gradient of ``soft``.

    >>> import torch
    >>> soft = torch.tensor([0.3, 0.7], requires_grad=True)
    >>> value = through(torch.tensor([0.0, 1.0]), soft)
    >>> value.tolist(), torch.autograd.grad(value[1], soft)
    ([0.0, 1.0], (tensor([0., 1.]),))
    """
    return value + (soft - soft.detach())
