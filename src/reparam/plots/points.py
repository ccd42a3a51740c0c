"""Pictures of vectors, data and model samples: scatter plots, pair plots, and the choice among all kinds."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from reparam.errors import UserError
from reparam.plots.bins import bin_edges
from reparam.plots.grids import image_grid
from reparam.plots.style import BLUE, ORANGE, SMALL_SIZE, dress, finite, headline, legend, new_figure, shorten

FAINT = "#d0d0d0"

MOST_PAIRED = 5
"""Columns that a pair plot shows; more would be too small to read."""


def point_samples(
    x_data: object | None,
    x_model: object,
    *,
    title: str | None = None,
    names: Sequence[str] = ("x₁", "x₂"),
) -> Figure:
    """Points of the plane: the data, and beside them a model's samples over the data in grey, on the same scale.

    Args:
        x_data: (n, 2), or None to draw the samples alone.
        x_model: (m, 2).
        title: over the whole.
        names: of the two coordinates.

    Raises:
        UserError: where an array is not (n, 2) with n > 0, or holds NaN or infinite values.
    """
    model = _vectors(x_model, "The samples", 2)
    data = None if x_data is None else _vectors(x_data, "The data", 2)
    figure = new_figure(9.6 if data is not None else 5.2, 5.0 + 0.3 * bool(title))
    headline(figure, title)
    panels = figure.subplots(1, 2 if data is not None else 1, squeeze=False, sharex=True, sharey=True)[0]
    if data is not None:
        dress(panels[0], x=names[0], y=names[1], title=f"data ({len(data):,} points)")
        _dots(panels[0], data, BLUE)
        _dots(panels[1], data, FAINT)
    dress(panels[-1], x=names[0], y=names[1], title=f"model ({len(model):,} samples)")
    _dots(panels[-1], model, ORANGE)
    everything = model if data is None else np.concatenate([data, model])
    low, high = everything.min(axis=0), everything.max(axis=0)
    centre, reach = (low + high) / 2, 0.54 * float((high - low).max() or 1.0)
    for axes in panels:
        axes.set(xlim=(centre[0] - reach, centre[0] + reach), ylim=(centre[1] - reach, centre[1] + reach), box_aspect=1)
    return figure


def points_over_training(
    clouds: Sequence[tuple[str, object]],
    data: object | None,
    *,
    title: str | None = None,
    names: Sequence[str] = ("x₁", "x₂"),
) -> Figure:
    """Samples of one model at several moments over the data in grey, on the data's scale; how many are off it is said.

    Without data they are drawn alone, on the scale of the last ones.

    Args:
        clouds: (label, (n, d) samples) for each moment; of more than two columns the first two are drawn.
        data: (m, d), or None where there are none any more.
        title: one over the whole.
        names: of the two coordinates.

    Raises:
        UserError: for no cloud at all, and where an array is not (n, d) with n > 0 and d > 1, or is not finite.
    """
    if not clouds:
        raise UserError("There are no samples to draw; give at least one (label, samples) pair.")
    reference = None if data is None else _plane(data, "The data")
    columns = min(3, len(clouds))
    rows = -(-len(clouds) // columns)
    figure = new_figure(3.1 * columns + 0.4, 3.1 * rows + 0.3 * bool(title))
    headline(figure, title)
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    frame = _plane(clouds[-1][1], f"The samples '{clouds[-1][0]}'") if reference is None else reference
    low, high = frame.min(axis=0), frame.max(axis=0)
    centre, reach = (low + high) / 2, 0.65 * float((high - low).max() or 1.0)
    for axes in panels.flat[len(clouds) :]:
        axes.set_visible(False)
    for i, (axes, (label, cloud)) in enumerate(zip(panels.flat, clouds, strict=False)):
        last = i + columns >= len(clouds)
        dress(axes, x=names[0] if last else "", y=names[1] if i % columns == 0 else "", title=label)
        axes.tick_params(labelbottom=last)
        samples = _plane(cloud, f"The samples '{label}'")
        if reference is not None:
            _dots(axes, reference, FAINT)
        _dots(axes, samples, ORANGE)
        axes.set(xlim=(centre[0] - reach, centre[0] + reach), ylim=(centre[1] - reach, centre[1] + reach), box_aspect=1)
        _count_beyond(axes, int((np.abs(samples - centre) > reach).any(axis=1).sum()), len(samples))
    return figure


def _count_beyond(axes: Axes, beyond: int, of: int) -> None:
    """Say how many samples the frame leaves out, lest a panel that all have left look as if there were none."""
    if beyond:
        line = f"{beyond:,} of {of:,} beyond"
        axes.text(0.5, 0.02, line, fontsize=SMALL_SIZE, transform=axes.transAxes, ha="center", va="bottom")


def _plane(x: object, what: str) -> NDArray[np.float64]:
    """The first two columns of vectors."""
    vectors = _vectors(x, what)
    if vectors.shape[1] < 2:
        raise UserError(f"{what} have one column; this picture takes two or more: see a histogram instead.")
    return vectors[:, :2]


def pair_plot(
    x: object,
    names: Sequence[str] | None = None,
    *,
    reference: object | None = None,
    title: str | None = None,
) -> Figure:
    """Each coordinate's histogram on the diagonal, each pair's scatter below it; the first five coordinates.

    Args:
        x: (n, d) samples.
        names: d names of the coordinates; x₁, x₂, ... unless given.
        reference: (m, d) data to compare with, drawn beneath.
        title: over the whole.

    Raises:
        UserError: where an array is not (n, d) with n > 0, names differ in number, or values are NaN or infinite.
    """
    samples = _vectors(x, "The samples")
    width = samples.shape[1]
    data = None if reference is None else _vectors(reference, "The data", width)
    names = [f"x{i + 1}".translate(_SUBSCRIPTS) for i in range(width)] if names is None else list(names)
    if len(names) != width:
        raise UserError(f"{len(names)} names were given for {width} columns; give one for each.")
    d = min(width, MOST_PAIRED)
    note = f"first {d} of {width} columns" if width > d else None
    figure = new_figure(max(2.0 * d + 0.8, 4.5), max(1.9 * d + 0.8, 3.6))
    headline(figure, f"{title} ({note})" if title and note else title or note)
    grid = figure.subplots(d, d, squeeze=False, sharex="col")
    sets = [(samples, ORANGE)] if data is None else [(data, BLUE), (samples, ORANGE)]
    for row in range(d):
        for column in range(d):
            _pair(grid[row, column], sets, row, column, names, last=row == d - 1)
    if data is not None:
        keys = [Line2D([], [], color=colour, marker="o", linestyle="none") for _, colour in sets]
        legend(figure, keys, ["data", "model"], loc="outside upper right", ncols=2)
    return figure


_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def samples_picture(
    x: object,
    data_shape: Sequence[int],
    *,
    data: object | None = None,
    names: Sequence[str] | None = None,
    title: str | None = None,
) -> Figure:
    """The picture that suits the data: a grid of images, a scatter plot of plane points, else a pair plot.

    Args:
        x: (n, \\*data_shape) samples, or (n, product of data_shape).
        data_shape: (c, h, w) or (h, w) of images, (d,) of vectors.
        data: (m, \\*data_shape) vectors to compare with; images are drawn without.
        names: of a vector's coordinates.
        title: over the whole.

    Raises:
        UserError: where ``x`` does not have that shape, and as the picture chosen.
    """
    shape = tuple(data_shape)
    samples = _shaped(x, shape, "The samples")
    if len(shape) in (2, 3):
        return image_grid(samples.reshape(len(samples), -1, *shape[-2:]), title=title)
    if len(shape) != 1:
        raise UserError(f"Data of shape {shape} have no picture; images are (c, h, w) or (h, w), vectors (d,).")
    reference = None if data is None else _shaped(data, shape, "The data")
    if shape == (2,):
        return point_samples(reference, samples, title=title, names=names or ("x₁", "x₂"))
    return pair_plot(samples, names, reference=reference, title=title)


def _shaped(x: object, shape: tuple[int, ...], what: str) -> NDArray[np.generic]:
    """``x`` as (n, *shape), its type kept, so that an image drawer can still refuse integers."""
    array = np.asarray(x)
    if array.ndim == 0 or len(array) == 0 or array[0].size != int(np.prod(shape)):
        raise UserError(f"{what} of shape {array.shape} are not examples of shape {shape}.")
    return array.reshape(len(array), *shape)


def _vectors(x: object, what: str, width: int | None = None) -> NDArray[np.float64]:
    """``x`` as finite (n, d), d being ``width`` where given."""
    array = finite(x, what)
    if array.ndim != 2 or 0 in array.shape or (width is not None and array.shape[1] != width):
        raise UserError(f"{what} have shape {array.shape}; this picture takes (n, {width or 'd'}), n > 0.")
    return array


def _dots(axes: Axes, x: NDArray[np.float64], colour: str, most: float = 0.9) -> None:
    """Points (n, 2), smaller and fainter the more there are, at ``most`` that opaque."""
    size, opacity = float(np.clip(12_000 / len(x), 3, 20)), float(np.clip(2_500 / len(x), 0.35, most))
    axes.scatter(x[:, 0], x[:, 1], s=size, alpha=opacity, color=colour, linewidths=0)


def _pair(
    axes: Axes,
    sets: Sequence[tuple[NDArray[np.float64], str]],
    row: int,
    column: int,
    names: Sequence[str],
    *,
    last: bool,
) -> None:
    """One cell of a pair plot: nothing above the diagonal, a histogram on it, a scatter plot below."""
    if column > row:
        axes.set_visible(False)
        return
    # On the diagonal of a larger grid the height of a histogram would be read as the row's coordinate.
    y_name = "density" if len(names) == 1 else names[row] if column == 0 and row > 0 else ""
    dress(axes, x=shorten(names[column], 16) if last else "", y=shorten(y_name, 16))
    axes.tick_params(labelbottom=last, labelleft=(column == 0 and row > 0) or len(names) == 1, labelsize=SMALL_SIZE - 1)
    axes.locator_params(nbins=4)
    if row == column:
        _histograms(axes, [(x[:, column], colour) for x, colour in sets])
        return
    for x, colour in sets:
        _dots(axes, x[:, [column, row]], colour, most=0.9 if len(sets) == 1 else 0.5)


def _histograms(axes: Axes, sets: Sequence[tuple[NDArray[np.float64], str]]) -> None:
    """Densities over common bins, the first filled where there are two, the last as a line."""
    edges = bin_edges(np.concatenate([x for x, _ in sets]), 30)
    for i, (x, colour) in enumerate(sets):
        line = i > 0
        axes.hist(
            x,
            bins=edges.tolist(),
            density=True,
            histtype="step" if line else "stepfilled",
            color=colour,
            alpha=1.0 if line else 0.6,
            linewidth=1.5 if line else 0,
        )
    axes.margins(y=0.05)
