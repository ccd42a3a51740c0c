"""The curves of training: a term of the metrics against epochs, on training and validation data."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from reparam.errors import UserError
from reparam.plots.style import BLUE, INK, ORANGE, SMALL_SIZE, dress, headline, legend, new_figure

NAMES = {
    "elbo": "lower bound on log p(x)",
    "kl": "KL(posterior ‖ prior)",
    "iwae": "importance-weighted bound",
    "estimated_elbo": "lower bound, as estimated",
}

LOOKS: dict[str, dict[str, Any]] = {
    "train": {"color": BLUE, "linestyle": "-", "marker": "o"},
    "validation": {"color": ORANGE, "linestyle": "--", "marker": "s"},
}

MOST_MARKED = 30
"""More points than this are drawn as a line alone."""

Series = tuple[NDArray[np.float64], NDArray[np.float64]]


def curves(
    rows: Sequence[Mapping[str, Any]],
    *,
    quantity: str = "elbo",
    name: str | None = None,
    unit: str = "nats per example",
    title: str | None = None,
) -> Figure:
    """One term of a run's metrics over training: a curve for train and for validation, a mark for the final test.

    The first values of a run (−543 nats for an untrained network on MNIST) would press the rest into a line, so the
    scale fits the bulk of the values; what lies outside is marked at the edge, with its value.

    Args:
        rows: each with ``split`` ("train", "validation" or "test"), ``epoch`` or ``step``, and terms. Drawn over
            epochs, or over steps where an epoch comes more than once in a split or is not given.
        quantity: the term drawn; rows without it are passed over, and where it is null or not finite the curve has
            a gap.
        name: what the vertical axis calls it.
        unit: of the term.
        title: over the whole.

    Raises:
        UserError: where no row has the term.
    """
    usable = [row for row in rows if quantity in row]
    if not any(np.isfinite(number(row, quantity)) for row in usable):
        there = sorted({key for row in rows for key in row} - {"step", "epoch", "split"})
        raise UserError(f"No row of the metrics has a finite '{quantity}'; they have: {', '.join(there) or 'nothing'}.")
    over = _over(usable)
    series = {split: _series(usable, split, over, quantity) for split in ("train", "validation", "test")}
    figure = new_figure(7.0, 4.2 + 0.3 * bool(title))
    headline(figure, title)
    axes = figure.subplots()
    label = f"{name or NAMES.get(quantity, quantity)}" + (f"\n({unit})" if unit else "")
    dress(axes, x=over, y=label)
    handles = [_draw(axes, *series[split], LOOKS[split]) for split in LOOKS if len(series[split][0])]
    names = [split for split in LOOKS if len(series[split][0])]
    value = series["test"][1][-1] if len(series["test"][1]) else np.nan
    if np.isfinite(value):
        handles.append(axes.plot(*(s[-1:] for s in series["test"]), "D", color=INK, markersize=6, zorder=4)[0])
        names.append(f"test {_shown(value)}")
    _fit(axes, list(series.values()), over)
    legend(axes, handles, names, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2)
    return figure


def number(row: Mapping[str, Any], name: str) -> float:
    """A term of a row; NaN, which is drawn as a gap, where it is missing, null or not finite.

    >>> number({"ratio": 2}, "ratio"), number({"ratio": None}, "ratio"), number({"ratio": float("inf")}, "ratio")
    (2.0, nan, nan)
    """
    value = row.get(name)
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else np.nan


def _over(rows: Sequence[Mapping[str, Any]]) -> str:
    """What the horizontal axis counts: epochs where they tell the rows of each split apart, else steps."""
    places = [(row["split"], row.get("epoch")) for row in rows]
    return "epoch" if len(set(places)) == len(places) and all(epoch is not None for _, epoch in places) else "step"


def _series(rows: Sequence[Mapping[str, Any]], split: str, over: str, quantity: str) -> Series:
    """Where and what: the (n,) positions and values of one split, in order."""
    pairs = [(float(row[over]), number(row, quantity)) for row in rows if row["split"] == split]
    pairs.sort(key=lambda pair: pair[0])
    return np.array([x for x, _ in pairs]), np.array([y for _, y in pairs])


def _draw(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], look: Mapping[str, Any]) -> Line2D:
    """One split's curve; its points are marked only where they are few."""
    settings = dict(look) if len(x) <= MOST_MARKED else {**look, "marker": ""}
    return axes.plot(x, y, linewidth=1.8, markersize=4, **settings)[0]


def _shown(value: float) -> str:
    """A value with one decimal and a true minus sign; small ones with three significant digits."""
    return (f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}").replace("-", "−")


def bulk(values: NDArray[np.float64]) -> tuple[float, float]:
    """The range that shows ``values`` well: all of it, unless a few far ones would take most of the room.

    Far is beyond three interquartile ranges from the quartiles (Tukey's outer fences).

    >>> bulk(np.array([-543.0, -110, -108, -106, -105, -104, -103.5, -103]))
    (-110.0, -103.0)
    >>> bulk(np.array([1.0, 2, 3, 4]))
    (1.0, 4.0)
    """
    low, high = np.quantile(values, [0.25, 0.75])
    reach = 3 * (high - low)
    inside = values[(values >= low - reach) & (values <= high + reach)]
    worth_it = np.ptp(values) > 2 * np.ptp(inside) > 0
    shown = inside if worth_it else values
    return float(shown.min()), float(shown.max())


def _fit(axes: Axes, series: Sequence[Series], over: str) -> None:
    """Set the vertical scale to the bulk, and mark at its edge, with their values, the points left outside."""
    x, y = (np.concatenate(parts) for parts in zip(*series, strict=True))
    x, y = x[np.isfinite(y)], y[np.isfinite(y)]
    low, high = bulk(y)
    room = 0.07 * (high - low) or 1.0
    axes.set_ylim(low - room, high + room)
    for outside, edge, marker, height in ((y < low, low - room, "v", 0.03), (y > high, high + room, "^", 0.97)):
        if not outside.any():
            continue
        if outside.sum() <= MOST_MARKED:
            places = np.full(outside.sum(), edge)
            axes.plot(x[outside], places, marker, color=INK, markersize=6, clip_on=False, zorder=5)
        note = f"off the scale: {_span(y[outside], _shown)} at {over} {_span(x[outside], '{:,.0f}'.format)}"
        settings: dict[str, Any] = {"fontsize": SMALL_SIZE, "color": INK, "transform": axes.transAxes}
        axes.text(0.99, height, note, ha="right", va="bottom" if height < 0.5 else "top", **settings)


def _span(values: NDArray[np.float64], show: Callable[[float], str]) -> str:
    """The least and the greatest, or the one where they read the same."""
    low, high = show(float(values.min())), show(float(values.max()))
    return low if low == high else f"{low} to {high}"
