"""A turn's loss and gradients, recorded once and replayed: launching small kernels takes longer than they do.

What is replayed has the bits of what was recorded, and is held against it: at the first two steps, the fourth, the
eighth and so on the turn is computed both ways. A loss that waits for the device, that is not the same twice, or that
decides otherwise at every step is never recorded.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from reparam.errors import UserError
from reparam.models.model import Batch
from reparam.training.moments import Moments
from reparam.training.waits import Waits

EAGER, MOST = 2, 4
"""Steps that are played before anything is recorded, and recordings of a turn, whose decisions fell differently."""


@dataclass(frozen=True)
class Update:
    """What a turn's loss came to.

    Args:
        names: of its terms.
        values: of its terms, ``(terms,)``.
        gradients: of what it moves, clipped, None where the loss does not depend on a parameter.
        norms: of the gradients before, ``(parameters,)``.
    """

    names: tuple[str, ...]
    values: Tensor
    gradients: tuple[Tensor | None, ...]
    norms: Tensor


Compute = Callable[[Batch], Update]


class Recorder(Protocol):
    """What records work on a device, so that it can be done again at once.

    Attributes:
        usable: whether what was recorded may still be played, and more be recorded.
    """

    usable: bool

    def record(self, work: Callable[[], Update]) -> tuple[Callable[[], None], Update]:
        """What does the work again, and the memory that its results will then be in."""


class Graphs:
    """CUDA graphs: all kernels of the work in one launch, each with the arguments that it had.

    Args:
        device: a CUDA device.
    """

    def __init__(self, device: torch.device) -> None:
        self.device, self.usable = device, True

    def record(self, work: Callable[[], Update]) -> tuple[Callable[[], None], Update]:
        """Nothing is computed: the kernels are listed.

        Raises:
            RuntimeError: if something in the work cannot be recorded.
        """
        graph = torch.cuda.CUDAGraph()
        index = torch.cuda.current_device() if self.device.index is None else self.device.index
        generator = torch.cuda.default_generators[index]
        try:
            with torch.cuda.device(self.device), torch.cuda.graph(graph, capture_error_mode="thread_local"):
                update = work()
        except BaseException:
            # a recording that breaks off leaves the noise waiting for its end; a fresh state of it is not, but is not
            # the one that earlier recordings draw from
            generator.graphsafe_set_state(generator.clone_state())
            self.usable = False
            raise
        return graph.replay, update


class _Recording:
    """One recording, with the memory that it reads its batch from."""

    def __init__(self, compute: Compute, batch: Batch, recorder: Recorder) -> None:
        self.x, self.y = batch.x.clone(), None if batch.y is None else batch.y.clone()
        self.moments = Moments(batch.x.device)
        told = self.moments.told(Batch(self.x, self.y, batch.step, batch.epoch, batch.progress))
        self.moments.frozen = True
        self._again, self._update = recorder.record(lambda: compute(told))
        self.uses = 0

    def suits(self, batch: Batch) -> bool:
        """Whether the batch has the same form, and the loss decides the same at its step."""
        alike = (batch.x.shape, batch.x.dtype, batch.y is None) == (self.x.shape, self.x.dtype, self.y is None)
        return alike and self.moments.suit(batch)

    def play(self, batch: Batch) -> Update:
        """The same work on this batch."""
        self.x.copy_(batch.x)
        if self.y is not None and batch.y is not None:
            self.y.copy_(batch.y)
        self.moments.move(batch)
        self._again()
        found = self._update
        return Update(found.names, found.values.clone(), found.gradients, found.norms.clone())


class Replay:
    """A turn that is recorded where that can be, and computed where not.

    Args:
        turn: its name.
        compute: from a batch to what the turn's loss came to.
        modules: all whose buffers it may change.
        recorder: of the device.

    Attributes:
        refused: why it is not recorded, or None.
    """

    def __init__(self, turn: str, compute: Compute, modules: Iterable[nn.Module], recorder: Recorder) -> None:
        self.turn, self._compute, self._recorder = turn, compute, recorder
        self._modules = list(modules)
        self._recordings: list[_Recording] = []
        self._calls = 0
        self.refused: str | None = None

    def __call__(self, batch: Batch) -> Update:
        """What the turn's loss comes to on a batch."""
        self._calls += 1
        if self.refused is not None or not self._recorder.usable:
            return self._compute(batch)
        if self._calls <= EAGER:
            return self._played(batch)
        recording = next((one for one in self._recordings if one.suits(batch)), None) or self._recorded(batch)
        if recording is None:
            return self._compute(batch)
        recording.uses += 1
        if recording.uses & (recording.uses - 1):
            return recording.play(batch)
        return self._held_against(recording, batch)

    def _played(self, batch: Batch) -> Update:
        """What it comes to, before anything is recorded; what turns share has its graph, which no recording holds."""
        taken = bool(batch.shared)
        update = self._compute(batch)
        if taken or batch.shared:
            self._refuse("turns of its step share what they compute")
        return update

    def _recorded(self, batch: Batch) -> _Recording | None:
        """A new recording, unless the turn is none to record."""
        if len(self._recordings) == MOST:
            self._refuse(f"it decided differently at {MOST + 1} steps")
            return None
        state = _State(self._modules, batch.x.device)
        try:
            with Waits() as waits:  # found out before, since a recording that fails costs the device's state
                self._compute(Moments(batch.x.device).told(batch))
            if waits.found:
                self._refuse(f"it waits for the device ({waits.found[0]})")
                return None
            state.put_back()
            self._recordings.append(_Recording(self._compute, batch, self._recorder))
        except Exception as error:
            self._refuse(f"{type(error).__name__}: {error}")
            return None
        finally:
            state.put_back()
        return self._recordings[-1]

    def _held_against(self, recording: _Recording, batch: Batch) -> Update:
        """What the turn comes to, computed; refused from here on if the recording came to something else.

        Raises:
            UserError: if it had come to the same twice.
        """
        state = _State(self._modules, batch.x.device)
        played = recording.play(batch)
        left = state.now()
        kept = [None if gradient is None else gradient.clone() for gradient in played.gradients]
        state.put_back()
        computed = self._compute(batch)
        if not _same((played.values, played.norms, *kept, *left), _tensors(computed, state.now())):
            if recording.uses > 2:
                raise UserError(
                    f"turn {self.turn!r} at step {batch.step}: a recorded step is not what the loss computes, which "
                    "must be a function of weights, batch and step; the last checkpoint that was held against it is "
                    "kept: train with cuda_graphs=False"
                )
            self._refuse("it is not the same twice")
        return computed

    def _refuse(self, why: str) -> None:
        self.refused, self._recordings = why, []


