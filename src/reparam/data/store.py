"""Rows on disk that a long job writes: piece by piece, to be gone on with after a kill, and there only when whole."""

import errno
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from filelock import FileLock, Timeout

from reparam.absence import remove
from reparam.door import Damaged, Missing, is_file, is_folder, present, read_json, require_regular
from reparam.errors import UserError
from reparam.files import MADE_BY, PART, flush_to_disk, write_json
from reparam.folders import Unwritten, make_folder
from reparam.locking import acquire

FLUSHED = 256 * 2**20
"""Bytes after which it is written down how far the job is."""
PROGRESS = "progress.json"
FULL = {None, errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""Errors of a full disk; numpy tells of one without a number."""
ELSEWHERE = "name another folder"
SPARE = 64 * 2**20
"""Bytes of the disk that are left to others."""


class RowWriter:
    """An .npy whose rows come piece by piece, in a folder that says how many of them are on the disk already.

    Args:
        path: of the file.
        dtype: of the numbers.
        shape: of all rows, ``(n, ...)``.
        key: of the job; what another job has left is begun anew.

    Attributes:
        done: rows that are there.
    """

    def __init__(self, path: Path, dtype: np.dtype, shape: tuple[int, ...], key: str) -> None:
        self.path, self.dtype, self.shape, self.key = path, np.dtype(dtype), shape, key
        self.row_bytes = int(np.prod(shape[1:], dtype=np.int64)) * self.dtype.itemsize
        self.done = self._left()
        self._unsaid = 0
        self._file = self._opened()

    def _left(self) -> int:
        """Rows that an earlier job of the same key has put on the disk."""
        try:
            said = read_json(self.path.parent / PROGRESS, 4096)
        except (Missing, Damaged):
            return 0
        if not isinstance(said, dict) or said.get("key") != self.key or not isinstance(said.get("rows"), int):
            return 0
        whole = is_file(self.path) and self.path.stat().st_size >= self._start + said["rows"] * self.row_bytes
        return min(max(said["rows"], 0), self.shape[0]) if whole else 0

    @property
    def _head(self) -> bytes:
        head = io.BytesIO()
        stated = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False, "shape": self.shape}
        np.lib.format.write_array_header_1_0(head, stated)
        return head.getvalue()

    @property
    def _start(self) -> int:
        return len(self._head)

    def _opened(self) -> BinaryIO:
        check_room(self.path.parent, (self.shape[0] - self.done) * self.row_bytes)
        try:
            if not self.done:
                self.path.write_bytes(self._head)
            file = self.path.open("r+b")
            file.seek(self._start + self.done * self.row_bytes)
            file.truncate()
        except OSError as error:
            raise unwritten(self.path, error) from error
        return file

    def write(self, rows: np.ndarray) -> None:
        """The next rows.

        Raises:
            Unwritten: if the disk is full.
        """
        try:
            self._file.write(np.ascontiguousarray(rows, self.dtype).data.cast("B"))
            self.done += len(rows)
            self._unsaid += rows.nbytes
            if self._unsaid >= FLUSHED:
                self._say()
        except OSError as error:
            raise unwritten(self.path, error) from error

    def _say(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        write_json(self.path.parent / PROGRESS, {"key": self.key, "rows": self.done})
        self._unsaid = 0

    def close(self) -> None:
        """Write down how far it is; behind the last row stands who made it."""
        try:
            if not self._file.closed:
                if self.done == self.shape[0]:
                    self._file.write(MADE_BY.encode())
                self._say()
        except OSError as error:
            raise unwritten(self.path, error) from error
        finally:
            with suppress(OSError):  # what was to be written is on the disk, or was refused above; it tries once more
                self._file.close()


def unwritten(path: Path, error: OSError) -> Unwritten:
    """That something cannot be written, and what would do."""
    space = "free space, or " if error.errno in FULL else ""
    return Unwritten(f"{path} cannot be written ({error.strerror or error}): {space}{ELSEWHERE}")


def check_room(folder: Path, needed: int) -> None:
    """Make sure, before a long job, that there is room for what it makes.

    Raises:
        Unwritten: if there is not.
    """
    free = shutil.disk_usage(folder).free
    if needed + SPARE > free:
        raise Unwritten(f"{folder} has {free / 1e9:,.2f} GB free and {(needed + SPARE) / 1e9:,.2f} GB are needed, of "
                        f"which {SPARE / 1e9:,.2f} stay free for others: free space, or {ELSEWHERE}")  # fmt: skip


@contextmanager
def in_the_making(folder: Path) -> Iterator[Path]:
    """A folder beside another, with what a killed job has left in it; it becomes that one when all went well.

    Raises:
        UserError: if another process is making it.
    """
    with alone(folder):
        beside = beside_of(folder)
        yield beside
        renamed(beside, folder)


def beside_of(folder: Path) -> Path:
    """The folder in which another is made.

    Raises:
        Unwritten: if there can be none.
    """
    beside = folder.with_name(f".{folder.name}{PART}")
    try:
        make_folder(beside)
    except OSError as error:
        raise unwritten(folder, error) from error
    return beside


@contextmanager
def alone(folder: Path, wait: bool = False) -> Iterator[None]:
    """Be the one process that makes a folder.

    Args:
        folder: that is made.
        wait: for a process that is making it, instead of refusing.

    Raises:
        UserError: if another process is making it, or the disk knows no locks.
    """
    # beside the folder, which is renamed: Windows renames none that holds an open file
    lock_file = folder.with_name(f".{folder.name}.lock")
    lock = FileLock(lock_file, blocking=wait, fallback_to_soft=False)
    try:
        make_folder(lock_file.parent)
        if present(lock_file):
            require_regular(lock_file)
        lock_file.open("ab").close()  # where there can be no file, a lock would be tried for ever
        acquire(lock, lock_file.parent)
    except Timeout:
        raise UserError(f"another process is making {folder}: wait for it, or name another place") from None
    except OSError as error:
        raise unwritten(folder, error) from error
    try:
        yield
    finally:
        # others may wait for this very file; where the folder is there now, they find it, and make nothing
        if not wait or present(folder):
            with suppress(OSError):  # Windows removes no open file
                remove(lock_file)
        lock.release()


def renamed(beside: Path, folder: Path) -> None:
    """Put a finished folder in its place; one that stood there goes when the new one is there."""
    old = _old(folder)
    try:
        for one in beside.iterdir():
            flush_to_disk(one)
        shutil.rmtree(old, ignore_errors=True)
        if present(folder):
            folder.rename(old)
        beside.rename(folder)
    except OSError as error:
        raise unwritten(folder, error) from error
    swept(folder)  # only now: a kill before the folder is in its place leaves a job that is gone on with


def swept(folder: Path) -> None:
    """Remove what a finished folder needs no more, or what a kill left of that: how far it is, what stood there before.

    Raises:
        Unwritten: if that cannot be done.
    """
    try:
        remove(folder / PROGRESS)
    except OSError as error:
        raise unwritten(folder, error) from error
    shutil.rmtree(_old(folder), ignore_errors=True)
    if not is_folder(folder):
        raise unwritten(folder, FileNotFoundError(errno.ENOENT, "it has vanished"))


def _old(folder: Path) -> Path:
    """Where what a folder replaces is until it stands."""
    return folder.with_name(f".{folder.name}.old{PART}")
