"""One process at a time in a run folder; a kill lets go of it."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from reparam.door import present, require_regular
from reparam.errors import UserError

NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP}
NOT_OURS = {errno.EACCES, errno.EPERM, errno.EROFS}
NO_SPACE = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}  # Windows counts no quotas


class Busy(UserError):
    """Another process is training into a folder."""


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold a folder by its file ``.lock``, which stays.

    A lock of the operating system's, never a file that only stands for one: such a file would outlive a kill.

    Args:
        folder: made if it does not exist.

    Raises:
        Busy: if another process holds it.
        UserError: if it cannot be held, saying why.
    """
    lock = FileLock(folder / ".lock", blocking=False, fallback_to_soft=False)
    if present(folder / ".lock"):
        require_regular(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise Busy(f"another process is training into {folder}: wait for it, or use out=...") from None
    except OSError as error:
        raise UserError(_complaint(folder, error)) from None
    try:
        yield
    finally:
        lock.release()


def held(folder: Path) -> bool:
    """Whether another process holds a folder now."""
    if not present(folder / ".lock"):
        return False
    try:
        with hold(folder):
            return False
    except Busy:
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
