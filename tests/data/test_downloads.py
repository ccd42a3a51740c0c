"""Downloads over TLS from a server of this machine: hostile, wrong, short, long, slow: refused in a sentence."""

import http.server
import socketserver
import threading
import time
from contextlib import suppress
from functools import partial

import pytest

from reparam.data.readers import patience
from reparam.data.readers.download import download
from reparam.errors import UserError
from tls_helpers import speaks_tls

pytest.importorskip("cryptography", reason="the extra reparam[cluster] is not installed")
CONTENT = bytes(range(256)) * 40
LONG = 20
"""Seconds that a server drips, so that a test of who waits for it ends."""


class Speaker(http.server.BaseHTTPRequestHandler):
    """Answers as the first part of the path says; ``/leads?URL`` leads on to it."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *what):
        """Nothing is said."""

    def do_GET(self):
        what, _, to = self.path.lstrip("/").partition("?")
        self.server.asked.append(what)
        self.close_connection = True
        getattr(self, what)(to)

    def headed(self, code=200, **headers):
        self.send_response(code)
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), str(text))
        self.end_headers()

    def file(self, to):
        self.headed(Content_Length=len(CONTENT))
        self.wfile.write(CONTENT)

    def wrong(self, to):
        self.headed(Content_Length=len(CONTENT))
        self.wfile.write(CONTENT[::-1])

    def fewer(self, to):
        self.headed(Content_Length=len(CONTENT))
        self.wfile.write(CONTENT[:700])

    def more(self, to):
        self.headed(Content_Length=len(CONTENT) - 9)
        self.wfile.write(CONTENT)

    def endless(self, to):
        self.headed()
        self.poured(CONTENT)

    def drip(self, to):
        self.headed(Content_Length=len(CONTENT))
        self.poured(b".", 0.01)

    def drip_head(self, to):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        self.poured(b".", 0.01)

    def drip_before_it(self, to):
        self.poured(b"HTTP/1.1 100 Continue\r\n\r\n", 0.01)

    def drip_chunk(self, to):
        self.headed(Transfer_Encoding="chunked")
        self.wfile.write(b"1\r\n.\r\n1;")
        self.poured(b".", 0.01)

    def drip_trailer(self, to):
        self.headed(Transfer_Encoding="chunked")
        self.wfile.write(b"%x\r\n%b\r\n0\r\n" % (len(CONTENT), CONTENT))
        self.poured(b"X-Slow: .\r\n", 0.01)

    def unlikely(self, to):
        self.headed(Content_Length="many")
        self.wfile.write(CONTENT)

    def poured(self, content, pause=0.0):
        until = time.monotonic() + LONG
        with suppress(OSError):
            while time.monotonic() < until:
                self.wfile.write(content)
                time.sleep(pause)

    def leads(self, to):
        self.headed(302, Location=to)
        self.poured(CONTENT)  # an endless reason, which nobody has to hear

    def circle(self, to):
        self.headed(302, Location="/circle", Content_Length=0)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Speaker)
    found.daemon_threads, found.handle_error = True, lambda *what: None
    found.asked, found.certificate = [], speaks_tls(found, tmp_path_factory.mktemp("keys"))
    found.url = f"https://127.0.0.1:{found.server_port}"
    threading.Thread(target=partial(found.serve_forever, poll_interval=0.01), daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture
def fetch(server, monkeypatch, tmp_path):
    """Fetch what these paths answer, by the certificate that is trusted as a company's is."""
    server.asked.clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))

    def check(path):
        if path.read_bytes() != CONTENT:
            raise UserError("it has not the SHA-256 that it should have")

    def fetched(*paths):
        download([f"{server.url}/{path}" for path in paths], tmp_path / "got", check, len(CONTENT))
        return (tmp_path / "got").read_bytes()

    return fetched


def test_a_file_comes_by_tls_and_by_being_led_on_by_tls(fetch, server, tmp_path):
    assert fetch("file") == CONTENT
    (tmp_path / "got").unlink()
    assert fetch(f"leads?{server.url}/file") == CONTENT
    assert server.asked == ["file", "leads", "file"]


