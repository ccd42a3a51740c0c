"""Locks of the operating system's, taken in folders that stay the same while they are."""

import os
from pathlib import Path

from filelock import FileLock, Timeout

from reparam.absence import surely
from reparam.folders import Vanished, unchanged


def acquire(lock: FileLock, folder: Path) -> None:
    """Take a lock that lies in a folder: by itself it would make one that has just gone, with nothing else in it.

    Raises:
        filelock.Timeout: if another process has it, and that is not waited for.
        reparam.folders.Vanished: if the folder has gone.
        OSError: if the system refuses.
    """
    try:
        with unchanged(folder):
            _acquire(lock, folder)
    except Vanished:
        lock.release()
        raise


def _acquire(lock: FileLock, folder: Path) -> None:
    """It says that another process has a lock where the system says that its folder is not there, and that is."""
    try:
        lock.acquire()
    except Timeout:
        os.close(surely(lambda: os.open(lock.lock_file, os.O_RDWR | os.O_CREAT), folder))
        lock.acquire()
