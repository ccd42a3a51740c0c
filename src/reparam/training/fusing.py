"""A turn's loss and its gradient, compiled: what is between the matrix products takes few passes over memory.

PyTorch runs a loss operation by operation, each with its price and its pass over memory. ``torch.compile`` traces the
loss, and Inductor writes loops in C++ for all that is no product, forward and backward. Noise is drawn by the same
calls as ever (``fallback_random``), so that a fused training sees the noise of one that is not, and rounds differently.
"""

import copy
import hashlib
import os
import platform
import shutil
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from reparam.data import Batches, Dataset
from reparam.door import user_cache
from reparam.errors import UserError
from reparam.hardware import CPUINFO
from reparam.models.model import Batch, Model, Terms, Turn
from reparam.randomness import noise
from reparam.settings import BATCH_SIZE, TrainingConfig
from reparam.training.callbacks import Callback

if TYPE_CHECKING:
    from reparam.training.session import Session

Loss = Callable[[Batch], Terms]
CACHE, LONG = "TORCHINDUCTOR_CACHE_DIR", 50_000
"""Where Inductor keeps what it compiled; and the steps from which on compiling costs less than it saves."""
NOWHERE = (10**8 + 7, 1.2345e-7), (10**8 + 9, 2.3456e-7)
"""Moments of a training that never are: (step, epoch and progress)."""


def resolved(training: TrainingConfig, model: Model, data: Dataset, device: torch.device, steps: int) -> str:
    """Whether a new training is fused: "yes" or "no".

    Args:
        training: what was asked for; with "auto" it is fused where it can be and has 50,000 steps or more.
        model: composed.
        data: what it trains on.
        device: where.
        steps: of the training.

    Raises:
        UserError: if it was asked for and cannot be, saying why.
    """
    if training.fuse == "no" or (training.fuse == "auto" and steps < LONG):
        return "no"
    why = _hindered(training, device) or _untraceable(model, data, training)
    if why and training.fuse == "yes":
        raise UserError(f'fuse="yes" will not do: {why}; use fuse="no"')
    return "no" if why else "yes"


def _hindered(training: TrainingConfig, device: torch.device) -> str | None:
    """What of the settings or the machine does not go with it."""
    if device.type != "cpu":
        return f"it is for the CPU, and this training is on {device.type}"
    if training.compile:
        return "compile=True has the networks compiled by themselves"
    if training.batch_norm_over == "batch" and training.shards > 1:
        return 'batch_norm_over="batch" stops in the middle of a network, which a compiled one cannot'
    return None if has_compiler() else f"there is no C++ compiler ({compiler()}, or what CXX names) here"


def compiler() -> str:
    """The C++ compiler that Inductor calls."""
    return os.environ.get("CXX") or {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")


def has_compiler() -> bool:
    """Whether it is there.

    >>> has_compiler() in (True, False)
    True
    """
    return shutil.which(compiler()) is not None


def _untraceable(model: Model, data: Dataset, training: TrainingConfig) -> str | None:
    """The turn that cannot be traced, and why: tried on a copy, before anything is written."""
    copied = copy.deepcopy(model).train()
    x, y = Batches(data.train, data, training.batch_size or BATCH_SIZE, training.seed)(0)
    with noise(training.seed, "fuse"):
        for turn in copied.turns():
            if why := _refused(partial(_compiled(turn.loss, backend="eager"), Batch(x, y))):
                return f"turn {turn.name!r} cannot be traced ({why})"
    return None


def _refused(compiling: Callable[[], object]) -> str | None:
    """Why something cannot be compiled, in the compiler's words where it is no gradient; None where it can."""
    from torch._dynamo.exc import TorchDynamoException  # the compiler is loaded where it is asked for

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it says of itself, as of parts that it will drop
            compiling()
    except TorchDynamoException as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        if any("autograd.grad" in line for line in lines[:2]):
            return "its loss takes a gradient of a gradient, as penalties do"
        said = (line for line in lines if not line.startswith("backend="))
        return next(said, type(error).__name__).rstrip(".:")
    return None


def _compiled(loss: Loss, **how: object) -> Loss:
    """The loss as a function that is compiled when first called, with a cache of its own.

    torch keeps what it compiled by the function's code and no more than eight of each; a study has more models.
    """

    def played(batch: Batch) -> Terms:
        return loss(batch)

    played.__code__ = played.__code__.replace(co_name=f"{played.__name__}")
    return torch.compile(played, fullgraph=True, **how)  # type: ignore[no-any-return, call-overload]


def cache_folder() -> Path:
    """Where what was compiled is kept: ``$TORCHINDUCTOR_CACHE_DIR``, else a folder for this torch and this processor.

    What is compiled is of the processor's own instructions; a home folder may be shared by many.
    """
    if named := os.environ.get(CACHE):
        return Path(named)
    described = [torch.__version__, platform.machine(), torch.backends.cpu.get_cpu_capability()]
    with suppress(OSError):
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
        described += sorted({line for line in lines if line.startswith(("flags", "Features", "model name"))})
    mark = hashlib.blake2b("\n".join(described).encode(), digest_size=6).hexdigest()
    return user_cache(CACHE) / "reparam" / "fused" / mark


class Fused:
    """A turn's loss, compiled when it is first asked for.

    Args:
        turn: whose loss.
        modules: whose buffers a loss may change.
        threads: of the loops.

    Raises:
        UserError: when called, if there is no compiler or it fails.
    """

    def __init__(self, turn: Turn, modules: Sequence[nn.Module], threads: int) -> None:
        if not has_compiler():
            raise UserError(
                f"a fused training needs a C++ compiler, and {compiler()} is not here: install one, or let CXX name it"
            )
        os.environ.setdefault(CACHE, str(cache_folder()))
        self._turn, self._modules, self._ready = turn, modules, False
        self._loss = _compiled(turn.loss, options={"fallback_random": True, "cpp.threads": threads})

    def __call__(self, batch: Batch) -> Terms:
        """The scalars of the turn."""
        if not self._ready:
            if why := _refused(partial(self._prepare, batch)):
                raise UserError(f'turn {self._turn.name!r} cannot be compiled here ({why}): train anew with fuse="no"')
            self._ready = True
        return self._loss(batch)

    def _prepare(self, batch: Batch) -> None:
        """Compile for any moment of the training, so that one that goes on runs what the uninterrupted one did.

        The compiler takes a number for a constant until it has seen it change.
        """
        buffers = [buffer for module in self._modules for buffer in module.buffers()]
        before = [buffer.clone() for buffer in buffers]
        with noise(0, "fuse"):
            for step, moment in NOWHERE:
                self._loss(replace(batch, step=step, epoch=moment, progress=moment))
        for buffer, value in zip(buffers, before, strict=True):
            buffer.copy_(value)


def fused(turns: Sequence[Turn], modules: Sequence[nn.Module], threads: int) -> list[Turn]:
    """The same turns on compiled losses.

    Args:
        turns: of a step.
        modules: whose buffers the losses may change.
        threads: of the loops.

    Raises:
        UserError: if there is no C++ compiler.
    """
    return [replace(turn, loss=Fused(turn, modules, threads)) for turn in turns]


class Compiling(Callback):
    """Says what a fused training waits for at its start."""

    def start(self, session: "Session") -> None:
        """Where it does."""
        if session.step == 0 and session.config.fuse == "yes":
            session.note(
                "the losses are compiled first, which takes up to a minute the first time on a machine, and "
                "some seconds when it was done before"
            )
