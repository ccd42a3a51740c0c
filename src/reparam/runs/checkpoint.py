"""Weights in a safetensors file, with what is said of them beside; nothing is ever unpickled."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from reparam.errors import UserError
from reparam.files import replace_atomically
from reparam.models.model import Model


def save_weights(path: Path, model: Model, step: int) -> None:
    """Write the model's tensors alone."""
    write_tensors(path, prefixed("model", model.state_dict()), {"step": step})


def load_weights(path: Path, model: Model) -> dict[str, Any]:
    """Put a checkpoint's weights into a model; returns what was saved beside them.

    Raises:
        UserError: if the file is missing or damaged, or belongs to another model.
    """
    tensors, notes = read_tensors(path)
    fill(path, model, under("model", tensors))
    return notes


def write_tensors(path: Path, tensors: Mapping[str, Tensor], notes: Mapping[str, Any]) -> None:
    """Write tensors and JSON-ready notes, atomically."""
    plain = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
    metadata = {"reparam": json.dumps(dict(notes))}
    replace_atomically(path, lambda beside: save_file(plain, beside, metadata))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the notes of a checkpoint.

    Raises:
        UserError: if the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            return tensors, json.loads(file.metadata()["reparam"])
    except FileNotFoundError:
        raise UserError(f"{path} is missing: the run has no such checkpoint") from None
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is not a whole checkpoint of reparam ({error}): restore it or train again") from None


def fill(path: Path, model: Model, tensors: dict[str, Tensor]) -> None:
    """Put tensors into a model.

    Raises:
        UserError: if they are another model's, naming the file.
    """
    for name, own in model.state_dict().items():
        if name in tensors and tensors[name].dtype != own.dtype:
            raise UserError(
                f"{path} holds {name!r} as {tensors[name].dtype}, where the model has {own.dtype}: restore it"
            )
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"{path} holds the weights of another model: {reason}") from None


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors, their names below a prefix."""
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors below a prefix, by their names without it."""
    start = f"{prefix}/"
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
