"""Ctrl-C, SIGTERM and SIGHUP in a program of ours: the first breaks off in order, and Ctrl-C after it ends at once.

Python's own handler of Ctrl-C raises its exception again at every signal, in the midst of saying that it was
interrupted or of ending, which shows a traceback and ends by the signal; of the others it knows nothing. A scheduler or
a session that ends sends several, as SIGTERM with SIGHUP behind it: these ask for what is being done already, and
whoever does not want to wait kills. Whichever it was, the exit code is the same.

What the first raises can be lost: Python goes on where it falls within the removal of an object or a call from C, an
extension that is being loaded makes another error of it, which somebody takes for a library that is not there, and a
training in its last step has nothing left to break off. So it is remembered, and whatever takes long asks
(:func:`heed`): every step of a training, everything that is counted, every experiment.
"""

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from reparam.errors import UserError

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)]
TYPED = [number for number in SIGNALS if number.name in ("SIGINT", "SIGBREAK")]
"""What somebody types, who will not wait when it is typed again."""
BROKEN_OFF = 130
"""The exit code: 128 and the number of SIGINT, as a shell has it."""
GRACE = 5.0
"""Seconds from a signal that was sent again to one that ends the program at once."""
_heeded: list[bool] = []
"""That this program was broken off, once it was."""
_again: list[float] = []
SHOWS_THE_CURSOR = b"\x1b[?25h\n"
"""Progress hides it."""


@dataclass
class _End:
    """How Python ends: what has been said stands, and nobody hears anything any more.

    Attributes:
        code: the exit code, where the work gave one.
        heeded: whether a signal was.
    """

    code: int | None = None
    heeded: bool = False

    def __call__(self) -> None:
        """What is done last."""
        _replace((first, again, at_once), signal.SIG_IGN)  # Python's handlers are gone before it is
        if self.heeded and self.code is not None:
            # Python would end by SIGINT if the exception ever passed through code that was compiled from a string, as
            # that of a data class is, though it was caught afterwards.
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError, AttributeError):
                    stream.flush()
            os._exit(self.code)


def program(work: Callable[[], int]) -> int:
    """Do what this process is there for, and give its exit code; signals are heeded until Python has ended.

    What is ignored stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    end = _End()
    sys.unraisablehook = _lost
    _replace((signal.default_int_handler, signal.SIG_DFL), first)
    atexit.register(end)  # registered before the others: called after them
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_leave)
    try:
        end.code = work()
        return end.code
    finally:
        end.heeded = heeded()
        _replace((first, again), at_once)


def heeded() -> bool:
    """Whether this program was broken off, or has been asked to."""
    return bool(_heeded)


def heed() -> None:
    """Break off what goes on though this program was asked to end.

    Raises:
        KeyboardInterrupt: if it was.
    """
    if _heeded:
        raise KeyboardInterrupt


@contextmanager
def unmasked() -> Iterator[None]:
    """Within the block an interrupt stays one where an extension makes another error of it, as when it is imported."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if heeded():
            raise KeyboardInterrupt from error
        raise


def first(signum: int, frame: FrameType | None) -> None:
    """Break off what is at work; what comes from now on finds it broken off."""
    _heeded.append(True)
    _replace((first,), again)
    raise KeyboardInterrupt


def again(signum: int, frame: FrameType | None) -> None:
    """End at once for somebody who types; for whoever else it is being ended already, unless that takes too long."""
    _again.append(time.monotonic())
    if signum in TYPED or _again[-1] - _again[0] > GRACE:
        at_once(signum, frame)


def at_once(signum: int, frame: FrameType | None) -> None:
    """End the process."""
    if os.isatty(2):
        os.write(2, SHOWS_THE_CURSOR)
    os._exit(BROKEN_OFF)


def followed(before: Any) -> Any:
    """Who hears what comes after a signal that was heeded: whoever did before, but in a program of ours `again`."""
    if before is not first:
        return before
    _heeded.append(True)
    return again


def _replace(before: tuple[Any, ...], after: Any) -> None:
    """Have another hear every signal that one of these hears."""
    for number in SIGNALS:
        if signal.getsignal(number) in before:
            signal.signal(number, after)


def _lost(unraisable: Any) -> None:
    """Say what Python does of an exception that it lost, unless that is an interrupt: it is heeded soon."""
    if not (heeded() and issubclass(unraisable.exc_type, KeyboardInterrupt)):
        sys.__unraisablehook__(unraisable)


def _leave() -> None:
    """A process that Python forks off is no program of ours, and whoever has begun it ends it as usual."""
    _heeded.clear()
    for number in SIGNALS:
        if number not in TYPED and signal.getsignal(number) in (first, again, at_once):
            signal.signal(number, signal.SIG_DFL)
