"""Pictures of posterior predictive checks: how a statistic of draws spreads, and where the data lie."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from reparam.errors import UserError
from reparam.plots.bins import bin_edges
from reparam.plots.style import BLUE, ORANGE, dress, headline, legend, new_figure, shorten

PER_ROW, BINS = 4, 25


def predictive_panels(panels: Mapping[str, tuple[NDArray[np.floating], float]], *, title: str | None = None) -> Figure:
    """A panel a statistic.

    Args:
        panels: by what is written over each: values of draws ``(n,)``, and that of the data.
        title: over the whole.

    Raises:
        UserError: if there are none.
    """
    if not panels:
        raise UserError("There are no statistics to draw; give at least one.")
    across = min(PER_ROW, len(panels))
    rows = -(-len(panels) // across)
    figure = new_figure(3.0 * across + 0.3, 2.2 * rows + 0.7)
    headline(figure, title)
    grid = figure.subplots(rows, across, squeeze=False).flat
    for at, axes in enumerate(grid):
        if at >= len(panels):
            axes.set_visible(False)
            continue
        name, (values, data) = list(panels.items())[at]
        dress(axes, y="sets of draws" if at % across == 0 else "", title=shorten(name, 38))
        axes.title.set_fontsize(9)
        edges = bin_edges(np.asarray(values), BINS).tolist()
        axes.hist(values, edges, color=BLUE, alpha=0.7)
        axes.axvline(data, color=ORANGE, linewidth=2)
        axes.locator_params(axis="x", nbins=4)
    keys = [Patch(color=BLUE, alpha=0.7), Line2D([], [], color=ORANGE, linewidth=2)]
    legend(figure, keys, ["draws", "data"], loc="outside lower center", ncols=2)
    return figure
