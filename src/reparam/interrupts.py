"""Ctrl-C in a program of ours: the first breaks off in order, the next ends the process at once, whatever it is at.

Python's own handler raises its exception again at every signal, in the midst of saying that it was interrupted or of
ending, which shows a traceback and ends by the signal.
"""

import atexit
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SHOWS_THE_CURSOR = b"\x1b[?25h\n"
"""Progress hides it."""


@contextmanager
def program() -> Iterator[None]:
    """The block is what this process is there for: in it, and while it ends, Ctrl-C is heeded so unless ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, first)
    atexit.register(_end)  # registered before the others: called after them
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is first:
            signal.signal(signal.SIGINT, at_once)


def first(signum: int, frame: FrameType | None) -> None:
    """Break off what is at work; from now on the process ends at once."""
    signal.signal(signum, at_once)
    raise KeyboardInterrupt


def at_once(signum: int, frame: FrameType | None) -> None:
    """End the process, with the exit code that a shell gives for a signal."""
    if os.isatty(2):
        os.write(2, SHOWS_THE_CURSOR)
    os._exit(128 + signum)


def followed(before: Any) -> Any:
    """Who hears what comes after a signal that was heeded: whoever did before, but in a program of ours nobody."""
    return at_once if before is first else before


def _end() -> None:
    """What has been said stands, and Python ends in its own time, in which its handlers are gone already."""
    if signal.getsignal(signal.SIGINT) in (first, at_once):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
