"""Checkpoints: every tensor that a training needs to go on, in one file."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor
from torch.optim import Optimizer

from reparam.models.model import Model
from reparam.runs.checkpoint import fill, prefixed, read_tensors, save_weights, under, write_tensors
from reparam.runs.folder import RunFolder
from reparam.training.callbacks import Callback
from reparam.training.loop import Loop

if TYPE_CHECKING:
    from reparam.training.session import Session


def save_loop(path: Path, model: Model, loop: Loop, progress: Mapping[str, Any]) -> None:
    """Write a training whole: weights, optimizers, the log's open row, and ``progress`` (JSON-ready) beside them."""
    tensors = {**prefixed("model", model.state_dict()), **prefixed("ledger", loop.ledger.state())}
    for name, optimizer in loop.optimizers.items():
        tensors |= prefixed(f"optimizer/{name}", _optimizer_tensors(optimizer))
    tracks = loop.ledger.tracks
    ledger = {
        "terms": {name: t.terms for name, t in tracks.items()},
        "steps": {name: t.steps for name, t in tracks.items()},
    }
    write_tensors(path, tensors, {**progress, "ledger": ledger})


def load_loop(path: Path, model: Model, loop: Loop) -> dict[str, Any]:
    """Put a training back as it was saved; returns ``progress``.

    Raises:
        UserError: if the file is missing or damaged, or belongs to another model.
    """
    tensors, notes = read_tensors(path)
    fill(path, model, under("model", tensors))
    for name, optimizer in loop.optimizers.items():
        _restore_optimizer(optimizer, under(f"optimizer/{name}", tensors))
    ledger = notes.pop("ledger")
    loop.ledger.restore(under("ledger", tensors), ledger["terms"], ledger["steps"])
    return notes


class Checkpoints(Callback):
    """Keeps what a killed training goes on from, and the weights of every so many epochs if asked for.

    Args:
        folder: the run's.
        every: epochs between two weights that are kept for good; None: none are.
    """

    def __init__(self, folder: RunFolder, every: int | None) -> None:
        self.folder, self.every = folder, every

    def epoch(self, session: "Session") -> None:
        """Keep the weights of this epoch if it is one of those asked for."""
        if self.every and round(session.epoch) % self.every == 0:
            save_weights(self.folder.kept(session.step), session.model, session.step)

    def save(self, session: "Session") -> None:
        """Vouch for the rows so far."""
        progress = {"step": session.step, "stopped": session.stopped}
        save_loop(self.folder.last, session.model, session.loop, progress)


def _optimizer_tensors(optimizer: Optimizer) -> dict[str, Tensor]:
    """An optimizer's state; its settings come from the config, its learning rate from the step."""
    state = optimizer.state_dict()["state"]
    return {f"{index}/{name}": value for index, values in state.items() for name, value in values.items()}


def _restore_optimizer(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, name = key.split("/")
        state.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
