"""What is a fault: whatever a reader raises that is no sentence to its user, and what takes too long."""

import shutil
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn

from attack.fuzz.target import Target
from reparam.errors import UserError, printable

PATIENCE = 10.0
"""Seconds that one input may take."""
LONGEST = 4000
"""Characters of a sentence."""


class Late(BaseException):
    """An input takes longer than it may; no exception that a reader catches."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with how an input was read.

    Attributes:
        kind: by which the same fault of other inputs is known.
        said: all of it.
    """

    kind: str
    said: str


def fault(target: Target, content: bytes, folder: Path) -> Fault | None:
    """What is wrong with how a target reads an input; None where it is read, or refused in a sentence.

    Args:
        target: that reads it.
        content: the input.
        folder: which is emptied, and worked in.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for read in target.reads(folder, content):
        if (found := _wrong(read)) is not None:
            return found
    return None


def _wrong(read: Callable[[], object]) -> Fault | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read()
    except UserError as error:
        said = printable(str(error))
        return None if said.strip() and len(said) <= LONGEST else Fault("no sentence", repr(said[:200]))
    except Late:
        return Fault("late", f"at work for more than {PATIENCE:g} seconds")
    except Exception as error:
        where = _place(error.__traceback__)
        return Fault(f"{type(error).__name__} at {where}", "".join(traceback.format_exception(error)))
    return None


def _place(trace: TracebackType | None) -> str:
    """The innermost line of ours that an exception came through."""
    frames = traceback.extract_tb(trace)
    ours = [frame for frame in frames if "/reparam/" in frame.filename] or frames[-1:]
    return f"{'/'.join(Path(ours[-1].filename).parts[-3:])}:{ours[-1].lineno}" if ours else "nowhere"


@contextmanager
def patient() -> Iterator[None]:
    """Let nothing take longer; not for use beneath libFuzzer, which has an alarm of its own."""

    def late(number: int, frame: FrameType | None) -> NoReturn:
        raise Late

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def tried(target: Target, content: bytes, folder: Path) -> Fault | None:
    """What :func:`fault` says, and whether it took too long."""
    try:
        with patient():
            return fault(target, content, folder)
    except Late:
        return Fault("late", f"at work for more than {PATIENCE:g} seconds")
