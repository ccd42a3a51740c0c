"""Runs are watched while they train: in another process, by a real browser, through kills and damage."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from browser_helpers import NEEDS_CHROMIUM
from helpers import said, small
from reparam.errors import UserError
from reparam.runs.folder import RunFolder
from reparam.watching.find import find
from reparam.watching.look import Looker
from reparam.watching.server import Server, Watch

PATIENT = 60.0


def command(*words):
    return [sys.executable, "-m", "reparam", *map(str, words)]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a finished run of small images, and the data beside it."""
    from reparam.cli.main import main

    folder = tmp_path_factory.mktemp("watched")
    rng = np.random.default_rng(0)
    np.save(folder / "x.npy", (rng.random((600, 8, 10)) < rng.random((600, 1, 1))).astype(np.uint8))
    assert (
        main(
            [
                "train",
                "vae",
                *small(folder / "x.npy"),
                "--log-every",
                "2",
                "--out",
                str(folder / "runs" / "done"),
                "--quiet",
            ]
        )
        == 0
    )
    return folder


@pytest.fixture(scope="module")
def tables(place):
    """A folder with a run of two columns of numbers, and one of words, too, whose data are called at length."""
    from reparam.cli.main import main

    rng, words = np.random.default_rng(1), np.array(["north", "south"])
    height, weight, town = rng.normal(170, 10, 200), rng.normal(7e4, 9e3, 200), words[rng.integers(0, 2, 200)]
    sized = [f"{a:.1f},{b:.0f}" for a, b in zip(height, weight, strict=True)]
    long = place / f"{'people of a town ' * 4}.csv"
    (place / "two.csv").write_text("\n".join(["height,grams", *sized]))
    long.write_text("\n".join(["height,grams,town", *(f"{row},{word}" for row, word in zip(sized, town, strict=True))]))
    for name, data in (("two", place / "two.csv"), ("three", long)):
        words = ["--data", data, "--hidden", "16", "--steps", "20", "--out", place / "tables" / name, "--quiet"]
        assert main(["train", "vae", *map(str, words)]) == 0
    return place / "tables"


@pytest.fixture
def run(place, tmp_path):
    """A copy of the finished run, to be harmed."""
    return shutil.copytree(place / "runs" / "done", tmp_path / "run")


