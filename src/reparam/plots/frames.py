"""Picture arrays set into a figure so that one pixel of the array is a whole number of pixels of the file."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reparam.plots.style import DPI, INK, LABEL_SIZE, PAPER, TITLE_SIZE, shorten

TARGET = 1150
"""The pixels that a row of pictures aims to be wide."""

TALLEST = 1200
"""The pixels that a picture aims not to pass in height."""

TITLED = 280
"""The pixels that a picture with a title over it is at least wide."""

LARGEST = 3000
"""Beyond this many pixels a side a picture is shrunk, smoothly, rather than drawn pixel for pixel."""

MARGIN = 16
GAP = 30
LINE = 34
"""Pixels: around everything, between panels, and for a line of text."""


@dataclass(frozen=True)
class Margins:
    """Room in file pixels, left and below each panel, for tick labels and such."""

    left: int = 0
    bottom: int = 0


def zoom_for(width: int, height: int, most: int = 24) -> float:
    """File pixels per array pixel for pictures ``width`` by ``height`` in all: whole, and as large as fits the page.

    >>> zoom_for(100, 50), zoom_for(5, 5), zoom_for(2000, 100), zoom_for(6000, 100)
    (11, 24, 1, 0.5)
    """
    fits = min(TARGET // width, TALLEST // height, most)
    return fits if fits >= 1 else min(1, LARGEST / max(width, height))


def frame(
    pictures: Sequence[NDArray[np.float64]],
    *,
    titles: Sequence[str] | None = None,
    title: str | None = None,
    margins: Margins | None = None,
    zoom: float | None = None,
) -> tuple[Figure, list[Axes]]:
    """A figure of picture arrays (H, W, c) side by side, each in axes whose data coordinates are array pixels.

    Args:
        pictures: one or more arrays with values in [0, 1] and c = 1 or 3.
        titles: one over each picture.
        title: one over all.
        margins: room at the left of and below each picture.
        zoom: file pixels per array pixel; as large as fits unless given.
    """
    margins = margins or Margins()
    sizes = [(picture.shape[1], picture.shape[0]) for picture in pictures]
    zoom = zoom or zoom_for(sum(width for width, _ in sizes), max(height for _, height in sizes))
    if titles is not None:
        zoom = max(zoom, min(24, TITLED // min(width for width, _ in sizes)))
    widths, heights = ([max(1, round(size[axis] * zoom)) for size in sizes] for axis in (0, 1))
    head = LINE * (titles is not None) + (LINE + 8) * bool(title)
    content = sum(widths) + len(sizes) * margins.left + (len(sizes) - 1) * GAP
    total_w = max(content + 2 * MARGIN, _width_of(title))
    total_h = max(heights) + margins.bottom + head + 2 * MARGIN
    figure = Figure(figsize=(total_w / DPI, total_h / DPI), dpi=DPI, facecolor=PAPER)
    panels = []
    x = (total_w - content) // 2
    for i, picture in enumerate(pictures):
        x += margins.left
        y = MARGIN + margins.bottom + max(heights) - heights[i]
        axes = figure.add_axes((x / total_w, y / total_h, widths[i] / total_w, heights[i] / total_h))
        _show(axes, picture, "nearest" if zoom >= 1 else "auto")
        if titles is not None:
            text = shorten(titles[i], widths[i] // 13)
            axes.set_title(text, fontsize=LABEL_SIZE + 1, color=INK, pad=5, parse_math=False)
        panels.append(axes)
        x += widths[i] + GAP
    if title:
        y_title = 1 - (MARGIN + LINE / 2) / total_h
        figure.text(0.5, y_title, title, size=TITLE_SIZE, color=INK, ha="center", va="center", parse_math=False)
    return figure, panels


def _width_of(title: str | None) -> int:
    """Pixels a title needs, roughly, so that one over a small picture is not cut off."""
    return 2 * MARGIN + 15 * max(map(len, title.splitlines()), default=0) if title else 0


def _show(axes: Axes, picture: NDArray[np.float64], interpolation: str) -> None:
    """Draw ``picture`` over the whole of ``axes``, which lose ticks and box."""
    colour = np.broadcast_to(picture, (*picture.shape[:2], 3))
    axes.imshow(colour, interpolation=interpolation, aspect="auto", interpolation_stage="data")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
