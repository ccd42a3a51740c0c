"""A disk that is really full, and one that really is read-only: mounts of our own, which no right passes over."""

import json
import shutil
import subprocess
import sys

import pytest

UNSHARE = ["unshare", "--map-root-user", "--mount"]
SCRIPT = """
import json, subprocess, sys
from contextlib import redirect_stderr
from io import StringIO
from reparam.cli.main import main

def mount(*how): subprocess.run(["mount", *how, "disk"], check=True)
def call(*words):
    with redirect_stderr(StringIO()) as err:
        return main([*words]), err.getvalue()

train = ["train", "vae", "--data", "two-gaussians", "--hidden", "300", "300", "--steps", "4", "--quiet", "--out"]
told = {}
mount("-t", "tmpfs", "-o", "size=3m", "none")
told["full"] = call(*train, "disk/run")
mount("-o", "remount,size=64m")
told["room"] = call("train", "--resume", "disk/run", "--quiet")
told["whole"] = call(*train, "whole")
told["same"] = [open(f"{run}/metrics.jsonl").read() for run in ("disk/run", "whole")]
mount("-o", "remount,ro")
for name, *words in (
    ("sample", "sample", "disk/run", "--out", "disk/x.npz"),
    ("train", *train, "disk/other"),
    ("resume", "train", "--resume", "disk/run", "--quiet"),  # which is finished
    ("mend", "doctor", "disk/run", "--mend"),
    ("report", "report", "disk/run", "--count", "60", "--images", "5", "--out", "disk/r.html"),
    ("info", "info", "disk/run"),
    ("elsewhere", "sample", "disk/run", "--out", "x.npz"),
):
    told[name] = call(*words)
sys.__stdout__.write("\\n" + json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What each call said: its exit code, and its words on standard error."""
    place = tmp_path_factory.mktemp("mounted")
    (place / "disk").mkdir()
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare here, which lets anybody mount")
    mounts = [*UNSHARE, "mount", "-t", "tmpfs", "none", str(place / "disk")]
    if (tried := subprocess.run(mounts, capture_output=True, text=True)).returncode:
        pytest.skip(f"nothing can be mounted here: {tried.stderr.strip()}")
    words = [*UNSHARE, sys.executable, "-c", SCRIPT]
    done = subprocess.run(words, cwd=place, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_full_disk_is_told_and_with_room_the_run_goes_on(told):
    code, said = told["full"]
    assert (code, said.count("reparam: "), "No space left on device" in said) == (2, 1, True), said
    assert told["room"][0] == told["whole"][0] == 0
    assert told["same"][0] == told["same"][1]


@pytest.mark.parametrize("what", ["sample", "train", "mend", "report"])
def test_what_would_write_to_a_read_only_disk_is_refused_in_a_sentence(told, what):
    code, said = told[what]
    assert (code, said.count("reparam: "), "Read-only file system" in said) == (2, 1, True), said


def test_what_only_reads_from_it_is_done(told):
    assert [told[what][0] for what in ("info", "elsewhere", "resume")] == [0, 0, 0]
