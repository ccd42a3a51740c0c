"""Comparisons on several workers: the same bytes, whatever dies meanwhile, and a sentence where nothing can go on."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from rich.console import Console

import reparam
from helpers import said
from reparam.cluster import Job, opened
from reparam.cluster.child import environment_of, versions
from reparam.cluster.pool import _share
from reparam.errors import UserError
from reparam.runs.checkpoint import read_notes
from reparam.runs.folder import RunFolder
from reparam.runs.sealed import read_sealed
from reparam.settings import DataConfig
from reparam.studies import Protocol, settle
from reparam.studies.spread import at_work, spread
from reparam.studies.trials import Shown, trials
from reparam.studies.watch import Seen, Watch, table, watching

pytestmark = pytest.mark.slow
MODELS = ("autoencoder-2", "vae-2", "gan", "wgan")
FILES = ("config.json", "metrics.jsonl", "checkpoints/last.safetensors")
LONG = ("--models", "vae-2", "--epochs", 40, "--count", 100, "--images", 10, "--threads", 1)
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def wait(true, seconds=180.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


def begin(*words):
    """The command in a process of its own."""
    command = [sys.executable, "-m", "reparam", *map(str, words)]
    return subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def job_of(folder):
    """The process that trains into a folder: the one that has its lock open."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and any(link.readlink() == folder / ".lock" for link in (entry / "fd").iterdir()):
                return int(entry.name)
    return None


def step_of(folder):
    place = RunFolder(folder)
    return read_notes(place.last)["step"] if place.last.exists() else 0


def same(one, other, names):
    for name in names:
        for file in FILES:
            assert (one / name / file).read_bytes() == (other / name / file).read_bytes(), f"{name}/{file}"


def alone(grey, out, models=("vae-2",), epochs=40, seeds=1):
    """The trials one after another, in this process."""
    protocol = settle(Protocol(data=DataConfig(data=str(grey)), seconds=None, epochs=epochs, threads=1), out)
    found = list(trials(models, protocol, seeds, out, lambda text: None, Shown()))
    assert all(trial.run for trial in found)
    return out


@pytest.fixture(scope="module")
def whole(grey):
    """A trial of some seconds that nobody broke off."""
    return alone(grey, grey.parent / "whole")


def test_many_at_a_time_come_to_the_same_bytes_as_one_after_another(grey, tmp_path):
    one, four, told = alone(grey, tmp_path / "one", MODELS, 1, 2), tmp_path / "four", []
    data = DataConfig(data=str(grey))
    with at_work(four, data, 4, None) as (pool, _), watching(told.append, quiet=False) as watch:
        protocol = settle(Protocol(data=data, seconds=None, epochs=1, threads=1), four)
        found = spread(MODELS, protocol, 2, four, pool, watch)
    names = [name + seed for seed in ("", "-seed1") for name in MODELS]
    same(one, four, names)
    assert [trial.folder.name for trial in found] == names
    assert {trial.machine for trial in found} == {os.uname().nodename}
    assert told[-1].endswith("(8 of 8)")
    assert (one / "compare.json").read_bytes() == (four / "compare.json").read_bytes()


def test_a_budget_in_time_is_steps_once_for_all_seeds_though_workers_begin_them_at_once(grey, tmp_path):
    """Both workers time the model; the first that has a number decides for both, and it is written down."""
    data = DataConfig(data=str(grey))
    with at_work(tmp_path, data, 2, None) as (pool, _):
        protocol = settle(Protocol(data=data, seconds=2, threads=1), tmp_path)
        found = spread(["vae-2"], protocol, 2, tmp_path, pool, Watch(None, None))
    (steps,) = {trial.run.config.training.steps for trial in found}
    assert read_sealed(tmp_path / "steps.json") == {"vae-2": steps}
    assert [trial.run.rows[-1]["step"] for trial in found] == [steps] * 2  # run.step is of the best weights


