"""A push gives up on a hub that does not go on, at whichever request, and leaves nothing going on behind."""

import json
import re
import signal
import threading
import time

import numpy as np
import pytest

import reparam
from hub_helpers import TINY, asks
from hub_standin import Hub
from reparam.data.readers import patience
from reparam.errors import UserError
from reparam.hub.uploading import upload

hub = pytest.importorskip("huggingface_hub", reason="the extra reparam[hub] is not installed")
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the library's own, of its client
WEIGHTS = "checkpoints/best.safetensors"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """One whose weights are more than a system buffers."""
    folder = tmp_path_factory.mktemp("run")
    np.save(folder / "rows.npy", np.random.default_rng(0).normal(size=(600, 2)).astype("float32"))
    return reparam.fit("vae", folder / "rows.npy", folder / "run", **TINY | {"hidden": (300, 300)})


@pytest.fixture
def server(monkeypatch, tmp_path):
    """A hub that wants the weights by themselves, through a narrow line."""
    found = Hub()
    found.narrow()
    found.large.add(WEIGHTS)
    asks(found, monkeypatch, tmp_path)
    hub.close_session()
    yield found
    found.awake.set()
    found.shutdown()
    found.server_close()
    hub.close_session()


@pytest.fixture(scope="module")
def staged(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("staged") / "points"
    return folder, reparam.push(run, "somebody/points", measure=False, dry_run=folder).files


def push(staged):
    return upload(*staged, "somebody/points", private=False)


REQUESTS = {
    "create": "/api/repos/create",
    "ask how": "/api/models/.*/preupload/.*",
    "ask where": ".*/objects/batch",
    "upload": "/lfs/[0-9a-f]+",
    "verify": "/lfs/.*/verify",
    "card": "/api/validate-yaml",
    "commit": "/api/models/.*/commit/.*",
}
HOW = {
    "silent": "an answer to P.* did not come within 0.6 seconds",
    "dripping_head": "an answer to P.* did not come within 0.6 seconds",
    "dripping_body": "an answer to P.* did not come within 0.6 seconds",
}
CASES = [
    pytest.param(request, how, HOW[how], marks=[] if how == "silent" else [pytest.mark.slow])
    for request in REQUESTS
    for how in HOW
] + [
    ("upload", "deaf", r"only [\d,]+ bytes were taken in \d seconds"),
    ("upload", "sipping", r"only [\d,]+ bytes were taken in \d seconds"),
    ("upload", "failing", "an answer to PUT .* did not come within 0.6 seconds"),  # it says to come again, each time
    ("create", "busy", "an answer to POST .* did not come within 0.6 seconds"),  # so does this, and for ever
    ("create", "leading_round", "(Exceeded maximum allowed redirects|did not come)"),
]


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(patience, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.6)


@pytest.mark.parametrize(("request_", "how", "message"), CASES)
def test_nobody_waits_for_a_hub_that_does_not_go_on(request_, how, message, staged, server, hasty):
    server.holds[REQUESTS[request_]] = how
    client, before = hub.get_session(), time.monotonic()
    hooks = {event: list(known) for event, known in client.event_hooks.items()}
    with pytest.raises(UserError, match=f"the hub cannot be reached for somebody/points .*{message}"):
        push(staged)
    assert time.monotonic() - before < 10
    asked = len(server.sent)
    assert re.fullmatch(f"P\\w+ {REQUESTS[request_]}", server.sent[-1])
    server.awake.set()  # it answers after all, and too late
    ended(before)
    assert len(server.sent) == asked
    assert not server.repositories.get("somebody/points") or request_ == "commit"  # which had come as a whole
    assert hub.get_session() is client
    assert client.event_hooks == hooks
    server.holds.clear()
    push(staged)  # by the same client
    assert json.loads(server.repositories["somebody/points"]["config.json"])


def ended(before):
    """Whoever waited in our stead has."""
    while any(thread.name == "reparam-aside" for thread in threading.enumerate()):
        assert time.monotonic() - before < 15
        time.sleep(0.02)


@pytest.mark.parametrize(("request_", "how"), [("upload", "deaf"), ("upload", "steadily"), ("commit", "silent")])
def test_so_it_is_over_tls(request_, how, staged, hasty, monkeypatch, tmp_path):
    pytest.importorskip("cryptography", reason="the extra reparam[cluster] is not installed")
    server = Hub(tmp_path)
    server.narrow()
    server.large.add(WEIGHTS)
    asks(server, monkeypatch, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    hub.close_session()
    server.holds[REQUESTS[request_]], before = how, time.monotonic()
    try:
        if how == "steadily":
            push(staged)
        else:
            with pytest.raises(UserError, match=r"did not come within|bytes were taken in"):
                push(staged)
            ended(before)
    finally:
        server.awake.set()
        server.shutdown()
        server.server_close()
        hub.close_session()


def test_who_breaks_a_push_off_leaves_nothing_going_on(staged, server):
    server.holds[REQUESTS["upload"]], before = "silent", time.monotonic()
    threading.Timer(1, lambda: signal.raise_signal(signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        push(staged)
    ended(before)
    assert not any("/commit/" in place for place in server.sent)


@pytest.mark.parametrize("parts", [0, 100_000])
def test_an_upload_over_a_slow_and_steady_line_is_waited_for(parts, staged, server, monkeypatch):
    monkeypatch.setattr(patience, "TIMEOUT_SECONDS", 1)
    monkeypatch.setattr(patience, "HEAD_SECONDS", 1)
    server.parts, server.holds["/lfs/.*[0-9a-f]+"] = parts, "steadily"
    before = time.monotonic()
    push(staged)
    assert time.monotonic() - before > 2  # twice what an answer may take
    weights = (staged[0] / WEIGHTS).read_bytes()
    assert server.repositories["somebody/points"][WEIGHTS] == weights
    assert len(server.kept) == (-(-len(weights) // parts) if parts else 1)


def test_what_leads_on_is_sent_again(staged, server, caplog):
    """As a repository that was renamed does."""
    server.leads_on["/api/models/somebody/points/commit/main"] = "/api/models/somebody/lines/commit/main"
    server.repositories["somebody/lines"] = {}
    push(staged)
    assert not [said for said in caplog.messages if "Xet" in said]
    assert set(server.repositories["somebody/lines"]) >= {"config.json", WEIGHTS}


def test_others_who_ask_by_the_same_client_are_let_be(staged, server, hasty):
    """They wait as long as they like, for a hub that is slower than a push would bear."""
    server.drips["/slow"] = b"HTTP/1.1 200 OK\r\nContent-Length: 110\r\n\r\n"
    answers = []
    other = threading.Thread(target=lambda: answers.append(hub.get_session().get(f"{server.url}/slow").content))
    other.start()
    push(staged)
    other.join(20)
    assert answers == [b"." * 110]


@pytest.mark.parametrize("request_", REQUESTS)
def test_what_is_no_answer_of_a_hub_is_told(request_, staged, server):
    server.holds[REQUESTS[request_]] = "talking"
    if request_ in ("upload", "verify"):  # of which it looks at no more than that they were taken
        push(staged)
        return
    with pytest.raises(UserError, match="somebody/points was not pushed: the hub's library makes nothing of what came"):
        push(staged)


def test_a_hub_that_is_not_there_is_told(staged, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.hf_api.ENDPOINT", "http://127.0.0.1:9", raising=False)
    client = hub.get_session()
    with pytest.raises(UserError, match=r"cannot be reached for somebody/points .*refused.*see to the network"):
        push(staged)
    assert hub.get_session() is client
