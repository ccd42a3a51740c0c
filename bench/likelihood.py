"""Decoded importance samples per second on the 784-400-20 MLP: reparam against pythae's get_nll, and their ratio.

    .venv/bin/python -m bench.likelihood

The target of 10,000 test images x 5,000 samples would take either an hour; a few images give the rate. Both get the
same images, K and number of threads; pythae the batch of its choice that is its best here.
"""

import argparse
import json
import os
import subprocess
import sys
from statistics import median

import torch

from bench.machine import describe, sentences

SAMPLES, IMAGES, TARGET = 5000, 40, 6.0
PYTHAE_BATCHES = (100, 500, 1000, 5000)


def measured(module: str, *flags: str) -> dict[str, float]:
    """A contender's answer, from a process of its own."""
    command = [sys.executable, "-m", f"bench.contenders.{module}", *flags]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ})
    return json.loads(answer.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def options() -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    return parser.parse_args()


def main() -> None:
    """Measure in rotation and print."""
    chosen = options()
    common = ["--images", str(chosen.images), "--samples", str(chosen.samples)]
    batches = {b: measured("likelihood_pythae", *common, "--batch", str(b))["per_second"] for b in PYTHAE_BATCHES}
    best = max(batches, key=lambda batch: batches[batch])
    ours, theirs, memory = [], [], {}
    for _ in range(chosen.rounds):
        ours.append(measured("likelihood_ours", *common)["per_second"])
        theirs.append(measured("likelihood_pythae", *common, "--batch", str(best))["per_second"])
    for k in (100, 1000, 10_000):
        memory[k] = measured("likelihood_ours", "--images", "10", "--samples", str(k))["peak_mib"]
    print("\n".join(sentences(describe(), torch.__version__)))
    print(f"reparam              {median(ours):10,.0f} decoded samples/s (of {len(ours)} rounds)")
    print(f"pythae, batch {best:<6} {median(theirs):10,.0f} decoded samples/s")
    ratio = median(ours) / median(theirs)
    print(f"reparam is {ratio:.1f} times faster (aim {TARGET:g}: {'met' if ratio >= TARGET else 'MISSED'})")
    print("peak memory (MiB) by K: " + ", ".join(f"{k:,}: {peak:.0f}" for k, peak in memory.items()))


if __name__ == "__main__":
    main()
