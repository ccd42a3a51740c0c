"""Many images composed into one picture array."""

import math

import numpy as np
from numpy.typing import NDArray

from reparam.errors import UserError
from reparam.plots.style import finite


def as_images(images: object, what: str = "The images") -> NDArray[np.float64]:
    """``images`` checked to be (n, channels, height, width) floats with 1 or 3 channels, and clipped to [0, 1].

    Raises:
        UserError: for another shape, for no image at all, for integers (whose scale is unknown: 1 may be white or
            nearly black), and for NaN or infinite values.
    """
    raw = np.asarray(images)
    if raw.ndim != 4 or raw.shape[1] not in (1, 3) or 0 in raw.shape:
        raise UserError(f"{what} have shape {raw.shape}; a picture takes (n, 1 or 3 channels, height, width), n > 0.")
    if raw.dtype.kind in "iu":
        raise UserError(f"{what} are {raw.dtype} integers; give floats in [0, 1] (divide 8-bit pixels by 255).")
    return finite(raw, what).clip(0.0, 1.0)


def default_columns(count: int) -> int:
    """Columns of a grid of ``count`` images that is about square, wider rather than taller.

    >>> default_columns(1), default_columns(5), default_columns(64)
    (1, 3, 8)
    """
    return math.ceil(math.sqrt(count))


def margin_grey(images: NDArray[np.float64]) -> float:
    """The grey between ``images``: white like the page, or light grey where the images' own edges are white."""
    edges = [images[..., 0, :], images[..., -1, :], images[..., :, 0], images[..., :, -1]]
    return 1.0 if float(np.mean([edge.mean() for edge in edges])) < 0.8 else 0.8


def tile(
    images: object, columns: int | None = None, pad: int | tuple[int, int] = 1, pad_value: float | None = None
) -> NDArray[np.float64]:
    """Compose images into one picture, row by row, with ``pad`` pixels around each; no pixel is resampled.

    Args:
        images: (n, c, h, w) floats, c 1 or 3; outside [0, 1] they are clipped.
        columns: images in a row; about the square root of n unless given.
        pad: pixels between images and around the whole, or (between rows, between columns).
        pad_value: grey of the padding and of cells left over; unless given, white, or light grey where the images'
            own edges are white.

    Returns:
        (H, W, c), H = rows (h + pad) + pad, and W likewise.

    Raises:
        UserError: for images that :func:`as_images` refuses, and for fewer than one column.

    >>> tile(np.zeros((5, 1, 20, 28)), columns=3).shape
    (43, 88, 1)
    """
    x = as_images(images)
    n, c, h, w = x.shape
    columns = default_columns(n) if columns is None else columns
    if columns < 1:
        raise UserError(f"A picture of {columns} columns cannot be drawn; give 1 or more.")
    down, across = (pad, pad) if isinstance(pad, int) else pad
    rows = math.ceil(n / columns)
    grey = margin_grey(x) if pad_value is None else pad_value
    cells = np.full((rows * columns, c, h + down, w + across), grey)
    cells[:n, :, down:, across:] = x
    body = cells.reshape(rows, columns, c, h + down, w + across).transpose(0, 3, 1, 4, 2)
    body = body.reshape(rows * (h + down), columns * (w + across), c)
    return np.pad(body, ((0, down), (0, across), (0, 0)), constant_values=grey)
