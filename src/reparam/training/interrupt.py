"""Ctrl-C and a cluster's SIGTERM: finish the step, save, and say how to go on."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name)]


class Interrupted(Exception):
    """Training stopped because it was asked to; the message says how to go on."""


class StopRequest:
    """Whether a stop was asked for."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self, signum: int, frame: FrameType | None) -> None:
        """Note the wish; a second one stops at once."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def listening() -> Iterator[StopRequest]:
    """Within the block SIGINT and SIGTERM ask for a stop (in the main thread; elsewhere Python allows no handlers).

    Windows sends Ctrl-Break besides, and its SIGTERM only within a process.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, request.ask) for number in SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            # None: whoever set it before was no Python code
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
