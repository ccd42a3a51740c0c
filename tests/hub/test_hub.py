"""A run goes to a hub and comes back the same; what is no run there is refused, and nothing of it is kept."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pytest

import reparam
from hub_helpers import TINY, asks
from hub_standin import Hub
from reparam.data.readers import patience
from reparam.errors import UserError
from reparam.folders import standing
from reparam.hub.staging import _pictures

hub = pytest.importorskip("huggingface_hub", reason="the extra reparam[hub] is not installed")


@pytest.fixture(scope="module")
def server():
    found = Hub()
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture(autouse=True)
def here(server, monkeypatch, tmp_path):
    server.asked.clear()
    server.sizes.clear()
    server.says.clear()
    server.drips.clear()
    asks(server, monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("somewhere-private")
    np.save(folder / "rows.npy", np.random.default_rng(0).normal(size=(600, 2)).astype("float32"))
    return reparam.fit("vae", folder / "rows.npy", folder / "run", **TINY)


@pytest.fixture
def pushed(run, server):
    server.repositories.clear()
    return reparam.push(run, "somebody/points", licence="mit", count=60, images=5, private=True)


def test_what_was_pushed_comes_back_the_same(run, pushed, server):
    assert pushed.name == f"hf://somebody/points@{server.commit}"
    assert server.private["somebody/points"]
    read = reparam.load("hf://somebody/points")
    np.testing.assert_array_equal(read.sample(5).x, run.sample(5).x)
    assert read.test == run.test
    assert read.rows == run.rows
    asked = len(server.asked)
    again = reparam.load(pushed.name)  # a commit that is here: nobody is asked
    assert len(server.asked) == asked
    np.testing.assert_array_equal(reparam.sample("hf://somebody/points@main", 3).x, again.sample(3).x)


def test_the_command_reads_it_like_every_run(pushed, server, tmp_path):
    env = {**os.environ, "HF_ENDPOINT": server.url}
    command = [sys.executable, "-m", "reparam", "sample", "hf://somebody/points", "-n", "4", "--out", "x.npz"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert np.load(tmp_path / "x.npz")["x"].shape == (4, 2)


def test_a_report_of_it_has_its_pictures_and_writes_nothing_beside_it(run, pushed, server, tmp_path):
    """Nor does it call a run by its commit."""
    data = run.folder.path.parent / "rows.npy"
    reparam.report("hf://somebody/points", tmp_path / "page.html", data=data, count=20, images=2)
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '<img alt="points: samples, by pairs of columns.' in re.sub(r"<img[^>]* alt=", "<img alt=", text)
    assert f"reparam explore hf://somebody/points@{server.commit}" in text
    assert server.commit not in text.replace(f"hf://somebody/points@{server.commit}", "")
    assert not list((tmp_path / "cache").rglob("*.png"))
    assert {path.name for path in tmp_path.iterdir()} == {"cache", "page.html", "page.json"}


def test_only_plain_files_are_pushed_and_no_path_of_this_machine(run, pushed, server):
    files = server.repositories["somebody/points"]
    assert set(files) == set(pushed.files)
    assert {name.rpartition(".")[2] for name in files} == {"json", "jsonl", "safetensors", "png", "md"}
    private = str(run.folder.path.parent).encode()
    assert not any(private in content for content in files.values())
    assert json.loads(files["config.json"])["settings"]["data"]["data"] == "rows.npy"


def test_the_card_is_of_the_run_s_own_numbers(run, pushed, server):
    card = server.repositories["somebody/points"]["README.md"].decode()
    head = card.split("---")[1]
    assert 'license: "mit"' in head
    assert 'library_name: "reparam"' in head
    assert f"| elbo | {run.test['elbo']:.4g} |" in card
    assert "floor" in card
    assert "±" in card  # errors
    assert "480 train, 60 validation, 60 test" in card
    assert "](samples.png)" in card
    assert 'reparam.load("hf://somebody/points")' in card


def test_pictures_that_cannot_be_written_are_not_left_out_in_silence(run, tmp_path):
    with standing(tmp_path):
        shutil.rmtree(tmp_path)
        with pytest.raises(UserError, match="has vanished"):
            _pictures(run, tmp_path)


def test_what_takes_long_is_told_while_it_is_done(run, tmp_path):
    told = []

    @contextmanager
    def heard(what, known=True):
        told.append(what)
        yield lambda share: None

    reparam.push(run, "somebody/points", count=60, images=5, dry_run=tmp_path / "card", progress=heard)
    assert any("log p(x)" in what for what in told)
    assert any("samples beside" in what for what in told)


def test_a_dry_run_writes_the_folder_and_asks_nobody(run, server, tmp_path):
    server.repositories.clear()
    found = reparam.push(run, "somebody/points", measure=False, dry_run=tmp_path / "card")
    assert not server.asked
    assert not server.repositories
    text = (tmp_path / "card" / "README.md").read_text()
    assert "None was given by who pushed it" in text
    assert "were not measured" in text
    assert sorted(found.files) == found.files
    with pytest.raises(UserError, match="card exists already, and is not written over"):
        reparam.push(run, "somebody/points", measure=False, dry_run=tmp_path / "card")
    np.testing.assert_array_equal(reparam.load(tmp_path / "card").sample(3).x, run.sample(3).x)


HOSTILE = {
    "a pickle": ({"model.pkl": b"\x80\x04."}, "holds 'model.pkl', which no run does"),
    "weights in a pickle": ({"checkpoints/best.bin": b"."}, "holds 'checkpoints/best.bin'"),
    "code": ({"modeling.py": b"import os"}, "holds 'modeling.py'"),
    "a path upward": ({"../../evil.json": b"{}"}, "which no run does: nothing of it is taken"),
    "a path of the system": ({"/etc/cron.d/evil": b""}, "which no run does"),
    "a name like a run's": ({"checkpoints/../config.json": b"{}"}, "which no run does"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_repository_that_holds_anything_else_is_refused(case, pushed, server, tmp_path):
    more, message = HOSTILE[case]
    server.repositories["somebody/points"].update(more)
    with pytest.raises(UserError, match=message):
        reparam.load("hf://somebody/points")
    assert not list((tmp_path / "cache").rglob("*.*"))
    assert not any("/resolve/" in path for path in server.asked)  # nothing was so much as asked for


def test_a_file_that_is_larger_than_it_is_said_to_be_is_broken_off(pushed, server, tmp_path):
    server.sizes["config.json"] = 10
    with pytest.raises(UserError, match=r"config.json of somebody/points is larger than the 10 bytes"):
        reparam.load("hf://somebody/points")
    server.sizes["config.json"] = 2**40
    with pytest.raises(UserError, match="are taken at most"):
        reparam.load("hf://somebody/points")
    server.sizes["config.json"] = 10**6
    with pytest.raises(UserError, match="broke off after"):
        reparam.load("hf://somebody/points")
    assert not list((tmp_path / "cache").rglob("*.json"))


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """A hub that speaks TLS, as that of the world does."""
    pytest.importorskip("cryptography", reason="the extra reparam[cluster] is not installed")
    found = Hub(tmp_path_factory.mktemp("keys"))
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture
def leading(pushed, server, sealed, monkeypatch, tmp_path):
    """It holds what was pushed, and nobody has asked it yet."""
    sealed.repositories, sealed.asked, sealed.leads = server.repositories, [], {}
    asks(sealed, monkeypatch, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(sealed.certificate))
    hub.close_session()
    yield sealed
    hub.close_session()


PLACE = "/somebody/points/resolve/{}/config.json"


def test_a_hub_may_lead_on_by_tls(leading):
    place = PLACE.format(leading.commit)
    leading.leads["config.json"] = f"{leading.url}{place.replace('config', 'metrics')}l"
    with pytest.raises(UserError, match=r"config.json of somebody/points (is larger than|broke off after)"):
        reparam.load("hf://somebody/points")  # the other file came, and is found to be another
    assert leading.asked[-1].endswith("metrics.jsonl")


LEADS = {
    "http://127.0.0.1:9/config.json": "to an address without TLS: nothing of it is taken",
    "ftp://127.0.0.1:9/config.json": "to an address without TLS: nothing of it is taken",
    "file:///etc/passwd": "to an address without TLS: nothing of it is taken|cannot be reached",
    PLACE: "leads somebody/points on and on: nothing of it is taken",
}


LISTING = "/api/models/somebody/points"


@pytest.mark.parametrize("what", ["config.json", LISTING])
@pytest.mark.parametrize("to", LEADS)
def test_a_hub_leads_on_to_nothing_else(to, what, leading, tmp_path):
    leading.leads[what] = LISTING if what == LISTING and to == PLACE else to.format(leading.commit)
    with pytest.raises(UserError, match=LEADS[to]):
        reparam.load("hf://somebody/points")
    assert not list((tmp_path / "cache").rglob("*.json"))


def test_a_hub_that_nobody_vouches_for_is_asked_for_nothing(leading, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    hub.close_session()
    with pytest.raises(UserError, match=r"cannot be reached.*(CERTIFICATE_VERIFY_FAILED|certificate verify failed)"):
        reparam.load("hf://somebody/points")
    assert not leading.asked


SLOW = {
    "head": (b"HTTP/1.1 200 OK\r\nX-Slow: ", r"cannot be reached.*an answer did not come within 0.6 seconds.*network"),
    "chunk": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;",
        "the rest of it did not come within",
    ),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", r"only \d+ bytes came in"),
    "error": (b"HTTP/1.1 500 Not now\r\nContent-Length: 99999\r\n\r\n", "the hub refuses somebody/points .*500"),
}


@pytest.mark.parametrize("what", [LISTING, PLACE])
@pytest.mark.parametrize("how", SLOW)
def test_nobody_waits_for_a_hub_that_speaks_drop_by_drop(how, what, pushed, server, monkeypatch, tmp_path):
    monkeypatch.setattr(patience, "TIMEOUT_SECONDS", 0.5)
    monkeypatch.setattr(patience, "HEAD_SECONDS", 0.6)
    server.drips[what.format(server.commit)], message = SLOW[how]
    before = time.monotonic()
    with pytest.raises(UserError, match=message):
        reparam.load("hf://somebody/points")
    assert time.monotonic() - before < 10
    assert not list((tmp_path / "cache").rglob("*.json"))


NO_LISTINGS = {
    "no JSON": b"<html>",
    "no text": b"\xff\xfe",
    "a list": b"[1]",
    "deep": b"[" * 100_000,
    "no commit": b'{"sha": "../../etc", "siblings": []}',
    "a number for a commit": b'{"sha": 7, "siblings": []}',
    "numbers for files": b'{"sha": "%b", "siblings": [1]}' % (b"c" * 40),
    "a list for a name": b'{"sha": "%b", "siblings": [{"rfilename": [1], "size": 1}]}' % (b"c" * 40),
}


@pytest.mark.parametrize("what", NO_LISTINGS)
def test_what_is_no_listing_is_told_and_nothing_is_asked_for(what, pushed, server):
    server.says[LISTING] = NO_LISTINGS[what]
    with pytest.raises(UserError, match="names no commit of somebody/points, and nothing of it is taken"):
        reparam.load("hf://somebody/points")
    assert not any("/resolve/" in path for path in server.asked)


def test_a_listing_without_end_is_broken_off(pushed, server, monkeypatch):
    monkeypatch.setattr("reparam.runs.hub.LISTING", 100)
    with pytest.raises(UserError, match="says more than 100 bytes of somebody/points"):
        reparam.load("hf://somebody/points")


def test_what_a_killed_fetch_has_left_goes_with_the_next(pushed, server, tmp_path):
    place = tmp_path / "cache" / "hub" / "somebody--points"
    half = place / f".{server.commit}.part"
    (half / "checkpoints").mkdir(parents=True)
    (half / "config.json").write_text("half of it")
    reparam.load("hf://somebody/points")
    assert [path.name for path in place.iterdir()] == [server.commit]


def test_a_full_disk_is_not_taken_for_a_hub_that_is_not_there(pushed, server, tmp_path):
    """The system refuses what is written beyond a few bytes of a file."""
    script = (
        "import resource, signal, sys; from reparam.cli.main import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "sys.exit(main(['info', 'hf://somebody/points']))"
    )
    env = {**os.environ, "HF_ENDPOINT": server.url}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, env=env)
    assert done.returncode == 2, done.stderr
    assert "free space, or let REPARAM_CACHE name another folder" in done.stderr
    assert not list((tmp_path / "cache").rglob("*.json"))


def test_what_was_changed_on_the_hub_is_found(pushed, server):
    files = server.repositories["somebody/points"]
    files["config.json"] = files["config.json"].replace(b'"latent_dim": 2', b'"latent_dim": 3')
    with pytest.raises(UserError, match="not as it was"):
        reparam.load("hf://somebody/points")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hf://somebody/nothing", "somebody/nothing is not on the hub, or not for you to see"),
        ("hf://somebody/points@other", "has no revision 'other'"),
        ("hf://somebody", "names no run on a hub: write hf://owner/name"),
        ("hf://../etc/x", "names no run on a hub"),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(name, message, pushed):
    with pytest.raises(UserError, match=message):
        reparam.load(name)


def test_a_hub_that_is_not_there_is_told(run, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.hf_api.ENDPOINT", "http://127.0.0.1:9", raising=False)
    with pytest.raises(UserError, match="cannot be reached for somebody/points"):
        reparam.load("hf://somebody/points")


@pytest.mark.parametrize(
    ("how", "message"),
    [({"name": "points"}, "give owner/name"), ({"licence": "all of it!"}, "as the hub spells them")],
)
def test_mistakes_are_told_before_anything_is_done(how, message, run, server):
    with pytest.raises(UserError, match=message):
        reparam.push(run, **{"name": "somebody/points", **how})
    assert not server.asked
