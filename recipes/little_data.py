"""Trainings on little data of known laws: what steps, validation rows and patience come to on rows never seen.

    .venv/bin/python recipes/little_data.py bounds --rows 60 139 300 --first-seed 300 --seeds 3
    .venv/bin/python recipes/little_data.py games --kind gan --rows 139 600 --steps 30 300 1000 2000 4000

`bounds` trains a VAE on rows of a law and says its bound on 4,000 fresh ones, in nats: of the weights that a tenth of
the rows, or a fifth of them (30 at most), found best, with and without patience; of the last weights; and the best
there was. `games` says the energy distance of 2,000 samples from 2,000 fresh rows after so many steps, beside that of
the training rows.
"""

import argparse
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reparam.data import Dataset, Split
from reparam.kinds import KINDS
from reparam.training import Callback, Silent, fit
from reparam.training.resolve import traits_of
from reparam.training.validation import average

Law = Callable[[np.random.Generator, int], Any]
FRESH, EVERY = 4000, 20


def factors(rng: np.random.Generator) -> Law:
    """Three factors and six mixtures of them, with little noise."""
    mixing = rng.normal(size=(3, 6))

    def draw(rng: np.random.Generator, n: int) -> Any:
        base = rng.normal(size=(n, 3))
        return np.column_stack([base, base @ mixing + 0.1 * rng.normal(size=(n, 6))])

    return draw


def clusters(rng: np.random.Generator) -> Law:
    """Four clusters in six dimensions."""
    centres = 2 * rng.normal(size=(4, 6))
    return lambda rng, n: centres[rng.integers(0, 4, n)] + 0.5 * rng.normal(size=(n, 6))


def heavy(rng: np.random.Generator) -> Law:
    """Ten columns with heavy tails, of four factors."""
    mixing = rng.normal(size=(4, 10)) / 2
    return lambda rng, n: np.sinh(rng.normal(size=(n, 4)) @ mixing + 0.3 * rng.normal(size=(n, 10)))


LAWS = {"factors": factors, "clusters": clusters, "heavy": heavy}


class Track(Callback):
    """The bound on some sets of rows, every so many steps: ``curve`` holds (step, a bound for each set)."""

    def __init__(self, *sets: Tensor) -> None:
        self.sets = [Split(rows) for rows in sets]
        self.curve: list[tuple[float, ...]] = [(0, *[-math.inf] * len(sets))]

    def step(self, session: Any) -> None:
        """Look, if it is time."""
        if session.step % EVERY == 0:
            model, data = session.model, session.data
            bounds = [average(model, rows, data, 0)[model.monitor] for rows in self.sets]
            self.curve.append((session.step, *bounds))


def trained(kind: str, train: Tensor, seed: int, callback: Callback, **settings: Any) -> None:
    """Train a kind on rows; what is held out of them plays no part."""
    few = Split(train[:3])
    data = Dataset("rows", Split(train), few, few, data_shape=tuple(train.shape[1:]))
    traits = traits_of(data)
    torch.manual_seed(seed)
    model = KINDS[kind].build(KINDS[kind].resolve(KINDS[kind].settings(), traits), traits)
    fit(model, data, progress=Silent(), callbacks=[callback], seed=seed, patience=0, device="cpu", **settings)


def curve(train: Tensor, sets: Sequence[Tensor], seed: int, steps: int) -> np.ndarray[Any, Any]:
    """A VAE's bounds over its training, ``(times, 1 + sets)``."""
    track = Track(*sets)
    trained("vae", train, seed, track, steps=steps)
    return np.array(track.curve)


def chosen(found: np.ndarray[Any, Any], patience: int | None = None) -> float:
    """The bound on fresh rows (column 1) where that on validation rows (column 2) is best, or best before waiting."""
    best = 0
    for at in range(len(found)):
        if found[at, 2] > found[best, 2]:
            best = at
        elif patience is not None and found[at, 0] - found[best, 0] >= patience:
            break
    return float(found[best, 1])


def bounds(law: str, n: int, seed: int, steps: int) -> list[float]:
    """The cells of a row."""
    draw = LAWS[law](np.random.default_rng(seed))
    x = torch.from_numpy(draw(np.random.default_rng([seed, 1]), n)).float()
    fresh = torch.from_numpy(draw(np.random.default_rng([seed, 2]), FRESH)).float()
    tenth = max(1, round(n / 10))
    more = max(tenth, min(30, round(n / 5)))
    pool = x[: n - tenth]  # what is left is for the test
    few, many = (curve(pool[:-held], [fresh, pool[-held:]], seed, steps) for held in (tenth, more))
    return [chosen(few), chosen(few, max(500, steps // 4)), chosen(many), few[-1, 1], few[:, 1].max()]


class Distances(Callback):
    """The energy distance of samples from fresh rows after some steps."""

    def __init__(self, fresh: Tensor, steps: Sequence[int]) -> None:
        self.fresh, self.steps = fresh, steps
        self.found: dict[int, float] = {}

    def step(self, session: Any) -> None:
        """Look, if it is time."""
        if session.step in self.steps:
            session.model.eval()
            with torch.no_grad():
                self.found[session.step] = energy(session.model.sample(len(self.fresh)), self.fresh)
            session.model.train()


def energy(x: Tensor, y: Tensor) -> float:
    """2 E|x - y| - E|x - x'| - E|y - y'|, each without bias."""
    within = [torch.cdist(z, z).sum() / (len(z) * (len(z) - 1)) for z in (x, y)]
    return float(2 * torch.cdist(x, y).mean() - sum(within))


def games(kind: str, law: str, n: int, seed: int, steps: Sequence[int]) -> list[float]:
    """The cells of a row."""
    draw = LAWS[law](np.random.default_rng(seed))
    x = torch.from_numpy(draw(np.random.default_rng([seed, 1]), round(0.8 * n))).float()
    fresh = torch.from_numpy(draw(np.random.default_rng([seed, 2]), 2000)).float()
    distances = Distances(fresh, steps)
    trained(kind, x, seed, distances, steps=max(steps))
    return [energy(x, fresh), *distances.found.values()]


def main() -> None:
    """Print a row as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["bounds", "games"])
    parser.add_argument("--kind", default="gan", choices=["gan", "wgan"])
    parser.add_argument("--laws", nargs="+", default=list(LAWS), choices=list(LAWS))
    parser.add_argument("--rows", nargs="+", type=int, default=[60, 139, 300])
    parser.add_argument("--steps", nargs="+", type=int, default=[2000])
    parser.add_argument("--first-seed", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    heads = {
        "bounds": ["a tenth", "with patience", "a fifth", "last", "best there was"],
        "games": ["training rows", *[f"{step} steps" for step in options.steps]],
    }[options.what]
    print("| " + " | ".join(["law", "rows", "seed", *heads]) + " |\n|" + "---|" * (3 + len(heads)))
    for law in options.laws:
        for n in options.rows:
            for seed in range(options.first_seed, options.first_seed + options.seeds):
                if options.what == "bounds":
                    found = bounds(law, n, seed, max(options.steps))
                else:
                    found = games(options.kind, law, n, seed, options.steps)
                cells = [law, str(n), str(seed), *[f"{number:.3g}" for number in found]]
                print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
