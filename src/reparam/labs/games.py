"""What the labs that train games share: a plain loop over a model's turns, for networks of a few thousand weights."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from reparam.models import GAN
from reparam.models.model import Batch


def play(
    game: GAN,
    x: Tensor,
    steps: int,
    rates: Mapping[str, float],
    *,
    batch: int = 256,
    betas: tuple[float, float] = (0.5, 0.999),
    watch: Callable[[int], None] | None = None,
) -> None:
    """Train a game in place on random batches from torch's global noise.

    Args:
        game: the model.
        x: data, ``(n, *data_shape)``.
        steps: rounds of all turns.
        rates: Adam's step size for each turn, by its name.
        batch: rows of x per turn.
        betas: Adam's.
        watch: called with the number of steps done, before the first and after each.
    """
    turns = list(game.turns())
    optimizers = {
        turn.name: torch.optim.Adam(turn.moves.parameters(), lr=rates[turn.name], betas=betas) for turn in turns
    }
    if watch is not None:
        watch(0)
    for step in range(steps):
        for turn in turns:
            for _ in range(turn.repeats):
                rows = x[torch.randint(len(x), (batch,))]
                loss = turn.loss(Batch(rows, None, step, step / steps))["loss"]
                optimizers[turn.name].zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizers[turn.name].step()
                if turn.after is not None:
                    turn.after()
        if watch is not None:
            watch(step + 1)