def test_whom_nobody_vouches_for_is_asked_for_nothing(fetch, server, monkeypatch, tmp_path):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(UserError, match=r"CERTIFICATE_VERIFY_FAILED|certificate verify failed"):
        fetch("file")
    assert not server.asked
    assert not list(tmp_path.iterdir())


LEADS = {
    "http://127.0.0.1:9/file": "which is not of its scheme",
    "ftp://127.0.0.1:9/file": "which is not of its scheme",
    "file:///etc/passwd": "which is not of its scheme|not allowed",
    "data:,word": "which is not of its scheme|not allowed",
    "https://[/file": "leads on to no address",
}


@pytest.mark.parametrize("to", LEADS)
@pytest.mark.parametrize("steps", [1, 2])
def test_nobody_leads_on_to_what_is_no_tls(fetch, server, tmp_path, to, steps):
    path = f"leads?{to}" if steps == 1 else f"leads?{server.url}/leads?{to}"
    with pytest.raises(UserError, match=LEADS[to]):
        fetch(path)
    assert server.asked == ["leads"] * steps
    assert not list(tmp_path.iterdir())


REFUSED = {
    "circle": ("would lead to an infinite loop", 0),
    "wrong": ("SHA-256", 0),
    "more": ("SHA-256", 0),
    "endless": (f"larger than the {len(CONTENT):,} bytes", 0),
    "fewer": (f"broke after 700 of {len(CONTENT)} bytes", 700),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_as_it_should_be_is_refused_and_the_next_is_asked(fetch, tmp_path, what):
    """What broke off is kept, to be gone on with."""
    message, kept = REFUSED[what]
    with pytest.raises(UserError, match=message):
        fetch(what)
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [kept] * bool(kept)
    assert fetch(what, "file") == CONTENT


def test_a_length_that_is_no_number_is_none(fetch):
    assert fetch("unlikely") == CONTENT


SLOW = {
    "drip": r"only \d+ bytes came in",
    "drip_head": "an answer did not come within 0.6 seconds",
    "drip_before_it": "an answer did not come within 0.6 seconds",
    "drip_chunk": "the rest of it did not come within 0.5 seconds",
    "drip_trailer": "the rest of it did not come within 0.5 seconds",
}


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(patience, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.6)


@pytest.mark.parametrize("what", SLOW)
@pytest.mark.parametrize("led", [False, True])
def test_nobody_waits_for_what_comes_drop_by_drop(what, led, fetch, server, hurried):
    before = time.monotonic()
    with pytest.raises(UserError, match=SLOW[what]):
        fetch(f"leads?{server.url}/{what}" if led else what)
    assert time.monotonic() - before < LONG / 2
    assert fetch(what, "file") == CONTENT


class Mumbler(socketserver.BaseRequestHandler):
    """Begins what might become a handshake."""

    def handle(self):
        with suppress(OSError):
            self.request.sendall(b"\x16\x03\x03\x3f\x00")  # a record of 16,128 bytes
            for _ in range(LONG * 100):
                self.request.sendall(b"\x02")
                time.sleep(0.01)


def test_nobody_waits_for_a_handshake_that_comes_drop_by_drop(fetch, hurried, monkeypatch, tmp_path):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mumbler) as found:
        found.daemon_threads = True
        threading.Thread(target=partial(found.serve_forever, poll_interval=0.01), daemon=True).start()
        before = time.monotonic()
        with pytest.raises(UserError, match=r"timed out|did not come within"):
            download([f"https://127.0.0.1:{found.server_address[1]}/"], tmp_path / "got", lambda path: None, 9)
        assert time.monotonic() - before < LONG / 2
        found.shutdown()


def test_who_was_given_up_on_is_waited_for_by_no_process_and_no_other_call():
    let, closed, before, others = threading.Event(), [], time.monotonic(), set(threading.enumerate())
    with patience.Aside() as aside:
        aside.lastly(lambda: closed.append(let.is_set()))
        with pytest.raises(TimeoutError, match="it did not come within"):
            aside.within(0.05, let.wait, "it")
    assert time.monotonic() - before < LONG / 2
    assert not closed  # what is still read from is not closed under it
    (thread,) = (one for one in set(threading.enumerate()) - others if one.name == "reparam-aside")
    assert thread.daemon
    let.set()
    thread.join(LONG)
    assert closed == [True]
