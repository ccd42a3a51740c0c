"""What every distribution can do: sample, say its log-density and mean, and compare itself by KL."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from reparam import checks
from reparam.errors import UserError


class Distribution(ABC):
    """A distribution over tensors of shape ``(*batch_shape, *event_shape)``, independent across the batch.

    Args:
        event_dims: how many trailing dimensions make one event.

    Attributes:
        has_density: whether :meth:`log_prob` says how well a value is explained: not of a distribution one can only
            draw from, nor of a point.
        levels: how many equally spaced values between 0 and 1 an event is made of; 0 where it is not of such.

    Raises:
        UserError: if that is no whole number of at least 0.
    """

    has_density: bool = True
    levels: int = 0

    def __init__(self, event_dims: int) -> None:
        self.event_dims = checks.whole("event_dims", event_dims, 0)

    @property
    @abstractmethod
    def mean(self) -> Tensor:
        """The expectation, ``(*batch_shape, *event_shape)``."""

    @property
    def center(self) -> Tensor:
        """A point that stands for the whole, ``(*batch_shape, *event_shape)``: the mean, where it has a closed form."""
        return self.mean

    @property
    def batch_shape(self) -> torch.Size:
        """How many distributions these are, along how many axes."""
        shape = self.shape
        return shape[: len(shape) - self.event_dims]

    @property
    def event_shape(self) -> torch.Size:
        """The shape of one draw of one of them."""
        shape = self.shape
        return shape[len(shape) - self.event_dims :]

    @property
    def shape(self) -> torch.Size:
        """Batch and event shape; families override it where their parameters tell without computing anything."""
        return self.center.shape

    @abstractmethod
    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws of shape ``(*sample_shape, *batch_shape, *event_shape)``, differentiable where the family allows."""

    @abstractmethod
    def log_prob(self, value: Tensor) -> Tensor:
        """Log-density (or log-mass) in nats, summed over the event: ``(*batch_shape,)``.

        ``value`` may lack leading dimensions of the batch shape: it is then compared with every one of them.
        """

    def sample_and_log_prob(self, sample_shape: Sequence[int] = ()) -> tuple[Tensor, Tensor]:
        """Draws and their log-density; cheaper than one after the other where the noise is at hand (flows)."""
        value = self.sample(sample_shape)
        return value, self.log_prob(value)

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
            'with reparam.bounds.sampled_kl (kl="sampled"), or, if there are layers, layerwise_kl (kl="layerwise")'
        )

    def cumulative(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """P(X < x) and P(X ≤ x) of each dimension by itself, ``(*batch_shape, *event_shape)`` float64 both.

        They differ where a value has a probability of its own; the probability integral transform lies between them.

        Raises:
            UserError: if the dimensions are not independent, or no closed form is known.
        """
        raise self.no_closed_form("distribution function")

    def detached(self) -> "Distribution":
        """The same distribution with no gradient to its parameters.

        Raises:
            UserError: where a family cannot be detached.
        """
        raise UserError(f"a {type(self).__name__} cannot be detached from its parameters: use a normal posterior here")

    def factors(self) -> "Distribution":
        """The same distribution, each dimension of the event an event of its own.

        Raises:
            UserError: where the dimensions are not independent.
        """
        raise UserError(f"the dimensions of a {type(self).__name__} are not independent: use a diagonal normal here")

    def no_closed_form(self, quantity: str) -> UserError:
        """The refusal of what has no closed form."""
        return UserError(f"the {quantity} of a {type(self).__name__} has no closed form: estimate it from samples")

    def _sum_event(self, values: Tensor) -> Tensor:
        return values.flatten(-self.event_dims).sum(-1) if self.event_dims else values


def broadcast_shape(*shapes: Sequence[int]) -> torch.Size:
    """The shape of parameters that broadcast with each other.

    Raises:
        ValueError: if they do not.
    """
    if any(isinstance(side, torch.SymInt) for shape in shapes for side in shape):  # of a batch that is left open
        return torch.Size(torch.broadcast_shapes(*shapes))  # type: ignore[no-untyped-call]
    # torch's own function loads an algebra system first, for half a second
    return torch.Size(np.broadcast_shapes(*(tuple(shape) for shape in shapes)))


def parted(values: Tensor, widths: Sequence[int]) -> tuple[Tensor, ...]:
    """The parts, of such widths, that the last dimension is cut into.

    >>> [part.tolist() for part in parted(torch.arange(5), (2, 3))]
    [[0, 1], [2, 3, 4]]
    """
    return values.split(list(widths), dim=-1)  # type: ignore[no-untyped-call, no-any-return]


def check_parameters(event_dims: int, **parameters: Tensor) -> None:
    """Refuse what cannot be the parameters of one distribution; shapes alone are looked at, no value is waited for.

    Args:
        event_dims: how many trailing dimensions make one event.
        **parameters: by their names, of shapes that broadcast together.

    Raises:
        UserError: naming the parameter and its shape.
    """
    for name, values in parameters.items():
        if not isinstance(values, Tensor):
            checks.refuse(name, values, "give a tensor")
    shapes = [values.shape for values in parameters.values()]
    try:
        shape = shapes[0] if len(shapes) == 1 else broadcast_shape(*shapes)
    except ValueError:
        told = " and ".join(f"{name} {tuple(values.shape)}" for name, values in parameters.items())
        raise UserError(f"{told} do not broadcast: give shapes that do") from None
    if len(shape) < event_dims:
        raise UserError(
            f"event_dims={event_dims} will not do: parameters of shape {tuple(shape)} have fewer dimensions"
        )


def check_positive(name: str, values: Tensor) -> None:
    """Refuse a scale that is not positive (NaN included), naming the first element that fails."""
    wrong = ~(values > 0)
    if wrong.any():
        index = tuple(int(i) for i in wrong.nonzero()[0])
        raise UserError(
            f"{name} must be positive everywhere, but element {list(index)} is {values[index].item():g}: "
            "give an exponential or a softplus of it, or use from_log_scale"
        )
