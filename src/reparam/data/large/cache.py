"""Where converted tables are kept, and by what it is known that one is of a file as it is now."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from reparam.data.readers.asked import Asked
from reparam.door import is_folder, listed, read_bytes, user_cache, user_path
from reparam.errors import tell

VARIABLE = "REPARAM_CACHE"
SAMPLES, SAMPLE = 64, 2**16
"""Pieces of a file that are looked at, evenly spaced, and the bytes of each."""
VERSION = 1
"""Of the form in which tables are converted."""


def cache() -> Path:
    """The folder of converted tables: ``$REPARAM_CACHE``, else ``$XDG_CACHE_HOME/reparam/tables``, ``~/.cache``.

    Raises:
        UserError: if nothing says where that is, as in a container whose user has no home.
    """
    if given := os.environ.get(VARIABLE):
        return user_path(given)
    return user_cache(VARIABLE) / "reparam" / "tables"


def place_of(path: Path, asked: Asked) -> Path:
    """The folder of a table as it is now, read as is asked."""
    return cache() / f"{_about(path, asked)}-{stamp(path)[:16]}"


def _about(path: Path, asked: Asked) -> str:
    """What the folders of a file have in common, whatever it held when they were made."""
    schema = None if asked.table is None else asked.table.plain()
    how = asked.how.asked()
    if asked.how.schema_file is not None:
        how["schema_file"] = hashlib.sha256(read_bytes(user_path(asked.how.schema_file))).hexdigest()
    said = json.dumps([VERSION, str(path.absolute()), how, schema], sort_keys=True)
    name = "".join(letter if letter.isalnum() else "_" for letter in path.name)[:40]
    return f"{name}-{hashlib.sha256(said.encode(errors='surrogateescape')).hexdigest()[:16]}"


def stamp(path: Path) -> str:
    """What changes with a file: its size, its time, and 64 pieces of 64 kB of what it holds."""
    about = path.stat()
    digest = hashlib.sha256(f"{about.st_size} {about.st_mtime_ns} ".encode())
    with path.open("rb") as file:
        for at in range(SAMPLES):
            file.seek(at * max(0, about.st_size - SAMPLE) // (SAMPLES - 1))
            digest.update(file.read(SAMPLE))
    return digest.hexdigest()


def stale(path: Path, asked: Asked, now: Path) -> Iterator[Path]:
    """The folders that were made of a file before it became what it is now."""
    for folder in listed(now.parent, f"{_about(path, asked)}-*"):
        if folder != now and is_folder(folder):
            yield folder


def remove_stale(path: Path, asked: Asked, now: Path) -> None:
    """Remove what is of no more use, and say so."""
    for folder in stale(path, asked, now):
        tell(f"{path} has changed since it was converted: what was made of it is removed, and it is converted again")
        shutil.rmtree(folder, ignore_errors=True)
