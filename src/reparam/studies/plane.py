"""The latent plane as one picture of tiles that a page can explore."""

import io
import math

import numpy as np
from PIL import Image

from reparam.evaluation import manifold
from reparam.pages import Explorer
from reparam.runs.run import Run
from reparam.studies.numbers_csv import as_csv

MOST_VALUES = 320_000
MOST_TILES = 20


def explorer(run: Run, caption: str) -> Explorer:
    """What the plane of a 2-dimensional latent decodes to, to be explored.

    Args:
        run: of a model of images with two latent dimensions.
        caption: what one sees.
    """
    size = size_for(math.prod(run.record.data_shape))
    plane = manifold(run, size)
    upright = plane.images[::-1]  # z2 rises upwards, as on any map
    return Explorer(
        sprite(plane.look(upright)),
        rows=size,
        columns=size,
        x_values=plane.z1.tolist(),
        y_values=plane.z2[::-1].tolist(),
        caption=caption,
        alt=f"{size} by {size} decoded images over the plane of the two latent dimensions",
        command=f"reparam manifold {run.folder.typed if run.folder else 'RUN'} --size {size}",
        numbers_csv=as_csv({f"z2={z:.3f}": row for z, row in zip(plane.z2[::-1], upright, strict=True)}),
    )


def size_for(values: int) -> int:
    """How many tiles of so many values stand side by side, so that a page stays small.

    >>> size_for(784), size_for(3 * 32 * 32)
    (20, 10)
    """
    return max(4, min(MOST_TILES, math.isqrt(MOST_VALUES // values)))


def sprite(images: np.ndarray) -> bytes:
    """Images ``(rows, columns, 1 or 3, height, width)`` with values in [0, 1], side by side, as a PNG file."""
    levels = np.rint(images.clip(0, 1) * 255).astype(np.uint8)
    rows, columns, channels, height, width = levels.shape
    tiled = levels.transpose(0, 3, 1, 4, 2).reshape(rows * height, columns * width, channels)
    picture = Image.fromarray(tiled[:, :, 0] if channels == 1 else tiled)
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
