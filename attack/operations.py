"""The file operations of a call, counted as Python announces them; at one of them the process is killed, or told no."""

import errno
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

EVENTS = {
    *("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod"),
    *("os.listdir", "os.scandir"),
}
"""What Python announces before it is done (audit events)."""
READS = {"os.listdir", "os.scandir"}
UNANNOUNCED = ("fsync", "save")
"""What it does not: flushing to the disk, and the writing of weights, which is done in another language."""


@dataclass(frozen=True)
class Operation:
    """An operation: what, on which file, and whether it changes anything."""

    what: str
    path: str
    writes: bool = True


Act = Callable[[Operation], None]


class Watch:
    """Counts the operations on files within a folder, and does something at one of them.

    Args:
        folder: what counts lies within.
        at: the number of the operation at which something is done, from 0; None: nothing is.
        act: is told of that operation; it may kill the process, or raise what the system would.
        stays: it is told of every later operation that writes, too, as a disk that is full stays full.
        log: the file that operations are written to, one a line; None: none.
        looks: looks at what is there count instead of operations.
    """

    def __init__(
        self,
        folder: Path,
        at: int | None = None,
        act: Act = lambda operation: None,
        stays: bool = False,
        log: Path | None = None,
        looks: bool = False,
    ) -> None:
        self.folder, self.at, self.act, self.stays, self.count = str(folder), at, act, stays, 0
        self._log = None if log is None else os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        self._watches, self._looks = True, looks

    def __call__(self) -> None:
        """Begin, in a process that will end soon: what Python announces cannot be unheard."""
        if self._looks:
            self._follow_looks()
            return
        sys.addaudithook(self._heard)
        real_fsync = os.fsync

        def fsync(descriptor: int) -> None:
            self._met(Operation("fsync", str(Path(f"/proc/self/fd/{descriptor}").readlink())))
            real_fsync(descriptor)

        os.fsync = fsync
        self._follow_saves()

    def _follow_saves(self) -> None:
        """Before weights are written, and when they are written by half."""
        from reparam.runs import checkpoint

        real_save = checkpoint.save_file

        def save(tensors: Any, path: Path, metadata: Any) -> None:
            try:
                self._met(Operation("save", str(path)))
            except OSError:  # its own error, which is of another type
                return real_save(tensors, Path("/proc/none"), metadata)
            real_save(tensors, path, metadata)
            self._watches = False
            half, content = Path(path).with_name(".tmpHa1fWr"), Path(path).read_bytes()  # as safetensors calls it
            half.write_bytes(content[:100])
            Path(path).unlink()
            self._watches = True
            self._met(Operation("half saved", str(path)))
            self._watches = False
            Path(path).write_bytes(content)
            half.unlink()
            self._watches = True
            return None

        checkpoint.save_file = save

    def _follow_looks(self) -> None:
        """What stands at a path is asked for by these, of which Python announces nothing."""
        for name in ("stat", "lstat"):
            setattr(os, name, partial(self._look, getattr(os, name)))

    def _look(self, real: Callable[..., Any], path: Any, *more: Any, **how: Any) -> Any:
        found = real(path, *more, **how)
        if isinstance(path, str | os.PathLike):
            self._met(Operation("look", str(Path.cwd() / path), writes=False))
        return found

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in EVENTS or not isinstance(arguments[0], str | os.PathLike):
            return
        path = str(Path.cwd() / arguments[0])
        if self._watches and path.startswith(self.folder):
            writes = _writes(event, arguments)
            self._met(Operation(event if writes else "read", path, writes))

    def _met(self, operation: Operation) -> None:
        if not self._watches or not operation.path.startswith(self.folder):
            return
        number, self.count = self.count, self.count + 1
        if self._log is not None:
            os.write(self._log, f"{operation.what} {operation.path.removeprefix(self.folder)}\n".encode())
        if self.at is not None and (number == self.at or (self.stays and number > self.at and operation.writes)):
            self._watches = False
            try:
                self.act(operation)
            finally:
                self._watches = True


def _writes(event: str, arguments: tuple[Any, ...]) -> bool:
    if event != "open":
        return event not in READS
    _, mode, flags = arguments
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def kill(operation: Operation) -> None:
    """End the process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def refuse(number: int) -> Act:
    """What raises an error of the system's at an operation."""

    def act(operation: Operation) -> None:
        raise OSError(number, os.strerror(number), operation.path)

    return act


def vanish(folder: Path) -> Act:
    """What removes a folder with all that is in it, as when a disk is taken away or somebody cleans up."""

    def act(operation: Operation) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    return act


FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
"""Errors of writing, which stay once they are there."""
