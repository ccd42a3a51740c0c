"""Default trainings at every size: pictures of 8 to 256 pixels and tables of 2 to 5,000 columns, few examples and many.

    .venv/bin/python recipes/every_size.py --kinds vae autoencoder avb --first-seed 20 --seeds 2

A row is a training as `reparam train KIND --data FILE` does it, shortened by --steps (0: as long as the default takes).
It says what judges the model (a bound; of AVB what its discriminator makes of it) on the validation examples, in nats
for each of an example's values: untrained, at best with the step that was, and at the end. Pictures are smooth spots,
waves under noise, or a stroke on a white page; tables are eight factors under noise, as they are, with heavy tails,
far from 0, or in columns of very different scales.
"""

import argparse
import json
import math
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reparam.errors import UserError
from reparam.kinds import KINDS
from reparam.runs.config import RunConfig
from reparam.settings import DataConfig
from reparam.training.start import train

Array = np.ndarray[tuple[int, ...], np.dtype[np.generic]]
Random = np.random.Generator


def spots(rng: Random, n: int, side: int, channels: int) -> Array:
    """A smooth spot on a dark ground."""
    rows, columns = np.mgrid[:side, :side]
    y, x = rng.uniform(0, side, (2, n, 1, 1))
    spot = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (side / 5) ** 2)
    return spot[:, None] * rng.uniform(128, 255, (n, channels, 1, 1))


def waves(rng: Random, n: int, side: int, channels: int) -> Array:
    """A wave of any direction and phase on a bright ground, and noise."""
    rows, columns = np.mgrid[:side, :side] / side
    down, across = rng.normal(0, 2.5, (2, n, 1, 1))
    wave = np.sin(2 * np.pi * (down * rows + across * columns + rng.uniform(size=(n, 1, 1))))
    ground, height = rng.uniform(100, 160, (n, channels, 1, 1)), rng.uniform(30, 80, (n, channels, 1, 1))
    return ground + height * wave[:, None] + rng.normal(0, 6, (n, channels, side, side))


def strokes(rng: Random, n: int, side: int, channels: int) -> Array:
    """A dark stroke on a white page."""
    long, wide = max(1, side // 3), max(1, side // 10)
    pages = np.full((n, channels, side, side), 255.0)
    for page in pages:
        y, x = rng.integers(0, side - long), rng.integers(0, side - wide)
        page[:, y : y + long, x : x + wide] = rng.uniform(0, 80)
    return pages


def factors(rng: Random, n: int, columns: int) -> Array:
    """Up to eight factors and noise."""
    known = max(1, min(8, columns // 2))
    mixed = rng.normal(size=(n, known)) @ rng.normal(size=(known, columns)) / math.sqrt(known)
    return mixed + 0.3 * rng.normal(size=(n, columns))


PICTURES = {"spots": spots, "waves": waves, "strokes": strokes}
TABLES = {
    "factors": lambda rng, x: x,
    "heavy tails": lambda rng, x: np.sinh(1.5 * x),
    "far away": lambda rng, x: x + 1e6,
    "scales": lambda rng, x: x * np.exp(rng.normal(0, 4, x.shape[1])),
}


@dataclass(frozen=True)
class Case:
    """What is trained on: ``size`` is the side of pictures, the columns of tables."""

    what: str
    size: int
    n: int
    channels: int = 0

    def values(self, seed: int) -> Array:
        """The examples, uint8 ``(n, channels, size, size)`` or float32 ``(n, size)``."""
        rng = np.random.default_rng(seed)
        if self.channels:
            return PICTURES[self.what](rng, self.n, self.size, self.channels).clip(0, 255).astype(np.uint8)
        return TABLES[self.what](rng, factors(rng, self.n, self.size)).astype(np.float32)

    def __str__(self) -> str:
        size = f"{self.channels} × {self.size} × {self.size}" if self.channels else f"{self.size} columns"
        return f"{self.n} of {size}, {self.what}"


CASES = [
    *(Case("spots", side, 300, channels) for channels in (1, 3) for side in (8, 16, 28, 32, 48, 64, 96)),
    *(Case("spots", side, 60, channels) for channels in (1, 3) for side in (32, 64, 128, 256)),
    *(Case("waves", side, 300, 3) for side in (16, 32, 64)),
    *(Case("strokes", side, 300, 3) for side in (16, 32, 64)),
    *(Case("spots", side, 2000, 3) for side in (32, 64)),
    *(Case("factors", columns, n) for n in (60, 300, 2000) for columns in (2, 10, 100, 1000, 5000)),
    *(Case("heavy tails", columns, 300) for columns in (2, 10, 100, 1000, 5000)),
    *(Case(what, columns, 300) for what in ("far away", "scales") for columns in (10, 1000)),
]


def trial(case: Case, kind: str, seed: int, steps: int) -> list[str]:
    """Train once; the cells of its row."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as place:
        file, folder = Path(place) / "x.npy", Path(place) / "run"
        np.save(file, case.values(seed))
        training = KINDS[kind].training.model_copy(update={"seed": seed, "steps": steps or None, "device": "cpu"})
        complaint = ""
        try:
            train(
                RunConfig(model=KINDS[kind].settings(), data=DataConfig(data=str(file)), training=training),
                folder,
                True,
            )
        except UserError as error:
            complaint = str(error)[:60]
        rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    judged = {"vae": "elbo", "autoencoder": "reconstruction", "avb": "estimated_elbo"}[kind]
    values = math.prod(case.values(seed).shape[1:])
    curve = [(row["step"], row[judged] / values) for row in rows if row["split"] == "validation" and row[judged]]
    step, best = max(curve, key=lambda point: point[1])
    numbers = [f"{curve[0][1]:.3f}", f"{best:.3f}", f"{step} of {rows[-1]['step']}", f"{curve[-1][1]:.3f}"]
    return [kind, str(case), *numbers, f"{time.perf_counter() - start:.0f}", complaint]


def main() -> None:
    """Print a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinds", nargs="+", default=["vae"], choices=["vae", "autoencoder", "avb"])
    parser.add_argument("--only", default="", help="cases whose words hold this")
    parser.add_argument("--first-seed", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--steps", type=int, default=0)
    options = parser.parse_args()
    print("| kind | data | untrained | best | at step | last | seconds | |\n|---|---|---|---|---|---|---|---|")
    for kind in options.kinds:
        for case in CASES:
            for seed in range(options.first_seed, options.first_seed + options.seeds):
                if options.only in str(case):
                    print("| " + " | ".join(trial(case, kind, seed, options.steps)) + " |", flush=True)


if __name__ == "__main__":
    main()
