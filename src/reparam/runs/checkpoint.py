"""Weights in a safetensors file, what is said of them beside, and a checksum of both; nothing is ever unpickled."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from reparam.absence import surely
from reparam.door import Damaged, Missing, parse, require_readable
from reparam.errors import UserError, tell
from reparam.files import replace_atomically
from reparam.models.model import Model
from reparam.runs.identity import Identity

NOTES, SUM = "reparam", "sha256"
OWNER, HOLDS = "config", "holds"
WEIGHTS, BEST, TRAINING = "weights", "best weights", "training"
"""What a checkpoint says that it holds, so that one that lies in another's place is found."""
SMALLEST_LIMIT, MOST_COPIES = 256 * 2**20, 16
"""Bytes that a checkpoint may always have, and how often it may hold the model: weights, moments, the open row."""


def save_weights(path: Path, model: Model, notes: Mapping[str, Any], holds: str, identity: Identity) -> None:
    """Write the model's tensors alone."""
    write_tensors(path, prefixed("model", model.state_dict()), {**notes, HOLDS: holds, OWNER: identity.name})


def load_weights(
    path: Path, model: Model, identity: Identity | None = None, holds: str | None = None
) -> dict[str, Any]:
    """Put a checkpoint's weights into a model; returns what was saved beside them.

    Args:
        path: of the checkpoint.
        model: takes them.
        identity: of the run that it should belong to; None: not looked at.
        holds: what it should hold; None: anything.

    Raises:
        Missing: if there is no such file.
        Damaged: if it is damaged, another run's, or holds something else.
        UserError: if the weights are another model's.
    """
    tensors, notes = read_tensors(path, room_for(model))
    check_place(path, notes, identity, holds)
    fill(path, model, under("model", tensors), notes)
    return notes


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], notes: Mapping[str, Any], keep: Path | None = None
) -> None:
    """Write tensors and JSON-ready notes atomically, with a checksum of them all; ``keep`` takes the file before it."""
    plain = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    text = json.dumps({name: value for name, value in notes.items() if name != SUM})
    metadata = {NOTES: text, SUM: digest(plain, text)}

    def write(beside: Path) -> None:
        try:
            save_file(plain, beside, metadata)
            _in_order(beside)
        except SafetensorError as error:  # so it tells of a full disk
            raise OSError(str(error)) from error

    replace_atomically(path, write, keep)


def _in_order(path: Path) -> None:
    """Sort the metadata of a file: safetensors writes it in another order each time, and the same is the same bytes."""
    with path.open("r+b") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        assert len(text) <= size, "as it was, but for the order"
        file.seek(8)
        file.write(text.ljust(size))


