"""How long others are waited for. A socket's timeout begins anew with every byte: who drips runs into none."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Self, TypeVar

TIMEOUT_SECONDS = 30
"""For a connection, a handshake, and each piece of what comes."""
HEAD_SECONDS = 60
"""For an answer's head, with all that lead on to it."""
SLOWEST = 1000
"""Bytes a second below which nobody is waited for any longer: what comes drop by drop runs into no timeout."""

T = TypeVar("T")


class Steady:
    """Gives up on whoever sends next to nothing."""

    def __init__(self) -> None:
        self._since, self._bytes = time.monotonic(), 0

    def came(self, count: int) -> None:
        """So many bytes did.

        Raises:
            OSError: if they are too few for the time.
        """
        self._bytes += count
        if (passed := time.monotonic() - self._since) < TIMEOUT_SECONDS:
            return
        if self._bytes < SLOWEST * passed:
            raise OSError(f"only {self._bytes:,} bytes came in {passed:.0f} seconds")
        self._since, self._bytes = time.monotonic(), 0


class Aside:
    """A thread that waits for others in one's stead, so that oneself waits no longer than one likes.

    Calls are made one after another, by this thread alone. Where one is given up on, the thread ends with it, or with
    the process, which does not wait for it.

    >>> with Aside() as aside:
    ...     aside.within(60, lambda: "an answer")
    'an answer'
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        self._last: list[Callable[[], Any]] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._work, name="reparam-aside", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for call in (*self._last, None):
            self._calls.put(call)

    def within(self, seconds: float, call: Callable[[], T], what: str = "an answer") -> T:
        """What a call returns, or raises.

        Raises:
            TimeoutError: if that takes longer; nothing can be asked of this thread then.
        """
        self._calls.put(call)
        try:
            value, error = self._answers.get(timeout=seconds)
        except Empty:
            raise TimeoutError(f"{what} did not come within {seconds:g} seconds") from None
        if error is None:
            answer: T = value
            return answer
        try:
            raise error
        finally:
            del error  # its traceback holds this frame, and a socket that is held in a circle is closed late

    def lastly(self, call: Callable[[], object]) -> None:
        """Make this call after all others, by the same thread: to close what another is read from waits for that."""
        self._last.append(call)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                self._answers.put((call(), None))
            except BaseException as error:
                self._answers.put((None, error))


def steadily(pieces: Generator[bytes, None, None]) -> Iterator[bytes]:
    """Hand on what comes, for as long as it does: the first of it may take what a head may.

    Raises:
        OSError: if it comes too slowly.
    """
    steady, seconds, what = Steady(), HEAD_SECONDS, "an answer"
    with Aside() as aside:
        aside.lastly(pieces.close)
        while (piece := aside.within(seconds, partial(next, pieces, None), what)) is not None:
            steady.came(len(piece))
            yield piece
            seconds, what = TIMEOUT_SECONDS, "the rest of it"
