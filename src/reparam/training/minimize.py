"""Our losses in a loop of one's own: the one loop on batches from anywhere, in memory, without a run."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from reparam.errors import UserError
from reparam.interrupts import heed
from reparam.models.model import Turn
from reparam.randomness import noise
from reparam.settings import TrainingConfig
from reparam.training.loop import Loop
from reparam.training.rows import distinct

BatchOf = Callable[[int], Tensor | tuple[Tensor, Tensor | None]]
"""From a batch's number to x, or to (x, y)."""

SETTINGS = frozenset(
    ("optimizer", "learning_rate", "weight_decay", "schedule", "warmup", "gradient_clip", "precision", "seed")
)


def minimize(
    turns: Iterable[Turn], batch: BatchOf, steps: int, *, log_every: int = 50, **settings: Any
) -> list[dict[str, float]]:
    """Play turns, each of which moves its parameters to minimize its loss.

    Args:
        turns: of a step, in order: a model's, ``model.turns()``, or one's own.
        batch: the batches by number, drawn from torch's global noise if need be; called once for each number.
        steps: how many.
        log_every: steps between two rows.
        **settings: of :class:`reparam.settings.TrainingConfig`: ``optimizer``, ``learning_rate``, ``weight_decay``,
            ``schedule`` (cosine), ``warmup`` (none), ``gradient_clip``, ``precision`` (fp32) and ``seed`` (drawn from
            torch's global noise, so that ``torch.manual_seed`` decides, unless it is given).

    Returns:
        Rows: ``step``, and averages of each term since the row before.

    Raises:
        UserError: for a setting that has no effect here or a value out of range.
        NotFinite: if a loss or gradient is not finite.

    A normal fitted to draws of another by its likelihood:

    >>> from torch import nn
    >>> from reparam.distributions import Normal
    >>> class Fitted(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.mean, self.log_scale = nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))
    ...
    ...     def loss(self, batch):
    ...         return {"loss": -Normal.from_log_scale(self.mean, self.log_scale).log_prob(batch.x).mean()}
    >>> fitted = Fitted()
    >>> turn = Turn("normal", fitted, fitted.loss)
    >>> rows = minimize([turn], lambda number: 3 + 2 * torch.randn(256, 1), steps=400, learning_rate=0.05, seed=0)
    >>> round(fitted.mean.item()), round(fitted.log_scale.exp().item()), rows[-1]["step"]
    (3, 2, 400)
    """
    rows = []
    for step, loop in _played(turns, batch, steps, settings):
        if step % log_every == 0 or step == steps:
            rows.append({"step": step, **distinct(loop.ledger.close().items())})
    return rows


def each_step(turns: Iterable[Turn], batch: BatchOf, steps: int, **settings: Any) -> Iterator[int]:
    """The same, one step at a time: for whoever looks in between, or stops early.

    What is drawn between steps does not touch the training, nor the training what is drawn.

    Args:
        turns: see :func:`minimize`.
        batch: likewise.
        steps: likewise.
        **settings: likewise.

    Yields:
        The number of steps played so far, from 1.

    >>> from torch import nn
    >>> layer = nn.Linear(1, 1)
    >>> turn = Turn("layer", layer, lambda batch: {"loss": (layer(batch.x) - 5).square().mean()})
    >>> for step in each_step([turn], lambda number: torch.randn(9, 1), steps=2000, learning_rate=0.1):
    ...     if abs(layer.bias.item() - 5) < 0.1:
    ...         break
    >>> step < 2000
    True
    """
    for step, loop in _played(turns, batch, steps, settings):
        if step % 50 == 0 or step == steps:
            loop.ledger.close()
        yield step


def _played(turns: Iterable[Turn], batch: BatchOf, steps: int, settings: dict[str, Any]) -> Iterator[tuple[int, Loop]]:
    for name in settings.keys() - SETTINGS:
        raise UserError(f"{name} has no effect on a loop without a run: there are {', '.join(sorted(SETTINGS))}")
    usual: dict[str, Any] = {"schedule": "cosine", "warmup": 0.0, "precision": "fp32"}
    if "seed" not in settings:
        usual["seed"] = int(torch.randint(2**31, ()))
    config = TrainingConfig(**{**usual, **settings})
    loop = Loop(turns, lambda number: _pair(batch(number)), config, steps)
    for step in range(steps):
        heed()
        with noise(config.seed, "step", step):
            loop.play(step)
        yield step + 1, loop


def _pair(given: Tensor | tuple[Tensor, Tensor | None]) -> tuple[Tensor, Tensor | None]:
    return (given, None) if isinstance(given, Tensor) else given
