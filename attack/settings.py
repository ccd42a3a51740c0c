"""Every numeric flag of every command at values that no one means: refused in words, or done, or stoppable."""

import random
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from PIL import Image

from attack.harness import call
from attack.scenes import VAE, data

Words = Sequence[str]
VALUES = ("-1", "0", "1000000000", "1" + 30 * "0", "nan", "inf", "-inf", "1e-320", "1e308", "text", "")
"""What is given for a number."""
SECONDS = 20.0
ESTIMATE = re.compile(r"\bleft\b|\babout \d|\d(?: %| of \d)|step \d")
"""How long work says that it takes, or how far it is."""
NUMERIC = re.compile(r"(--[a-z][a-z0-9-]*) (?:\{None\}\|)?(?:INT|FLOAT)\b|(--[a-z][a-z0-9-]*) \[?(?:INT|FLOAT)")
LOSS = """
import torch
encoder = torch.nn.Linear(3, 2)

def loss():
    h = encoder(torch.ones(5, 3))
    return (h + torch.randn_like(h)).square().sum(), encoder
"""
SMALL = ["--data", "x.npy", "--epochs", "1", "--quiet", "--out", "new"]
TABLE = ["--data", "t.csv", "--epochs", "1", "--quiet", "--out", "new"]
WIDTHS = ["--latent-dim", "2", "--hidden", "8"]
PLAYERS = ["--latent-dim", "2", "--generator-hidden", "8", "--discriminator-hidden", "8"]
FEW = ["--count", "60", "--images", "5"]
CALLS: dict[str, Words] = {
    "train vae": ["train", "vae", *SMALL, *WIDTHS],
    "train vae, flow": ["train", "vae", *SMALL, *WIDTHS, "--posterior", "iaf", "--flow-hidden", "8"],
    "train vae, mixture": ["train", "vae", *SMALL, *WIDTHS, "--prior", "mixture", "--components", "3"],
    "train vae, iwae": ["train", "vae", *SMALL, *WIDTHS, "--objective", "iwae"],
    "train vae, conv": [
        "train",
        "vae",
        *SMALL,
        "--network",
        "conv",
        "--width",
        "2",
        "--image-size",
        "8",
        "--latent-dim",
        "2",
    ],
    "train vae, table": ["train", "vae", *TABLE, *WIDTHS],
    "train autoencoder": ["train", "autoencoder", *SMALL, *WIDTHS],
    "train avb": ["train", "avb", *SMALL, *WIDTHS],
    "train gan": ["train", "gan", *SMALL, *PLAYERS],
    "train wgan": ["train", "wgan", *SMALL, "--latent-dim", "2", "--generator-hidden", "8"],
    "train --from": ["train", "--from", "run", "--epochs", "1", "--quiet", "--out", "new"],
    "sample": ["sample", "run", "--out", "o.npz"],
    "reconstruct": ["reconstruct", "run", "--out", "o.npz"],
    "latents": ["latents", "run", "--out", "o.npz"],
    "manifold": ["manifold", "run", "--out", "o.npz"],
    "interpolate": ["interpolate", "run", "--out", "o.npz"],
    "curves": ["curves", "run", "--out", "o.npz"],
    "rate-distortion": ["rate-distortion", "run", "-n", "2", "--steps", "5", "--out", "o.npz"],
    "predictive-check": ["predictive-check", "run", "-n", "20", "--replicates", "19", "--out", "o.npz"],
    "evaluate": ["evaluate", "run", *FEW],
    "evaluate, annealed": [
        "evaluate",
        "run",
        "--likelihood",
        "--proposal",
        "annealed",
        "--images",
        "3",
        "--steps",
        "5",
    ],
    "score": ["score", "run", "x.npy", "--out", "o.npz"],
    "report": ["report", "run", *FEW, "--out", "o.html"],
    "data": ["data", "x.npy", "--out", "o.png"],
    "data pack": ["data", "pack", "photos", "--image-size", "8", "--out", "o.pack"],
    "two-sample": ["two-sample", "run", "x.npy", "-n", "50"],
    "compare": ["compare", "--data", "x.npy", "--models", "autoencoder-2", "--epochs", "1", *FEW, "--quiet"],
    "sweep autoencoder": [
        *("sweep", "autoencoder", "--data", "x.npy", "--vary", "latent-dim=2,3", "--sampler", "grid", "--trials", "1"),
        *("--epochs", "1", *FEW, "--quiet"),
    ],
    "lab": ["lab", "normal-kl", "--quick"],
    "labs": ["labs"],
    "snapshots": ["snapshots", "run", "--out", "o.npz"],
    "explore": ["explore", "run", "--n", "3", "--out", "o.html"],
    "impute": ["impute", "filled", "holes.csv", "--out", "o.csv"],
    "watch": ["watch", "run", "--no-browser", "--json"],
    "push": ["push", "run", "somebody/digits", "--dry-run", "--out", "staged"],
    "audit": ["audit", "loss.py:loss", "--check"],
}


def sweep(folder: Path, seed: int, quick: bool) -> Iterator[tuple[str, Callable[[], str | None]]]:
    """Every value of every numeric flag of every call, in an order that the seed decides."""
    place = folder / "settings"
    place.mkdir()
    data(place)
    lines = "".join(f"{number % 7},{number * 0.37:.2f},{'ab'[number % 2]}\n" for number in range(100))
    (place / "t.csv").write_text(f"count,amount,kind\n{lines}")
    (place / "photos").mkdir()
    for number in range(9):
        Image.new("L", (9, 8), 9 * number).save(place / "photos" / f"{number}.png")
    (place / "holes.csv").write_text("count,amount,kind\n1,,a\n,2.5,b\n")
    (place / "loss.py").write_text(LOSS)
    call([*VAE, "--out", "run"], place)
    call(["train", "vae", "--data", "t.csv", *WIDTHS, "--epochs", "1", "--quiet", "--out", "filled"], place)
    found = [(name, flag, value) for name in CALLS for flag in flags(name, place) for value in VALUES]
    random.Random(seed).shuffle(found)
    for name, flag, value in found:
        yield f"{name} {flag} {value!r}", partial(_given, place, name, flag, value)


def flags(name: str, place: Path) -> list[str]:
    """The flags of a call that take a number, as its help lists them."""
    words = CALLS[name][: 2 if name.startswith(("train ", "data ", "sweep ")) else 1]
    words = ["train", "--from", "run"] if words == ["train", "--from"] else words
    shown = call([*words, "--help"], place).out
    return sorted({found[1] or found[2] for found in NUMERIC.finditer(shown)})


def _given(place: Path, name: str, flag: str, value: str) -> str | None:
    """What was wrong with a call that was given a value, or None."""
    cwd = place.with_name("settings-at-work")
    shutil.rmtree(cwd, ignore_errors=True)
    shutil.copytree(place, cwd)
    words = [word for word in _without(CALLS[name], flag) if word != "--quiet"]
    done = call([*words, f"{flag}={value}"], cwd, SECONDS, politely=True)
    if done.hung:
        return "could not be interrupted"
    if done.crashed or done.code < 0:
        return f"ended in: {done.last}"
    if done.late and not ESTIMATE.search(done.err):
        return f"worked on without a word of how long: {done.last}"
    return None if done.code in ((0, 2, 130) if done.late else (0, 1, 2)) else f"ended with exit code {done.code}"


def _without(words: Words, flag: str) -> list[str]:
    """The words without a flag and what is given for it."""
    at = words.index(flag) if flag in words else len(words)
    return [*words[:at], *words[at + 2 :]]
