"""What bf16, the library that multiplies and compiled losses change of a bound: the 784-400-20 VAE after 12 epochs.

    .venv/bin/python recipes/precision.py --first-seed 100 --seeds 3        # about five minutes
    .venv/bin/python recipes/precision.py --seeds 1 --epochs 1              # whether all run

A row is a training as `reparam train vae` does it: its test bound in nats, in float32 whatever trained it, and seconds
of its training. All ways see the same noise and round differently. The last lines are what a way
changes beside what another seed does, and whether a bound strays further from PyTorch's float32 than is allowed.
"""

import argparse
import platform
import statistics
import time

import torch

import reparam
from reparam.hardware import vendor
from reparam.settings import EPOCHS
from reparam.training import Silent

WAYS = {
    "float32, PyTorch's products": {"precision": "fp32", "products": "torch"},
    "float32, oneDNN's": {"precision": "fp32", "products": "onednn"},
    "float32, oneDNN's, fused": {"precision": "fp32", "products": "onednn", "fuse": "yes"},
    "bf16": {"precision": "bf16", "products": "torch"},
    "bf16, fused": {"precision": "bf16", "products": "torch", "fuse": "yes"},
}
ALLOWED = 0.3
"""Nats that the mean bound of a way may be from that of the first after the default epochs; earlier any two differ."""


def row(settings: dict[str, str], seed: int, epochs: int) -> tuple[float, float]:
    """Test bound and seconds of one training."""
    start = time.perf_counter()
    run = reparam.fit("vae", "mnist", epochs=epochs, seed=seed, progress=Silent(), **settings)
    return run.test["elbo"], time.perf_counter() - start


def main() -> None:
    """Train, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first-seed", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    asked = parser.parse_args()
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    print(f"{vendor()}, {platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}\n")
    print(
        "| trained in | "
        + " | ".join(f"seed {seed}" for seed in seeds)
        + " | mean | seconds |\n"
        + "|---" * (asked.seeds + 3)
        + "|"
    )
    bounds = {}
    for way, settings in WAYS.items():
        found = [row(settings, seed, asked.epochs) for seed in seeds]
        bounds[way] = [bound for bound, _ in found]
        cells = [f"{bound:.2f}" for bound in bounds[way]]
        cells += [f"{statistics.mean(bounds[way]):.2f}", f"{statistics.median(seconds for _, seconds in found):.1f}"]
        print(f"| {way} | " + " | ".join(cells) + " |", flush=True)
    first, *others = bounds.values()
    apart = max(abs(a - b) for other in others for a, b in zip(first, other, strict=True))
    print(f"\nlargest difference of two ways at one seed: {apart:.2f} nats; of two seeds in one way: "
          f"{max(max(bound) - min(bound) for bound in bounds.values()):.2f}")  # fmt: skip
    usual = statistics.mean(first)
    for way, found in bounds.items():
        if asked.epochs >= EPOCHS and abs(statistics.mean(found) - usual) > ALLOWED:
            print(f"MISSED: {way} is {statistics.mean(found) - usual:+.2f} nats from the first, {ALLOWED} are allowed")


if __name__ == "__main__":
    main()
