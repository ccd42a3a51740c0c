"""Whether a training fits memory: estimated before anything large is made, and refused with what would fit."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from reparam.data import Batches, Dataset
from reparam.errors import UserError
from reparam.hardware import choose_device, free_memory
from reparam.models.making import made
from reparam.models.model import Batch, Model, Turn
from reparam.models.traits import Traits
from reparam.networks.batch_norm import norms_of
from reparam.randomness import noise
from reparam.settings import ModelConfig, ResolvedTraining, TrainingConfig

FLOAT = 4
STATES = {"adam": 2, "adamw": 2, "rmsprop": 1, "sgd": 0}
"""Numbers that an update rule keeps of each weight."""
PER_WEIGHT = 4
"""Numbers of each weight that are held with Adam: itself, its gradient, two moments."""
UNSUSPECTED = 0.05
"""What surely takes less than this share of the memory that is free is not looked at more closely."""
NUMBERS_PER_VALUE = 64
"""More than networks usually keep of each value of an example, to go back through."""
TRANSIENT = 2.25
"""A step's peak by what it keeps to go back through: 2.2 to 3 were measured, and 1.7 of residual networks."""
PASSING = 6
"""Numbers beside those of each value of an example: a likelihood's terms and their gradients, held for a moment.

Without them a perceptron VAE of grey levels took up to 2.1 times what was foreseen."""
GIGA = 1e9
ANYWAY = "or memory=0 to try it all the same"


@dataclass(frozen=True)
class Need:
    """Bytes that a training takes.

    Attributes:
        fixed: weights, their gradients, what the optimizers keep; on a device of its own memory the data.
        each: for each example of a batch.
        left: whether a turn leaves something for a later one, so that all parts of a batch are held at once.
    """

    fixed: int
    each: int
    left: bool = False

    def of(self, batch: int) -> int:
        """With batches of so many examples."""
        return self.fixed + batch * self.each

    def most(self, free: int) -> int:
        """The largest batch, a power of two, that fits; 0 if none does.

        >>> Need(fixed=100, each=10).most(free=190), Need(fixed=100, each=10).most(free=105)
        (8, 0)
        """
        fitting = (free - self.fixed) // self.each if self.each else 0
        return 1 << fitting.bit_length() - 1 if fitting > 0 else 0


@contextmanager
def bounded_weights(settings: ModelConfig, traits: Traits, training: TrainingConfig) -> Iterator[None]:
    """Within the block no more weights are made than could be trained, and what takes long says so.

    Args:
        settings: of the kind that is composed, resolved.
        traits: of the data.
        training: where it is to be trained, and what it may take.

    Raises:
        UserError: before the first layer that is too much is made, saying what would fit.
    """
    allowed = _allowed(training)
    if allowed is None:
        with made():
            yield
        return

    def refuse(weights: int) -> None:
        takes = FLOAT * PER_WEIGHT * weights
        if takes > allowed:
            raise UserError(
                f"the model has {weights / 1e6:,.0f} million weights at least, and to train them takes "
                f"{takes / GIGA:.1f} GB, more than {_words(training, allowed)}: {_smaller(settings, traits)}, {ANYWAY}"
            )

    try:
        with made(refuse):
            yield
    except (RuntimeError, MemoryError) as error:  # what layers of others make on the way is not counted
        if not isinstance(error, MemoryError) and "allocate memory" not in str(error):
            raise
        raise UserError(f"the model does not fit memory: {_smaller(settings, traits)}, {ANYWAY}") from None


def _allowed(training: TrainingConfig) -> int | None:
    """Bytes that a training may take: as asked, else what is free; None where there is no bound, or none is known."""
    if training.memory is not None:
        return round(training.memory * GIGA) or None
    return free_memory(choose_device(training.device))


def _words(training: TrainingConfig, allowed: int) -> str:
    return f"memory={training.memory:g} allows" if training.memory else f"the {allowed / GIGA:.1f} GB that are free"


def _smaller(settings: ModelConfig, traits: Traits) -> str:
    """What would make the model smaller, in words."""
    given = settings.model_dump()
    convolutions = traits.is_image and min(traits.data_shape[1:]) >= 8 and given.get("network") == "mlp"
    widths = [
        f"a smaller `{name}`" for name in ("hidden", "generator_hidden", "width", "components") if given.get(name)
    ]
    ways = ['network="conv"'] * convolutions + widths[:1] + ["image_size=..."] * traits.is_image
    return f"give {', '.join(ways)}"


