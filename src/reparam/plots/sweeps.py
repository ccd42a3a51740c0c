"""Pictures of sweeps: every trial as a line through its settings, to what it came to."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from reparam.errors import UserError
from reparam.plots.style import INK, ORANGE, SMALL_SIZE, SOFT, finite, headline, new_figure, shorten

LONGEST = 14


def parallel_coordinates(
    settings: Mapping[str, Sequence[Any]],
    values: ArrayLike,
    *,
    logarithmic: Sequence[str] = (),
    value: str = "value",
    title: str | None = None,
) -> Figure:
    """An axis a setting, the value as the last; a line a trial, the darker the better, and the best in orange.

    Args:
        settings: by name, one of each trial: numbers, or labels, which have places at equal distances.
        values: ``(trials,)``, finite, the higher the better.
        logarithmic: the names of settings, above 0, whose logarithms have equal distances.
        value: what the last axis is called.
        title: over the whole.

    Raises:
        UserError: where there are no settings or trials, their numbers differ, or values are not finite.
    """
    reached = finite(values, "The values")
    if not settings or not len(reached) or any(len(column) != len(reached) for column in settings.values()):
        raise UserError("There is no sweep to draw; give settings and a value for each of one trial or more.")
    figure = new_figure(2.2 * (len(settings) + 1) + 0.6, 4.2)
    headline(figure, title)
    axes = figure.subplots()
    columns = [_scale(axes, i, name, column, name in logarithmic) for i, (name, column) in enumerate(settings.items())]
    columns.append(_scale(axes, len(columns), value, list(reached), False))
    order = np.argsort(reached)
    shade = np.empty(len(reached))
    shade[order] = np.linspace(0.15, 0.85, len(reached))
    for i in order:
        best = i == order[-1]
        line = (
            {"color": ORANGE, "linewidth": 2.0} if best else {"color": colormaps["Blues"](shade[i]), "linewidth": 1.0}
        )
        axes.plot(range(len(columns)), [column[i] for column in columns], zorder=3 + best, **line)
    return figure


def _scale(axes: Axes, place: int, name: str, column: Sequence[Any], logarithmic: bool) -> np.ndarray:
    """An axis with its ends, and where each trial crosses it, from 0 to 1."""
    if all(isinstance(entry, int | float) for entry in column):
        numbers = np.log10(np.asarray(column, float)) if logarithmic else np.asarray(column, float)
        low, high = numbers.min(), numbers.max()
        marks = {0.0: f"{min(column):.4g}", 1.0: f"{max(column):.4g}"}
        heights = (numbers - low) / (high - low) if high > low else np.full(len(numbers), 0.5)
    else:
        labels = list(dict.fromkeys(map(str, column)))
        at = {label: (i + 0.5) / len(labels) for i, label in enumerate(labels)}
        heights, marks = np.array([at[str(entry)] for entry in column]), {at[label]: label for label in labels}
    axes.plot([place, place], [0.0, 1.0], color=SOFT, linewidth=1.0)
    box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.0}
    how: dict[str, Any] = {
        "fontsize": SMALL_SIZE,
        "color": INK,
        "va": "center",
        "zorder": 6,
        "parse_math": False,
        "bbox": box,
    }
    for height, label in marks.items():
        axes.text(place + 0.04, height, shorten(label, LONGEST), **how)
    axes.text(place, 1.08, shorten(name, 22), fontsize=SMALL_SIZE + 1, color=INK, ha="center", parse_math=False)
    axes.set(xlim=(-0.3, place + 0.6), ylim=(-0.08, 1.15))
    axes.axis("off")
    return heights
