"""The line to a hub while a run is pushed: how long its library is waited for, whose client waits for ever."""

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, Self, TypeVar

from reparam.data.readers import patience

PIECE_BYTES = 2**14
"""Handed over at once: at the slowest pace this takes half of the time after which one looks."""
LOOKS = 20
"""How often one looks in ``TIMEOUT_SECONDS``."""
WAITS, WAITS_FOR_A_LINE = ("connect", "pool", "read", "write"), ("connect", "pool")

T = TypeVar("T")


class Line:
    """Makes the calls of a hub's library in a thread, and gives up on a hub that does not go on.

    From one answer that was taken to the next there are ``HEAD_SECONDS``, whatever the library does meanwhile: leads
    on, another try, a pause before it. The time in which the hub takes what is sent comes on top, for as long as it
    takes it at the pace of ``Steady``: an upload may last as long as its size and its line make it.

    The library has one client for the whole process. It stays that one: two hooks listen to what our thread asks, and
    go when its call has ended. What they do when we give up is to end it: no request is begun or sent on any more.
    """

    def __init__(self, hub: Any) -> None:
        self._hub, self._aside = hub, patience.Aside()
        self._thread, self._over = -1, False
        self._sockets: list[Any] = []
        self._what, self._taken = "it", False  # what was asked last, and whether it was answered as one likes
        self._handed, self._sending = 0, False  # bytes, and whether more are being handed over
        self._until = self._looked = 0.0
        self._pace, self._counted = patience.Steady(), 0

    def __enter__(self) -> Self:
        self._aside.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        if self._thread != -1:
            for one in self._sockets:  # who reads of it is woken, which closing it would not do
                with suppress(OSError):
                    socket.socket.shutdown(one, socket.SHUT_RDWR)
        self._aside.__exit__()

    def ask(self, call: Callable[[], T]) -> T:
        """What a call of the library returns, or raises.

        Raises:
            OSError: if the hub does not go on, or cannot be connected to.
        """
        self._from_now()
        self._looked = time.monotonic()
        told = f"did not come within {patience.HEAD_SECONDS:g} seconds"
        return self._aside.while_left(self._left, partial(self._listening, call), lambda: f"{self._what} {told}")

    def _from_now(self) -> None:
        self._until, self._taken = time.monotonic() + patience.HEAD_SECONDS, False

    def _left(self) -> float:
        """Seconds to wait before one looks again, or none.

        Raises:
            OSError: if too little is taken of what is sent.
        """
        now, before = time.monotonic(), self._looked
        waiting = sum(map(_waiting, self._sockets))
        taken = max(self._counted, self._handed - waiting)
        if self._sending or waiting:
            self._until += now - before
            self._pace.came(taken - self._counted)
        else:
            self._pace = patience.Steady("were taken")
        self._looked, self._counted = now, taken
        return min(self._until - now, patience.TIMEOUT_SECONDS / LOOKS)

    def _listening(self, call: Callable[[], T]) -> T:
        hooks = self._hub.get_session().event_hooks
        self._thread = threading.get_ident()
        hooks["request"].append(self._asks)
        hooks["response"].append(self._answered)
        try:
            return call()
        finally:
            hooks["request"].remove(self._asks)
            hooks["response"].remove(self._answered)
            self._thread = -1

    def _go_on(self) -> None:
        if self._over:
            raise OSError("given up on")  # not an error of the client's, which the library would try again on

    def _asks(self, request: Any) -> None:
        if threading.get_ident() != self._thread:
            return
        self._go_on()
        self._what = f"an answer to {request.method} {request.url.path:.100}"
        if request.extensions.get("trace") != self._at:  # what is led on to has it, and the body that is told of
            body = _Told(request.stream, self._sent)
            request.stream = type(request)(request.method, request.url, content=body).stream
        # how the thread ends where no socket is known that could be shut: the first may be an older connection's
        limits = dict.fromkeys(WAITS_FOR_A_LINE if self._sockets else WAITS, patience.HEAD_SECONDS)
        request.extensions = {**request.extensions, "timeout": limits, "trace": self._at}

    def _answered(self, response: Any) -> None:
        if threading.get_ident() != self._thread:
            return
        self._taken = response.status_code < 300
        if (stream := response.extensions.get("network_stream")) is not None:
            self._know(stream)

    def _at(self, event: str, told: dict[str, Any]) -> None:
        """Hear how far a request has come."""
        if event.endswith("headers.started"):
            self._go_on()
        elif event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._know(told["return_value"])
        elif event.endswith("response_body.complete") and self._taken:
            self._from_now()
        elif event.endswith(".failed") and type(told["exception"]).__name__ == "ConnectError":
            # the library would go on with a new client, which is nobody's, and which nothing listens to
            raise OSError(str(told["exception"])) from told["exception"]

    def _know(self, stream: Any) -> None:
        known = [*self._sockets, stream.get_extra_info("socket")]
        self._sockets = list({id(one): one for one in known if one.fileno() != -1}.values())

    def _sent(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        try:
            for piece in pieces:
                self._go_on()
                self._sending = True
                yield piece
                self._handed += len(piece)
        finally:
            self._sending = False


class _Told:
    """A body in small pieces, which can be sent again where the hub leads on or the library tries again."""

    def __init__(self, body: Iterable[bytes], sent: Callable[[Iterable[bytes]], Iterator[bytes]]) -> None:
        self._body, self._sent = body, sent

    def __iter__(self) -> Iterator[bytes]:
        return self._sent(
            block[start : start + PIECE_BYTES] for block in self._body for start in range(0, len(block), PIECE_BYTES)
        )


def _waiting(one: Any) -> int:
    """Bytes that the system has yet to send, or to hear that they came; none where it does not tell."""
    try:
        import fcntl
        import termios

        return int.from_bytes(fcntl.ioctl(one.fileno(), termios.TIOCOUTQ, bytes(4)), sys.byteorder)
    except (ImportError, AttributeError, OSError, ValueError):  # the last where it has been closed
        return 0
