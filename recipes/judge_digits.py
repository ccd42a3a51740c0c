"""What the shipped classifier makes of a run's digits: the share of each class and how sure it is.

.venv/bin/python recipes/judge_digits.py runs/gan
"""

import argparse
import json

import torch

import reparam
from reparam.evaluation.samples.classifier import class_histogram


def main() -> None:
    """Judge and print as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="a run folder of a model trained on mnist")
    parser.add_argument("-n", type=int, default=10_000, help="how many samples")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--candidates", type=int, help="a game's draws that its discriminator chooses each sample from")
    options = parser.parse_args()
    samples = reparam.sample(reparam.load(options.run), options.n, options.seed, candidates=options.candidates)
    judged = class_histogram(torch.from_numpy(samples.mean).clamp(0, 1))
    print(
        json.dumps({"shares": judged.shares, "top_probability": judged.top_probability, "samples": judged.n}, indent=2)
    )


if __name__ == "__main__":
    main()
