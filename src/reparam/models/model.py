"""The contract of every model: it lists its turns. What else it can do, it says by :mod:`reparam.models.protocols`."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from reparam import checks
from reparam.errors import UserError


@dataclass(frozen=True)
class Batch:
    """What a loss is given.

    Args:
        x: data, ``(batch, *data_shape)``.
        y: class labels ``(batch,)``, or None.
        step: the training step, from 0.
        epoch: passes over the training data so far, for schedules such as a KL warm-up.
        progress: the share of the training that is done, for schedules that span it.
        shared: what a turn leaves for later turns of the step, by name: a generator's samples with their graph, say.
            It is empty when a step begins, each shard has its own, and no turn may need what is not there.
    """

    x: Tensor
    y: Tensor | None = None
    step: int = 0
    epoch: float = 0.0
    progress: float = 0.0
    shared: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


Terms = Mapping[str, Tensor]
"""Named scalars; ``loss`` is minimized, the others are logged."""


@dataclass(frozen=True)
class Turn:
    """One player's move: which parameters move, and on which loss.

    Args:
        name: as it stands in logs and messages.
        moves: the module whose parameters move; all others stand still.
        loss: from a :class:`Batch` to :data:`Terms`.
        repeats: how often the turn is taken per step, each time on a fresh batch.
        after: called after each update (to clip weights, say).
        optimizer: what the turn's optimizer is unless the run's settings say otherwise, such as
            ``{"optimizer": "rmsprop", "learning_rate": 5e-5}``; other entries go to its constructor.

    Raises:
        UserError: if it has no name, moves nothing, has no loss, or is never taken.
    """

    name: str
    moves: nn.Module
    loss: Callable[[Batch], Terms]
    repeats: int = 1
    after: Callable[[], None] | None = None
    optimizer: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            checks.refuse("name", self.name, "give a turn a name, such as 'generator'")
        if not isinstance(self.moves, nn.Module) or next(self.moves.parameters(), None) is None:
            raise UserError(f"turn {self.name!r} moves no parameter: give it a module with learnable parameters")
        if not callable(self.loss):
            checks.refuse("loss", self.loss, "give a function from a Batch to named scalars")
        checks.whole("repeats", self.repeats)


class Model(nn.Module, ABC):
    """A generative model: a game played in turns.

    Whatever else it can do is a method of its own, see :mod:`reparam.models.protocols`: ``sample``, ``encode``,
    ``decode``, ``prior``, ``evaluate``, ``watch``.

    Attributes:
        data_shape: shape of one example, without the batch.
        monitor: the entry of ``evaluate`` that training tries to raise, or None if there is none.
        curve: the entry of ``evaluate`` that is drawn over training where nothing is monitored, if any.
    """

    data_shape: tuple[int, ...]
    monitor: str | None = None
    curve: str | None = None

    @abstractmethod
    def turns(self) -> Iterator[Turn]:
        """The turns of one training step, in order. The training loop knows nothing else of the model."""

    def schedules(self) -> Mapping[str, float]:
        """How many epochs each of its changes over a training takes, by the setting that says so; none unless given."""
        return {}

    def of_the_batch(self) -> Mapping[str, str]:
        """What its losses compute of a batch's examples together and not of each, by the setting that says so.

        In a training of several shards each shard computes it of its own; means over examples are no such thing.
        """
        return {}