def test_a_trial_whose_worker_dies_goes_on_elsewhere_to_the_same_bytes(grey, whole, tmp_path, capsys):
    process = begin("compare", "--data", grey, *LONG, "--workers", 2, "--out", tmp_path)
    wait(lambda: step_of(tmp_path / "vae-2") > 8)
    before = job_of(tmp_path / "vae-2")
    os.kill(parent(before), signal.SIGKILL)
    wait(lambda: job_of(tmp_path / "vae-2") not in (None, before))
    assert not RunFolder(tmp_path / "vae-2").finished
    _, told = process.communicate(timeout=300)
    assert process.returncode == 0, told
    assert "vae-2: finished on" in told
    assert "(1 of 1)" in told
    same(whole, tmp_path, ["vae-2"])
    host = os.uname().nodename
    assert read_sealed(tmp_path / "machines.json") == {"vae-2": [host]}
    assert host in (tmp_path / "report.html").read_text()
    asked = ("--data", grey, *LONG[:-1], 2, "--out", tmp_path)
    code, _, told = said(capsys, "compare", *asked)
    assert code == 2
    assert "threads: 1 there, 2 here" in told


def test_an_interruption_saves_what_is_at_work(grey, whole, tmp_path):
    process = begin("compare", "--data", grey, *LONG, "--workers", 1, "--out", tmp_path)
    wait(lambda: step_of(tmp_path / "vae-2") > 8)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 130, told
    assert "what is finished is kept, and the rest goes on from its last save (or call `" in told
    assert job_of(tmp_path / "vae-2") is None
    assert not RunFolder(tmp_path / "vae-2").finished
    alone(grey, tmp_path)
    same(whole, tmp_path, ["vae-2"])


def test_a_trial_that_is_killed_is_a_failure_and_takes_no_worker_along(tmp_path, monkeypatch):
    """The job is a module that kills itself; the same worker does the next."""
    task = {"do": "compared", "name": "no such model", "seed": 0, "out": str(tmp_path), "protocol": {}}
    (tmp_path / "killing.py").write_text("import os; os.kill(os.getpid(), 9)")
    monkeypatch.chdir(tmp_path)  # where `python -m` looks for it
    with opened(workers=1) as pool:
        pool.check(tmp_path)
        pool.give([Job("killed", "killing", {}), Job("wrong", "reparam.studies.job", task)], 1)
        ended = {}
        wait(lambda: ended.update({one.name: one for one in pool.ended()}) or not pool.pending)
    assert ended["killed"].failure == "its process was killed (signal 9), as the system does where memory runs out"
    assert "there is no model 'no such model'" in ended["wrong"].failure


