"""The page's server: loopback only, one page and one answer, and nothing that the address says is looked up."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from reparam.errors import UserError
from reparam.interrupts import heed
from reparam.watching.find import find
from reparam.watching.look import Looker, named
from reparam.watching.page import html, policy

HOST = "127.0.0.1"
BETWEEN = 1.0
"""Seconds between two looks at the folders, however many pages are open."""
EMPTY = "there is no run below the folders yet"


class Watch:
    """Runs, and what is seen of them; new ones below the folders are found as they come.

    Args:
        given: run folders, and folders that hold some.
        words: what becomes of notes and errors before they are shown.
    """

    def __init__(self, given: Sequence[Path], words: Callable[[str], str] = str) -> None:
        self._given, self._words = list(given), words
        self._lookers: dict[Path, Looker] = {}
        self._lock = threading.Lock()
        self._told: dict[str, Any] = {}
        self._looked = float("-inf")
        find(self._given)  # which refuses what cannot be watched

    def told(self) -> dict[str, Any]:
        """What there is to see, as JSON holds it; at most a second old."""
        with self._lock:
            if time.monotonic() >= self._looked + BETWEEN:
                self._told, self._looked = self._look(), time.monotonic()
            return self._told

    def _look(self) -> dict[str, Any]:
        try:
            folders = find(self._given)
        except UserError as error:
            return {"runs": [], "why": self._words(str(error))}
        names = dict(zip(folders, named(folders), strict=True))
        for folder in folders:
            looker = self._lookers.get(folder)
            if looker is None or looker.name != names[folder]:
                self._lookers[folder] = Looker(folder, names[folder], self._words)
        return {"runs": [self._lookers[folder].look().json() for folder in folders], "why": "" if folders else EMPTY}


class Server(ThreadingHTTPServer):
    """Answers on the loopback, to whoever calls it by its own name.

    Args:
        watch: what is shown.
        port: 0: one that is free.

    Raises:
        UserError: if the port is taken, or is none.
    """

    daemon_threads = True

    def __init__(self, watch: Watch, port: int = 0) -> None:
        if not 0 <= port <= 65535:
            raise UserError(f"port={port} is none: give one from 1 to 65535, or 0 for one that is free")
        self.watch = watch
        try:
            super().__init__((HOST, port), Handler)
        except OSError as error:
            raise UserError(f"port={port} cannot be listened on ({error.strerror}): give another, or 0 for one that is "
                            "free") from None  # fmt: skip

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_port}/"

    @property
    def names(self) -> set[str]:
        """What a browser that was sent here calls this server.

        A page of somebody else's, whose name was made to lead to this machine (DNS rebinding), calls it by that.
        """
        return {f"{name}:{self.server_port}" for name in (HOST, "localhost")}

    def service_actions(self) -> None:
        """Between two questions, over and over."""
        heed()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a browser that goes away in the middle is no error."""


class Handler(BaseHTTPRequestHandler):
    """Gives the page, and what is seen; nothing else has an answer."""

    server: Server
    server_version, sys_version, protocol_version = "reparam", "", "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Answer."""
        if self.headers.get("Host", "") not in self.server.names:
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", b"this is for its own page alone\n")
        elif self.path == "/":
            self._answer(HTTPStatus.OK, "text/html", html().encode())
        elif self.path == "/state":
            self._answer(HTTPStatus.OK, "application/json", json.dumps(self.server.watch.told()).encode())
        else:
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"there is one page, /\n")

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        headers = {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Content-Security-Policy": policy(),
            "Cache-Control": "no-store",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
