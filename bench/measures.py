"""Measures of samples on the same features: seconds and memory of reparam, torch-fidelity and prdc.

    .venv/bin/python -m bench.measures                     # 10,000 against 10,000 features of width 512
    .venv/bin/python -m bench.measures --large 50000       # reparam alone on 50,000 of width 1,024, too

Everyone gets the same seeded features and both cores. torch-fidelity takes 100 subsets of 1,000 for the kernel
distance and knows no errors; prdc knows precision, recall, density and coverage. Memory is the process's peak beyond
what the features themselves took.
"""

import argparse
from statistics import median
from typing import Any

import torch

from bench.machine import describe, sentences
from bench.plan import Contender
from bench.processes import run

MEASURES = ("frechet", "kernel", "precision")
CONTENDERS = {
    "reparam": Contender("measures_ours", "reparam, with standard errors"),
    "torch-fidelity": Contender("measures_fidelity", "torch-fidelity", peer=True),
    "prdc": Contender("measures_prdc", "prdc", peer=True),
}


def line(label: str, answers: list[dict[str, Any]]) -> str:
    """A contender's medians, or its complaint."""
    if "error" in answers[0]:
        return f"{label:32} {answers[0]['error']}"
    cells = []
    for name in MEASURES:
        seconds = [answer["seconds"][name] for answer in answers if name in answer["seconds"]]
        cells.append(f"{median(seconds):10.1f}" if seconds else f"{'-':>10}")
    return f"{label:32} " + " ".join(cells) + f" {median(answer['peak_mib'] for answer in answers):10,.0f}"


def options() -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--number", type=int, default=10_000)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--large", type=int, help="reparam alone on so many of width 1,024")
    return parser.parse_args()


def main() -> None:
    """Measure in rotation and print."""
    chosen = options()
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTENDERS}
    for _ in range(chosen.rounds):
        for name, contender in CONTENDERS.items():
            answers[name].append(run(contender, number=chosen.number, width=chosen.width))
    print("\n".join(sentences(describe(), torch.__version__)))
    columns = ("Fréchet s", "kernel s", "P&R, D&C s", "MiB more")
    print(f"{chosen.number:,} x {chosen.width:<22,} " + " ".join(f"{column:>10}" for column in columns))
    for name, contender in CONTENDERS.items():
        print(line(contender.label, answers[name]))
    if chosen.large:
        print(f"{chosen.large:,} x 1,024")
        print(line("reparam", [run(CONTENDERS["reparam"], number=chosen.large, width=1024)]))


if __name__ == "__main__":
    main()
