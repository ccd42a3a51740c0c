"""Samples kept while a run trains: at its start, half way and at its end, from the same noise each time."""

from pathlib import Path

import numpy as np
import torch

from reparam.files import write_npz
from reparam.models.model import Model
from reparam.randomness import noise

COUNT = 25


@torch.no_grad()
def save_snapshot(model: Model, folder: Path, step: int, seed: int) -> Path:
    """Write ``samples-step-<step>.npz``: ``x`` (draws) and ``mean``, each ``(25, *data_shape)``; returns its path."""
    training = model.training
    model.eval()
    with noise(seed, "snapshot"):
        draws = model.sample(COUNT).cpu().numpy()
    with noise(seed, "snapshot"):
        means = model.mean(COUNT).cpu().numpy()
    model.train(training)
    path = folder / f"samples-step-{step:07d}.npz"
    write_npz(path, {"x": draws, "mean": means, "step": step})
    return path


def read_snapshots(folder: Path) -> list[tuple[int, np.ndarray]]:
    """The snapshots of a run in order: step and decoder means ``(25, *data_shape)``."""
    snapshots = []
    for path in sorted(folder.glob("samples-step-*.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            snapshots.append((int(arrays["step"]), arrays["mean"]))
    return snapshots
