"""A batch in shards: each its rows, its noise and its buffers, their gradients added up along a tree.

The shard is the unit of reproducibility: a training of S shards has the same bits on any number of processes that
divides S. On one process it is the accumulation of gradients, which takes the memory of a shard.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor, nn

from reparam.errors import UserError
from reparam.models.model import Terms
from reparam.networks.batch_norm import norms_of
from reparam.settings import ResolvedTraining
from reparam.training.processes import ALONE, Processes


@dataclass(frozen=True)
class Sharding:
    """How many shards a batch has, and which of them are this process's.

    >>> Sharding(8, Processes(rank=1, count=4)).own
    range(2, 4)
    """

    shards: int = 1
    processes: Processes = ALONE

    @property
    def own(self) -> range:
        """The numbers of this process's shards, a contiguous block."""
        each = self.shards // self.processes.count
        return range(self.processes.rank * each, (self.processes.rank + 1) * each)


WHOLE = Sharding()
"""A batch in one piece."""


def check_shards(shards: int, batch_size: int, processes: Processes = ALONE) -> None:
    """Refuse shards that no tree has, or that batch or processes do not go into.

    Args:
        shards: of a batch.
        batch_size: examples of one.
        processes: that compute it.

    Raises:
        UserError: saying which number would do.

    >>> check_shards(0, 256)
    Traceback (most recent call last):
    reparam.errors.UserError: shards=0 will not do: give a power of two, 1, 2, 4, 8 ...
    """
    if shards < 1 or shards & (shards - 1):
        raise UserError(f"shards={shards} will not do: give a power of two, 1, 2, 4, 8 ...")
    if batch_size % shards:
        raise UserError(
            f"shards={shards} do not divide a batch of {batch_size} examples: give "
            f"shards={math.gcd(shards, batch_size)}, or batch_size={max(shards, batch_size // shards * shards)}"
        )
    if shards % processes.count:
        raise UserError(
            f"shards={shards} cannot be dealt out to {processes.count} processes: give shards={processes.count}, or a "
            "multiple, a power of two"
        )


def check_norms(model: nn.Module, training: ResolvedTraining) -> None:
    """Refuse what a norm over all shards of a batch does not go with.

    Raises:
        UserError: if there is such a norm, and the networks are compiled or the device has no float64.
    """
    if training.batch_norm_over == "shard" or training.shards == 1 or not norms_of(model):
        return
    if training.compile:
        raise UserError(
            'batch_norm_over="batch" does not go with compile=True, which cannot stop in the middle of a network: '
            "leave one of them out"
        )
    if training.device == "mps":
        raise UserError('batch_norm_over="batch" adds up in float64, which mps does not have: use device="cpu"')


class Buffers:
    """The buffers of a model, from whose values each shard starts; afterwards those of numbers are the shards' mean.

    Each shard has tensors of its own: the graph of what a shard leaves for a later turn may hold some, and must not see
    them filled with another's. What is counted in whole numbers (the batches that a norm has seen) is the same after
    each of them.

    Args:
        model: whose buffers they are.
    """

    def __init__(self, model: nn.Module) -> None:
        self._of, self._before = model, list[tuple[dict[str, Tensor | None], dict[str, Tensor | None]]]()

    def keep(self) -> None:
        """Remember those that there are now."""
        self._before = [(part._buffers, part._buffers.copy()) for part in self._of.modules() if part._buffers]

    def restart(self) -> None:
        """Give the model copies of them."""
        own: dict[int, Tensor] = {}  # one that is held twice is one still
        for there, before in self._before:
            for name, value in before.items():
                there[name] = None if value is None else own.setdefault(id(value), value.clone())

    def put_back(self) -> None:
        """Give them back to the model, filled with what the last shard has come to."""
        for there, before in self._before:
            for name, value in before.items():
                now, there[name] = there[name], value
                if value is not None and now is not None and now is not value:
                    value.copy_(now)

    @property
    def numbers(self) -> list[Tensor]:
        """Those that a mean can be taken of."""
        return [buffer for buffer in self._of.buffers() if buffer.is_floating_point()]


@dataclass(frozen=True)
class Computed:
    """What a turn's loss came to: its terms, and gradients, None where it does not depend on a parameter."""

    terms: Terms
    gradients: tuple[Tensor | None, ...]


def packed(computed: Computed, parameters: Sequence[Tensor], buffers: Sequence[Tensor]) -> Tensor:
    """All of it in one vector: for each parameter whether there is a gradient, terms, buffers, gradients."""
    there = [float(gradient is not None) for gradient in computed.gradients]
    terms = [term.detach() for term in computed.terms.values()]
    gradients = (
        torch.zeros_like(parameter) if gradient is None else gradient
        for parameter, gradient in zip(parameters, computed.gradients, strict=True)
    )
    # a buffer in float64 is rounded nowhere on its way
    widest = reduce(torch.promote_types, (value.dtype for value in (*parameters, *buffers)))
    flags = torch.tensor(there).to(parameters[0].device, widest)
    return torch.cat([flags, *(value.reshape(-1).to(flags) for value in (*terms, *buffers, *gradients))])


def unpacked(
    mean: Tensor, names: Sequence[str], parameters: Sequence[Tensor], buffers: Sequence[Tensor], here: Sequence[bool]
) -> Computed:
    """What :func:`packed` has put together, the mean of all shards; the buffers take theirs.

    Args:
        mean: of all shards' vectors.
        names: of the terms.
        parameters: whose gradients there are.
        buffers: to be filled.
        here: of each gradient, whether it is known that a shard has one: nothing waits for the device to tell.
    """
    sizes = [len(parameters), *[1] * len(names), *(value.numel() for value in (*buffers, *parameters))]
    there, *parts = torch.split(mean, sizes)
    terms = {name: part.reshape(()) for name, part in zip(names, parts, strict=False)}
    for buffer, part in zip(buffers, parts[len(names) :], strict=False):
        buffer.copy_(part.view_as(buffer))
    found = parts[len(names) + len(buffers) :]
    present = here if all(here) else (there > 0).tolist()
    gradients = (
        part.view_as(parameter).to(parameter.dtype) if one else None
        for part, parameter, one in zip(found, parameters, present, strict=True)
    )
    return Computed(terms, tuple(gradients))


def check_alike(model: nn.Module, processes: Processes) -> None:
    """Make sure, before anything is kept, that all processes have the same weights and buffers, to the bit.

    Raises:
        UserError: if they have not: a machine computes otherwise, or a turn draws noise that is no step's.
    """
    if processes.count == 1:
        return
    found = hashlib.blake2b(digest_size=6)
    for value in model.state_dict().values():
        found.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    own = torch.zeros(processes.count, dtype=torch.float64)
    own[processes.rank] = int.from_bytes(found.digest(), "little")
    if len(set(processes.filled(own).tolist())) > 1:
        raise UserError(
            f"the weights of the {processes.count} processes differ, and nothing was saved of them; the last save "
            "stands: are the machines of one kind, with one version of torch, and do all of a model's buffers follow "
            "from its step?"
        )
