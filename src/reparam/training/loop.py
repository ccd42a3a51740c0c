"""The one loop: it plays the turns of any model, and knows nothing of any of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor, nn

from reparam.data import Batches
from reparam.errors import UserError
from reparam.hardware import autocast
from reparam.models.model import Batch, Turn
from reparam.networks.batch_norm import normed_over_all, norms_of
from reparam.networks.products import Products, multiplied_by
from reparam.randomness import seed_noise
from reparam.settings import ResolvedTraining, TrainingConfig
from reparam.training.denormals import EVERY, forget_denormals
from reparam.training.fusing import fused
from reparam.training.ledger import Ledger
from reparam.training.optimizers import build_optimizer, moving_parameters, rate_factor, set_rate
from reparam.training.processes import Fold
from reparam.training.replay import Recorder, Replay, Update
from reparam.training.sharding import WHOLE, Buffers, Computed, Sharding, packed, unpacked
from reparam.training.strands import Strands

BatchOf = Callable[[int], tuple[Tensor, Tensor | None]]
"""From a batch's number, counted from the start of training, to ``(x, y)``."""
Shared = dict[str, Any]
"""What turns of a step leave for each other, see :class:`Batch`."""
Part = tuple[list[str], list[bool], Tensor]
"""What a shard came to: names of terms, for each parameter whether there is a gradient, all numbers in one vector."""


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
        sharding: how a batch is computed in parts; then ``batch`` is of :class:`reparam.data.Batches`, which has them.
        recorder: by which turns are recorded and replayed, where the device has one; batches in one piece alone are.

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
        sharding: Sharding = WHOLE,
        recorder: Recorder | None = None,
    ) -> None:
        self.turns, self.config, self.total = list(turns), config, total
        self.steps_per_epoch = steps_per_epoch or total
        self.batches_per_step = batches_per_step(self.turns)
        self.sharding = sharding
        # what has no run, a lab or a critic that measures, is PyTorch's
        self.products: Products = config.products if isinstance(config, ResolvedTraining) else "torch"
        self.modules = [turn.moves for turn in self.turns] + ([] if within is None else [within])
        # turns of a step share its batches, and a batch's binarization is drawn once
        self.batch = lru_cache(maxsize=self.batches_per_step)(batch)
        if sharding.shards > 1:
            assert within is not None, "shards need the model whose buffers they start from"
            assert isinstance(batch, Batches)
            self.shard = lru_cache(maxsize=self.batches_per_step * len(sharding.own))(batch.shard)
            self.buffers = Buffers(within)
        if isinstance(config, ResolvedTraining) and config.fuse == "yes":
            self.turns = fused(self.turns, self.modules, config.threads)
        self.multiplied = multiplied_by(self.products, *self.modules)
        self.norms = norms_of(*self.modules) if sharding.shards > 1 and config.batch_norm_over == "batch" else []
        self.optimizers = {turn.name: build_optimizer(turn, config) for turn in self.turns}
        self.parameters = {turn.name: moving_parameters(turn.moves) for turn in self.turns}
        self.device = self.parameters[self.turns[0].name][0].device
        # norms over the batch: shards meet in the middle of a turn, and are computed side by side
        self.strands = Strands(self.modules, sharding.processes, self.device) if self.norms else None
        self.ledger = Ledger({turn.name: _names(turn, within) for turn in self.turns})
        self.updates: dict[str, Callable[[Batch], Update]] = {
            turn.name: partial(self._update, turn) for turn in self.turns
        }
        if recorder is not None and sharding.shards == 1:
            replays = (Replay(name, update, self.modules, recorder) for name, update in self.updates.items())
            self.updates = {replay.turn: replay for replay in replays}

    def play(self, step: int) -> None:
        """One step: every turn, each as often as it repeats."""
        normed = nullcontext() if self.strands is None else normed_over_all(self.strands.total, self.norms)
        with self.multiplied, normed:
            self._play(step)

    def _play(self, step: int) -> None:
        seed_noise(self.config.seed, "step", step)
        set_rate(self.optimizers.values(), rate_factor(step, self.total, self.config))
        shared: list[Shared] = [{} for _ in self.sharding.own]
        for turn in self.turns:
            for repeat in range(turn.repeats):
                number = step * self.batches_per_step + repeat
                if self.sharding.shards == 1:
                    update = self.updates[turn.name](self._told(step, self.batch(number), shared[0]))
                else:
                    update = self._ready(turn, self._of_shards(turn, step, repeat, number, shared))
                self._move(turn, step, update)
        if step % EVERY == EVERY - 1 and self.device.type == "cpu":  # by its number: a run that goes on does so, too
            for optimizer in self.optimizers.values():
                forget_denormals(optimizer)

    def _told(self, step: int, batch: tuple[Tensor, Tensor | None], shared: Shared) -> Batch:
        """A batch, where in the training it is, and what turns before have left."""
        return Batch(*batch, step, step / self.steps_per_epoch, step / self.total, shared)

    def _update(self, turn: Turn, batch: Batch) -> Update:
        """What a turn comes to on a whole batch."""
        return self._ready(turn, self._computed(turn, batch))

    def _computed(self, turn: Turn, batch: Batch) -> Computed:
        """A turn's loss on a batch, and its gradients with respect to what the turn moves alone."""
        with autocast(self.device, self.config.precision, kept=self.strands is None):
            terms = turn.loss(batch)
        return Computed(terms, torch.autograd.grad(terms["loss"], self.parameters[turn.name], allow_unused=True))

    def _of_shards(self, turn: Turn, step: int, repeat: int, number: int, shared: Sequence[Shared]) -> Computed:
        """The same as a mean of shards, each with its rows and noise and from the same buffers."""
        parameters, fold = self.parameters[turn.name], Fold()
        names, here = list[str](), [False] * len(parameters)
        of_one = partial(self._of_shard, turn, step, repeat, number)
        works = [partial(of_one, shard, left) for shard, left in zip(self.sharding.own, shared, strict=True)]
        for part in self._one_by_one(works) if self.strands is None else self.strands.run(works):
            names, known, vector = part
            here = [one or other for one, other in zip(here, known, strict=True)]
            fold.add(vector)
        mean = self.sharding.processes.total(fold.total()) / self.sharding.shards
        seed_noise(self.config.seed, "step", step, turn.name, repeat, "after")
        return unpacked(mean, names, parameters, self.buffers.numbers, here)

    def _of_shard(self, turn: Turn, step: int, repeat: int, number: int, shard: int, shared: Shared) -> Part:
        """What one of them comes to."""
        seed_noise(self.config.seed, "step", step, turn.name, repeat, shard)
        computed = self._computed(turn, self._told(step, self.shard(number, shard, self.sharding.shards), shared))
        here = [gradient is not None for gradient in computed.gradients]
        return list(computed.terms), here, packed(computed, self.parameters[turn.name], self.buffers.numbers)

    def some(self, number: int) -> tuple[Tensor, Tensor | None]:
        """The rows of a batch's first shard, or of more where norms are over the batch and one would not do."""
        shards = self.sharding.shards
        parts = [self.shard(number, 0, shards)]
        if self.norms and len(parts[0][0]) == 1:
            parts.append(self.shard(number, 1, shards))
        y = [part[1] for part in parts if part[1] is not None]
        return torch.cat([part[0] for part in parts]), torch.cat(y) if y else None

    def _one_by_one(self, works: Sequence[Callable[[], Part]]) -> Iterator[Part]:
        """Of each in its turn, so that memory holds one."""
        self.buffers.keep()
        try:
            for work in works:
                self.buffers.restart()
                yield work()
        finally:
            self.buffers.put_back()

    def _ready(self, turn: Turn, computed: Computed) -> Update:
        """All that an update takes but the optimizer."""
        terms, parameters = computed.terms, self.parameters[turn.name]
        gradients = tuple(map(laid_out_like, parameters, computed.gradients))
        norms = gradient_norms(gradients, terms["loss"])
        if self.config.gradient_clip is not None:
            clip(gradients, norms, self.config.gradient_clip)
        with torch.no_grad():  # one operation, where each term detached would be one
            values = torch.stack([value.float() for value in terms.values()])
        return Update(tuple(terms), values, gradients, norms)

    def _move(self, turn: Turn, step: int, update: Update) -> None:
        """One update of a turn's parameters."""
        for parameter, gradient in zip(self.parameters[turn.name], update.gradients, strict=True):
            parameter.grad = gradient
        self.optimizers[turn.name].step()
        if turn.after is not None:
            turn.after()
        self.ledger.tracks[turn.name].record(step, update.names, update.values, update.norms)


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
    norms = torch._foreach_norm(present)  # one call for all: the loop's cost is dominated by small ones
    if len(present) < len(gradients):
        zero, found = like.new_zeros(()), iter(norms)
        norms = tuple(zero if gradient is None else next(found) for gradient in gradients)
    return torch.stack(norms)


def clip(gradients: tuple[Tensor | None, ...], norms: Tensor, largest: float) -> None:
    """Shorten all gradients together, in place, to a joint norm of at most ``largest``."""
    factor = (largest / (norms.square().sum().sqrt() + 1e-12)).clamp(max=1.0)
    for gradient in gradients:
        if gradient is not None:
            gradient.mul_(factor)
