"""Writing files so that a kill or a full disk never leaves half of one."""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from reparam.errors import UserError


def replace_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Call ``write`` on a name beside ``path``, then rename; on failure the old file stands and the new one is gone.

    Raises:
        UserError: if the disk is full or the place cannot be written, naming the file.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(beside)
        _flush_to_disk(beside)
        beside.replace(path)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written ({error.strerror or error}): free space, or name another folder"
        ) from error
    finally:
        with suppress(OSError):  # where its folder is none, there is nothing to remove
            beside.unlink(missing_ok=True)


def _flush_to_disk(path: Path) -> None:
    with path.open("r+b") as file:  # Windows flushes only what may be written
        os.fsync(file.fileno())


def write_npz(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays atomically as a compressed ``.npz``."""
    import numpy as np

    def write(beside: Path) -> None:
        with beside.open("wb") as file:  # given a name, numpy would add an ending to it
            np.savez_compressed(file, **arrays)

    replace_atomically(path, write)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file atomically, indented."""
    text = json.dumps(value, indent=2) + "\n"
    replace_atomically(path, lambda beside: beside.write_text(text, encoding="utf-8", newline="\n"))


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        UserError: if it is missing or not JSON, naming it.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} is missing: is {path.parent} a run folder?") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path} is not readable JSON ({error}): the folder was changed by hand or is damaged"
        ) from None
