"""Makes the trained models that come with reparam, each by the command that its card names.

    .venv/bin/python scripts/make_bundled.py                   # all of them, on one thread
    .venv/bin/python scripts/make_bundled.py gan-mnist         # some
    .venv/bin/python scripts/make_bundled.py --from runs/      # trained before by the same commands, into runs/NAME

A model that users have must load for ever as it is: one that is there already is made anew only with ``--anew``.
"""

import argparse
import contextlib
import datetime
import json
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

import torch

import reparam
from reparam.cli.main import main
from reparam.hardware import vendor
from reparam.hub.staging import without_paths
from reparam.runs.checkpoint import BEST, save_weights
from reparam.runs.folder import RunFolder
from reparam.runs.shipped import CARD, HOME

EXACT = "--seed 0 --device cpu --precision fp32"
MODELS = {
    "vae-mnist": (
        "a VAE of MNIST's digits with 16 latents, a perceptron",
        f"reparam train vae --hidden 160 --latent-dim 16 --epochs 60 {EXACT}",
    ),
    "plane-mnist": (
        "a VAE of MNIST's digits with a plane of 2 latents, a perceptron",
        f"reparam train vae --hidden 128 64 --latent-dim 2 --epochs 60 {EXACT}",
    ),
    "hierarchical-mnist": (
        "a VAE of MNIST's digits with 24 latents in two layers, convolutions",
        "reparam train vae --network conv --width 6 --activation silu --posterior hierarchical --prior hierarchical "
        f"--layers 2 --layer-hidden 48 --latent-dim 24 --epochs 40 --log-every 500 {EXACT}",
    ),
    "gan-mnist": (
        "a GAN of MNIST's digits with 32 latents, convolutions",
        f"reparam train gan --network conv --width 16 --latent-dim 32 --epochs 10 {EXACT}",
    ),
}
"""What each is, and the command that trains it."""
COUNT, IMAGES = 5000, 1000
"""Samples that are measured, and test images whose log p(x) is estimated."""


def make(name: str, trained: Path) -> None:
    """Keep a trained run's record without paths, its best weights and its log, and write its card."""
    what, command = MODELS[name]
    run = reparam.load(trained)
    place = RunFolder(Path(tempfile.mkdtemp()) / name)
    place.create(without_paths(run.written))
    save_weights(place.best, run.model, {"step": run.step}, BEST, place.identity)
    place.best.chmod(0o644)
    for row in run.rows:
        place.append(row)
    place.figures.rmdir()
    (place.path / ".lock").unlink(missing_ok=True)
    made = (trained / "config.json").stat().st_mtime
    card = {
        "what": what,
        "command": command,
        "day": datetime.date.fromtimestamp(made).isoformat(),
        "machine": f"{vendor()}, {torch.backends.cpu.get_cpu_capability()}, one thread, torch {torch.__version__}",
        "reached": run.test,
        "measured": measured(run),
    }
    (place.path / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(HOME / name, ignore_errors=True)
    shutil.copytree(place.path, HOME / name)
    size = sum(path.stat().st_size for path in (HOME / name).rglob("*") if path.is_file())
    print(f"{HOME / name}: {size:,} bytes")


def measured(run: "reparam.Run") -> dict[str, object]:
    """What ``reparam evaluate`` says of it: log p(x) where it has one, and the distance of its samples."""
    found = reparam.evaluate({"it": run}, count=COUNT, images=IMAGES)
    (floor,) = found.floors.values()
    one = found["it"]
    assert one.card is not None
    numbers = {
        "command": f"reparam evaluate --count {COUNT} --images {IMAGES}",
        "frechet_distance": {
            "value": one.card.frechet.value,
            "standard_error": one.card.frechet.standard_error,
            "floor": floor.frechet.value,
        },
    }
    if one.likelihood is None:
        return numbers
    told = one.likelihood
    return numbers | {
        "log_likelihood": {
            "mean": told.mean,
            "standard_error": told.standard_error,
            "monte_carlo_error": told.monte_carlo_error,
            "examples": told.examples,
            "samples": told.samples,
        }
    }


def trained(name: str, work: Path) -> Path:
    """Train it by its command."""
    words = shlex.split(MODELS[name][1])[1:]
    with contextlib.redirect_stdout(sys.stderr):
        assert main([*words, "--out", str(work / name), "--quiet"]) == 0, name
    return work / name


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(MODELS), metavar="NAME")
    parser.add_argument("--from", dest="runs", type=Path, help="where they were trained before, a folder each")
    parser.add_argument("--anew", action="store_true", help="even those that users have")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    for name in asked.names:
        if (HOME / name / CARD).exists() and not asked.anew:
            parser.error(f"{name} is there already, and runs that users have load for ever: --anew if you must")
    with tempfile.TemporaryDirectory() as work:
        for name in asked.names:
            make(name, asked.runs / name if asked.runs else trained(name, Path(work)))
