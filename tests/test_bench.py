"""The bench is run by hand; what it asks of the library must be there."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reparam.data import load_data
from reparam.kinds import suiting

ROOT = Path(__file__).parents[1]


def contender(name, *flags):
    command = [sys.executable, "-m", f"bench.contenders.{name}", *flags]
    told = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout.splitlines()[-1])


def test_it_compares_at_the_batch_that_a_training_has_by_default():
    assert contender("ours", "--describe")["batch"] == suiting.batch_size(len(load_data("mnist").train))


@pytest.mark.parametrize("name", ["ours", "gan_ours"])
def test_what_it_times_of_ours_runs(name):
    told = contender(name, "--epochs", "1", "--warmup", "0", "--batch", "4096", "--threads", "1")
    assert len(told["epochs"]) == 1


@pytest.mark.parametrize("flags", [(), ("--products", "onednn"), ("--precision", "bf16")])
def test_the_floor_runs_in_each_precision(flags):
    assert contender("floor", "--epochs", "1", "--warmup", "0", "--batch", "4096", *flags)["epochs"][0] > 0


def test_the_time_of_a_step_is_told_in_parts():
    told = contender("profile", "--batch", "64", "--threads", "1", "--precision", "fp32")["milliseconds"]
    assert 0 < told["products"] < told["a step under the profiler"]
    parts = {name: value for name, value in told.items() if not name.startswith("a step")}
    assert sum(parts.values()) == pytest.approx(told["a step under the profiler"], rel=0.2)
    assert {"optimizer", "between operations", "other operations"} <= parts.keys()


def test_every_ratio_is_of_contenders_that_there_are():
    code = (
        "import json; from bench.plan import CONTENDERS, jobs; from bench.ratios import epoch_ratios; "
        "epochs = {job.key: [2.0] for job in jobs(list(CONTENDERS), 256)}; "
        "print(json.dumps({ratio.label: ratio.value for ratio in epoch_ratios(epochs, 256)}))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    compared = json.loads(told.stdout)
    assert set(compared.values()) == {1.0}
    assert "(c) jax lax.scan epoch at 256 / reparam, fuse=yes at 256" in compared


def test_what_measures_samples_of_ours_runs():
    told = contender("measures_ours", "--number", "400", "--width", "16")
    assert set(told["seconds"]) == {"frechet", "kernel", "precision"}


@pytest.mark.parametrize("by", ["reparam", "plain"])
@pytest.mark.parametrize(("model", "precision"), [("vae", "fp32"), ("game", "bf16")])
def test_what_it_times_on_a_gpu_runs_without_one(model, precision, by):
    flags = ["--model", model, "--precision", precision, "--by", by]
    told = contender("on_device", *flags, "--device", "cpu", "--images", "96", "--batch", "48", "--epochs", "1")
    assert len(told["epochs"]) == 1
