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
    "reparam": "gan_ours",
    "plain loop, DataLoader": "gan_plain_loop",
    "matrix products and Adam": "gan_floor",
}


def seconds(module: str, epochs: int) -> list[float]:
    """The measured epochs of a contender in a process of its own."""
    flags = ["--batch", str(BATCH), "--epochs", str(epochs)]
    command = [sys.executable, "-m", f"bench.contenders.{module}", *flags]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(value) for value in json.loads(answer.stdout.splitlines()[-1])["epochs"]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3, help="measured epochs a round")
    chosen = parser.parse_args()
    pooled: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(chosen.rounds):
        for name, module in CONTENDERS.items():
            pooled[name] += seconds(module, chosen.epochs)
    print("\n".join(sentences(describe(), torch.__version__)))
    for name, values in pooled.items():
        print(f"{name:<24} {median(values):6.2f} s/epoch (fastest {min(values):.2f}, {len(values)} epochs)")
    ours, plain, floor = (median(values) for values in pooled.values())
    ratio = plain / ours
    print(f"reparam is {ratio:.2f} times faster (aim {TARGET:g}: {'met' if ratio >= TARGET else 'MISSED'})")
    print(
        f"at most {plain / floor:.2f} times is possible with PyTorch's float32 products here: "
        "they and the updates alone take that long"
    )


if __name__ == "__main__":
    main()
