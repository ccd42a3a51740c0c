"""Shards of one process side by side, where they have to meet in the middle of what they compute.

Each is a thread, and one computes at a time: up to a meeting, where it hands in a vector and the next one's turn comes.
When all stand there the vectors are added up along the tree, over all processes, and each goes on with the sum. What
they share without knowing it is each one's own while it computes: torch's noise, and the tensors that modules hold.
"""

import contextvars
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from reparam.errors import UserError
from reparam.training.processes import Processes, tree_sum

T = TypeVar("T")


class Strands:
    """Works that meet, each with the buffers that the modules have when they begin.

    Args:
        modules: whose tensors are each work's own; afterwards buffers that count are as after one of them.
        processes: which share out the works, each has as many.
        device: that they compute on.
    """

    def __init__(self, modules: Iterable[nn.Module], processes: Processes, device: torch.device) -> None:
        found = dict.fromkeys(part for module in modules for part in module.modules())
        self._modules = [part for part in found if part._parameters or part._buffers]
        self._processes, self._device = processes, device

    def total(self, vector: Tensor) -> Tensor:
        """The sum of the vectors of all works of all processes; called by a work, and waits for the others."""
        thread = threading.current_thread()
        assert isinstance(thread, _Strand), "shards meet where they are computed side by side"
        return thread.meet(vector.detach()).clone()

    def run(self, works: Sequence[Callable[[], T]]) -> list[T]:
        """What each work gives.

        Raises:
            UserError: if one is done where another meets.
            BaseException: whatever a work raised; the others are left where they are.
        """
        before = _Held.by(self._modules, self._device)
        strands = [_Strand(work, before.copied(), self._device) for work in works]
        try:
            told = [strand.go_on(None) for strand in strands]
            while any(isinstance(one, Tensor) for one in told):
                total = self._processes.total(tree_sum(_alike(told)))
                told = [strand.go_on(total) for strand in strands]
        finally:
            for strand in strands:
                strand.leave()
            before.put_back()
        before.take_counts(strands[-1].held)
        return [one.value for one in told if isinstance(one, _Done)]


def _alike(told: Sequence[Any]) -> list[Tensor]:
    """The vectors of a meeting, if it is one meeting of all."""
    sizes = {len(one) if isinstance(one, Tensor) else None for one in told}
    if len(sizes) > 1:
        raise UserError(
            'batch_norm_over="batch" needs a model that normalizes alike in all parts of a batch, and this one does '
            "otherwise where its examples are others: leave batch_norm_over out"
        )
    return list(told)


@dataclass(frozen=True)
class _Done(Generic[T]):
    """What a work has given."""

    value: T


class _Left(BaseException):
    """Unwinds a work that nobody waits for any longer."""


class _Strand(threading.Thread):
    """One work, and what is its own."""

    def __init__(self, work: Callable[[], Any], held: "_Held", device: torch.device) -> None:
        super().__init__(name="reparam-shard", daemon=True)
        self.held = held
        self._work, self._device, self._over = work, device, False
        self._answers, self._told = SimpleQueue[Tensor | None](), SimpleQueue[Any]()
        # a thread inherits how the processor rounds denormals from the one that starts it
        self._context = contextvars.copy_context()
        self.start()

    def go_on(self, answer: Tensor | None) -> Any:
        """Compute to the next meeting, whose vector is given, or to the end; called by whoever is no strand."""
        self.held.put_back()
        self._answers.put(answer)
        told = self._told.get()
        self.held = _Held.by(self.held.modules, self._device)
        if isinstance(told, BaseException):
            self._over = True
            raise told
        self._over = isinstance(told, _Done)
        return told

    def leave(self) -> None:
        """Unwind it if it is not done."""
        if not self._over:
            self._over = True
            self._answers.put(None)
        self.join()

    def meet(self, vector: Tensor) -> Tensor:
        """Hand in a vector, and wait for the sum."""
        if not self._over:
            self._told.put(vector)
            answer = self._answers.get()
            if answer is not None:
                return answer
        raise _Left

    def run(self) -> None:
        """The thread's own: wait for the first turn, and do the work."""
        self._answers.get()
        try:
            told: Any = None if self._over else _Done(self._context.run(self._worked))
        except _Left:
            return
        except BaseException as error:  # it is raised where it is waited for
            told = error
        self._told.put(told)

    def _worked(self) -> Any:
        # backward in this thread on every device: the engine's own for a device would wait for itself at a meeting
        on_it = torch.cuda.device(self._device) if self._device.type == "cuda" else nullcontext()
        with torch.autograd.set_multithreading_enabled(False), on_it:
            return self._work()


Tensors = dict[str, Any]


@dataclass(frozen=True)
class _Held:
    """What modules and torch's generators hold at a moment: objects, not values.

    A buffer that a graph has kept must not be filled with another's values, and a module may be shown other weights
    for a while (``torch.func.functional_call``).
    """

    modules: list[nn.Module]
    tensors: list[tuple[Tensors, Tensors]]
    noise: list[Tensor]
    device: torch.device

    @classmethod
    def by(cls, modules: list[nn.Module], device: torch.device) -> "_Held":
        """As it is now."""
        tensors = [(module._parameters.copy(), module._buffers.copy()) for module in modules]
        noise = [torch.get_rng_state()]
        if device.type != "cpu":
            noise.append(torch.get_device_module(device).get_rng_state(device))
        return cls(modules, tensors, noise, device)

    def put_back(self) -> None:
        """Make it so again."""
        for module, pair in zip(self.modules, self.tensors, strict=True):
            held: tuple[Tensors, Tensors] = (module._parameters, module._buffers)
            for there, then in zip(held, pair, strict=True):
                there.clear()
                there.update(then)
        torch.set_rng_state(self.noise[0])
        for state in self.noise[1:]:
            torch.get_device_module(self.device).set_rng_state(state, self.device)

    def copied(self) -> "_Held":
        """The same with buffers of its own; one that is held twice is one still."""
        own: dict[int, Tensor] = {}

        def copy(buffers: Tensors) -> Tensors:
            return {
                name: None if value is None else own.setdefault(id(value), value.clone())
                for name, value in buffers.items()
            }

        tensors = [(parameters, copy(buffers)) for parameters, buffers in self.tensors]
        return _Held(self.modules, tensors, self.noise, self.device)

    def take_counts(self, other: "_Held") -> None:
        """Fill buffers of whole numbers with another's values: they are the same after each shard."""
        for (_, buffers), (_, others) in zip(self.tensors, other.tensors, strict=True):
            for name, buffer in buffers.items():
                if buffer is not None and not buffer.is_floating_point():
                    buffer.copy_(others[name])
