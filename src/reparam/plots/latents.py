"""Scatter plots of two-dimensional latents, coloured by class."""

from collections.abc import Sequence

import matplotlib.patheffects as effects
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from reparam.errors import UserError
from reparam.plots.style import (
    BLUE,
    CLASS_COLOURS,
    INK,
    MARKERS,
    PAPER,
    SMALL_SIZE,
    class_name,
    dress,
    finite,
    headline,
    legend,
    new_figure,
    shorten,
)

MOST_NAMED = 30
"""Beyond this many classes a legend explains nothing, and none is drawn."""

Labels = Sequence[int] | NDArray[np.int64] | None


def latent_scatter(
    z: object,
    labels: Labels = None,
    class_names: Sequence[str] | None = None,
    *,
    title: str | None = None,
    explained: Sequence[float] | None = None,
) -> Figure:
    """Points of a latent plane, one colour a class, each class's name also at its median.

    Args:
        z: (n, 2) latents, or the first two principal components of larger ones.
        labels: (n,) class numbers, or None.
        class_names: name of class 0, 1, ...; the number stands where none is given.
        title: over the whole.
        explained: the two components' shares of the variance, where ``z`` are principal components; the axes are
            then named PC1 and PC2.

    Raises:
        UserError: where ``z`` is not (n, 2) with n > 0 or holds NaN or infinite values, or labels differ in number.
    """
    return latents_side_by_side(
        [("", z, labels)], class_names, title=title, explained=None if explained is None else [explained]
    )


def latents_side_by_side(
    panels: Sequence[tuple[str, object, Labels]],
    class_names: Sequence[str] | None = None,
    *,
    title: str | None = None,
    explained: Sequence[Sequence[float] | None] | None = None,
) -> Figure:
    """Several latent planes beside each other, each with its own scale, under one legend.

    Args:
        panels: (title, z, labels) as :func:`latent_scatter` takes them.
        class_names: name of class 0, 1, ... in every panel.
        title: over the whole.
        explained: for each panel the two components' shares of the variance, or None.

    Raises:
        UserError: as :func:`latent_scatter`, and for no panel at all.
    """
    if not panels:
        raise UserError("There are no latents to draw; give at least one (title, z, labels) panel.")
    checked = [_checked(z, labels) for _, z, labels in panels]
    classes = np.unique(np.concatenate([labels for _, labels in checked if labels is not None] or [np.empty(0, int)]))
    named = 1 < len(classes) <= MOST_NAMED
    key_columns = 1 + len(classes) // 16 if named else 0
    figure = new_figure(5.3 * len(panels) + 1.2 * key_columns, 5.2 + 0.3 * bool(title))
    headline(figure, title)
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    shares = explained if explained is not None else [None] * len(panels)
    for axes, (name, _, _), (z, labels), share in zip(all_axes, panels, checked, shares, strict=True):
        x_name, y_name = _axis_names(share)
        dress(axes, x=x_name, y=y_name, title=name)
        _scatter(axes, z, labels, classes)
        if named and labels is not None:
            _name_medians(axes, z, labels, class_names)
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_box_aspect(1)
    if named:
        handles = [_key(*_look(i)) for i in range(len(classes))]
        names = [shorten(class_name(int(label), class_names), 24) for label in classes]
        legend(figure, handles, names, loc="outside right center", ncols=key_columns)
    return figure


def _checked(z: object, labels: Labels) -> tuple[NDArray[np.float64], NDArray[np.int64] | None]:
    """The points and their classes, or the sentence that says why they cannot be drawn."""
    points = finite(z, "The latents")
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0:
        raise UserError(f"Latents of shape {points.shape} cannot be drawn in a plane; give (n, 2), by PCA if larger.")
    if labels is None:
        return points, None
    classes = np.asarray(labels)
    if classes.shape != (len(points),):
        raise UserError(f"Labels of shape {classes.shape} do not belong to {len(points)} latents; give one for each.")
    return points, classes.astype(np.int64)


def _axis_names(explained: Sequence[float] | None) -> tuple[str, str]:
    """The plane's two axis labels."""
    if explained is None:
        return "z₁", "z₂"
    return f"PC1 ({explained[0]:.0%} of variance)", f"PC2 ({explained[1]:.0%} of variance)"


def _look(index: int) -> tuple[str, str]:
    """Colour and marker of the class at ``index`` among those drawn."""
    turn, hue = divmod(index, len(CLASS_COLOURS))
    return CLASS_COLOURS[hue], MARKERS[turn % len(MARKERS)]


def _key(colour: str, marker: str) -> Line2D:
    """What stands before a class's name in the legend."""
    return Line2D([], [], color=colour, marker=marker, linestyle="none", markersize=6)


def _scatter(axes: Axes, z: NDArray[np.float64], labels: NDArray[np.int64] | None, classes: NDArray[np.int64]) -> None:
    """The points, small and faint where many, in shuffled order so that no class lies over all the others."""
    size, opacity = float(np.clip(20_000 / len(z), 5, 26)), float(np.clip(2_000 / len(z), 0.45, 0.9))
    order = np.random.default_rng(0).permutation(len(z))
    if labels is None:
        axes.scatter(z[order, 0], z[order, 1], s=size, alpha=opacity, color=BLUE, linewidths=0)
        return
    index = np.searchsorted(classes, labels)
    colours = np.array([_look(i)[0] for i in range(len(classes))])
    for turn in np.unique(index // len(CLASS_COLOURS)):
        chosen = order[index[order] // len(CLASS_COLOURS) == turn]
        marker = MARKERS[int(turn) % len(MARKERS)]
        x, y, colour = z[chosen, 0], z[chosen, 1], colours[index[chosen]].tolist()
        axes.scatter(x, y, s=size, alpha=opacity, c=colour, marker=marker, linewidths=0)


def _name_medians(
    axes: Axes, z: NDArray[np.float64], labels: NDArray[np.int64], class_names: Sequence[str] | None
) -> None:
    """Each class's name at the median of its points, so that nobody need match colours."""
    for label in np.unique(labels):
        x, y = np.median(z[labels == label], axis=0)
        name = shorten(class_name(int(label), class_names), 16)
        text = axes.text(x, y, name, ha="center", va="center", fontsize=SMALL_SIZE, color=INK, weight="bold")
        text.set_parse_math(False)
        text.set_path_effects([effects.withStroke(linewidth=2.5, foreground=PAPER)])
