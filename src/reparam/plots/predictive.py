"""Pictures of posterior predictive checks: how a statistic of draws spreads, and where the data lie."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from reparam.errors import UserError
from reparam.plots.bins import bin_edges
from reparam.plots.style import BLUE, ORANGE, dress, headline, legend, new_figure, shorten

PER_ROW, BINS = 4, 25
Histogram = tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]
"""Shares of equal bins of [0, 1] and their errors: of test values, and of draws."""


def predictive_panels(
    panels: Mapping[str, tuple[NDArray[np.floating], float]],
    *,
    title: str | None = None,
    pit: Mapping[str, Histogram] | None = None,
) -> Figure:
    """A panel a statistic.

    Args:
        panels: by what is written over each: values of draws ``(n,)``, and that of the data.
        title: over the whole.
        pit: histograms of probability integral transforms, as more panels, by what is written over each.

    Raises:
        UserError: if there are none.
    """
    if not panels:
        raise UserError("There are no statistics to draw; give at least one.")
    names = [*panels, *(pit or {})]
    across = min(PER_ROW, len(names))
    rows = -(-len(names) // across)
    figure = new_figure(3.0 * across + 0.3, 2.2 * rows + 0.7)
    headline(figure, title)
    for at, axes in enumerate(figure.subplots(rows, across, squeeze=False).flat):
        if at >= len(names):
            axes.set_visible(False)
        elif names[at] in panels:
            _statistic(axes, names[at], *panels[names[at]], first=at % across == 0)
        else:
            _transforms(axes, names[at], (pit or {})[names[at]])
    keys = [Patch(color=BLUE, alpha=0.7), Line2D([], [], color=ORANGE, linewidth=2)]
    legend(figure, keys, ["draws", "data"], loc="outside lower center", ncols=2)
    return figure


def pit_panel(*histogram: NDArray[np.floating], title: str | None = None) -> Figure:
    """The transform of test values with its errors, over that of draws: level where the model is right.

    Args:
        *histogram: shares and their errors, of test values and of draws, ``(bins,)`` each.
        title: over the whole.
    """
    figure = new_figure(5.2, 3.4)
    headline(figure, title)
    values, errors, own, own_errors = histogram
    _transforms(figure.subplots(), "", (values, errors, own, own_errors))
    keys = [Patch(color=BLUE, alpha=0.7), Line2D([], [], color=ORANGE, linewidth=2)]
    legend(figure, keys, ["draws ± 2 errors", "data ± 2 errors"], loc="outside lower center", ncols=2)
    return figure


def _over(name: str) -> str:
    """What is written over a panel: each line as far as it has room."""
    return "\n".join(shorten(line, 38) for line in name.split("\n"))


def _statistic(axes: Axes, name: str, values: NDArray[np.floating], data: float, first: bool) -> None:
    dress(axes, y="sets of draws" if first else "", title=_over(name))
    axes.title.set_fontsize(9)
    edges = bin_edges(np.asarray(values), BINS).tolist()
    axes.hist(values, edges, color=BLUE, alpha=0.7)
    axes.axvline(data, color=ORANGE, linewidth=2)
    axes.locator_params(axis="x", nbins=4)


def _transforms(axes: Axes, name: str, histogram: Histogram) -> None:
    values, errors, own, own_errors = histogram
    dress(axes, x="" if name else "P(X ≤ x)", y="" if name else "share of values", title=_over(name))
    axes.title.set_fontsize(9)
    edges = np.arange(len(values) + 1) / len(values)
    # bands and lines, whose axis need not begin at zero: a fault of a hundredth is to be seen
    axes.stairs(own + 2 * own_errors, edges, baseline=own - 2 * own_errors, fill=True, color=BLUE, alpha=0.5)
    axes.stairs(own, edges, baseline=None, color=BLUE, linewidth=1.5)
    axes.stairs(values, edges, baseline=None, color=ORANGE, linewidth=1.5)
    axes.errorbar(edges[:-1] + 0.5 / len(values), values, 2 * errors, fmt="none", ecolor=ORANGE, elinewidth=1.2)
    axes.set_xlim(0, 1)
