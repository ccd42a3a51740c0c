"""The one loop: it plays the turns of any model, and knows nothing of any of them."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import torch
from torch import Tensor, nn

from reparam.data import Batches
from reparam.errors import UserError
from reparam.hardware import autocast
from reparam.models.model import Batch, Turn
from reparam.randomness import seed_noise
from reparam.settings import TrainingConfig
from reparam.training.ledger import Ledger
from reparam.training.optimizers import build_optimizer, moving_parameters, rate_factor, set_rate

BatchOf = Callable[[int], tuple[Tensor, Tensor | None]]
"""From a batch's number, counted from the start of training, to ``(x, y)``."""


class Loop:
    """Turns and their optimizers, played step by step.

    A step is a function of (weights, optimizer state, step number): order and noise come from the seed and the number.

    Args:
        turns: of a step, in order; what they move is on its device already.
        batch: the training batches by number.
        config: the training settings.
        total: the number of steps the schedule spans.
        steps_per_epoch: how many are a pass over the training data; ``total`` where they are endless.
        within: the model that the turns' modules are parts of, by whose names messages tell parameters.

    Raises:
        UserError: if two turns have one name, or a turn moves nothing.
    """

    def __init__(
        self,
        turns: Iterable[Turn],
        batch: BatchOf,
        config: TrainingConfig,
        total: int,
        steps_per_epoch: int | None = None,
        within: nn.Module | None = None,
    ) -> None:
        self.turns, self.config, self.total = list(turns), config, total
        self.steps_per_epoch = steps_per_epoch or total
        self.batches_per_step = batches_per_step(self.turns)
        # turns of a step share its batches, and a batch's binarization is drawn once
        self.batch = lru_cache(maxsize=self.batches_per_step)(batch)
        self.optimizers = {turn.name: build_optimizer(turn, config) for turn in self.turns}
        self.parameters = {turn.name: moving_parameters(turn.moves) for turn in self.turns}
        self.device = self.parameters[self.turns[0].name][0].device
        self.ledger = Ledger({turn.name: _names(turn, within) for turn in self.turns})

    def play(self, step: int) -> None:
        """One step: every turn, each as often as it repeats."""
        seed_noise(self.config.seed, "step", step)
        set_rate(self.optimizers.values(), rate_factor(step, self.total, self.config))
        for turn in self.turns:
            for repeat in range(turn.repeats):
                x, y = self.batch(step * self.batches_per_step + repeat)
                self.move(turn, Batch(x, y, step, step / self.steps_per_epoch, step / self.total))

    def move(self, turn: Turn, batch: Batch) -> None:
        """One update of a turn's parameters: gradients of its loss with respect to them alone."""
        with autocast(self.device, self.config.precision):
            terms = turn.loss(batch)
        parameters = self.parameters[turn.name]
        raw = torch.autograd.grad(terms["loss"], parameters, allow_unused=True)
        gradients = tuple(map(laid_out_like, parameters, raw))
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        norms = gradient_norms(gradients, terms["loss"])
        if self.config.gradient_clip is not None:
            clip(gradients, norms, self.config.gradient_clip)
        self.optimizers[turn.name].step()
        if turn.after is not None:
            turn.after()
        self.ledger.tracks[turn.name].record(batch.step, terms, norms)


def batches_per_step(turns: Sequence[Turn]) -> int:
    """How many batches a step takes: turns share them, and a turn that repeats sees a fresh one each time.

    Raises:
        UserError: if there is no turn, or two have one name.
    """
    names = [turn.name for turn in turns]
    if not names:
        raise UserError("there is nothing to train: a model's turns() yields a Turn at least")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError(f"two turns are called {twice!r}: give each a name of its own, or one of them repeats=2")
    return max(turn.repeats for turn in turns)


def steps_per_epoch(turns: Sequence[Turn], batches: Batches) -> int:
    """How many steps are a pass over the training data."""
    return max(1, batches.batches_per_epoch // batches_per_step(turns))


def _names(turn: Turn, within: nn.Module | None) -> list[str]:
    """What the parameters that a turn moves are called."""
    names = {parameter: name for name, parameter in (within or turn.moves).named_parameters()}
    return [names.get(parameter, "?") for parameter in moving_parameters(turn.moves)]


def laid_out_like(parameter: Tensor, gradient: Tensor | None) -> Tensor | None:
    """The gradient in the parameter's memory order: fused optimizers pair the two by storage, whatever the strides."""
    if gradient is None or gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)


def gradient_norms(gradients: tuple[Tensor | None, ...], like: Tensor) -> Tensor:
    """The Euclidean norm of each gradient, 0 where the loss does not depend on the parameter: ``(parameters,)``."""
    present = [gradient for gradient in gradients if gradient is not None]
    norms = iter(torch._foreach_norm(present))  # one call for all: the loop's cost is dominated by small ones
    zero = like.new_zeros(())
    return torch.stack([zero if gradient is None else next(norms) for gradient in gradients])


def clip(gradients: tuple[Tensor | None, ...], norms: Tensor, largest: float) -> None:
    """Shorten all gradients together, in place, to a joint norm of at most ``largest``."""
    factor = (largest / (norms.square().sum().sqrt() + 1e-12)).clamp(max=1.0)
    for gradient in gradients:
        if gradient is not None:
            gradient.mul_(factor)
