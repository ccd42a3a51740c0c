"""A scheduler and workers on two hosts; one is lost while it trains, and the other goes on to the same bytes."""

import os
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from host_helpers import ADDRESSES, cut, two_hosts
from reparam.runs.folder import RunFolder
from reparam.runs.sealed import read_sealed
from reparam.settings import DataConfig
from reparam.studies import Protocol, settle
from reparam.studies.trials import Shown, trials

pytestmark = pytest.mark.slow
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1", "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "11s"}
EPOCHS = 60
PORT = 8786


@pytest.fixture
def hosts():
    """The names of two."""
    with two_hosts() as names:
        yield names


@pytest.fixture
def on(hosts):
    """Begins a Python of a host, under a name of that host's own; all end with the test."""
    processes = []

    def begin(number, *words, **how):
        named = f'hostname host-{"ab"[number]}; exec "$@"'
        python = ["unshare", "--uts", "sh", "-c", named, "sh", sys.executable, "-m", *map(str, words)]
        command = ["ip", "netns", "exec", hosts[number], *python]
        processes.append(subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True, **how))
        return processes[-1]

    yield begin
    for process in processes:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def rows_of(folder):
    place = RunFolder(folder)
    return place.log().rows if place.metrics.exists() else []


def wait(true, seconds=180.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_a_trial_of_a_host_that_is_lost_goes_on_on_another(grey, tmp_path, hosts, on):
    scheduler = f"tcp://{ADDRESSES[0]}:{PORT}"

    def worker(number):
        options = ("--nthreads", 1, "--no-nanny", "--no-dashboard", "--memory-limit", 0, "--local-directory", tmp_path)
        return on(number, "distributed.cli.dask_worker", scheduler, "--host", ADDRESSES[number], *options)

    on(0, "distributed.cli.dask_scheduler", "--host", ADDRESSES[0], "--port", PORT, "--no-dashboard")
    second = worker(1)
    out, options = tmp_path / "study", ("--count", 100, "--images", 10, "--threads", 1, "--scheduler", scheduler)
    asked = ("--data", grey, "--models", "vae-2", "--epochs", EPOCHS, *options, "--out", out)
    time.sleep(2)
    command = on(0, "reparam", "compare", *asked, stdout=subprocess.PIPE)
    wait(lambda: len(rows_of(out / "vae-2")) > 6 or command.poll())
    worker(0)
    cut(hosts[1])
    second.kill()  # and what it has to say of that reaches nobody
    _, told = command.communicate(timeout=300)
    assert command.returncode == 0, told
    assert "vae-2: on host-b" in told
    assert "vae-2: finished on host-a (1 of 1)" in told
    assert read_sealed(out / "machines.json") == {"vae-2": ["host-b", "host-a"]}
    alone = tmp_path / "alone"
    protocol = settle(Protocol(data=DataConfig(data=str(grey)), seconds=None, epochs=EPOCHS, threads=1), alone)
    assert [trial.outcome for trial in trials(["vae-2"], protocol, 1, alone, print, Shown())] == ["finished"]
    for name in ("config.json", "metrics.jsonl", "checkpoints/last.safetensors"):
        assert (out / "vae-2" / name).read_bytes() == (alone / "vae-2" / name).read_bytes()
