"""Folders: made so that a power cut leaves none of them out, and never made again where they vanished.

A run, a study, a place of results is a folder that something was put into. Where it goes while more is put there (a
disk is taken away, somebody cleans up), to make it again would leave a folder with a hole where everything else was,
and no word of it. This file alone makes folders that stay.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from reparam.absence import ABSENT, mode_of, surely
from reparam.errors import Refused

_NO_FLUSH = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}
_STANDING: ContextVar[tuple[Path, ...]] = ContextVar("standing", default=())


class Unwritten(Refused):
    """A file could not be written: the disk is full, or the place refuses."""


class Vanished(Unwritten):
    """A folder that something was put into is gone."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} has vanished, with all that was in it: put it back, or begin anew")


def make_folder(path: Path) -> None:
    """Make a folder and those above it that are missing, each on the disk when this returns.

    Args:
        path: of the folder.

    Raises:
        Vanished: if one of them goes in the meantime, or is :func:`standing`.
        OSError: if the system refuses.
    """
    missing = [one for one in (path, *path.parents) if not _stands(one)]
    for one in missing:
        if one.absolute() in _STANDING.get():
            raise Vanished(one)
    for one in reversed(missing):  # never with its parents: one of them that goes now would be made again
        _make(one, path)
    for one in missing:
        flush_names(one.parent)


def _stands(folder: Path) -> bool:
    return stat.S_ISDIR(mode_of(folder) or 0)


def _make(one: Path, path: Path) -> None:
    """Make a folder on the way to another, or that one."""
    try:
        surely(lambda: one.mkdir(exist_ok=True), one.parent)
    except FileNotFoundError:
        raise Vanished(one.parent) from None
    except FileExistsError:
        if one == path:
            raise
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path)) from None


@contextmanager
def standing(folder: Path) -> Iterator[None]:
    """Within the block a folder stands: whoever wants one in it, or itself, makes none where it has gone.

    Args:
        folder: that is there.

    Raises:
        Vanished: if it is not.
    """
    if not _stands(folder):
        raise Vanished(folder)
    before = _STANDING.set((*_STANDING.get(), folder.absolute()))
    try:
        yield
    finally:
        _STANDING.reset(before)


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    """Make sure that a folder behind the block is the one before it, for what makes folders by itself within.

    Args:
        folder: that is there.

    Raises:
        Vanished: if it has gone, whether it was made again or not.
        OSError: if the system does not let it be looked at.
    """
    with _opened(folder) as before:
        yield
        try:
            same = os.path.samestat(before, surely(folder.stat, folder))
        except ABSENT:
            same = False
        if not same:
            raise Vanished(folder)


@contextmanager
def _opened(folder: Path) -> Iterator[os.stat_result]:
    """Which folder it is; while it is open, no other can be given its number (Windows opens none, and gives none)."""
    descriptor = None
    try:
        with suppress(PermissionError):
            descriptor = surely(lambda: os.open(folder, os.O_RDONLY), folder)
        before = folder.stat() if descriptor is None else os.fstat(descriptor)
    except ABSENT:
        raise Vanished(folder) from None
    try:
        yield before
    finally:
        if descriptor is not None:
            os.close(descriptor)


def flush_names(folder: Path) -> None:
    """Have the system write down now what a folder's files are called, where it can be told to (Windows cannot)."""
    try:
        descriptor = surely(lambda: os.open(folder, os.O_RDONLY), folder)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FLUSH:
            raise
    finally:
        os.close(descriptor)
