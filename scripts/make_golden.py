"""Makes small run folders of every kind, to be kept: runs of earlier versions must load for ever.

    .venv/bin/python scripts/make_golden.py tests/golden/schema-N              # all of them
    .venv/bin/python scripts/make_golden.py tests/golden/schema-N vae-people   # some, added to those that are there

What the runs sampled and reached when they were made stands beside them (``expected.npz``), with the processor's make
and instructions (``made.json``), since sums differ in their last bits between them. Made once per schema; never anew.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import reparam
from reparam.cli.main import main
from reparam.hardware import vendor

TINY = ["--hidden", "8", "--latent-dim", "2"]
PLAYERS = ["--generator-hidden", "8", "8", "--discriminator-hidden", "8", "--latent-dim", "3"]
SHORT = ["--epochs", "2", "--batch-size", "16", "--device", "cpu", "--precision", "fp32"]
IMAGES, COLOURS, TABLE = ["--data", "images.npz"], ["--data", "colours.npz"], ["--data", "table.csv"]
PEOPLE = [
    "--data",
    "people.csv",
    "--labels",
    "ill",
    "--columns",
    "income=log",
    "--drop",
    "height",
    "--split-by",
    "stratified",
]
SPOTS = ["--data", "spots.zip", "--image-mode", "grey", "--image-size", "6", "--fit", "pad", "--background", "black"]
SCANS = ["--data", "scans.npy", "--as", "images", "--value-range", "0", "4095"]
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
    "vae-people": ["vae", *TINY, *PEOPLE, *SHORT],
    "vae-people-cut": ["vae", *TINY, *PEOPLE, *SHORT],  # since what lies beyond an end may be cut off
    "gan-people": ["gan", "--generator-hidden", "8", "8", "--discriminator-hidden", "8", "--conditional",
                   "--fourier-features", "0", *PEOPLE, *SHORT],
    "vae-spots": ["vae", "--hidden", "4", "--latent-dim", "2", *SPOTS, *SHORT],
    "vae-hierarchical": ["vae", *TINY, "--posterior", "hierarchical", "--prior", "hierarchical", "--layers", "2",
                         "--layer-hidden", "4", *IMAGES, *SHORT],
    "vae-scans": ["vae", "--hidden", "4", "--latent-dim", "2", *SCANS, *SHORT],
}  # fmt: skip


INTERRUPTED = {
    "vae-interrupted": ["vae", *TINY, *IMAGES, *SHORT, "--epochs", "300"],
    "gan-interrupted": ["gan", *PLAYERS, *TABLE, *SHORT, "--epochs", "300"],
    "people-interrupted": ["vae", *TINY, *PEOPLE, *SHORT, "--epochs", "60"],
}
"""Stopped on the way; what they came to when nobody stopped them is expected of them when they go on."""


def make_data(folder: Path) -> None:
    """Sixty grey images of 8 by 8 in two classes, as many colour images, scans and pictures, and tables."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:8, :8]
    spot = np.exp(-((y - rng.uniform(1, 7, (60, 1, 1))) ** 2 + (x - rng.uniform(1, 7, (60, 1, 1))) ** 2) / 4)
    labels = np.arange(60) % 2
    np.savez_compressed(folder / "images.npz", x=(255 * spot).astype(np.uint8), y=labels)
    colour = spot[..., None] * rng.uniform(0.3, 1, (60, 1, 1, 3))
    np.savez_compressed(folder / "colours.npz", x=(255 * colour).astype(np.uint8), y=labels)
    rows = rng.normal(size=(60, 3)) @ rng.normal(size=(3, 3)) * [1, 10, 0.1] + [0, 5, 2]
    np.savetxt(folder / "table.csv", rows, delimiter=",", header="a,b,c", comments="", fmt="%.6f")
    np.save(folder / "scans.npy", (4095 * spot).astype(np.uint16))
    make_pictures(folder / "spots.zip", (255 * colour).astype(np.uint8))
    make_people(folder / "people.csv")


