"""What a measure of samples is given."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from torch import Tensor

from reparam.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True)
class Beside:
    """Some examples beside their nearest training examples, in the space where copies are looked for.

    Attributes:
        distances: of each to its nearest training example, ``(k,)``.
        theirs: of that training example to the nearest other one, ``(k,)``.
    """

    distances: Tensor
    theirs: Tensor


def _absent() -> Beside:
    raise UserError("this measure needs training examples beside the samples: measure with a Yardstick")


def _no_features() -> Tensor:
    raise UserError("this measure needs features of training examples: measure with a Yardstick")


@dataclass(frozen=True)
class Compared:
    """What a measure is given: as many samples as examples of reference, in random order, on the CPU in float32.

    Attributes:
        samples: ``(n, *data_shape)``; of the floor's row real examples in their place.
        reference: ``(n, *data_shape)``.
        sample_features: ``(n, width)``.
        reference_features: ``(n, width)``.
        seed: of every choice and draw.
        beside_training: called, the first samples beside their nearest training examples.
        unseen_beside_training: called, the same of real examples that training has not seen.
        training_features: called, features of the training examples ``(searched, width)``.
        unseen_features: called, features of real examples that training has not seen ``(k, width)``.
        unseen: the split that these are of.
        known: what measures have found of real examples alone, by names of theirs; one for all samples of a yardstick.
    """

    samples: Tensor
    reference: Tensor
    sample_features: Tensor
    reference_features: Tensor
    seed: int
    beside_training: Callable[[], Beside] = field(default=_absent, repr=False)
    unseen_beside_training: Callable[[], Beside] = field(default=_absent, repr=False)
    training_features: Callable[[], Tensor] = field(default=_no_features, repr=False)
    unseen_features: Callable[[], Tensor] = field(default=_no_features, repr=False)
    unseen: str = "test"
    known: dict[Hashable, object] = field(default_factory=dict, repr=False, compare=False)

    def once(self, name: Hashable, make: Callable[[], T]) -> T:
        """What ``make`` gives, computed for the first of the samples only: it rests on real examples alone."""
        if name not in self.known:
            self.known[name] = make()
        found: T = self.known[name]  # type: ignore[assignment]
        return found
