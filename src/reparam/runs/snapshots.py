"""Samples kept while a run trains, from the same noise each time."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from reparam.files import write_npz
from reparam.hardware import exact
from reparam.models.model import Model
from reparam.models.protocols import Samples, mean_draws, require
from reparam.randomness import noise

GRID = 25
CLOUD = 1000
# most of what happens to a cloud of points happens early
POINT_FRACTIONS = (0.0, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
IMAGE_FRACTIONS = (0.0, 1 / 2, 1.0)


def moments(data_shape: Sequence[int], total: int) -> set[int]:
    """The steps at which samples are kept: a few grids of images, more clouds of points.

    >>> sorted(moments((1, 28, 28), 100)), sorted(moments((2,), 160))
    ([0, 50, 100], [0, 10, 20, 40, 80, 160])
    """
    fractions = IMAGE_FRACTIONS if len(data_shape) == 3 else POINT_FRACTIONS
    return {round(fraction * total) for fraction in fractions}


@exact()
@torch.no_grad()
def save_snapshot(model: Model, folder: Path, step: int, seed: int) -> Path:
    """Write ``samples-step-<step>.npz``: ``x`` (draws) and ``mean``, 25 images or 1,000 points; returns its path."""
    training, count = model.training, GRID if len(model.data_shape) == 3 else CLOUD
    model.eval()
    with noise(seed, "snapshot"):
        draws = require(model, Samples).sample(count).cpu().numpy()
    with noise(seed, "snapshot"):
        means = mean_draws(model, count).cpu().numpy()
    model.train(training)
    path = folder / f"samples-step-{step:07d}.npz"
    write_npz(path, {"x": draws, "mean": means, "step": step})
    return path


def read_snapshots(folder: Path) -> list[tuple[int, np.ndarray]]:
    """The snapshots of a run in order: step, and decoder means of images ``(25, *data_shape)`` or draws of points."""
    snapshots = []
    for path in sorted(folder.glob("samples-step-*.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            kind = "mean" if arrays["mean"].ndim == 4 else "x"
            snapshots.append((int(arrays["step"]), arrays[kind]))
    return snapshots
