"""Some samples of each model side by side, as the overview shows them: images, or the density of points of a plane."""

import io
import math

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from reparam import evaluation
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import examples, pick
from reparam.evaluation.samples.run_measures import compared_data
from reparam.pages import Picture
from reparam.randomness import generator
from reparam.runs.run import Run
from reparam.studies.pictures import tell_of_the_system

SHOWN, ACROSS = 16, 8
POINTS, BINS = 4000, 64
MOST_PIXELS = 64
"""A larger image is made smaller: a strip is to be looked at, and the page to stay small."""
GAP = 1


def strip_of(run: Run, name: str, real: Run | None = None) -> Picture | None:
    """A run's samples, or the test examples of its data; None where nothing can be drawn of them.

    Args:
        run: whose samples.
        name: of what is seen.
        real: the run whose data give the frame of points of a plane.
    """
    try:
        if run.record.is_image:
            return _picture(tiled(_drawn(run, evaluation.sample(run, SHOWN).shown)), f"{SHOWN} samples of {name}")
        if run.record.data_shape == (2,):
            return _picture(density(evaluation.sample(run, POINTS).x, _test(real or run, POINTS)), f"samples of {name}")
    except UserError as error:  # a model without samples, or data that are gone
        tell_of_the_system(error)
        return None
    return None


def strip_of_data(run: Run) -> Picture | None:
    """Test examples, drawn as samples are."""
    try:
        if run.record.is_image:
            return _picture(tiled(_drawn(run, _test(run, SHOWN))), f"{SHOWN} real test examples")
        if run.record.data_shape == (2,):
            points = _test(run, POINTS)
            return _picture(density(points, points), "real test examples")
    except UserError as error:
        tell_of_the_system(error)
        return None
    return None


def _test(run: Run, n: int) -> NDArray[np.float32]:
    """Test examples as samples are compared with them, which are grey where the model sees them binarized."""
    data, _ = compared_data(run)
    chosen = pick(data.test, n, generator(0, "overview"))
    if run.record.is_image:
        return run.record.given_back(torch.cat(list(examples(chosen, data))).numpy())
    return np.asarray(torch.cat(list(examples(chosen, data))).numpy())


def _drawn(run: Run, images: NDArray[np.float32]) -> NDArray[np.float64]:
    return run.record.drawn(images).clip(0, 1)


def tiled(images: NDArray[np.float64]) -> Image.Image:
    """Images ``(n, 1 or 3, height, width)`` in [0, 1], eight in a row, a pixel of grey between them."""
    n, channels, height, width = images.shape
    size = min(1.0, MOST_PIXELS / max(height, width))
    high, wide = max(1, round(height * size)), max(1, round(width * size))
    across = min(ACROSS, n)
    sheet = Image.new(
        "L" if channels == 1 else "RGB",
        (across * (wide + GAP) - GAP, math.ceil(n / across) * (high + GAP) - GAP),
        "grey",
    )
    for i, image in enumerate(np.rint(images * 255).astype(np.uint8)):
        tile = Image.fromarray(image[0] if channels == 1 else image.transpose(1, 2, 0))
        tile = tile if size == 1 else tile.resize((wide, high), Image.Resampling.LANCZOS)
        sheet.paste(tile, (i % across * (wide + GAP), i // across * (high + GAP)))
    return sheet


def density(points: NDArray[np.float32], frame: NDArray[np.float32]) -> Image.Image:
    """Points ``(n, 2)`` as their density within what others fill: dark where there are many, the second number up."""
    low, high = frame.min(0), frame.max(0)
    room = 0.1 * (high - low) + 1e-9
    ends = [(low[i] - room[i], high[i] + room[i]) for i in (0, 1)]
    counts, _, _ = np.histogram2d(points[:, 0], points[:, 1], bins=BINS, range=ends)
    shade = 1 - np.sqrt(counts / max(1.0, counts.max()))
    return Image.fromarray(np.rint(255 * shade.T[::-1]).astype(np.uint8)).resize(
        (2 * BINS, 2 * BINS), Image.Resampling.NEAREST
    )


def _picture(image: Image.Image, alt: str) -> Picture:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return Picture(file.getvalue(), alt, alt)
