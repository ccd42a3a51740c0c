"""The bench is run by hand; what it asks of the library must be there."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from reparam.data import load_data
from reparam.kinds import suiting
from reparam.networks import ResidualDecoder, ResidualEncoder
from reparam.networks.players import conv_discriminator, conv_generator

ROOT = Path(__file__).parents[1]


@pytest.fixture
def conv_networks(monkeypatch):
    """The bench's own, which is no part of the package."""
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("bench.contenders.conv_networks")


def contender(name, *flags):
    command = [sys.executable, "-m", f"bench.contenders.{name}", *flags]
    told = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout.splitlines()[-1])


LITTLE = ("--epochs", "1", "--warmup", "0", "--batch", "4096", "--hidden", "40")


def test_it_compares_at_the_batch_that_a_training_has_by_default():
    assert contender("ours", "--describe")["batch"] == suiting.batch_size(len(load_data("mnist").train))


@pytest.mark.parametrize(("name", "more"), [("ours", ()), ("gan_ours", ("--shared-samples",))])
def test_what_it_times_of_ours_runs(name, more):
    assert len(contender(name, *LITTLE, "--threads", "1", *more)["epochs"]) == 1


def test_every_part_knows_its_flags(monkeypatch):
    """Both those of `make bench` and those of QUICK=1."""
    monkeypatch.syspath_prepend(str(ROOT))
    for part in importlib.import_module("bench.parts").PARTS.values():
        module = importlib.import_module("bench.run" if part.module == "bench" else part.module)
        for flags in (part.flags, part.quick):
            monkeypatch.setattr(sys, "argv", [part.module, *flags])
            module.options()


def test_it_says_from_which_step_on_compiling_has_paid(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    pays_from = importlib.import_module("bench.ratios").pays_from
    usual = {"a step, the first": 10.0, "a step": 4.0}
    assert pays_from(usual, {"a step, the first": 6010.0, "a step": 3.0}) == 6001
    assert pays_from(usual, {"a step, the first": 6010.0, "a step": 4.0}) is None


@pytest.mark.parametrize("flags", [(), ("--products", "onednn"), ("--precision", "bf16")])
def test_the_floor_runs_in_each_precision(flags):
    assert contender("floor", *LITTLE, *flags)["epochs"][0] > 0


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


@pytest.mark.parametrize("name", ["conv_ours", "conv_plain_loop"])
@pytest.mark.parametrize("model", ["gan", "vae"])
def test_what_it_times_of_convolutions_runs(name, model):
    more = ["--shared-samples"] if model == "gan" else ["--channels-last"]
    told = contender(name, "--model", model, "--batch", "4", "--seconds", "0.1", *more)
    assert told["steps"] >= 1
    assert told["images_per_second"] > 0


def test_what_a_step_goes_to_is_found_in_a_profile():
    told = contender("conv_ours", "--batch", "4", "--profile")["milliseconds"]
    assert told["convolutions"] > 0
    assert told["updates"] > 0
    assert told["everything else"] < 0.5 * sum(told.values())


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 64, 64)])
def test_the_networks_of_the_bench_are_ours(conv_networks, shape):
    """The same layers, and the same numbers with the same weights."""
    plain = {"generator": conv_networks.generator(shape), "discriminator": conv_networks.discriminator(shape)}
    vae = conv_networks.ResidualVAE(shape)
    ours = {
        "generator": conv_generator(conv_networks.LATENT, conv_networks.WIDTH, shape, 0.0, 1.0),
        "discriminator": conv_discriminator(shape, conv_networks.WIDTH),
        "encoder": ResidualEncoder(shape, 2 * conv_networks.CODE),
        "decoder": ResidualDecoder(conv_networks.CODE, shape),
    }
    x = {"generator": torch.randn(3, conv_networks.LATENT), "decoder": torch.randn(3, conv_networks.CODE)}
    for name, network in {**plain, "encoder": vae.encoder, "decoder": vae.decoder}.items():
        weights = ours[name].state_dict()
        # the range of the data is ours alone
        theirs = [value for key, value in weights.items() if not key.endswith((".low", ".high"))]
        for there, value in zip(network.state_dict().values(), theirs, strict=True):
            there.copy_(value)
        given = x.get(name, torch.rand(3, *shape))
        torch.testing.assert_close(network.eval()(given), ours[name].eval()(given))
