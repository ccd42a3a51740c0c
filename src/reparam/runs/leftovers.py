"""What kills leave behind in a run folder, and how damaged files are put out of the way."""

import re
from itertools import count
from pathlib import Path

from reparam.absence import remove
from reparam.door import is_folder, listed, present, read_bytes
from reparam.errors import UserError
from reparam.files import PART, replace_atomically

HALF_WRITTEN = re.compile(rf"\..+\.\d+{re.escape(PART)}")
UNNAMED = re.compile(r"\.tmp[A-Za-z0-9]{6}")
"""What safetensors calls a file until it has written it."""
LOCK = ".lock"


def is_free(path: Path) -> bool:
    """Whether a run may begin in a folder: it is not there, or holds nothing that somebody made.

    A lock, half-written files and folders of nothing else are what a kill leaves before the first file stands.
    """
    return not present(path) or (is_folder(path) and _holds_nothing(path))


def _holds_nothing(folder: Path) -> bool:
    return all(_is_nothing(path) for path in listed(folder, "*"))


def _is_nothing(path: Path) -> bool:
    if is_folder(path) and not path.is_symlink():
        return _holds_nothing(path)
    return path.name == LOCK or bool(HALF_WRITTEN.fullmatch(path.name))


def half_written(folder: Path) -> list[Path]:
    """The files in a folder that a kill left before they were whole."""
    found = listed(folder, ".*")
    named = [path for path in found if HALF_WRITTEN.fullmatch(path.name) or UNNAMED.fullmatch(path.name)]
    return [path for path in named if not is_folder(path)]


def sweep(folder: Path, beginning: str = "") -> None:
    """Remove those whose names have a beginning.

    Raises:
        UserError: if that cannot be done.
    """
    for path in half_written(folder):
        if path.name.startswith(beginning):
            try:
                remove(path)
            except OSError as error:
                raise UserError(f"{path} is half written and cannot be removed ({error.strerror}): remove it") from None


def set_aside(path: Path, content: bytes | None = None) -> Path:
    """Keep what is damaged beside its place, under a name that is free.

    Args:
        path: what is damaged; it is moved, unless ``content`` is given.
        content: a part of it, which is written.

    Raises:
        UserError: if that cannot be done.
    """
    names = (f"{path.name}.damaged{'' if number == 1 else f'-{number}'}" for number in count(1))
    aside = next(path.with_name(name) for name in names if _is_free(path.with_name(name), content))
    if content is not None:
        replace_atomically(aside, lambda beside: beside.write_bytes(content))
        return aside
    try:
        path.rename(aside)
    except OSError as error:
        raise UserError(f"{path} is damaged and cannot be moved away ({error.strerror}): remove it") from None
    return aside


def _is_free(aside: Path, content: bytes | None) -> bool:
    """Whether what is damaged can be kept there: nothing is, or the same, by somebody who was killed thereafter."""
    if not present(aside):
        return True
    try:
        return content is not None and read_bytes(aside, len(content)) == content
    except UserError:
        return False
