"""Figures made of images: grids, progress over training, reconstructions, the latent plane, a data set."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reparam.errors import UserError
from reparam.plots.frames import TARGET, Margins, frame, zoom_for
from reparam.plots.style import INK, LABEL_SIZE, SMALL_SIZE, class_name, dress, finite, shorten
from reparam.plots.tiles import as_images, default_columns, margin_grey, tile

CAPTION = 26
"""File pixels for the line of text over one image of a grid."""

NARROWEST = 96
"""File pixels that an image with a caption is at least wide, where the page allows."""

CHARACTER = 10.5
"""File pixels a character of a caption takes, roughly."""

TICK = 75
"""File pixels from one tick label of the latent plane to the next, at least."""

MOST_ROWS = 12
"""A data set of more classes is shown with a caption over each image rather than a row for each class."""


def image_grid(
    images: object,
    *,
    columns: int | None = None,
    titles: Sequence[str] | None = None,
    row_labels: Sequence[str] | None = None,
    title: str | None = None,
) -> Figure:
    """Images in a grid, every pixel drawn crisp.

    Args:
        images: (n, c, h, w) floats in [0, 1], c 1 or 3; one is enough. Outside [0, 1] they are clipped.
        columns: images in a row; about the square root of n unless given.
        titles: n short captions, one over each image; what does not fit is cut with an ellipsis.
        row_labels: one at the left of each row.
        title: one over the whole.

    Raises:
        UserError: for images of another shape, for integers, for NaN or infinite values.
    """
    x = as_images(images)
    columns = default_columns(len(x)) if columns is None else columns
    if titles is not None and len(titles) != len(x):
        raise UserError(f"{len(titles)} titles were given for {len(x)} images; give one for each.")
    if titles is not None:
        return _captioned(x, columns, titles, row_labels, title)
    figure, (axes,) = frame([tile(x, columns)], title=title, margins=Margins(left=_room(row_labels)))
    _label_rows(axes, row_labels, x.shape[2], pad=1)
    return figure


def _captioned(
    x: NDArray[np.float64], columns: int, titles: Sequence[str], row_labels: Sequence[str] | None, title: str | None
) -> Figure:
    """The grid with a line of text over each image."""
    h, w = x.shape[2:]
    zoom = max(zoom_for(columns * (w + 1), h), min(math.ceil(NARROWEST / w), 24))
    zoom = min(zoom, max(1, TARGET // (3 * w)))  # a lone small image need not fill the page
    pad = (math.ceil(CAPTION / zoom), max(1, math.ceil(4 / zoom)))
    picture = tile(x, columns, pad)
    picture = picture[: len(picture) - pad[0] + pad[1]]  # no caption stands below the last row
    figure, (axes,) = frame([picture], title=title, margins=Margins(left=_room(row_labels)), zoom=zoom)
    for i, caption in enumerate(titles):
        row, column = divmod(i, columns)
        at = (column * (w + pad[1]) + pad[1] + w / 2 - 0.5, row * (h + pad[0]) + pad[0] - 0.5 - 5 / zoom)
        text = shorten(caption, int(zoom * (w + pad[1]) / CHARACTER))
        axes.text(*at, text, ha="center", va="baseline", fontsize=SMALL_SIZE - 1, color=INK, parse_math=False)
    _label_rows(axes, row_labels, h, pad[0])
    return figure


def _room(labels: Sequence[str] | None) -> int:
    """File pixels that row labels need at the left."""
    return 14 + 13 * min(max(map(len, labels), default=0), 24) if labels else 0


def _label_rows(axes: Axes, labels: Sequence[str] | None, height: int, pad: int) -> None:
    """Write ``labels`` at the left of the rows of a tiled picture."""
    if labels is None:
        return
    centres = [pad - 0.5 + height / 2 + row * (height + pad) for row in range(len(labels))]
    axes.set_yticks(centres, [shorten(label, 24) for label in labels], fontsize=LABEL_SIZE, color=INK)
    for text in axes.get_yticklabels():
        text.set_parse_math(False)
    axes.tick_params(axis="y", length=0, pad=5)


def samples_over_training(
    grids: Sequence[tuple[str, object]], *, columns: int | None = None, title: str | None = None
) -> Figure:
    """Samples of one model at several moments, side by side.

    Args:
        grids: (label, images (n, c, h, w) in [0, 1]) for each moment: "before training", "half way", say.
        columns: images in a row of each panel.
        title: one over the whole.

    Raises:
        UserError: for no grid at all, and for images that :func:`image_grid` refuses.
    """
    if not grids:
        raise UserError("There are no samples to draw; give at least one (label, images) pair.")
    pictures = [tile(as_images(images, f"The images '{label}'"), columns) for label, images in grids]
    return frame(pictures, titles=[label for label, _ in grids], title=title)[0]


def reconstructions(originals: object, reconstructions: object, *, title: str | None = None) -> Figure:
    """Each original above its reconstruction, in as many double rows as sixteen a row take.

    Args:
        originals: (n, c, h, w) floats in [0, 1].
        reconstructions: the same shape.
        title: one over the whole.

    Raises:
        UserError: where the shapes differ, and for images that :func:`image_grid` refuses.
    """
    x, y = as_images(originals, "The originals"), as_images(reconstructions, "The reconstructions")
    if x.shape != y.shape:
        raise UserError(f"Originals of shape {x.shape} and reconstructions of shape {y.shape} do not pair up.")
    columns = min(len(x), 16)
    rows = math.ceil(len(x) / columns)
    cells = np.full((2, rows * columns, *x.shape[1:]), margin_grey(x))
    cells[0, : len(x)], cells[1, : len(x)] = x, y
    interleaved = cells.reshape(2, rows, columns, *x.shape[1:]).swapaxes(0, 1).reshape(-1, *x.shape[1:])
    return image_grid(interleaved, columns=columns, row_labels=["original", "reconstruction"] * rows, title=title)


def manifold(
    images: object,
    z_axis: object,
    *,
    z2_axis: object = None,
    title: str | None = None,
    names: tuple[str, str] = ("z₁", "z₂"),
) -> Figure:
    """What the decoder makes of each point of a plane of latents, laid out as the plane is: z₁ right, z₂ up.

    Args:
        images: (rows, columns, c, h, w) floats in [0, 1]; ``images[i, j]`` belongs to z₁ = ``z_axis[j]`` and
            z₂ = ``z2_axis[i]``. With rising values the first row is therefore at the bottom, as in a scatter plot.
        z_axis: (columns,) values of z₁, the inverse normal distribution function at even steps, say.
        z2_axis: (rows,) values of z₂; ``z_axis`` again unless given.
        title: one over the whole.
        names: of the two axes.

    Raises:
        UserError: where the axes do not fit the images, and for images that :func:`image_grid` refuses.
    """
    raw = np.asarray(images)
    across = finite(z_axis, "The values of z₁")
    up = across if z2_axis is None else finite(z2_axis, "The values of z₂")
    if raw.ndim != 5 or across.shape != (raw.shape[1],) or up.shape != (raw.shape[0],):
        raise UserError(
            f"Latent images of shape {raw.shape} do not fit axes of shapes {across.shape} and {up.shape}; "
            "give (rows, columns, channels, height, width), a value of z₁ for each column and of z₂ for each row."
        )
    rows, columns, _, h, w = raw.shape
    x = as_images(raw[::-1].reshape(-1, *raw.shape[2:]), "The latent images")
    figure, (axes,) = frame([tile(x, columns, pad=0)], title=title, margins=Margins(left=96, bottom=72))
    dress(axes, x=names[0], y=names[1])
    axes.grid(visible=False)
    some_x = _some(columns, axes.bbox.width / TICK)
    some_y = _some(rows, axes.bbox.height / TICK)
    axes.set_xticks([j * w + (w - 1) / 2 for j in some_x], [_signed(across[j]) for j in some_x])
    axes.set_yticks([(rows - 1 - i) * h + (h - 1) / 2 for i in some_y], [_signed(up[i]) for i in some_y])
    return figure


def _some(count: int, most: float) -> list[int]:
    """About ``most`` of ``range(count)`` at even steps, centred.

    >>> _some(3, 5), _some(20, 5)
    ([0, 1, 2], [1, 5, 9, 13, 17])
    """
    step = math.ceil(count / max(most, 1))
    return list(range((count - 1) % step // 2, count, step))


def _signed(value: float) -> str:
    """A tick label with a true minus sign.

    >>> _signed(-1.6449), _signed(-0.001)
    ('−1.64', '0.00')
    """
    return f"{value:z.2f}".replace("-", "−")


def data_grid(
    images: object,
    labels: Sequence[int] | NDArray[np.int64] | None = None,
    class_names: Sequence[str] | None = None,
    title: str | None = None,
    *,
    per_class: int = 12,
) -> Figure:
    """A look at a data set: a row for each class; with more than 12 classes, or few images of each, a caption for each.

    Args:
        images: (n, c, h, w) floats in [0, 1]; of each class the first ``per_class`` are shown.
        labels: (n,) class numbers, or None for a plain grid.
        class_names: name of class 0, 1, ...; the number stands where none is given.
        title: one over the whole.
        per_class: images in a row.

    Raises:
        UserError: where labels and images differ in number, and for images that :func:`image_grid` refuses.
    """
    x = as_images(images)
    if labels is None:
        return image_grid(x[: 8 * per_class], columns=min(len(x), per_class), title=title)
    y = np.asarray(labels)
    if y.shape != (len(x),):
        raise UserError(f"Labels of shape {y.shape} do not belong to {len(x)} images; give one for each.")
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) > MOST_ROWS or counts.mean() < 3:
        shown = x[: 8 * per_class]
        captions = [class_name(int(label), class_names) for label in y[: len(shown)]]
        return image_grid(shown, titles=captions, columns=min(len(shown), 8), title=title)
    per_class = min(per_class, int(counts.max()))
    cells = np.full((len(classes), per_class, *x.shape[1:]), margin_grey(x))
    for row, label in zip(cells, classes, strict=True):
        chosen = x[y == label][:per_class]
        row[: len(chosen)] = chosen
    names = [class_name(int(label), class_names) for label in classes]
    return image_grid(cells.reshape(-1, *x.shape[1:]), columns=per_class, row_labels=names, title=title)
