"""Pictures of how well a table was made: pairs of columns, distances to the data's rows, places in conditionals."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch
from numpy.typing import NDArray

from reparam.errors import UserError
from reparam.plots.bins import bin_edges
from reparam.plots.style import (
    BLUE,
    INK,
    ORANGE,
    SMALL_SIZE,
    SOFT,
    dress,
    headline,
    legend,
    new_figure,
    shorten,
)

NAMED, LONGEST = 24, 14
"""Columns up to which each is named at an edge of a matrix, and the letters of a name."""
WRITTEN = 8
"""Columns up to which the numbers stand in the cells."""
PANELS, PER_ROW, BINS = 12, 4, 10
Matrix = NDArray[np.floating]


def pair_heatmaps(names: Sequence[str], data: Matrix, samples: Matrix, *, title: str | None = None) -> Figure:
    """How strongly each pair of columns hangs together in the data and in samples, and the difference.

    Args:
        names: of the columns, d of them.
        data: ``(d, d)``, in [-1, 1]; NaN where there is no number.
        samples: the same of samples.
        title: over the whole.

    Raises:
        UserError: if there are fewer than two columns.
    """
    if len(names) < 2:
        raise UserError("There are no pairs of columns to draw; give two columns or more.")
    size = min(5.0, 2.2 + 0.28 * len(names))
    figure = new_figure(3 * size + 0.6, size + 0.9)
    headline(figure, title)
    panels = figure.subplots(1, 3)
    heads = "data", "samples", "samples - data"
    for at, (axes, head, values) in enumerate(zip(panels, heads, (data, samples, samples - data), strict=True)):
        image = _heatmap(axes, values, names if at == 0 else None, names, head)
    bar = figure.colorbar(image, ax=panels, shrink=0.8, pad=0.01)
    bar.ax.tick_params(labelsize=SMALL_SIZE, colors=INK)
    bar.set_label("correlation, or Cramér's V with words", fontsize=SMALL_SIZE, color=INK)
    return figure


def _heatmap(axes: Axes, values: Matrix, rows: Sequence[str] | None, columns: Sequence[str], head: str) -> AxesImage:
    image = axes.imshow(np.ma.masked_invalid(values), cmap="RdBu_r", vmin=-1, vmax=1)
    axes.set_title(head, fontsize=11, color=INK)
    axes.set_facecolor("#eeeeee")
    d = len(columns)
    shown = [shorten(name, LONGEST) for name in columns] if d <= NAMED else []
    axes.set_xticks(range(len(shown)), shown, rotation=90, fontsize=SMALL_SIZE, parse_math=False)
    shown = shown if rows is not None else []
    axes.set_yticks(range(len(shown)), shown, fontsize=SMALL_SIZE, parse_math=False)
    axes.tick_params(color=SOFT, labelcolor=INK)
    if d <= WRITTEN:
        for (i, j), value in np.ndenumerate(values):
            if np.isfinite(value):
                axes.text(j, i, f"{value:.2f}".replace("-0.00", "0.00"), ha="center", va="center", fontsize=7,
                          color="white" if abs(value) > 0.6 else INK)  # fmt: skip
    return image


def closest_distances(samples: Matrix, held_out: Matrix, *, title: str | None = None) -> Figure:
    """Distances to the closest training row: of samples, and of real rows that were not trained on.

    Args:
        samples: ``(n,)``.
        held_out: ``(m,)``.
        title: over the whole.

    Raises:
        UserError: if there are none.
    """
    if not (len(samples) and len(held_out)):
        raise UserError("There are no distances to draw; give some of samples and some of rows held out.")
    figure = new_figure(6.4, 3.4)
    headline(figure, title)
    axes = figure.subplots()
    dress(axes, x="distance to the closest training row", y="share of rows")
    edges = bin_edges(np.concatenate([samples, held_out]), 40).tolist()
    for values, colour, over in ((held_out, BLUE, False), (samples, ORANGE, True)):
        weights = np.full(len(values), 1 / len(values))
        axes.hist(values, edges, weights=weights, color=colour, histtype="step" if over else "stepfilled",
                  alpha=1.0 if over else 0.6, linewidth=1.5 if over else 0)  # fmt: skip
        axes.axvline(float(np.quantile(values, 0.05)), color=colour, linestyle=":")
    legend(axes, [Patch(color=BLUE), Patch(color=ORANGE)], ["real rows held out", "samples"], loc="upper right")
    axes.text(0.99, 0.68, "dotted: 5 % quantiles", transform=axes.transAxes, ha="right", fontsize=SMALL_SIZE,
              color=SOFT)  # fmt: skip
    return figure


def transform_panels(transforms: Mapping[str, Matrix], *, title: str | None = None) -> Figure:
    """Where cells lie in what a model says of them, a panel a column: flat where it is right; the first twelve.

    The band is where 95 % of the bars of a right model lie.

    Args:
        transforms: of each column values in [0, 1].
        title: over the whole.

    Raises:
        UserError: if there are none.
    """
    if not transforms:
        raise UserError("There are no conditionals to draw: that takes a model that says p(x|z) of columns.")
    shown = list(transforms.items())[:PANELS]
    across = min(PER_ROW, len(shown))
    rows = -(-len(shown) // across)
    figure = new_figure(2.6 * across + 0.4, 2.1 * rows + 0.5)
    more = f" (first {len(shown)} of {len(transforms)} columns)" if len(transforms) > len(shown) else ""
    headline(figure, None if title is None else title + more)
    grid = figure.subplots(rows, across, squeeze=False, sharey=True).flat
    for at, axes in enumerate(grid):
        if at >= len(shown):
            axes.set_visible(False)
            continue
        name, values = shown[at]
        dress(axes, y="density" if at % across == 0 else "", title=shorten(name, 24))
        spread = 1.96 * np.sqrt((1 - 1 / BINS) * BINS / max(1, len(values)))
        axes.axhspan(1 - spread, 1 + spread, color=SOFT, alpha=0.2, linewidth=0)
        axes.hist(values, np.linspace(0, 1, BINS + 1).tolist(), density=True, color=BLUE, alpha=0.75)
        axes.axhline(1, color=SOFT, linewidth=1)
        axes.set_xticks([0, 0.5, 1])
    return figure