def until(true, patience=PATIENT):
    """What a function gives, once it is something."""
    end = time.monotonic() + patience
    while not (found := true()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return found


def test_a_finished_run_is_told_as_its_log_has_it(run):
    seen, rows = Looker(run, "run").look(), RunFolder(run).rows()
    assert (seen.state, seen.left, seen.model) == ("finished", None, "VAE on x.npy")
    assert (seen.step, seen.total) == (rows[-1]["step"], RunFolder(run).record().training.steps)
    assert seen.reached["test"]["elbo"] == rows[-1]["elbo"]
    validated = [(row["step"], row["elbo"]) for row in rows if row["split"] == "validation"]
    steps, values = seen.curves["elbo"]["validation"]
    assert steps == [step for step, _ in validated]
    assert values == pytest.approx([value for _, value in validated], rel=1e-5)
    assert seen.samples.step == seen.step
    assert seen.samples.picture.startswith("data:image/png;base64,")
    json.dumps(seen.json(), allow_nan=False)


def test_rows_of_a_table_are_shown_in_its_own_words_and_units(tables):
    two, three = (Looker(tables / name, name).look().samples for name in ("two", "three"))
    kinds = json.loads((tables / "two" / "config.json").read_text())["data"]["table"]["columns"]
    x = np.load(tables / "two" / "figures" / f"samples-step-{two.step:07d}.npz")["x"][: len(two.dots)]
    expected = [one[one["kind"]]["offset"] + one[one["kind"]]["scale"] * x[:, i] for i, one in enumerate(kinds)]
    assert two.axes == ["height", "grams"]
    for i, unit in enumerate((0.1, 100.0)):  # as many digits as the file has, and five of them at most
        low, high = (kinds[i][kinds[i]["kind"]][end] for end in ("low", "high"))
        within = (expected[i] > low) & (expected[i] < high)  # what lies beyond is mirrored
        assert within.sum() > 300
        np.testing.assert_allclose(np.array(two.dots)[within, i], expected[i][within], atol=unit)
    assert three.rows[0] == ["height", "grams", "town"]
    assert all(row[2] in ("north", "south") and 100 < float(row[0]) < 240 for row in three.rows[1:])


def test_long_curves_are_thinned_and_end_where_they_end():
    from reparam.watching.look import MOST_POINTS, curves

    rows = [{"step": step, "split": "train", "elbo": -1000.0 / step} for step in range(1, 5001)]
    steps, values = curves(rows)["elbo"]["train"]
    assert len(steps) <= MOST_POINTS + 1
    assert (steps[0], steps[-1], values[-1]) == (1, 5000, -0.2)


def unfinished(run):
    """The run as it was before its test row."""
    log = run / "metrics.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    return run


def held_by(run, process):
    (run / ".lock").write_text(f"process {process} on {socket.gethostname()}\n")


def test_states_follow_from_the_log_the_process_and_the_time(run):
    unfinished(run)
    held_by(run, os.getpid())
    written = (run / "metrics.jsonl").stat().st_mtime
    looker = Looker(run, "run", now=lambda: written + 5)
    assert looker.look().state == "training"
    assert Looker(run, "run", now=lambda: written + 500).look().why == "nothing was written for 8 min"
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    held_by(run, ended.pid)
    seen = looker.look()
    assert (seen.state, seen.left) == ("interrupted", None)
    assert "its process has ended" in seen.why


def test_the_time_left_is_that_of_the_steps_that_are_left(run):
    """The first steps took 100 seconds, the next 40: those that are left take as long as the next, each."""
    unfinished(run)
    held_by(run, os.getpid())
    place, now = RunFolder(run), [1000.0]
    lines = place.metrics.read_bytes().splitlines(keepends=True)
    total = place.record().training.steps
    steps = [json.loads(line)["step"] for line in lines]

    def write(upto, at):
        place.metrics.write_bytes(b"".join(line for line, step in zip(lines, steps, strict=True) if step <= upto))
        os.utime(place.metrics, (at, at))
        now[0] = at
        return max(step for step in steps if step <= upto)

    os.utime(place.config, (1000, 1000))
    os.utime(place.last, (1000, 1000))
    looker = Looker(run, "run", now=lambda: now[0])
    first = write(total // 2, 1100)
    assert looker.look().left == pytest.approx(100 * (total - first) / first)
    second = write(total - 1, 1140)
    assert second > first
    assert looker.look().left == pytest.approx(40 * (total - second) / (second - first))
    now[0] += 1
    assert looker.look().left == pytest.approx(max(0, 40 * (total - second) / (second - first) - 1))


def test_what_is_damaged_or_half_written_is_said_and_hides_nothing_else(run, tmp_path):
    whole = Looker(run, "run").look()
    with (run / "metrics.jsonl").open("ab") as log:
        log.write(b'{"step": 7, "ep')  # a row on its way
    seen = Looker(run, "run").look()
    assert seen.state == "finished"
    assert seen.curves == whole.curves
    assert any("was not written to its end" in note for _, note in seen.notes)
    for snapshot in (run / "figures").glob("samples-step-*.npz"):
        snapshot.write_bytes(snapshot.read_bytes()[:200])
    seen = Looker(run, "run").look()
    assert (seen.state, seen.samples) == ("finished", None)
    assert any("samples-step" in note for _, note in seen.notes)
    (run / "config.json").write_bytes((run / "config.json").read_bytes()[:100])
    seen = Looker(run, "run").look()
    assert seen.state == "damaged"
    assert "config.json" in seen.why
    (run / "config.json").unlink()
    (run / "config.json").mkdir()
    assert Looker(run, "run").look().state == "damaged"
    assert Looker(tmp_path / "to come", "to come").look().state == "starting"
    (tmp_path / "empty").mkdir()
    assert Looker(tmp_path / "empty", "empty").look().state == "starting"


def test_runs_below_a_folder_are_found_and_no_others(place, tmp_path):
    study = tmp_path / "study"
    for name in ("vae/seed-0", "gan", ".hidden", "a/b/c/d/e/f"):
        shutil.copytree(place / "runs" / "done", study / name)
    (study / "link").symlink_to(place / "runs")
    (study / "loop").symlink_to(study)
    assert find([study]) == [study / "gan", study / "vae/seed-0"]
    assert find([study / "gan", study]) == [study / "gan", study / "vae/seed-0"]
    told = Watch([study]).told()
    assert [one["name"] for one in told["runs"]] == ["gan", "seed-0"]
    shutil.copytree(place / "runs" / "done", study / "gan-2" / "seed-0")
    later = Watch([study]).told()
    assert [one["name"] for one in later["runs"]] == ["study/gan", "gan-2/seed-0", "vae/seed-0"]
    with pytest.raises(UserError, match="is a file, and runs are folders"):
        Watch([place / "x.npy"])
    with pytest.raises(UserError, match="nothing is not there: name a run, or the folder that it is in, or will be"):
        Watch([place / "nothing"])


@contextmanager
def serving(*folders):
    """The server of what is in folders."""
    with Server(Watch(folders)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server(place):
    """The server of the finished run."""
    with serving(place / "runs") as server:
        yield server


@pytest.fixture
def server_of_all(place, tables):
    """The server of images and tables."""
    with serving(place / "runs", tables) as server:
        yield server


def answer(server, path="/", method="GET", host=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host if host is not None else f"127.0.0.1:{server.server_port}")
    connection.endheaders()
    found = connection.getresponse()
    body = found.read()
    connection.close()
    return found, body


def test_the_server_is_on_the_loopback_and_answers_to_its_own_name_alone(server):
    assert server.server_address[0] == "127.0.0.1"
    found, body = answer(server, "/state")
    assert (found.status, json.loads(body)["runs"][0]["state"]) == (200, "finished")
    assert answer(server, host=f"localhost:{server.server_port}")[0].status == 200
    for foreign in ("evil.example", f"evil.example:{server.server_port}", "127.0.0.1", "", "127.0.0.1:1", "localhost"):
        found, body = answer(server, "/state", host=foreign)
        assert (found.status, b"elbo" in body) == (403, False), foreign


def test_no_path_of_an_address_is_looked_up(server):
    paths = ("/../../etc/passwd", "/runs/done/config.json", "/%2e%2e/x.npy", "//etc/passwd", "/state/", "/state?x=1")
    for path in (*paths, "/config.json", "http://127.0.0.1/state"):
        found, body = answer(server, path)
        assert (found.status, body) == (404, b"there is one page, /\n"), path
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert answer(server, "/state", method)[0].status == 501
    headers = answer(server)[0].headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe-inline'; script" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers


def test_a_port_that_is_taken_is_said_in_a_sentence(server, place, capsys):
    code, _, err = said(capsys, "watch", place / "runs", "--no-browser", "--port", server.server_port)
    assert code == 2
    assert f"--port {server.server_port} cannot be listened on" in err
    assert said(capsys, "watch", place / "runs", "--port", 70000)[0] == 2
    assert said(capsys, "watch")[0] == 2
    code, out, _ = said(capsys, "watch", place / "runs", "--json")
    assert (code, [one["state"] for one in json.loads(out)["runs"]]) == (0, ["finished"])


@NEEDS_CHROMIUM
@pytest.mark.slow
def test_a_training_is_watched_from_its_begin_to_its_end(browser, place, tmp_path):
    """A real training and the real command, each a process of its own, seen in a real browser."""
    runs = tmp_path / "runs"
    shutil.copytree(place / "runs", runs)
    watching = subprocess.Popen(command("watch", runs, "--no-browser"), stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)  # fmt: skip
    words = ["--data", place / "x.npy", "--hidden", "16", "--latent-dim", "2", "--steps", "100000", "--log-every", "10"]
    training = subprocess.Popen(command("train", "vae", *words, "--out", runs / "at-work", "--quiet"))
    tab = browser.new_page(viewport={"width": 390, "height": 800})
    try:
        complaints, requests = [], []
        tab.on("console", lambda message: complaints.append(message.text))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda request: requests.append(request.url))
        address = watching.stdout.readline().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
        tab.goto(address)
        card = tab.locator("article", has_text="at-work")
        card.locator(".state.training").wait_for(timeout=1000 * PATIENT)
        first = until(lambda: steps(card))
        until(lambda: steps(card) > first)
        until(lambda: re.search(r"\d+ (s|min|h) left", card.inner_text()))
        assert card.get_by_role("img", name="Samples of at-work after step 0").is_visible()
        tab.get_by_label("training rows, too").check()
        tab.locator("polyline.train").first.wait_for(state="attached")
        assert Axe().run(tab).response["violations"] == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
        training.send_signal(signal.SIGKILL)
        training.wait()
        card.locator(".state.interrupted").wait_for(timeout=1000 * PATIENT)
        assert tab.locator("article .state.finished").count() == 1
        watching.send_signal(signal.SIGINT)
        assert watching.wait(PATIENT) == 0
        assert "the watching has ended; the runs go on" in watching.stderr.read()
        tab.get_by_text("The watching has ended").wait_for()
        assert {url.rstrip("/") for url in requests} == {address.rstrip("/"), f"{address}state"}
        assert [one for one in complaints if "ERR_CONNECTION_REFUSED" not in one] == []
    finally:
        tab.close()
        for process in (training, watching):
            process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


def steps(card):
    """How far the card says that its run is."""
    found = re.search(r"step ([\d,]+) of", card.inner_text())
    return int(found[1].replace(",", "")) if found else 0


@NEEDS_CHROMIUM
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 800, 1200])
def test_everybody_can_read_it(browser, server_of_all, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    tab = context.new_page()
    tab.goto(server_of_all.address)
    tab.locator("article .state.finished").first.wait_for()
    assert tab.get_by_text("across: height 1").is_visible()
    assert tab.get_by_role("region", name="Samples of three after step 20").get_by_text("town").is_visible()
    assert Axe().run(tab).response["violations"] == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_runs_are_alike_where_their_numbers_can_be_compared(place, tmp_path):
    """The same data and likelihood: another likelihood, other data or a game are drawn in axes of their own."""
    from reparam.cli.main import main

    np.save(tmp_path / "other.npy", np.random.default_rng(1).integers(0, 2, (60, 8, 10), dtype=np.uint8))
    asked = {
        "again": ["vae", *small(place / "x.npy"), "--latent-dim", "3"],
        "normal": ["vae", *small(place / "x.npy"), "--likelihood", "normal", "--binarization", "none"],
        "other": ["vae", *small(tmp_path / "other.npy")],
    }
    for name, words in asked.items():
        assert main(["train", *words, "--out", str(tmp_path / name), "--quiet"]) == 0
    done, again, normal, other = (
        Looker(folder, folder.name).look().alike
        for folder in (place / "runs" / "done", *(tmp_path / name for name in asked))
    )
    assert done == again
    assert len({done, normal, other}) == 3
    assert done.startswith("x.npy (1×8×10")
    assert done.endswith("bernoulli likelihood")
