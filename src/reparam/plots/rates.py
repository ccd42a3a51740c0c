"""Pictures of rate-distortion curves."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reparam.errors import UserError
from reparam.plots.style import CLASS_COLOURS, dress, headline, legend, new_figure, shorten

Curve = tuple[NDArray[np.floating], NDArray[np.floating], NDArray[np.floating], NDArray[np.floating]]


def rate_distortion_curve(curves: Mapping[str, Curve], *, title: str | None = None) -> Figure:
    """Nats of code over squared error, a line a model, with bars of one standard error.

    Args:
        curves: by the models' names: distortion, its errors, rate, its errors, ``(points,)`` each.
        title: over the whole.

    Raises:
        UserError: if there is none.
    """
    if not curves:
        raise UserError("There are no curves to draw; give at least one.")
    figure = new_figure(6.4, 4.2)
    headline(figure, title or "Rate-distortion of prior and decoder")
    axes = figure.subplots()
    dress(axes, x="squared error per value (log scale)", y="rate: nats of code per example")
    axes.set_xscale("log")
    lines: list[Any] = [
        axes.errorbar(far, rate, xerr=far_error, yerr=rate_error, color=CLASS_COLOURS[at % len(CLASS_COLOURS)],
                      marker="o", markersize=3, linewidth=1.2, elinewidth=0.8)
        for at, (far, far_error, rate, rate_error) in enumerate(curves.values())
    ]  # fmt: skip
    legend(axes, lines, [shorten(name, 40) for name in curves], loc="upper right")
    return figure