@contextmanager
def cluster(tmp_path, *workers):
    """A scheduler, and workers with some variables in their environment; its process, address and theirs."""
    file = tmp_path / "scheduler.json"
    quiet = {"stderr": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
    run = [sys.executable, "-m"]
    asked = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    processes = [subprocess.Popen([*run, "distributed.cli.dask_scheduler", *asked], env=ENVIRONMENT, **quiet)]
    try:
        wait(file.exists)
        for variables in workers:
            words = ["--scheduler-file", str(file), "--nthreads", "1", "--no-nanny", "--no-dashboard"]
            place = ["--memory-limit", "0", "--local-directory", str(tmp_path)]
            command = [*run, "distributed.cli.dask_worker", *words, *place]
            processes.append(subprocess.Popen(command, env=ENVIRONMENT | variables, **quiet))
        yield processes, json.loads(file.read_text())["address"]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_where_the_scheduler_is_killed_a_sentence_says_how_to_go_on(grey, whole, tmp_path):
    out = tmp_path / "study"
    asked = ["compare", "--data", grey, *LONG, "--out", out]
    with cluster(tmp_path, {}) as (processes, address):
        process = begin(*asked, "--scheduler", address)
        wait(lambda: step_of(out / "vae-2") > 8)
        for one in processes:
            one.kill()
        _, told = process.communicate(timeout=300)
        assert process.returncode == 2, told
        assert f"reparam: the scheduler at {address} has gone: start one, and call the same again" in told
        assert "Traceback" not in told
        wait(lambda: job_of(out / "vae-2") is None)
    assert not RunFolder(out / "vae-2").finished
    alone(grey, out)
    same(whole, out, ["vae-2"])


def test_workers_that_will_not_do_are_refused_before_anything_is_trained(grey, tmp_path):
    """One of another version of reparam; and one that sees another folder, as where it is not shared."""
    other = tmp_path / "other" / "reparam"
    other.mkdir(parents=True)
    for file in Path(reparam.__file__).parent.iterdir():
        (other / file.name).symlink_to(file)
    (other / "_version.py").unlink()
    (other / "_version.py").write_text('__version__ = "0.0.1"\n')
    asked = ["compare", "--data", grey, *LONG, "--out", tmp_path / "out"]
    with cluster(tmp_path, {"PYTHONPATH": str(other.parent)}) as (_, address):
        process = begin(*asked, "--scheduler", address)
        _, told = process.communicate(timeout=300)
        assert process.returncode == 2, told
        assert "has reparam 0.0.1 and torch" in told
        assert "runs would not compare, so install the same" in told
        with opened(scheduler=address) as pool, pytest.raises(UserError, match="does not see the study's folder"):
            pool._require_fit("a", {"host": "b", "versions": versions(), "sees": False, "lacks": []}, tmp_path)
        with opened(scheduler=address) as pool, pytest.raises(UserError, match=r"does not see .*x\.npz: share it"):
            pool._require_fit("a", {"host": "b", "versions": versions(), "sees": True, "lacks": ["x.npz"]}, tmp_path)
    assert not (tmp_path / "out" / "vae-2").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--scheduler", "tcp://127.0.0.1:9"), "the scheduler at tcp://127.0.0.1:9 does not answer"),
        (("--scheduler", "nonsense://x"), "the scheduler at nonsense://x does not answer"),
        (("--scheduler", "tcp://127.0.0.1:9", "--workers", "2"), "give one of the two"),
        (("--workers", "0"), "--workers 0 will not do here: give 1 to "),
        (("--workers", "100000"), "--workers 100000 will not do here: give 1 to "),
        (("--threads", "100000"), "threads: 100000 will not do: input should be less than or equal to 1024"),
    ],
)
def test_workers_that_cannot_be_had_are_a_sentence(grey, tmp_path, capsys, monkeypatch, words, sentence):
    monkeypatch.setattr("reparam.cluster.connect.ANSWER", 1.0)
    code, _, told = said(capsys, "compare", "--data", grey, "--models", "vae-2", *words, "--out", tmp_path)
    assert code == 2
    assert sentence in told
    assert "Traceback" not in told


def test_without_dask_it_is_said_what_to_install(grey, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    code, _, told = said(capsys, "compare", "--data", grey, "--models", "vae-2", "--workers", 2, "--out", tmp_path)
    assert code == 2
    assert "several workers need Dask: install it with `pip install 'reparam[cluster]'`" in told


def test_a_job_keeps_its_memory_unless_the_user_says_otherwise():
    assert "MALLOC_TRIM_THRESHOLD_" not in environment_of({"MALLOC_TRIM_THRESHOLD_": "65536"}, 1)
    assert environment_of({"MALLOC_TRIM_THRESHOLD_": "1000"}, 1)["MALLOC_TRIM_THRESHOLD_"] == "1000"


def test_the_cores_of_a_machine_are_shared_out(tmp_path):
    looks = {"a": {"host": "one", "cores": 8}, "b": {"host": "two", "cores": 2}}
    assert _share(looks, {"a": {"nthreads": 2}, "b": {"nthreads": 1}}) == 2
    assert _share(looks, {"a": {"nthreads": 2}, "b": {"nthreads": 4}}) == 1


def test_the_table_shows_each_trial_at_work(whole):
    seen = []
    Watch(None, lambda *shown: seen.append(shown)).look({whole / "vae-2": "a", whole / "x[b]": "b"}, 3, 9)
    ((lines, ended, total),) = seen
    assert lines[0].step == lines[0].total > 0
    assert lines[0].reached.startswith("elbo -")
    assert lines[1] == Seen("x[b]", "b")
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(table(lines, ended, total))
    text = console.export_text()
    assert "3 of 9 trials ended, 2 at work" in text
    assert re.search(r"x\[b\] +│ b +│ starting", text)
