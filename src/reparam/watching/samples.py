"""The last samples that a run kept, small enough for a page that is asked for every other second."""

import base64
import math
from dataclasses import dataclass

import numpy as np

from reparam.data import DataRecord
from reparam.door import listed
from reparam.runs.folder import RunFolder
from reparam.runs.snapshots import read_snapshot
from reparam.studies.plane import sprite

MOST_DOTS = 400
MOST_SIDE = 96
"""Pixels of an image's side: of larger ones every so many-th is kept."""


@dataclass(frozen=True)
class Sampled:
    """Samples.

    Attributes:
        step: after which they were kept.
        picture: of images, a PNG as an address.
        dots: of points in the plane, their places.
    """

    step: int
    picture: str | None = None
    dots: list[list[float]] | None = None


def latest(place: RunFolder, data: DataRecord) -> Sampled | None:
    """The last samples of a run; None where there are none that a page could show.

    Raises:
        UserError: if they are damaged.
    """
    kept = listed(place.figures, "samples-step-*.npz")
    shape = tuple(data.data_shape)
    if not kept or (len(shape) != 3 and shape != (2,)):
        return None
    step, x = read_snapshot(kept[-1], shape, place.identity)
    if len(shape) == 3:
        return Sampled(step, _picture(data, x))
    return Sampled(
        step, dots=[[round(float(v), 3) for v in point] for point in x[:MOST_DOTS] if np.isfinite(point).all()]
    )


def _picture(data: DataRecord, x: np.ndarray) -> str:
    seen = np.nan_to_num(data.drawn(data.given_back(x)))
    every = math.ceil(max(seen.shape[-2:]) / MOST_SIDE)
    seen = seen[..., ::every, ::every]
    side = math.isqrt(len(seen))
    tiles = np.pad(seen[: side * side], ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=0.5)
    png = sprite(tiles.reshape(side, side, *tiles.shape[1:]))
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
