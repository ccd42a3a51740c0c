"""What those who measure samples share: the same features, a stopwatch for each measure, the process's peak memory."""

import argparse
import json
import resource
import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

REACH = 64
"""Directions that the features vary in: those of networks lie near far fewer than they have."""


def features(n: int, width: int) -> tuple[Tensor, Tensor]:
    """Features of ``n`` real examples and of ``n`` samples that miss them a little, both ``(n, width)``."""
    noise = torch.Generator().manual_seed(0)
    mix = torch.randn(REACH, width, generator=noise) / REACH**0.5
    real, made = (torch.randn(n, REACH, generator=noise) for _ in range(2))
    blur = 0.05 * torch.randn(2, n, width, generator=noise)
    return (real @ mix + blur[0]).relu(), (0.95 * made @ mix + 0.05 + blur[1]).relu()


def main(purpose: str, measures: Callable[[Tensor, Tensor], Mapping[str, Callable[[], object]]]) -> None:
    """Take each measure once, and print its seconds and the whole's peak memory beyond that of the features."""
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument("--number", type=int, default=10_000)
    parser.add_argument("--width", type=int, default=512)
    options = parser.parse_args()
    real, made = features(options.number, options.width)
    before, seconds, values = _peak(), {}, {}
    for name, measure in measures(real, made).items():
        start = time.perf_counter()
        values[name] = str(measure())
        seconds[name] = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak_mib": _peak() - before, "values": values}))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
