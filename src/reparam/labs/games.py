"""What the labs that train games share: a model's turns on random rows, each at a rate of the lab's choice."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from torch import Tensor

from reparam.models import Model, Turn
from reparam.training import each_step

ADAM = {"betas": (0.5, 0.999)}


def paced(model: Model, rates: Mapping[str, float]) -> list[Turn]:
    """A model's turns, each with Adam at its own rate by the turn's name."""
    return [replace(turn, optimizer={"learning_rate": rates[turn.name], **ADAM}) for turn in model.turns()]


def play(
    game: Model,
    x: Tensor,
    steps: int,
    rates: Mapping[str, float],
    *,
    batch: int = 256,
    watch: Callable[[int], None] = lambda step: None,
) -> None:
    """Train a game in place on random batches, at constant rates.

    Args:
        game: the model.
        x: data, ``(n, *data_shape)``.
        steps: rounds of all turns.
        rates: Adam's step size for each turn, by its name.
        batch: rows of x per turn.
        watch: called with the number of steps done, before the first and after each.
    """
    watch(0)
    rows = lambda number: x[torch.randint(len(x), (batch,))]  # noqa: E731
    for step in each_step(paced(game, rates), rows, steps, schedule="constant"):
        watch(step)
