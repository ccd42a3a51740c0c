"""Checkpoints: every tensor that a training needs to go on, in one file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from reparam.runs.checkpoint import fill, prefixed, read_tensors, under, write_tensors
from reparam.training.loop import Game


def save_game(path: Path, game: Game, progress: Mapping[str, Any]) -> None:
    """Write a game whole: weights, optimizers, the open row of the log, and ``progress`` (JSON-ready) beside them."""
    tensors = {**prefixed("model", game.model.state_dict()), **prefixed("ledger", game.ledger.state())}
    for name, optimizer in game.optimizers.items():
        tensors |= prefixed(f"optimizer/{name}", _optimizer_tensors(optimizer))
    tracks = game.ledger.tracks
    ledger = {
        "terms": {name: t.terms for name, t in tracks.items()},
        "steps": {name: t.steps for name, t in tracks.items()},
    }
    write_tensors(path, tensors, {**progress, "ledger": ledger})


def load_game(path: Path, game: Game) -> dict[str, Any]:
    """Put a game back as it was saved; returns ``progress``.

    Raises:
        UserError: if the file is missing or damaged, or belongs to another model.
    """
    tensors, notes = read_tensors(path)
    fill(path, game.model, under("model", tensors))
    for name, optimizer in game.optimizers.items():
        _restore_optimizer(optimizer, under(f"optimizer/{name}", tensors))
    ledger = notes.pop("ledger")
    game.ledger.restore(under("ledger", tensors), ledger["terms"], ledger["steps"])
    return notes


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
