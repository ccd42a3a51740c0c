"""A push gives up on a hub that does not go on."""

import json
import re
import time
from types import SimpleNamespace

import numpy as np
import pytest

import reparam
from hub_helpers import TINY, asks
from hub_standin import Hub
from reparam.errors import UserError
from reparam.hub import uploading
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
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)  # which has a client of its own
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


@pytest.mark.parametrize(("request_", "how"), [*((request, "silent") for request in REQUESTS), ("upload", "deaf")])
def test_nobody_waits_for_a_hub_that_does_not_go_on(request_, how, staged, server, monkeypatch):
    monkeypatch.setattr(uploading, "ANSWER_SECONDS", 0.3)
    pauses = SimpleNamespace(sleep=lambda seconds: None, time=time.time)  # of the library, which tries most again
    monkeypatch.setattr("huggingface_hub.utils._http.time", pauses)
    server.holds[REQUESTS[request_]] = how
    client, before = hub.get_session(), time.monotonic()
    waits = client.timeout
    with pytest.raises(UserError, match=r"the hub cannot be reached for somebody/points .*timed out"):
        push(staged)
    assert time.monotonic() - before < 20
    assert re.fullmatch(f"P\\w+ {REQUESTS[request_]}", server.sent[-1])
    assert (hub.get_session(), hub.get_session().timeout) == (client, waits)
    server.awake.set()
    server.holds.clear()
    push(staged)  # by the same client
    assert json.loads(server.repositories["somebody/points"]["config.json"])


def test_an_upload_over_a_slow_and_steady_line_is_waited_for(staged, server, monkeypatch):
    monkeypatch.setattr(uploading, "ANSWER_SECONDS", 1)
    server.parts, server.holds["/lfs/.*[0-9a-f]+"] = 100_000, "steadily"
    before = time.monotonic()
    push(staged)
    assert time.monotonic() - before > 2  # twice what an answer may take
    weights = (staged[0] / WEIGHTS).read_bytes()
    assert server.repositories["somebody/points"][WEIGHTS] == weights
    assert len(server.kept) == -(-len(weights) // 100_000)


def test_what_leads_on_is_sent_again(staged, server):
    """As a repository that was renamed does."""
    server.leads_on["/api/models/somebody/points/commit/main"] = "/api/models/somebody/lines/commit/main"
    server.repositories["somebody/lines"] = {}
    push(staged)
    assert set(server.repositories["somebody/lines"]) >= {"config.json", WEIGHTS}


@pytest.mark.parametrize("request_", REQUESTS)
def test_what_is_no_answer_of_a_hub_is_told(request_, staged, server):
    server.holds[REQUESTS[request_]] = "talking"
    if request_ in ("upload", "verify"):  # of which it looks at no more than that they were taken
        push(staged)
        return
    with pytest.raises(UserError, match="somebody/points was not pushed: the hub's library makes nothing of what came"):
        push(staged)


def test_what_a_hub_refuses_is_told_in_its_words(staged, server):
    server.holds[REQUESTS["ask how"]] = "refusing"
    with pytest.raises(UserError, match=r"the hub refuses somebody/points .*no such thing"):
        push(staged)


def test_a_hub_that_is_not_there_is_told(staged, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.hf_api.ENDPOINT", "http://127.0.0.1:9", raising=False)
    with pytest.raises(UserError, match=r"cannot be reached for somebody/points .*refused.*see to the network"):
        push(staged)