def check_memory(model: Model, data: Dataset, training: ResolvedTraining, processes: int = 1) -> None:
    """Refuse a training that does not fit the memory that is free.

    Args:
        model: on the CPU or on its device; it is left as it is.
        data: what it is to be trained on.
        training: how.
        processes: that compute a batch.

    Raises:
        UserError: saying what it takes, and the batch size that would fit.
    """
    device = choose_device(training.device)
    allowed = _allowed(training)
    parts = parts_apart(model, training, processes)
    batch = min(training.batch_size, len(data.train)) // parts
    if allowed is None or _surely(model, data, batch) < UNSUSPECTED * allowed:
        return
    need = needed(model, data, training, device)
    if need is None:
        return
    if need.left:
        parts = processes
        batch = min(training.batch_size, len(data.train)) // parts
    if need.of(batch) <= allowed:
        return
    smaller = "a smaller network or image_size=..." if data.is_image else "a smaller network"
    way = f"batch_size={parts * need.most(allowed)}" if need.most(allowed) else smaller
    raise UserError(
        f"to train on batches of {batch:,} examples takes about {need.of(batch) / GIGA:.1f} GB, more than "
        f"{_words(training, allowed)}: give {way}, {ANYWAY}"
    )


def parts_apart(model: Model, training: ResolvedTraining, processes: int) -> int:
    """Into how many parts a batch falls of which a process holds one at a time."""
    together = training.batch_norm_over == "batch" and norms_of(model)
    return processes if together else training.shards


def _surely(model: Model, data: Dataset, batch: int) -> int:
    """More bytes than a training of an ordinary model takes."""
    weights = sum(parameter.numel() for parameter in model.parameters())
    return FLOAT * (4 * weights + batch * NUMBERS_PER_VALUE * math.prod(data.data_shape))


def needed(model: Model, data: Dataset, training: ResolvedTraining, device: torch.device) -> Need | None:
    """What a training takes, by what two small batches keep to go back through; None where that cannot be told."""
    weights = FLOAT * sum(parameter.numel() for parameter in model.parameters())
    # on the CPU weights and data are there already, and what is free is free beside them
    fixed = 0 if device.type == "cpu" else weights + _bytes_of(data)
    turns = {turn.name: turn for turn in model.turns()}
    for name, turn in turns.items():
        learned = sum(parameter.numel() for parameter in turn.moves.parameters() if parameter.requires_grad)
        fixed += FLOAT * learned * (1 + STATES[training.optimizers[name]["optimizer"]])
    kept = [_kept(model, data, rows) for rows in (2, 4)]
    if None in kept:
        return None
    few, more = (value for value, _ in filter(None, kept))
    each = max(0, more - few) // 2
    left = any(left for _, left in filter(None, kept))
    passing = FLOAT * PASSING * math.prod(data.data_shape)
    return Need(fixed + int(TRANSIENT * max(0, few - 2 * each)), int(TRANSIENT * each) + passing, left)


def _bytes_of(data: Dataset) -> int:
    x = data.train.x
    return x.numel() * x.element_size() if isinstance(x, Tensor) else 0


def _kept(model: Model, data: Dataset, rows: int) -> tuple[int, bool] | None:
    """Bytes that the most demanding turn keeps of so many examples to go back through, and whether one leaves some."""
    batch = _batch(model, data, rows)
    try:
        with _as_it_was(model), noise(0, "memory"), torch.enable_grad():
            found = [(_kept_by(turn, batch, model), bool(batch.shared)) for turn in model.turns()]
            return max(kept for kept, _ in found), any(left for _, left in found)
    except Exception:  # what is wrong with the model is said in its first step
        return None


def _kept_by(turn: Turn, batch: Batch, model: Model) -> int:
    """Bytes that the graph of a turn's loss keeps, each storage once, weights aside."""
    sizes = {parameter.untyped_storage().data_ptr(): 0 for parameter in model.parameters()}

    def keep(tensor: Tensor) -> Tensor:
        sizes.setdefault(tensor.untyped_storage().data_ptr(), tensor.untyped_storage().nbytes())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = turn.loss(batch)["loss"]  # held until all is counted, so that no storage is given out twice
    assert loss.requires_grad
    return sum(sizes.values())


def _batch(model: Model, data: Dataset, rows: int) -> Batch:
    """Random rows, as many as asked for though the data may have fewer."""
    device = next(model.parameters()).device
    x, y = Batches(data.train, data, 1, 0, device)(0)
    return Batch(x.expand(rows, *x.shape[1:]).contiguous(), None if y is None else y.expand(rows).contiguous())


@contextmanager
def _as_it_was(model: nn.Module) -> Iterator[None]:
    """Within the block the model is in training mode; afterwards mode and buffers are as before."""
    training, before = model.training, {name: buffer.clone() for name, buffer in model.named_buffers()}
    model.train()
    try:
        yield
    finally:
        model.train(training)
        with torch.no_grad():
            for name, buffer in model.named_buffers():
                buffer.copy_(before[name])
