"""Every part of a VAE, and AVB, from the command line: trained, drawn, evaluated, stopped and gone on with."""

import json
import os
import signal

import numpy as np
import pytest
from safetensors.numpy import load_file

import reparam
from helpers import said, small
from reparam.cli.main import main
from reparam.randomness import noise
from reparam.training.loop import Loop
from reparam.training.validation import average

FLOWS = ["--flow-hidden", "8", "--transforms", "1"]
PARTS = {
    "full": ["vae", "--posterior", "full"],
    "iaf and flow": ["vae", "--posterior", "iaf", "--prior", "flow", *FLOWS],
    "spline and spline": ["vae", "--posterior", "spline", "--prior", "spline", *FLOWS],
    "mixture": ["vae", "--prior", "mixture", "--components", "4"],
    "vamp": ["vae", "--prior", "vamp", "--components", "4"],
    "iwae": ["vae", "--objective", "iwae", "--importance-samples", "3"],
    "dreg": ["vae", "--objective", "dreg", "--importance-samples", "3", "--posterior", "full"],
    "hierarchical": ["vae", "--posterior", "hierarchical", "--prior", "hierarchical", "--layer-hidden", "8"],
    "hierarchical dreg": ["vae", "--posterior", "hierarchical", "--objective", "dreg", "--importance-samples", "3"],
    "free bits": ["vae", "--free-bits", "0.2", "--kl-warmup", "1"],
    "avb": ["avb", "--context", "8", "--posterior-hidden", "8", "--discriminator-hidden", "8"],
    "adaptive contrast": ["avb", "--adaptive-contrast", "--context", "8", "--posterior-hidden", "8"],
}
LIKELIHOODS = ("continuous-bernoulli", "discretized-logistic", "categorical", "normal")


@pytest.mark.parametrize("name", PARTS)
def test_each_part_trains_draws_and_is_evaluated(capsys, images, tmp_path, name):
    kind, *flags = PARTS[name]
    folder = tmp_path / "run"
    assert said(capsys, "train", kind, *small(images), *flags, "--out", folder)[0] == 0
    for command in ("sample", "manifold", "latents", "reconstruct", "interpolate", "curves"):
        code, out, err = said(capsys, command, folder, "--json")
        assert code == 0, err
        with np.load(json.loads(out)["numbers"], allow_pickle=False) as numbers:
            assert all(np.isfinite(numbers[key]).all() for key in numbers.files if numbers[key].dtype.kind == "f")
    proposal = ["--proposal", "annealed", "--steps", "5"] if kind == "avb" else []
    code, out, _ = said(capsys, "evaluate", folder, "--likelihood", "--images", 10, "--samples", 4, *proposal, "--json")
    assert code == 0
    assert json.loads(out)["log_likelihood"][str(folder)]["mean"] < 0


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_each_likelihood_trains_on_grey_images(capsys, tmp_path, likelihood):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 256, (200, 8, 9), dtype=np.uint8))
    flags = ["--likelihood", likelihood, "--out", tmp_path / "run"]
    assert said(capsys, "train", "vae", *small(tmp_path / "x.npy"), *flags)[0] == 0
    code, out, _ = said(capsys, "evaluate", tmp_path / "run", "--likelihood", "--samples", 10, "--json")
    result = json.loads(out)["log_likelihood"][str(tmp_path / "run")]
    assert code == 0
    assert (result["bits_per_dimension"] is not None) == (likelihood in ("discretized-logistic", "categorical"))
    if result["bits_per_dimension"] is not None:  # uniform noise has 8 bits and no model has fewer on average
        assert 7.9 < result["bits_per_dimension"] < 12


@pytest.mark.parametrize("shape", [(200, 8, 9), (200, 5)])
@pytest.mark.parametrize("flags", [["--prior", "standard"], ["--prior", "vamp", "--components", "4"]])
def test_a_run_on_values_in_other_units_is_loaded_as_it_was(capsys, tmp_path, shape, flags):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(3, 2, shape).astype(np.float32))
    train = ["train", "vae", *small(tmp_path / "x.npy"), *flags]
    code, out, _ = said(capsys, *train, "--out", tmp_path / "run", "--json")
    assert code == 0
    run = reparam.load(tmp_path / "run")
    loaded = average(run.model, run.data.test, run.data, 0)
    assert loaded["elbo"] == pytest.approx(json.loads(out)["test"]["elbo"])
    if "vamp" in flags and len(shape) == 3:
        assert (run.model.prior_module.low.item(), run.model.prior_module.high.item()) == pytest.approx(run.data.range)


def test_a_game_on_points_is_loaded_as_it_was(capsys, tmp_path):
    flags = ["--generator-hidden", "8", "--discriminator-hidden", "8", "--steps", "8", "--batch-size", "16"]
    assert said(capsys, "train", "gan", "--data", "grid", *flags, "--out", tmp_path / "run")[0] == 0
    run = reparam.load(tmp_path / "run")
    with np.load(tmp_path / "run" / "figures" / "samples-step-0000008.npz") as kept, noise(0, "snapshot"):
        np.testing.assert_array_equal(run.model.sample(1000).numpy(), kept["x"])


@pytest.mark.parametrize("name", ["vamp", "iaf and flow", "hierarchical", "dreg", "adaptive contrast"])
def test_a_stopped_run_goes_on_bit_for_bit(capsys, images, tmp_path, monkeypatch, name):
    kind, *flags = PARTS[name]
    train = ["train", kind, *small(images), *flags]
    assert said(capsys, *train, "--out", tmp_path / "whole")[0] == 0
    play = Loop.play

    def interrupted(self, step):
        if step == 11:
            os.kill(os.getpid(), signal.SIGINT)
        play(self, step)

    monkeypatch.setattr(Loop, "play", interrupted)
    assert main([str(word) for word in [*train, "--out", tmp_path / "stopped"]]) == 130
    monkeypatch.undo()
    assert said(capsys, "train", "--resume", tmp_path / "stopped")[0] == 0
    rows = [(tmp_path / run / "metrics.jsonl").read_text() for run in ("whole", "stopped")]
    assert rows[0] == rows[1]
    first, second = (load_file(tmp_path / run / "checkpoints" / "last.safetensors") for run in ("whole", "stopped"))
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[key], second[key]) for key in first)


def test_parts_that_do_not_go_together_are_refused_in_words(capsys, images, tmp_path):
    for flags, words in (
        (["--posterior", "full", "--prior", "vamp"], "posterior"),
        (["--posterior", "iaf", "--objective", "dreg"], "normal posterior"),
        (["--posterior", "full", "--free-bits", "1"], "diagonal normal"),
        (["--prior", "mixture", "--kl", "analytic"], "use --kl sampled"),
        (["--objective", "iwae", "--kl-warmup", "2"], "--kl-warmup 2.0 has no effect"),
    ):
        code, _, err = said(capsys, "train", "vae", *small(images), *flags, "--out", tmp_path / "run")
        assert code == 2
        assert words in err
        assert not (tmp_path / "run").exists()
