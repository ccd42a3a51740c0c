"""Toy data: fresh draws from densities of the plane that are known exactly."""

import math
from collections.abc import Callable

import torch

from reparam.data.dataset import Split
from reparam.data.density import GaussianMixture, Moons, ToyDensity
from reparam.data.reading import Reading
from reparam.randomness import generator

SIZES = {"train": 50_000, "validation": 10_000, "test": 10_000}


def ring() -> GaussianMixture:
    """Eight blobs at the multiples of 45 degrees on the unit circle, standard deviation 0.01, equal weights."""
    angles = math.pi / 4 * torch.arange(8, dtype=torch.float64)
    return GaussianMixture(torch.stack([angles.cos(), angles.sin()], -1), 0.01)


def grid() -> GaussianMixture:
    """Twenty-five blobs on a 5x5 grid of spacing 2 around the origin, standard deviation 0.05, equal weights."""
    side = 2.0 * torch.arange(-2, 3, dtype=torch.float64)
    return GaussianMixture(torch.cartesian_prod(side, side), 0.05)


def two_gaussians() -> GaussianMixture:
    """Two blobs of the plane at (-2, 0) and (2, 0), standard deviation 0.5, equal weights."""
    return GaussianMixture(torch.tensor([[-2.0, 0.0], [2.0, 0.0]]), 0.5)


def moons() -> Moons:
    """Two interleaved half circles with normal noise of standard deviation 0.1."""
    return Moons(0.1)


#: The toys by name.
TOYS: dict[str, Callable[[], ToyDensity]] = {
    "ring": ring,
    "grid": grid,
    "two-gaussians": two_gaussians,
    "moons": moons,
}


def read_toy(name: str, seed: int) -> Reading:
    """50,000/10,000/10,000 independent draws of a toy, ``(n, 2)`` float32, each split from (seed, name, split)."""
    density = TOYS[name]()
    splits = {part: density.sample(n, generator(seed, "toy", name, part)) for part, n in SIZES.items()}
    return Reading(
        name,
        splits={part: Split(x) for part, x in splits.items()},
        data_shape=(2,),
        low=min(float(x.min()) for x in splits.values()),
        high=max(float(x.max()) for x in splits.values()),
        binary=False,
        density=density,
        notes=(f"drawn from the exact density with seed {seed}",),
    )
