"""A task: ours, inputs to compare on, and the mistakes that are known by the numbers they give."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from reparam.randomness import generator

Inputs = tuple[Tensor, ...]
DRAWS = 4


@dataclass(frozen=True)
class Mistake:
    """A wrong way of doing a task.

    Args:
        does: it; its numbers are how it is recognized.
        what: it is, in a sentence that does not say what would be right.
    """

    does: Callable[..., Tensor]
    what: str


@dataclass(frozen=True)
class Task:
    """A function that is asked for.

    Args:
        name: of the check, and of the function.
        takes: the names of its arguments.
        asks: what it is given and gives, with shapes and units.
        ours: the function; deterministic.
        draw: inputs of the number-th size from a generator, float64.
        mistakes: typical ones, the most telling first.
        learned: the arguments in which gradients are compared; all unless given.
        hard: inputs where careless arithmetic overflows, and what they are; none where there are none.
    """

    name: str
    takes: tuple[str, ...]
    asks: str
    ours: Callable[..., Tensor]
    draw: Callable[[torch.Generator, int], Inputs]
    mistakes: tuple[Mistake, ...] = field(default=())
    learned: tuple[str, ...] | None = None
    hard: tuple[Inputs, str] | None = None

    def inputs(self, seed: int) -> Iterator[Inputs]:
        """Random inputs of several sizes."""
        for number in range(DRAWS):
            yield self.draw(generator(seed, "check", self.name, number), number)

    def shapes(self, inputs: Inputs) -> str:
        """The inputs' shapes by name.

        >>> from reparam.check.tasks import TASKS
        >>> task = TASKS["kl"]
        >>> task.shapes(next(task.inputs(0)))
        'mean (5, 3) and log_variance (5, 3)'
        """
        return " and ".join(f"{name} {tuple(value.shape)}" for name, value in zip(self.takes, inputs, strict=True))


SIZES = ((5, 3), (1, 4), (7, 2), (6, 5))
"""(batch, dimensions) of the draws: one example alone, and never as many dimensions as examples."""
