"""Checkpoints: every tensor a run needs to go on, in one safetensors file; nothing is ever unpickled."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import Optimizer

from reparam.errors import UserError
from reparam.files import replace_atomically
from reparam.models.model import Model
from reparam.training.loop import Game


def save_weights(path: Path, model: Model, step: int) -> None:
    """Write the model's tensors alone."""
    _save(path, _prefixed("model", model.state_dict()), {"step": step})


def save_game(path: Path, game: Game, progress: Mapping[str, Any]) -> None:
    """Write a game whole: weights, optimizers, the open row of the log, and ``progress`` (JSON-ready) beside them."""
    tensors = {**_prefixed("model", game.model.state_dict()), **_prefixed("ledger", game.ledger.state())}
    for name, optimizer in game.optimizers.items():
        tensors |= _prefixed(f"optimizer/{name}", _optimizer_tensors(optimizer))
    tracks = game.ledger.tracks
    ledger = {
        "terms": {name: t.terms for name, t in tracks.items()},
        "steps": {name: t.steps for name, t in tracks.items()},
    }
    _save(path, tensors, {**progress, "ledger": ledger})


def load_weights(path: Path, model: Model) -> dict[str, Any]:
    """Put a checkpoint's weights into a model; returns what was saved beside them.

    Raises:
        UserError: if the file is missing or damaged, or belongs to another model.
    """
    tensors, notes = _load(path)
    _fill(path, model, _under("model", tensors))
    return notes


def load_game(path: Path, game: Game) -> dict[str, Any]:
    """Put a game back as it was saved; returns ``progress``.

    Raises:
        UserError: if the file is missing or damaged, or belongs to another model.
    """
    tensors, notes = _load(path)
    _fill(path, game.model, _under("model", tensors))
    for name, optimizer in game.optimizers.items():
        _restore_optimizer(optimizer, _under(f"optimizer/{name}", tensors))
    ledger = notes.pop("ledger")
    game.ledger.restore(_under("ledger", tensors), ledger["terms"], ledger["steps"])
    return notes


def _save(path: Path, tensors: Mapping[str, Tensor], notes: Mapping[str, Any]) -> None:
    plain = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
    metadata = {"reparam": json.dumps(dict(notes))}
    replace_atomically(path, lambda beside: save_file(plain, beside, metadata))


def _load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            return tensors, json.loads(file.metadata()["reparam"])
    except FileNotFoundError:
        raise UserError(f"{path} is missing: the run has no such checkpoint") from None
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is not a whole checkpoint of reparam ({error}): restore it or train again") from None


def _fill(path: Path, model: Model, tensors: dict[str, Tensor]) -> None:
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"{path} holds the weights of another model: {reason}") from None


def _prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    start = f"{prefix}/"
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


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
