"""Pictures of numbers that were measured: a panel a measure, a bar a name, the spread of values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from reparam.errors import UserError
from reparam.plots.bins import bin_edges
from reparam.plots.style import BLUE, INK, ORANGE, SOFT, dress, finite, headline, new_figure, shorten

MOST_BARS = 30
LONGEST = 24
"""Characters of a name beside its bar."""
ACROSS = 4


@dataclass(frozen=True)
class Panel:
    """One measure of several samples.

    Args:
        name: of the measure.
        values: one for each of the names.
        errors: standard errors; NaN where there is none.
        ideal: the value that a perfect model would have; NaN where there is none.
    """

    name: str
    values: Sequence[float]
    errors: Sequence[float]
    ideal: float = float("nan")


def measure_panels(names: Sequence[str], panels: Sequence[Panel], *, title: str | None = None) -> Figure:
    """A panel a measure: each sample's value with its standard error, and the ideal as a dotted line.

    Args:
        names: of the samples, from the top.
        panels: the measures.
        title: over the whole.

    Raises:
        UserError: where there is nothing to draw.
    """
    if not names or not panels:
        raise UserError("There are no measures to draw; give at least one panel and one name.")
    columns = min(ACROSS, len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(2.6 * columns + 1.2, (0.8 + 0.26 * len(names)) * rows + 0.4)
    headline(figure, title)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes, panel in zip(grid.flat, panels, strict=False):
        _panel(axes, panel, names)
    return figure


def _panel(axes: Axes, panel: Panel, names: Sequence[str]) -> None:
    dress(axes, title=shorten(panel.name, 30))
    errors = np.where(np.isfinite(panel.errors), panel.errors, 0.0)
    axes.errorbar(panel.values, np.arange(len(names)), xerr=errors, fmt="o", color=BLUE, markersize=4, capsize=2)
    if np.isfinite(panel.ideal):
        axes.axvline(panel.ideal, color=SOFT, linestyle=":")
    axes.set_yticks(range(len(names)), [shorten(name, LONGEST) for name in names], parse_math=False)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.locator_params(axis="x", nbins=4)


def bars(names: Sequence[str], values: ArrayLike, *, title: str | None = None, unit: str = "") -> Figure:
    """A bar a name, the first 30 of them, from the top.

    Args:
        names: one for each value.
        values: ``(n,)``, finite.
        title: over the whole.
        unit: what the bars measure.

    Raises:
        UserError: where there are none, their numbers differ, or values are NaN or infinite.
    """
    heights = finite(values, "The bars")
    if len(names) == 0 or heights.shape != (len(names),):
        raise UserError(f"{len(names)} names and values of shape {heights.shape} make no bars; give one value a name.")
    shown = [shorten(name, LONGEST) for name in names[:MOST_BARS]]
    figure = new_figure(7.0, 1.0 + 0.26 * len(shown))
    headline(figure, title)
    axes = figure.subplots()
    dress(axes, x=unit)
    axes.barh(np.arange(len(shown)), heights[:MOST_BARS], color=BLUE, height=0.7)
    axes.set_yticks(range(len(shown)), shown, parse_math=False)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    return figure


def histogram(values: ArrayLike, *, title: str | None = None, unit: str = "") -> Figure:
    """How values spread, with their mean as a line.

    Args:
        values: any shape, finite.
        title: over the whole.
        unit: of the values.

    Raises:
        UserError: where there are none, or any is NaN or infinite.
    """
    numbers = finite(values, "The values").ravel()
    if not len(numbers):
        raise UserError("There are no values to draw; give at least one.")
    figure = new_figure(6.0, 3.4)
    headline(figure, title)
    axes = figure.subplots()
    dress(axes, x=unit, y="examples")
    axes.hist(numbers, bins=bin_edges(numbers, 40).tolist(), color=BLUE, alpha=0.7)
    axes.axvline(numbers.mean(), color=ORANGE, label=f"mean {numbers.mean():,.4g}")
    axes.legend(frameon=False, labelcolor=INK, fontsize=9)
    return figure
