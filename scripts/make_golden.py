"""Makes small run folders of every kind, to be kept: runs of earlier versions must load for ever.

    .venv/bin/python scripts/make_golden.py tests/golden/schema-N

What the runs sampled and reached when they were made stands beside them (``expected.npz``), with the processor's
instruction set (``made.json``), since sums differ in their last bits between sets. Made once per schema; never anew.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

import reparam
from reparam.cli.main import main

TINY = ["--hidden", "8", "--latent-dim", "2"]
PLAYERS = ["--generator-hidden", "8", "8", "--discriminator-hidden", "8", "--latent-dim", "3"]
SHORT = ["--epochs", "2", "--batch-size", "16", "--device", "cpu", "--precision", "fp32"]
IMAGES, COLOURS, TABLE = ["--data", "images.npz"], ["--data", "colours.npz"], ["--data", "table.csv"]
RING = ["--data", "two-gaussians", "--steps", "12", "--batch-size", "16", "--device", "cpu", "--precision", "fp32"]

RUNS: dict[str, list[str]] = {
    "autoencoder": ["autoencoder", *TINY, *IMAGES, *SHORT],
    "autoencoder-conv": ["autoencoder", "--network", "conv", "--width", "2", "--latent-dim", "2", *COLOURS, *SHORT],
    "vae": ["vae", *TINY, *IMAGES, *SHORT],
    "vae-table": ["vae", *TINY, *TABLE, *SHORT],
    "vae-scale": ["vae", *TINY, *TABLE, "--scale", "0.5", *SHORT],
    "vae-points": ["vae", *TINY, *RING],
    "vae-conv": ["vae", "--network", "conv", "--width", "2", "--latent-dim", "3", *COLOURS, *SHORT],
    "vae-residual": ["vae", "--network", "residual", "--width", "2", "--latent-dim", "3", *IMAGES, *SHORT],
    "vae-full": ["vae", *TINY, "--posterior", "full", *IMAGES, *SHORT],
    "vae-iaf": ["vae", *TINY, "--posterior", "iaf", "--transforms", "1", "--flow-hidden", "8", *IMAGES, *SHORT],
    "vae-spline": ["vae", *TINY, "--posterior", "spline", "--prior", "spline", "--transforms", "1", "--flow-hidden",
                   "8", *IMAGES, *SHORT],
    "vae-flow": ["vae", *TINY, "--prior", "flow", "--transforms", "1", "--flow-hidden", "8", *IMAGES, *SHORT],
    "vae-mixture": ["vae", *TINY, "--prior", "mixture", "--components", "3", *IMAGES, *SHORT],
    "vae-vamp": ["vae", *TINY, "--prior", "vamp", "--components", "3", *TABLE, *SHORT],
    "vae-iwae": ["vae", *TINY, "--objective", "iwae", "--importance-samples", "3", *IMAGES, *SHORT],
    "vae-dreg": ["vae", *TINY, "--objective", "dreg", "--importance-samples", "3", *IMAGES, *SHORT],
    "vae-free-bits": ["vae", *TINY, "--free-bits", "0.1", "--kl-warmup", "1", "--kl", "sampled", "--samples", "2",
                      "--free-bits", "0.05", *IMAGES, *SHORT],
    "vae-categorical": ["vae", *TINY, "--likelihood", "categorical", "--levels", "4", *IMAGES, *SHORT],
    "vae-logistic": ["vae", *TINY, "--likelihood", "discretized-logistic", *COLOURS, *SHORT],
    "vae-continuous": ["vae", *TINY, "--likelihood", "continuous-bernoulli", *IMAGES, *SHORT],
    "avb": ["avb", *TINY, "--noise-dim", "2", "--context", "4", "--posterior-hidden", "6", "--discriminator-hidden",
            "6", *IMAGES, *SHORT],
    "avb-adaptive": ["avb", *TINY, "--noise-dim", "2", "--context", "4", "--posterior-hidden", "6",
                     "--discriminator-hidden", "6", "--adaptive-contrast", *TABLE, *SHORT],
    "gan-points": ["gan", *RING],
    "gan-points-plain": ["gan", *PLAYERS, "--loss", "non-saturating", *RING],
    "gan-table": ["gan", "--generator-hidden", "8", "8", "--discriminator-hidden", "8", *TABLE, *SHORT],
    "gan-images": ["gan", *PLAYERS, *IMAGES, *SHORT],
    "gan-conv": ["gan", "--network", "conv", "--width", "2", "--latent-dim", "3", *COLOURS, *SHORT],
    "gan-conditional": ["gan", *PLAYERS, "--conditional", "--candidates", "2", *IMAGES, *SHORT],
    "gan-remedies": ["gan", *PLAYERS, "--loss", "minimax", "--instance-noise", "0.1", "--label-smoothing", "0.1",
                     "--unroll", "1", "--average", "0", *IMAGES, *SHORT],
    "gan-hinge": ["gan", *PLAYERS, "--loss", "hinge", "--spectral-norm", "--gradient-penalty", "1", *IMAGES, *SHORT],
    "gan-squares": ["gan", *PLAYERS, "--loss", "least-squares", "--r1", "0.5", *TABLE, *SHORT],
    "wgan": ["wgan", *PLAYERS, *IMAGES, *SHORT],
    "wgan-points": ["wgan", *PLAYERS, *RING],
    "wgan-penalty": ["wgan", "--network", "conv", "--width", "2", "--latent-dim", "3", "--gradient-penalty", "10",
                     *COLOURS, *SHORT],
    "wgan-spectral": ["wgan", *PLAYERS, "--spectral-norm", "--conditional", *IMAGES, *SHORT],
}  # fmt: skip


INTERRUPTED = {
    "vae-interrupted": ["vae", *TINY, *IMAGES, *SHORT, "--epochs", "300"],
    "gan-interrupted": ["gan", *PLAYERS, *TABLE, *SHORT, "--epochs", "300"],
}
"""Stopped on the way; what they came to when nobody stopped them is expected of them when they go on."""


def make_data(folder: Path) -> None:
    """Sixty grey images of 8 by 8 in two classes, as many colour images, and a table."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:8, :8]
    spot = np.exp(-((y - rng.uniform(1, 7, (60, 1, 1))) ** 2 + (x - rng.uniform(1, 7, (60, 1, 1))) ** 2) / 4)
    labels = np.arange(60) % 2
    np.savez_compressed(folder / "images.npz", x=(255 * spot).astype(np.uint8), y=labels)
    colour = spot[..., None] * rng.uniform(0.3, 1, (60, 1, 1, 3))
    np.savez_compressed(folder / "colours.npz", x=(255 * colour).astype(np.uint8), y=labels)
    rows = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 3)) * [1, 10, 0.1] + [0, 5, 2]
    np.savetxt(folder / "table.csv", rows, delimiter=",", header="a,b,c", comments="", fmt="%.6f")


