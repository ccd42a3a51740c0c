"""Two hosts: network namespaces joined by a bridge, each with a process; the link of one is cut while they train."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from host_helpers import ADDRESSES, cut, two_hosts
from reparam.runs.checkpoint import read_notes
from reparam.runs.folder import RunFolder

SCRIPT = Path(__file__).with_name("sharded_runs.py")
MODEL = "vae-conv-normal-1x8x8-latent4"


@pytest.fixture
def hosts():
    """The names of two."""
    with two_hosts() as names:
        yield names


def begin(hosts, *given):
    """A process on each host."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "eth0", "REPARAM_PATIENCE": "8"}
    return [
        subprocess.Popen(
            ["ip", "netns", "exec", host, sys.executable, "-m", "torch.distributed.run", "--nnodes", "2",
             "--node-rank", str(rank), "--master-addr", ADDRESSES[0], "--master-port", "29417",
             str(SCRIPT), *map(str, given)],
            env=environment, stderr=subprocess.PIPE, text=True,
        )
        for rank, host in enumerate(hosts)
    ]  # fmt: skip


def alone(*given):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run([sys.executable, str(SCRIPT), *map(str, given)], env=environment, check=True, timeout=120)


def test_a_host_that_is_cut_off_ends_the_training_and_the_other_goes_on_alone(tmp_path, hosts):
    whole, lone = tmp_path / "whole", tmp_path / "cut"
    alone("folder", whole, 60, MODEL)
    processes = begin(hosts, "folder", lone, 60, MODEL, "slow", 0, 0)
    rows = lone / "metrics.jsonl"
    end = time.monotonic() + 60
    while not (rows.exists() and rows.read_text().count("train") >= 4):
        assert time.monotonic() < end, processes[0].stderr.read()
        time.sleep(0.1)
    cut(hosts[1])
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode != 0
        assert "another process of this training has ended or cannot be reached" in errors
    assert 0 < read_notes(RunFolder(lone).last)["step"] < 60
    alone("folder", lone, 60, MODEL)
    for name in ("metrics.jsonl", "checkpoints/last.safetensors", "checkpoints/best.safetensors"):
        assert (whole / name).read_bytes() == (lone / name).read_bytes()


def test_a_host_that_lacks_the_data_ends_the_other_at_once(tmp_path, hosts):
    """Long before the patience with one of which nothing is heard is out, and with the reason."""
    (tmp_path / "own.py").write_text(
        "import socket\nfrom reparam.errors import UserError\n"
        "def build(data):\n"
        "    if socket.gethostname() == 'host-b':\n"
        "        raise UserError('there are no such data')\n"
        "    from reparam.models import Autoencoder, NormalLikelihood\n"
        "    from reparam.networks import MLP\n"
        "    likelihood = NormalLikelihood(data.data_shape)\n"
        "    return Autoencoder(MLP(2, [4], 1), MLP(1, [4], 2), 1, likelihood=likelihood)\n"
    )
    asked = ["own.py:build", "--data", "two-gaussians", "--steps", "9", "--batch-size", "64", "--shards", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "eth0"}
    processes = []
    for rank, host in enumerate(hosts):
        named = ["unshare", "--uts", "sh", "-c", f'hostname host-{"ab"[rank]}; exec "$@"', "sh"]
        where = ["--node-rank", rank, "--master-addr", ADDRESSES[0], "--master-port", 29418]
        run = [sys.executable, "-m", "torch.distributed.run", "--nnodes", 2, *where, "-m", "reparam", "train", *asked]
        command = ["ip", "netns", "exec", host, *named, *run, "--out", "run"]
        how = {"env": environment, "cwd": tmp_path, "stderr": subprocess.PIPE, "text": True}
        processes.append(subprocess.Popen(list(map(str, command)), **how))
    first, second = (process.communicate(timeout=120)[1] for process in processes)
    assert all(process.returncode for process in processes)
    assert second.count("reparam: there are no such data") == 1
    assert first.count("reparam: process 1 on host-b has failed (there are no such data): nothing was saved") == 1
