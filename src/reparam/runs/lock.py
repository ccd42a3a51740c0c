"""One process at a time in a run folder, which says who it is; a kill lets go of it."""

import errno
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from reparam.door import present, read_bytes, require_regular
from reparam.errors import UserError, printable
from reparam.folders import Unwritten, make_folder, standing
from reparam.locking import acquire
from reparam.runs.leftovers import LOCK

NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}
NOT_OURS = {errno.EACCES, errno.EPERM, errno.EROFS}
NO_SPACE = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}  # Windows counts no quotas
HOLDER = re.compile(r"process (\d{1,10}) on (.{1,255})\n")
"""What stands in the lock: whose it is, or was, if that process was killed."""
SOMEBODY = "another process"


class Busy(UserError):
    """Another process is training into a folder."""


@contextmanager
def hold(folder: Path, new: bool = False) -> Iterator[None]:
    """Hold a folder by its file ``.lock``, which stays; within the block the folder is not made again where it goes.

    A lock of the operating system's, never a file that only stands for one: such a file would outlive a kill.

    Args:
        folder: that is there.
        new: make it where it is not.

    Raises:
        Busy: if another process holds it.
        reparam.folders.Vanished: if it is not there, or went meanwhile.
        reparam.folders.Unwritten: if it cannot be held, saying why: that is no fault of what is trained.
    """
    lock = _lock(folder)
    try:
        if new:
            make_folder(folder)
        acquire(lock, folder)
    except Timeout:
        raise Busy(f"{_holder(folder)} is training into {folder}: wait for it, or use out=...") from None
    except OSError as error:
        raise Unwritten(_complaint(folder, error)) from None
    try:
        _sign(folder)
        with standing(folder):
            yield
    finally:
        lock.release()


def held(folder: Path) -> str | None:
    """Which other process holds a folder now, in words; None where none does."""
    if not present(folder / LOCK):
        return None
    lock = _lock(folder)
    try:
        acquire(lock, folder)
    except Timeout:
        return _holder(folder)
    except OSError as error:
        raise Unwritten(_complaint(folder, error)) from None
    lock.release()
    return None


def _lock(folder: Path) -> FileLock:
    if present(folder / LOCK):
        require_regular(folder / LOCK)
    return FileLock(folder / LOCK, blocking=False, fallback_to_soft=False)


def _sign(folder: Path) -> None:
    """Write into the lock whose it is; where that cannot be, others are told of somebody."""
    with suppress(OSError), (folder / LOCK).open("r+", encoding="utf-8", newline="\n") as file:
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.truncate()


def _holder(folder: Path) -> str:
    """Who holds a folder that is held, as far as that can be told."""
    with suppress(OSError, UserError):
        found = HOLDER.fullmatch(read_bytes(folder / LOCK, 1024).decode(errors="replace"))
        if found and _lives(int(found[1]), found[2]):
            return f"{SOMEBODY} ({found[1]} on {printable(found[2])})"
    return SOMEBODY


def _lives(process: int, host: str) -> bool:
    """Whether a process may still be there: one of this machine is asked for; of others nobody knows."""
    if host != socket.gethostname() or os.name == "nt":  # where a process that is asked for would be ended
        return True
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _complaint(folder: Path, error: OSError) -> str:
    why = error.strerror or str(error)
    if error.errno in NO_LOCKS:
        return (
            f"the file system of {folder} knows no locks ({why}), so that two processes could train into it unnoticed: "
            "name a folder on another disk with out=..."
        )
    if error.errno in NOT_OURS:
        return f"{folder} cannot be written to ({why}): name another folder with out=..."
    if error.errno in NO_SPACE:
        return f"there is no space for {folder} ({why}): free some, or name another folder with out=..."
    return f"{folder} cannot be a run folder ({why}): name another with out=..."
