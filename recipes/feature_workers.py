"""Would several processes extract features faster than one that has all cores?

    OMP_NUM_THREADS=2 .venv/bin/python recipes/feature_workers.py              (two cores; some minutes)
    OMP_NUM_THREADS=2 .venv/bin/python recipes/feature_workers.py --images 200 --rounds 1

Features of 10,000 colour images of 32×32 by random convolutions, and of 400 of 128×128 by a network of Inception's kind
(a stem, then branches of 1×1, 3×3 and 5×5 convolutions side by side): by one process with as many threads as cores, and
by as many processes with one thread each, in turns. Processes are started once, before the clock; what they are given
and give back is counted. Wall seconds and those of all cores together, medians of the rounds.
"""

import argparse
import os
import time
from collections.abc import Callable
from multiprocessing import get_context
from statistics import median

import torch
from torch import Tensor, nn

from reparam.evaluation.samples.features import Features, module_features
from reparam.evaluation.samples.random_conv import random_conv

CORES = 2


class Branches(nn.Module):
    """1×1, 3×3 and 5×5 convolutions of the same maps, side by side."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(inputs, width, 1)
        self.three = nn.Sequential(nn.Conv2d(inputs, width, 1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1))
        self.five = nn.Sequential(nn.Conv2d(inputs, width, 1), nn.ReLU(), nn.Conv2d(width, width, 5, padding=2))

    def forward(self, x: Tensor) -> Tensor:
        """``(n, 3 width, height, width)``."""
        return torch.relu(torch.cat([self.one(x), self.three(x), self.five(x)], 1))


def inception_like() -> nn.Module:
    """A network whose 384 features are means over its last maps; the same weights in every process."""
    torch.manual_seed(0)
    stem = nn.Sequential(nn.Conv2d(3, 32, 3, stride=2), nn.ReLU(), nn.Conv2d(32, 64, 3, stride=2), nn.ReLU())
    blocks = nn.Sequential(Branches(64, 64), nn.MaxPool2d(2), Branches(192, 128), Branches(384, 128))
    return nn.Sequential(stem, blocks, nn.AdaptiveAvgPool2d(1)).eval()


def images(n: int, side: int) -> Tensor:
    """The same in every process."""
    return torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(0))


def features(kind: str) -> Callable[[Tensor], Tensor]:
    """What is measured."""
    if kind == "random-conv":
        name, extract = random_conv(images(500, 32))
        return Features(name, "module", extract)
    return module_features(inception_like())


KINDS = {"random-conv": (10_000, 32), "inception-like": (400, 128)}
_MINE: dict[str, Callable[[Tensor], Tensor]] = {}


def begin() -> None:
    """In each process: one thread, and the networks."""
    torch.set_num_threads(1)
    _MINE.update({kind: features(kind) for kind in KINDS})


def work(kind: str, x: Tensor) -> tuple[Tensor, float]:
    """Some images' features, and the seconds of the cores that they took."""
    before = time.process_time()
    return _MINE[kind](x), time.process_time() - before


def main(argv: list[str] | None = None) -> None:
    """In turns, and the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, help="of each, at most")
    options = parser.parse_args(argv)
    begin()
    torch.set_num_threads(CORES)
    print(f"load {os.getloadavg()[0]:.1f} when it began, torch {torch.__version__}")
    print("| features | images | how | seconds | of all cores |\n|---|---|---|---|---|")
    with get_context("spawn").Pool(CORES, begin) as pool:
        pool.map(os.nice, [0] * CORES)  # both are there
        for kind, (most, side) in KINDS.items():
            x = images(min(most, options.images or most), side)
            halves = [(kind, part.clone()) for part in x.chunk(CORES)]
            found: dict[str, list[tuple[float, float]]] = {"1 process, 2 threads": [], "2 processes, 1 thread": []}
            for _ in range(options.rounds):
                start, before = time.monotonic(), time.process_time()
                alone = _MINE[kind](x)
                found["1 process, 2 threads"].append((time.monotonic() - start, time.process_time() - before))
                start, before = time.monotonic(), time.process_time()
                parts = pool.starmap(work, halves)
                together = torch.cat([part for part, _ in parts])
                cores = time.process_time() - before + sum(seconds for _, seconds in parts)
                found["2 processes, 1 thread"].append((time.monotonic() - start, cores))
                assert torch.allclose(alone, together, atol=1e-3)
            for how, rounds in found.items():
                wall, cores = (median(one) for one in zip(*rounds, strict=True))
                spread = max(one for one, _ in rounds) - min(one for one, _ in rounds)
                print(f"| {kind} | {len(x):,} | {how} | {wall:.2f} (spread {spread:.2f}) | {cores:.2f} |", flush=True)


if __name__ == "__main__":
    main()
