"""Features of real examples, kept between calls: by what the network is and by the values that it was shown."""

import hashlib
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from reparam.door import user_cache
from reparam.errors import UserError
from reparam.evaluation.samples.features import Features
from reparam.files import write_result

VERSION = 1
"""Of what is kept: another one where features of the same name and values would be other numbers."""
FEWEST = 5000
"""Examples below which it is not worth a file."""
MOST_OF_ONE, MOST = 2**30, 2**32
"""Bytes of a file, and of all of them: the ones that nobody has asked for longest go first."""


def kept(features: Features, parts: Callable[[], Iterable[Tensor]]) -> Tensor:
    """Features ``(n, width)`` of examples that are given some at a time, computed or, where they are kept, read.

    Values decide, not the name of the data: a data set that was changed has other features. Where nothing can be
    written, nothing is kept.

    Args:
        features: the map; one without a ``key`` is not kept.
        parts: called, gives the examples; twice where they are not kept yet.
    """
    count = 0
    digest = hashlib.sha256(f"{VERSION}/{torch.__version__}/{features.key}".encode())
    if features.key is not None:
        for part in parts():
            count += len(part)
            digest.update(f"{tuple(part.shape[1:])}".encode() + part.contiguous().numpy().tobytes())
    path = _place(digest.hexdigest()) if count >= FEWEST else None
    found = None if path is None else _read(path, count)
    if found is None:
        found = torch.cat([features(part) for part in parts()])
        if path is not None and found.nbytes <= MOST_OF_ONE:
            _write(path, found)
    return found


def _place(name: str) -> Path | None:
    """The file; None where the user has no place for caches."""
    try:
        return user_cache() / "reparam" / "features" / f"{name}.safetensors"
    except UserError:
        return None


def _read(path: Path, count: int) -> Tensor | None:
    """What a file holds; None if there is none, or it is none of ours."""
    try:
        found = load_file(path)["features"]
        os.utime(path)
    except (OSError, SafetensorError, KeyError):
        return None
    return found if found.dim() == 2 and len(found) == count and bool(torch.isfinite(found).all()) else None


def _write(path: Path, found: Tensor) -> None:
    with suppress(OSError, UserError):
        write_result(path, lambda beside: save_file({"features": found.contiguous()}, beside), force=True)
        ages = sorted(path.parent.glob("*.safetensors"), key=lambda one: one.stat().st_mtime, reverse=True)
        total = 0
        for one in ages:
            total += one.stat().st_size
            if total > MOST:
                one.unlink()
