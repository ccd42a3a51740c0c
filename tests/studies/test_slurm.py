"""Workers that are jobs of Slurm's: dask-jobqueue submits them to a stand-in of sbatch, which runs them here."""

import os
import time
from pathlib import Path

import pytest

import reparam
from helpers import said
from reparam.cluster import opened
from reparam.cluster.slurm import checked
from reparam.errors import UserError

pytestmark = pytest.mark.slow
MODELS = ("autoencoder-2", "vae-2")
SIZES = ("--epochs", 1, "--count", 60, "--images", 5, "--threads", 1)
FILES = ("config.json", "metrics.jsonl", "checkpoints/last.safetensors")
SBATCH = """#!/usr/bin/env bash
[ "$1" = --test-only ] && only=1 && shift
grep -q "SBATCH -p none" "$1" && { echo "sbatch: error: invalid partition specified: none" >&2; exit 1; }
[ "$only" ] && exit 0
cp "$1" "$HERE/job-$$"
setsid bash "$HERE/job-$$" >/dev/null 2>&1 </dev/null &
echo "Submitted batch job $!"
"""
SCANCEL = """#!/usr/bin/env bash
for job in "$@"; do kill -- "-$job" 2>/dev/null; echo "$job" >> "$HERE/cancelled"; done; true
"""


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """A folder with Slurm's two commands, which run and end jobs on this machine."""
    here = tmp_path / "slurm"
    here.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (here / name).write_text(text)
        (here / name).chmod(0o755)
    monkeypatch.setenv("HERE", str(here))
    monkeypatch.setenv("PATH", f"{here}{os.pathsep}{os.environ['PATH']}")
    return here


def jobs(here):
    return [path.read_text() for path in here.glob("job-*")]


def workers_of(here):
    """The processes of workers that were started by the jobs of a folder."""
    lines = [line for text in jobs(here) for line in text.splitlines() if "dask_worker" in line]
    names = {line.split()[3] for line in lines}
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if any(name.encode() in words for name in names):
            found.append(path.parent.name)
    return found


def test_runs_as_jobs_of_slurm_are_the_same_bytes(slurm, tmp_path, capsys):
    asked = ("--slurm", "partition=main", "time=1:00:00", "cpus-per-task=1", "mem=4G", "gres=gpu:1", "exclusive")
    one, many = tmp_path / "one", tmp_path / "many"
    for out, how in ((one, ()), (many, ("--workers", 2, *asked))):
        code, _, err = said(capsys, "compare", "--models", *MODELS, *SIZES, "--out", out, *how)
        assert code == 0, err
    for name in (f"{model}/{file}" for model in MODELS for file in FILES):
        (a,) = one.glob(name) if (one / name).exists() else one.glob(f"*{name}")
        (b,) = many.glob(name) if (many / name).exists() else many.glob(f"*{name}")
        assert a.read_bytes() == b.read_bytes()
    told = jobs(slurm)
    lines = ("-p main", "-t 1:00:00", "--cpus-per-task=1", "--mem=4G", "--gres=gpu:1", "--exclusive", "-n 1")
    assert len(told) == 2
    assert all(f"#SBATCH {line}\n" in text for text in told for line in lines)
    assert not list((many / "slurm").glob(".key*"))  # the key is gone
    end = time.monotonic() + 30
    while workers_of(slurm):
        assert time.monotonic() < end
        time.sleep(0.1)


def test_what_slurm_refuses_is_told(slurm, tmp_path, capsys):
    code, _, err = said(
        capsys, "compare", "--models", "vae-2", *SIZES, "--out", tmp_path / "study", "--slurm", "partition=none"
    )
    assert code == 2
    assert err.endswith(
        "Slurm takes no such job (sbatch: error: invalid partition specified: none): change what --slurm asks for\n"
    )
    assert not jobs(slurm)


@pytest.mark.parametrize(
    "asked", [{"partition": "a b"}, {"partition": "x\n#SBATCH -A root"}, {"-p": "x"}, {"cpus-per-task": "many"}]
)
def test_an_option_is_a_word(asked):
    with pytest.raises(UserError, match="is no option of sbatch's"):
        checked(asked)


def test_without_slurm_it_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="there is no sbatch here"), opened(2, slurm={}, shared=tmp_path):
        pass


def test_jobs_have_a_scheduler_of_their_own(tmp_path):
    with pytest.raises(UserError, match="give one of them"):
        reparam.compare(["vae-2"], "mnist", epochs=1, out=tmp_path / "x", scheduler="tcp://127.0.0.1:1", slurm={})
