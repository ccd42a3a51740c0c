"""The run folders that are meant: those named, and those below a folder that is no run itself."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from reparam.door import is_folder, leads_somewhere, present
from reparam.errors import UserError

DEEPEST, MOST = 5, 200
"""Levels of folders that are gone through, and runs that are watched."""


def is_run(folder: Path) -> bool:
    """Whether a folder is, or was, that of a run: whole or damaged."""
    return any(present(folder / name) for name in ("config.json", "metrics.jsonl", "checkpoints"))


def find(given: Sequence[Path]) -> list[Path]:
    """The runs among folders, and below those that are none.

    Args:
        given: what was named.

    Raises:
        UserError: if one is no folder, or there are too many.
    """
    found: dict[Path, None] = {}
    for path in given:
        if not is_folder(path):
            what = "is a file, and runs are folders" if leads_somewhere(path) else "is not there"
            raise UserError(f"{path} {what}: name a run, or the folder that it is in, or will be")
        found |= dict.fromkeys(_below(path, DEEPEST))
    if len(found) > MOST:
        raise UserError(f"{len(found)} runs are more than the {MOST} that a page shows: name fewer")
    return list(found)


def _below(folder: Path, levels: int) -> Iterator[Path]:
    """The runs below a folder, in the order of their names; links are not followed, and nothing hidden is looked at."""
    if is_run(folder):
        yield folder
        return
    if not levels:
        return
    try:
        with os.scandir(folder) as entries:
            inside = sorted(one.name for one in entries if one.is_dir(follow_symlinks=False) and one.name[0] != ".")
    except OSError:
        return
    for name in inside:
        yield from _below(folder / name, levels - 1)
