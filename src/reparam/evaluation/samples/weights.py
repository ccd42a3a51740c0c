"""Weights of published networks: a safetensors file that the user names, and what of it goes into the record."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from reparam.door import is_file
from reparam.errors import UserError


@dataclass(frozen=True)
class Published:
    """A network whose weights are not ours to ship.

    Attributes:
        name: as in "no weights of NAME are named".
        variable: of the environment, that names the file where no setting does.
        how: where to get it, as the end of a sentence.
        instead: what to do with a file that is no safetensors file, likewise.
    """

    name: str
    variable: str
    how: str
    instead: str

    def path(self, given: str | Path | None) -> Path:
        """Where the weights are to be read.

        Raises:
            UserError: if none are named, or there is no such file.
        """
        named = given or os.environ.get(self.variable)
        if not named:
            raise UserError(f"no weights of {self.name} are named: {self.how}")
        path = Path(named)
        if not is_file(path):
            raise UserError(f"{path}, where {self.name}'s weights should be, is no file: {self.how}")
        return path

    def read(self, path: Path) -> dict[str, Tensor]:
        """The tensors of a file; nothing is unpickled.

        Raises:
            UserError: if it is no safetensors file, or not a whole one.
        """
        try:
            return load_file(path)
        except (SafetensorError, OSError, LookupError, TypeError, ValueError, RuntimeError, MemoryError):
            raise UserError(f"{path} is no safetensors file: {self.instead}") from None


def digest(tensors: Mapping[str, Tensor]) -> str:
    """Of the weights, whatever file they are in: eight hexadecimal digits."""
    found = hashlib.sha256()
    for name in sorted(tensors):
        if not name.endswith("num_batches_tracked"):  # which some files have and none needs
            content: Any = tensors[name].contiguous().reshape(-1).view(torch.uint8).numpy()  # of any dtype
            found.update(name.encode())
            found.update(content)
    return found.hexdigest()[:8]
