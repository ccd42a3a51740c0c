"""Ctrl-C, a cluster's SIGTERM, a terminal that is closed: finish the step, save, and say how to go on."""

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from reparam.interrupts import SIGNALS, TYPED, followed, heeded
from reparam.runs.folder import RunFolder
from reparam.training.callbacks import Callback

if TYPE_CHECKING:
    from reparam.training.session import Session


class Interrupted(Exception):
    """Training stopped because it was asked to; the message says how to go on."""


def interrupted(step: int, total: int, folder: RunFolder | None, best: str | None = None) -> Interrupted:
    """What is raised when a training has broken off; ``best`` says it where the best weights are the untrained ones."""
    how = f'go on with resume="{folder.path}"' if folder else "nothing was saved (no folder)"
    return Interrupted(f"stopped after step {step} of {total}; {how}{f' ({best})' if best and folder else ''}")


class StopRequest:
    """Whether a stop was asked for."""

    def __init__(self) -> None:
        self.asked = False
        self.before: dict[int, Any] = {}

    def ask(self, signum: int, frame: FrameType | None) -> None:
        """Note the wish; a second one stops at once if it is typed, and asks for what is under way if not."""
        if not self.asked:
            self.asked = True
        elif signum in TYPED:
            signal.signal(signum, followed(self.before[signum]))
            raise KeyboardInterrupt


@contextmanager
def listening() -> Iterator[StopRequest]:
    """Within the block SIGINT, SIGTERM and SIGHUP ask for a stop (in the main thread; others may have no handlers).

    It is asked for already where a program goes on that was to end. What is ignored stays so: under nohup the end of a
    terminal is nothing. Windows sends Ctrl-Break besides, and its SIGTERM only within a process.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    request.asked = heeded()
    heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    # None: whoever set it before was no Python code
    request.before = {number: signal.getsignal(number) or signal.SIG_DFL for number in heard}
    for number in heard:
        signal.signal(number, request.ask)
    try:
        yield request
    finally:
        for number, handler in request.before.items():
            signal.signal(number, handler)
        if request.asked:  # until this very moment
            for number, handler in request.before.items():
                signal.signal(number, followed(handler))


_late: list[int] = []
"""Of a training that was asked to stop in its last step: that step."""


def heed_late() -> None:
    """Stop between two trainings, where the one before was asked to in its last step, or the program was.

    Raises:
        Interrupted: if it was.
    """
    if _late or heeded():
        _late.clear()
        raise Interrupted("stopped; what is finished is kept, and the rest is trained another time")


class Interruption(Callback):
    """Lets a signal break the training off after the step at hand."""

    def __init__(self) -> None:
        self._open = ExitStack()

    def start(self, session: "Session") -> None:
        """Listen from now on."""
        _late.clear()
        session.interruption = self._open.enter_context(listening())

    def close(self, session: "Session") -> None:
        """Listen no more."""
        self._open.close()
        if session.interruption.asked and not session.broken_off:
            _late.append(session.step)
