"""The processes that one training has: who is who, what they add up, what they agree on.

Plain ``torch.distributed`` under ``torchrun``, an engine that is there. Its own all-reduce picks the order of a sum by
the number of processes and their wiring, so that sums here go by a binary tree that does not depend on either: chunks
are dealt out (all-to-all), each added up by one process along the tree, and handed to all (all-gather).
"""

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count as counter
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from reparam.errors import UserError
from reparam.peers import FAILED, PeerLost, agents, announce, board, hushed, lost
from reparam.training.interrupt import Interrupted

STANDS = "what was saved stands"


@dataclass(frozen=True)
class Processes:
    """Those of a training; the one of rank 0 alone writes files and speaks.

    Attributes:
        rank: of this process.
        count: of all, a power of two.
        control: what words between them go by, on the CPU whatever the device.
    """

    rank: int = 0
    count: int = 1
    control: Any = None

    @property
    def first(self) -> bool:
        """Whether this one writes and speaks."""
        return self.rank == 0

    def total(self, vector: Tensor) -> Tensor:
        """The sum of all processes' vectors ``(n,)`` along a binary tree, the same bits for all of them."""
        if self.count == 1:
            return vector
        size = -(-len(vector) // self.count)
        dealt = vector.new_zeros(self.count * size)
        dealt[: len(vector)] = vector
        chunks = torch.empty_like(dealt)
        with _met():
            dist.all_to_all_single(chunks, dealt)
            whole = torch.empty_like(dealt)
            _gather(whole, tree_sum(chunks.view(self.count, size).unbind()))
        return whole[: len(vector)]

    def filled(self, values: Tensor) -> Tensor:
        """Values of which each is other than 0 with one process at most, whole for all of them."""
        if self.count == 1:
            return values
        whole = values.cpu()
        with _met():
            dist.all_reduce(whole, group=self.control)  # of a number and zeros, in whichever order
        return whole.to(values.device)

    def any(self, *flags: bool) -> list[bool]:
        """Of each flag, whether it is raised anywhere."""
        if self.count == 1:
            return list(flags)
        raised = torch.tensor(flags, dtype=torch.int32)
        with _met():
            dist.all_reduce(raised, op=dist.ReduceOp.MAX, group=self.control)
        return [bool(value) for value in raised]

    def same(self, text: str) -> str:
        """The first one's text, for all of them."""
        if self.count == 1:
            return text
        size = torch.tensor([len(text.encode())])
        with _met():
            dist.broadcast(size, 0, group=self.control)
            letters = torch.zeros(int(size), dtype=torch.uint8)
            if self.first:
                letters = torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8)
            dist.broadcast(letters, 0, group=self.control)
        return bytes(letters.numpy()).decode()

    def share(self, tensors: Iterable[Tensor]) -> None:
        """Fill tensors with the first one's values."""
        if self.count > 1:
            with _met():
                for tensor in tensors:
                    dist.broadcast(tensor, 0)

    def wait(self) -> None:
        """Until all are here."""
        self.any(False)


def tree_sum(vectors: Sequence[Tensor]) -> Tensor:
    """The sum of 2^k vectors, halves added to halves: of neighbours, of pairs of these, and so on.

    >>> tree_sum([torch.tensor([value]) for value in (1.0, 2.0, 3.0, 4.0)])
    tensor([10.])
    """
    fold = Fold()
    for vector in vectors:
        fold.add(vector)
    return fold.total()


class Fold:
    """That sum of vectors that come one after another: no more than one for each level of the tree is held."""

    def __init__(self) -> None:
        self._held: list[tuple[int, Tensor]] = []

    def add(self, vector: Tensor) -> None:
        """The next one."""
        level = 0
        while self._held and self._held[-1][0] == level:
            vector, level = self._held.pop()[1] + vector, level + 1
        self._held.append((level, vector))

    def total(self) -> Tensor:
        """The sum, once 2^k of them have come."""
        ((_, total),) = self._held
        return total


@contextmanager
def joined(how: Callable[[], str] = lambda: STANDS) -> Iterator[Processes]:
    """Within the block this process is one of those that ``torchrun`` has started, if it has.

    Whatever ends the block with an error is told to the others, and one of them all says it.

    Args:
        how: tells how to go on, where one of them is lost.

    Raises:
        UserError: if their number is no power of two.
        PeerLost: if they do not find each other, or one of them ends.
    """
    count = int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1
    if count == 1:
        yield ALONE
        return
    if count & (count - 1):
        raise UserError(f"a training has 2, 4, 8 ... processes, and torchrun has started {count}")
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    ours, control = not dist.is_initialized(), None
    try:
        if ours:
            _all_there(count)
        with _met():
            if ours:
                backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
                dist.init_process_group(backend, timeout=_patience())
            control = dist.new_group(backend="gloo", timeout=_patience())
        yield Processes(dist.get_rank(), dist.get_world_size(), control)
    except Interrupted:
        raise  # all of them, after the same step
    except PeerLost:
        found = lost(how())
        hushed(found)
        raise found from None
    except Exception as error:
        announce(error)  # before the others notice that this one has gone
        hushed(error)
        raise
    finally:
        if dist.is_initialized() and (ours or control):
            dist.destroy_process_group(None if ours else control)


def _all_there(count: int) -> None:
    """Wait until all have come this far, or one of them has failed before: in a moment, not when patience is out."""
    store = board() if agents() else None
    if store is None:
        return
    end, place = time.monotonic() + _patience().total_seconds(), f"here/{next(_joined)}"
    with _met():
        store.add(place, 1)
        while store.add(place, 0) < count:
            if store.check([FAILED]) or time.monotonic() > end:
                raise PeerLost("another process of this training has not come")
            time.sleep(0.1)


ALONE = Processes()
_joined = counter()
PATIENCE = "REPARAM_PATIENCE"
"""The variable of the environment that has the seconds to wait for another process."""
USUAL_PATIENCE = 600.0


def _patience() -> timedelta:
    """How long to wait for a process of which nothing is heard: one that ends is told of at once."""
    given = os.environ.get(PATIENCE, "")
    try:
        seconds = float(given or USUAL_PATIENCE)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise UserError(f"{PATIENCE}={given} in the environment will not do: give seconds, as 600")
    return timedelta(seconds=seconds)


@contextmanager
def _met() -> Iterator[None]:
    """What the engine raises where a process has gone, as a sentence."""
    try:
        yield
    except (RuntimeError, dist.DistError):
        raise PeerLost("another process of this training has ended or cannot be reached") from None


def _gather(whole: Tensor, part: Tensor) -> None:
    """All parts behind each other, under the name that this version of torch has for it."""
    gather = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor
    gather(whole, part)
