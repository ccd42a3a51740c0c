"""Seconds per epoch of the MLP GAN, batch 64: reparam against the plain tutorial loop, in rotation, and their ratio."""

import argparse
import json
import subprocess
import sys
from statistics import median

import torch

from bench.machine import describe, sentences

BATCH, TARGET = 64, 3.0
CONTENDERS = {
    "reparam": ("gan_ours",),
    "reparam, shared samples": ("gan_ours", "--shared-samples"),
    "plain loop, DataLoader": ("gan_plain_loop",),
    "matrix products and Adam": ("gan_floor",),
}
"""The loop of the tutorial shares the samples of a step between its turns, too, and so does the floor."""


def seconds(contender: tuple[str, ...], epochs: int) -> list[float]:
    """The measured epochs of a contender in a process of its own."""
    module, *own = contender
    flags = ["--batch", str(BATCH), "--epochs", str(epochs), *own]
    command = [sys.executable, "-m", f"bench.contenders.{module}", *flags]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(value) for value in json.loads(answer.stdout.splitlines()[-1])["epochs"]]


def options() -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3, help="measured epochs a round")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    chosen = options()
    pooled: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(chosen.rounds):
        for name, contender in CONTENDERS.items():
            pooled[name] += seconds(contender, chosen.epochs)
    print("\n".join(sentences(describe(), torch.__version__)))
    for name, values in pooled.items():
        print(f"{name:<24} {median(values):6.2f} s/epoch (fastest {min(values):.2f}, {len(values)} epochs)")
    ours, shared, plain, floor = (median(values) for values in pooled.values())
    for name, value in (("reparam", ours), ("reparam with shared samples", shared)):
        ratio = plain / value
        print(f"{name} is {ratio:.2f} times faster (aim {TARGET:g}: {'met' if ratio >= TARGET else 'MISSED'})")
    print(
        f"at most {plain / floor:.2f} times is possible with PyTorch's float32 products here: "
        "they and the updates alone take that long"
    )


if __name__ == "__main__":
    main()
