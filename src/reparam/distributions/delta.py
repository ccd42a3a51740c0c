"""A point: what is certain, said as a distribution, so that codes and outputs without noise fit where others do."""

from collections.abc import Sequence

import torch
from torch import Tensor

from reparam.distributions.base import Distribution, check_parameters


class Delta(Distribution):
    """All probability at one point. No noise is drawn, and the gradient passes to the point.

    Its ``log_prob`` is a log-mass, of the measure that counts points: 0 at the point and -∞ elsewhere, so that its
    entropy is 0. Beside a density that is no number to compare: the density of a point is infinite there. The point may
    be of integers, such as a map of indices into a codebook.

    Args:
        value: the point, ``(*batch_shape, *event_shape)``.
        event_dims: how many trailing dimensions make one event.

    Raises:
        UserError: if the point is no tensor, or has fewer dimensions than an event.

    >>> q = Delta(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    >>> q.sample((5,)).shape, q.log_prob(torch.tensor([1.0, 2.0])), q.entropy()
    (torch.Size([5, 2, 2]), tensor([0., -inf]), tensor([0., 0.]))
    """

    has_density = False

    def __init__(self, value: Tensor, event_dims: int = 1) -> None:
        super().__init__(event_dims)
        check_parameters(event_dims, value=value)
        self.value = value

    @property
    def mean(self) -> Tensor:
        """The point."""
        return self.value

    @property
    def shape(self) -> torch.Size:
        """That of the point."""
        return self.value.shape

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """The point, as often as asked for: gradients reach it."""
        return self.value.expand(*sample_shape, *self.value.shape)

    def log_prob(self, value: Tensor) -> Tensor:
        """0 where ``value`` is the point in every dimension of the event, else -∞."""
        return self._log_mass(value == self.value)

    def entropy(self) -> Tensor:
        """0: nothing is uncertain."""
        return self._log_mass(torch.ones_like(self.value, dtype=torch.bool))

    def kl(self, other: Distribution) -> Tensor:
        """Between points: 0 where they are the same, else ∞."""
        return -self.log_prob(other.value) if isinstance(other, Delta) else super().kl(other)

    def detached(self) -> "Delta":
        """The same point with no gradient to it."""
        return Delta(self.value.detach(), self.event_dims)

    def factors(self) -> "Delta":
        """One point per dimension."""
        return Delta(self.value, 0)

    def _log_mass(self, equal: Tensor) -> Tensor:
        """0 where all of an event is equal and -∞ elsewhere, ``(*batch_shape,)``, in a floating dtype."""
        dtype = self.value.dtype if self.value.is_floating_point() else torch.get_default_dtype()
        whole = equal.flatten(-self.event_dims).all(-1) if self.event_dims else equal
        return torch.where(whole, 0.0, -torch.inf).to(dtype)