def numbers(run: "reparam.Run") -> dict[str, np.ndarray]:
    """What a run samples, and the last rows of its log."""
    drawn = reparam.sample(run, 5, seed=1)
    return {"x": drawn.x, "mean": drawn.mean, "test": np.array(list(run.test.values()))}


def interrupt(name: str, words: list[str]) -> dict[str, np.ndarray]:
    """Leaves a run stopped by SIGINT; returns the numbers of the same run left alone."""
    command = [sys.executable, "-m", "reparam", "train", *words, "--quiet"]
    process = subprocess.Popen([*command, "--out", name], stderr=subprocess.DEVNULL)
    while not Path(name, "checkpoints", "last.safetensors").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130, f"{name} ended before it could be stopped"
    with contextlib.redirect_stdout(sys.stderr):
        assert main(["train", *words, "--out", "whole", "--quiet"]) == 0
    found = numbers(reparam.load("whole"))
    shutil.rmtree("whole")
    return found


def composed() -> reparam.VAE:
    """A model that Python code composes of our parts."""
    from reparam.models import ELBO, DiagonalNormal, NormalLikelihood, StandardNormal
    from reparam.networks import MLP

    parts = {"posterior": DiagonalNormal(2), "likelihood": NormalLikelihood((3,)), "objective": ELBO(kl_weight=0.5)}
    return reparam.VAE(MLP(3, [5], 4), MLP(2, [5], 3), StandardNormal(2), **parts)


def make(out: Path) -> None:
    """All runs, and what they gave."""
    out.mkdir(parents=True)
    os.chdir(out)
    make_data(Path())
    expected = {}
    for name, words in RUNS.items():
        with contextlib.redirect_stdout(sys.stderr):
            assert main(["train", *words, "--out", name, "--quiet"]) == 0, name
        expected |= {f"{name}/{key}": value for key, value in numbers(reparam.load(name)).items()}
    for name, words in INTERRUPTED.items():
        expected |= {f"{name}/{key}": value for key, value in interrupt(name, words).items()}
    torch.manual_seed(0)
    data = reparam.load_data("table.csv")
    run = reparam.fit(composed(), data, "composed", epochs=2, batch_size=16, device="cpu", precision="fp32")
    expected |= {f"composed/{key}": value for key, value in numbers(run).items()}
    for name in [*RUNS, *INTERRUPTED, "composed"]:
        record = Path(name, "config.json")  # where they were made is nobody's business
        record.write_text(record.read_text().replace(str(Path.cwd()), "/golden"))
        Path(name, ".lock").unlink(missing_ok=True)
        for figure in Path(name, "figures").glob("*"):
            figure.unlink()
    np.savez_compressed("expected.npz", **expected)
    made = {"capability": torch.backends.cpu.get_cpu_capability(), "torch": torch.__version__,
            "reparam": reparam.__version__, "threads": torch.get_num_threads()}  # fmt: skip
    Path("made.json").write_text(json.dumps(made, indent=2) + "\n")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
