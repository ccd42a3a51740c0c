"""Samples kept while a run trains, from the same noise each time."""

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import torch

from reparam.door import Damaged, listed, present
from reparam.errors import UserError, tell
from reparam.files import write_npz
from reparam.hardware import exact
from reparam.models.model import Model
from reparam.models.protocols import Samples, mean_draws, require
from reparam.randomness import noise
from reparam.runs.arrays import read_arrays
from reparam.runs.identity import Identity

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
def save_snapshot(model: Model, folder: Path, step: int, seed: int, owner: str = "") -> Path:
    """Write ``samples-step-<step>.npz``: ``x`` (draws) and ``mean``, 25 images or 1,000 points; returns its path.

    ``owner`` is the name of the run's identity.
    """
    training, count = model.training, _count(model.data_shape)
    model.eval()
    with noise(seed, "snapshot"):
        draws = require(model, Samples).sample(count).cpu().numpy()
    with noise(seed, "snapshot"):
        means = mean_draws(model, count).cpu().numpy()
    model.train(training)
    path = _named(folder, step)
    write_npz(path, {"x": draws, "mean": means, "step": step, "run": owner})
    return path


def read_snapshots(
    folder: Path, data_shape: Sequence[int], identity: Identity | None = None, expected: Collection[int] = ()
) -> list[tuple[int, np.ndarray]]:
    """The snapshots of a run in order: step, and decoder means of images ``(25, *data_shape)`` or draws of points.

    Those that are damaged or another run's are passed over and told, and so are the ``expected`` steps without any.
    """
    snapshots = []
    for step in sorted(expected):
        if not present(_named(folder, step)):
            tell(f"{_named(folder, step)} is missing; it is left out, and nothing needs it to go on")
    for path in listed(folder, "samples-step-*.npz"):
        try:
            snapshots.append(read_snapshot(path, data_shape, identity))
        except UserError as error:
            tell(f"{error}; it is left out, and nothing needs it to go on")
    return snapshots


def read_snapshot(path: Path, data_shape: Sequence[int], identity: Identity | None = None) -> tuple[int, np.ndarray]:
    """What one file holds.

    Raises:
        UserError: if it is no snapshot of the run's.
    """
    wanted = "mean" if len(data_shape) == 3 else "x"
    shape = (_count(data_shape), *data_shape)
    arrays = read_arrays(path, {wanted: shape, "step": (), "run": ()}, optional={"run"})
    step, x = arrays["step"], arrays[wanted]
    if step.dtype.kind not in "iu" or x.dtype.kind != "f":
        raise Damaged(f"{path} holds something else than samples")
    owner = None if "run" not in arrays else str(arrays["run"])
    foreign = identity is not None and owner != identity.name and (identity.seals or owner is not None)
    if foreign or path != _named(path.parent, int(step)):
        raise Damaged(f"{path} is of another run or step")
    return int(step), x


def _named(folder: Path, step: int) -> Path:
    return folder / f"samples-step-{step:07d}.npz"


def _count(data_shape: Sequence[int]) -> int:
    return GRID if len(data_shape) == 3 else CLOUD