class _State:
    """Buffers and noise as they are, to be put back."""

    def __init__(self, modules: Sequence[nn.Module], device: torch.device) -> None:
        self._modules, self._device = modules, device
        self._before = self.now()
        self._noise = torch.get_rng_state()
        self._on_device = torch.cuda.get_rng_state(device) if device.type == "cuda" else None

    def now(self) -> list[Tensor]:
        """The buffers' values."""
        return [buffer.clone() for buffer in self._buffers()]

    def _buffers(self) -> list[Tensor]:
        """Looked up anew, since a module may put another tensor in one's place."""
        return [buffer for module in self._modules for buffer in module.buffers()]

    def put_back(self) -> None:
        """As it was."""
        for buffer, before in zip(self._buffers(), self._before, strict=True):
            buffer.copy_(before)
        torch.set_rng_state(self._noise)
        if self._on_device is not None:
            torch.cuda.set_rng_state(self._on_device, self._device)


def _tensors(update: Update, buffers: Sequence[Tensor]) -> tuple[Tensor | None, ...]:
    return (update.values, update.norms, *update.gradients, *buffers)


def _same(first: Sequence[Tensor | None], second: Sequence[Tensor | None]) -> bool:
    """Bit for bit, NaN for NaN."""
    return all(
        (a is None and b is None) or (a is not None and b is not None and torch.equal(_bits(a), _bits(b)))
        for a, b in zip(first, second, strict=True)
    )


def _bits(x: Tensor) -> Tensor:
    return x.detach().contiguous().reshape(-1).view(torch.uint8)