def make_pictures(path: Path, colours: np.ndarray) -> None:
    """An archive of pictures, the corners of which are transparent, in folders that are classes."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, colour in enumerate(colours):
            alpha = np.full((8, 8, 1), 255, dtype=np.uint8)
            alpha[:2, :2] = 0
            file = io.BytesIO()
            Image.fromarray(np.concatenate([colour, alpha], -1)).save(file, "png")
            archive.writestr(zipfile.ZipInfo(f"{('a', 'b')[number % 2]}/{number:02}.png"), file.getvalue())


def make_people(path: Path, n: int = 120) -> None:
    """A table of every kind of column, with missing cells."""
    rng = np.random.default_rng(1)
    ages, since = rng.integers(18, 91, n), np.datetime64("2021-01-01") + rng.integers(0, 700, n)
    rows = [["id", "age", "income", "town", "member", "since", "seen", "children", "height", "country", "ill"]]
    for i in range(n):
        income = f"{rng.lognormal(7 + ages[i] / 60, 0.4):.2f}" if rng.random() > 0.2 else ""
        town = rng.choice(["Ulm", "Bonn", "Kiel"], p=[0.5, 0.3, 0.2]) if rng.random() > 0.1 else ""
        member, seen = rng.choice(["yes", "no"]), since[i] + np.timedelta64(int(rng.integers(0, 10**7)), "s")
        height, ill = f"{rng.normal(170, 9):.1f}", "yes" if rng.random() < ages[i] / 150 else "no"
        dates, children = [str(since[i]), str(seen)], str(rng.poisson(1.2))
        rows.append([f"p{i}", str(ages[i]), income, town, member, *dates, children, height, "DE", ill])
    path.write_text("".join(",".join(row) + "\n" for row in rows))


def drop_data(names: list[str]) -> None:
    """Remove the data that no run needs to go on: to load, none does."""
    needed = {word for name in names for word in INTERRUPTED.get(name, [])}
    for path in Path().glob("*.*"):
        if path.suffix in (".csv", ".npy", ".npz", ".zip") and path.name not in needed:
            path.unlink()


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


def make(out: Path, names: list[str]) -> None:
    """Runs, and what they gave, beside what is there."""
    work = Path(tempfile.gettempdir(), "golden")  # where they were made stands in them, and is nobody's business
    out = out.absolute()
    work.mkdir()
    os.chdir(work)
    make_data(Path())
    before = out / "expected.npz"
    expected = dict(np.load(before)) if before.exists() else {}
    for name, words in ((name, words) for name, words in RUNS.items() if name in names):
        with contextlib.redirect_stdout(sys.stderr):
            assert main(["train", *words, "--out", name, "--quiet"]) == 0, name
        expected |= {f"{name}/{key}": value for key, value in numbers(reparam.load(name)).items()}
    for name, words in ((name, words) for name, words in INTERRUPTED.items() if name in names):
        expected |= {f"{name}/{key}": value for key, value in interrupt(name, words).items()}
    if "composed" in names:
        torch.manual_seed(0)
        data = reparam.load_data("table.csv")
        run = reparam.fit(composed(), data, "composed", epochs=2, batch_size=16, device="cpu", precision="fp32")
        expected |= {f"composed/{key}": value for key, value in numbers(run).items()}
    for name in names:
        Path(name, ".lock").unlink(missing_ok=True)
        for figure in Path(name, "figures").glob("*"):
            figure.unlink()
    drop_data(names)
    np.savez_compressed("expected.npz", **expected)
    made = {"capability": torch.backends.cpu.get_cpu_capability(), "vendor": vendor(), "torch": torch.__version__,
            "reparam": reparam.__version__, "threads": torch.get_num_threads()}  # fmt: skip
    Path("made.json").write_text(json.dumps(made, indent=2) + "\n")
    shutil.copytree(work, out, dirs_exist_ok=True)
    os.chdir(out)
    shutil.rmtree(work)


if __name__ == "__main__":
    make(Path(sys.argv[1]), sys.argv[2:] or [*RUNS, *INTERRUPTED, "composed"])