def read_tensors(path: Path, most: int = SMALLEST_LIMIT) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors and the notes of a checkpoint; the notes hold the checksum, too, where there is one.

    Args:
        path: of the checkpoint.
        most: bytes that such a file has at most.

    Raises:
        Missing: if there is no such file.
        Damaged: if it is not as it was written.
    """
    _check_size(path, most)
    try:
        with surely(lambda: safe_open(path, framework="pt"), path) as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            text, known = _metadata(file)
    except (SafetensorError, OSError, LookupError, TypeError, ValueError, RuntimeError, MemoryError) as error:
        raise Damaged(f"{path} is not a whole checkpoint of reparam ({error}): restore it or train again") from None
    if known is not None and known != digest(tensors, text):
        raise Damaged(f"{path} is not as it was written (its checksum differs): restore it or train again")
    return tensors, _checked(path, text, known)


def read_notes(path: Path) -> dict[str, Any]:
    """What is said beside a checkpoint's tensors, without reading them; not checked against the checksum.

    Raises:
        Missing: if there is no such file.
        Damaged: if it cannot be read.
    """
    require_readable(path)
    try:
        with surely(lambda: safe_open(path, framework="pt"), path) as file:
            return _checked(path, *_metadata(file))
    except (SafetensorError, OSError, LookupError, TypeError, ValueError, RuntimeError, MemoryError) as error:
        raise Damaged(f"{path} is not a whole checkpoint of reparam ({error}): restore it or train again") from None


def check_place(path: Path, notes: Mapping[str, Any], identity: Identity | None, holds: str | None) -> None:
    """Make sure that a checkpoint is this run's, and lies where it belongs.

    Raises:
        Damaged: if it does not.
    """
    if identity is None:
        return
    if notes.get(OWNER, identity.name) != identity.name or (identity.seals and not {OWNER, SUM} <= notes.keys()):
        raise Damaged(f"{path} does not belong to this run, or config.json does not: put the right file back")
    if holds is not None and notes.get(HOLDS, holds) != holds:
        raise Damaged(f"{path} holds {notes[HOLDS]!r} where {holds!r} should be: put the right file back")


def room_for(model: Model) -> int:
    """Bytes that a checkpoint of a model has at most."""
    size: int = sum(tensor.numel() * tensor.element_size() for tensor in model.state_dict().values())
    return max(SMALLEST_LIMIT, MOST_COPIES * size)


def digest(tensors: Mapping[str, Tensor], notes: str) -> str:
    """SHA-256 of tensors on the CPU, by name, and of the notes beside them.

    >>> digest({"a": torch.zeros(2), "b": torch.ones(1)}, "") == digest({"b": torch.ones(1), "a": torch.zeros(2)}, "")
    True
    """
    found = hashlib.sha256(notes.encode())
    for name, tensor in sorted(tensors.items()):
        found.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        content: Any = tensor.contiguous().reshape(-1).view(torch.uint8).numpy()
        found.update(content)
    return found.hexdigest()


def fill(path: Path, model: Model, tensors: dict[str, Tensor], notes: Mapping[str, Any]) -> None:
    """Put tensors into a model.

    Raises:
        Damaged: if weights are not finite, and no checksum says that training had made them so.
        UserError: if they are another model's, naming the file.
    """
    own = model.state_dict()
    for name, tensor in tensors.items():  # first of all: of some types torch can compute nothing
        if name in own and tensor.dtype != own[name].dtype:
            raise UserError(
                f"{path} holds {name!r} as {tensor.dtype}, where the model has {own[name].dtype}: restore it"
            )
    # a range may be infinite from the beginning
    broken = [name for name, tensor in tensors.items() if name in own and not _finite(tensor) and _finite(own[name])]
    if broken and SUM not in notes:
        raise Damaged(f"{path} holds weights that are not finite ({broken[0]!r}): restore it or train again")
    if broken:
        tell(f"{path} holds weights that are not finite ({broken[0]!r}), as training had made them by then")
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


def _check_size(path: Path, most: int) -> None:
    try:
        require_readable(path)
    except Missing:
        raise Missing(f"{path} is missing: the run has no such checkpoint") from None
    if path.stat().st_size > most:
        raise Damaged(f"{path} is larger than any checkpoint of this model: restore it or train again")


def _metadata(file: Any) -> tuple[str, str | None]:
    """The notes as they were written, and the checksum where there is one."""
    metadata = file.metadata()
    return metadata[NOTES], metadata.get(SUM)


def _checked(path: Path, text: str, known: str | None) -> dict[str, Any]:
    """The notes, with a step and the checksum among them.

    Raises:
        Damaged: if they are something else.
    """
    try:
        notes = parse(text)
    except ValueError:
        notes = None
    step = notes.get("step") if isinstance(notes, dict) else None
    if not isinstance(step, int) or isinstance(step, bool) or not 0 <= step < 2**63:
        raise Damaged(f"{path} is not a whole checkpoint of reparam (its step is {step!r}): restore it or train again")
    assert isinstance(notes, dict)
    return notes if known is None else {**notes, SUM: known}


def _finite(tensor: Tensor) -> bool:
    return bool(torch.isfinite(tensor if tensor.itemsize > 1 else tensor.float()).all())
