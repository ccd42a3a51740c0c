"""Pictures of tables: a panel a column, of numbers a histogram, of categories bars; a model's beside the data's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from reparam.errors import UserError
from reparam.plots.style import BLUE, ORANGE, dress, headline, legend, new_figure, shorten

PANELS = 12
"""Columns that are drawn; the first, where there are more."""
PER_ROW = 4
BARS = 8
"""Categories that have a bar of their own; the rarer ones share one more."""
BINS = 30
MOMENTS = 3
"""Steps of training of which samples are drawn in one panel."""
SHADES = ("#f6c9a8", "#ee9a5d", ORANGE)
"""Of these, from the first to the last."""


@dataclass(frozen=True)
class ColumnCells:
    """One column's cells, to be drawn.

    Args:
        name: the column's.
        values: ``(n,)``: numbers, datetime64, or words; those of missing cells are not looked at.
        missing: ``(n,)`` bool.
        whole: whether the numbers are whole ones.
    """

    name: str
    values: NDArray[np.generic]
    missing: NDArray[np.bool_]
    whole: bool = False

    @property
    def there(self) -> NDArray[np.generic]:
        """The values of cells that are not missing."""
        return self.values[~self.missing]


def column_panels(
    columns: Sequence[ColumnCells],
    reference: Sequence[ColumnCells] | None = None,
    *,
    title: str | None = None,
    named: tuple[str, str] = ("samples", "data"),
) -> Figure:
    """A panel a column, in shares of the rows; the first twelve columns.

    Args:
        columns: of a table, or of a model's samples.
        reference: the same columns of the data, drawn beside.
        title: over the whole.
        named: what columns and reference are called.

    Raises:
        UserError: if there is no column, or the reference has others.
    """
    if reference is not None and [c.name for c in columns] != [c.name for c in reference]:
        raise UserError("The reference has other columns than the samples; give the same in the same order.")
    if reference is None:
        return _panels([columns], (ORANGE,), (), title)
    return _panels([reference, columns], (BLUE, ORANGE), named[::-1], title)


def columns_over_training(
    labelled: Sequence[tuple[str, Sequence[ColumnCells]]], reference: Sequence[ColumnCells] | None = None
) -> Figure:
    """A panel a column: the data filled, what a model drew at some steps of its training over it, the last darkest.

    Args:
        labelled: what each set of columns is called, and the set, in the order of training; at most ``MOMENTS`` are
            drawn, the first and the last among them.
        reference: the same columns of the data.
    """
    at = np.unique(np.linspace(0, len(labelled) - 1, min(MOMENTS, len(labelled))).round().astype(int))
    shown = [labelled[i] for i in at]
    shades = [SHADES[i] for i in np.linspace(0, len(SHADES) - 1, len(shown)).round().astype(int)]
    sets, colours, names = [columns for _, columns in shown], shades, [name for name, _ in shown]
    if reference is not None:
        sets, colours, names = [reference, *sets], [BLUE, *colours], ["test examples", *names]
    return _panels(sets, colours, names, "Samples over training")


def columns_along(columns: Sequence[ColumnCells], *, title: str | None = None) -> Figure:
    """A panel a column: its cells in their order, joined where they are numbers or dates, gaps where they are missing.

    Args:
        columns: of the rows of a walk, say.
        title: over the whole.
    """
    figure, panels = _laid_out(columns, title)
    for axes, cells in zip(panels, columns, strict=False):
        dress(axes, x="point of the walk", title=shorten(cells.name, 24))
        _walk(axes, cells)
    return figure


def _walk(axes: Axes, cells: ColumnCells) -> None:
    places = np.arange(len(cells.values))
    if cells.values.dtype.kind in "OUb":
        words = list(dict.fromkeys(cells.there.astype(str).tolist()))
        found = [words.index(word) for word in cells.there.astype(str).tolist()]
        axes.plot(places[~cells.missing], found, "o", color=ORANGE)
        axes.set_yticks(range(len(words)), [shorten(word, 14) for word in words], parse_math=False)
        axes.set_ylim(-0.5, max(0.5, len(words) - 0.5))
        return
    numbers = np.where(cells.missing, np.nan, _numbers(cells.values))
    axes.plot(places, numbers, "o-", color=ORANGE)
    if cells.values.dtype.kind == "M" and (~cells.missing).any():
        ticks = np.linspace(np.nanmin(numbers), np.nanmax(numbers), 3)
        axes.set_yticks(ticks, _days(ticks))


def _days(moments: NDArray[np.float64]) -> list[str]:
    return [datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d") for moment in moments]


def _laid_out(columns: Sequence[ColumnCells], title: str | None) -> tuple[Figure, list[Axes]]:
    """A figure with a panel for each of the first columns, which its headline says."""
    if not columns or not len(columns[0].values):
        raise UserError("There are no rows or no columns to draw; give some.")
    shown = min(PANELS, len(columns))
    note = f"first {shown} of {len(columns)} columns" if shown < len(columns) else None
    rows, across = -(-shown // PER_ROW), min(PER_ROW, shown)
    figure = new_figure(3.0 * across + 0.3, 2.5 * rows + 0.5)
    headline(figure, f"{title} ({note})" if title and note else title or note)
    panels = list(figure.subplots(rows, across, squeeze=False).flat)
    for axes in panels[shown:]:
        axes.set_visible(False)
    return figure, panels[:shown]


def _panels(
    sets: Sequence[Sequence[ColumnCells]], colours: Sequence[str], named: Sequence[str], title: str | None
) -> Figure:
    """A panel a column of all sets of columns, the first filled, the others over it."""
    figure, panels = _laid_out(sets[0], title)
    for at, axes in enumerate(panels):
        _panel(axes, [(cells[at], colour) for cells, colour in zip(sets, colours, strict=True)], at % PER_ROW == 0)
    if named:
        keys = [Patch(color=colour) for colour in colours]
        legend(figure, keys, named, loc="outside lower center", ncols=len(keys))
    return figure


def _panel(axes: Axes, sets: Sequence[tuple[ColumnCells, str]], first: bool) -> None:
    name = shorten(sets[0][0].name, 24)
    missing = [float(cells.missing.mean()) for cells, _ in sets]
    apart = "\n" if len(sets) > 2 else " "  # a panel is as wide as two shares beside its name
    holes = f"{apart}({' / '.join(f'{share:.0%}' for share in missing)} missing)" if any(missing) else ""
    dress(axes, y="share of rows" if first else "", title=name + holes)
    if sets[0][0].values.dtype.kind in "OUb":
        _bars(axes, sets)
    else:
        _histogram(axes, sets)


def _histogram(axes: Axes, sets: Sequence[tuple[ColumnCells, str]]) -> None:
    dates = sets[0][0].values.dtype.kind == "M"
    given = [_numbers(cells.there) for cells, _ in sets]
    every = np.concatenate(given)
    if not len(every):
        return
    edges = _edges(every, whole=sets[0][0].whole)
    for at, (numbers, (cells, colour)) in enumerate(zip(given, sets, strict=True)):
        weights, over = np.full(len(numbers), 1 / max(1, len(cells.values))), at > 0
        axes.hist(numbers, edges.tolist(), weights=weights, color=colour, histtype="step" if over else "stepfilled",
                  alpha=1.0 if over or len(sets) == 1 else 0.6, linewidth=1.5 if over else 0)  # fmt: skip
    axes.locator_params(axis="x", nbins=4)
    if dates:
        ticks = np.linspace(edges[0], edges[-1], 3)
        axes.set_xticks(ticks, _days(ticks))


def _numbers(values: NDArray[np.generic]) -> NDArray[np.float64]:
    """Numbers as they are, moments as seconds."""
    if values.dtype.kind == "M":
        return values.astype("datetime64[us]").astype(np.int64) / 1e6
    return values.astype(np.float64)


def _edges(every: NDArray[np.float64], whole: bool) -> NDArray[np.float64]:
    """The bins' edges, evenly over all but the outermost rows; of whole numbers as many in each bin."""
    low, high = every.min(), every.max()
    inner = np.quantile(every, [0.002, 0.998])
    spread = inner[1] - inner[0]
    low, high = max(low, inner[0] - spread), min(high, inner[1] + spread)
    if whole:
        width = max(1, -(-int(high - low + 1) // BINS))
        return np.arange(np.floor(low) - 0.5, high + width, width)
    return np.linspace(low, high, BINS + 1) if high > low else np.array([low - 0.5, low + 0.5])


def _bars(axes: Axes, sets: Sequence[tuple[ColumnCells, str]]) -> None:
    """Shares of the most frequent categories, and of all others together."""
    counts: list[dict[str, int]] = []
    for cells, _ in sets:
        words, times = np.unique(cells.there.astype(str), return_counts=True)
        counts.append(dict(zip(words.tolist(), times.tolist(), strict=True)))
    ranked = sorted({*counts[0], *counts[-1]}, key=lambda word: (-counts[0].get(word, 0), word))
    kept = ranked if len(ranked) <= BARS + 1 else ranked[:BARS]
    rest = ranked[len(kept) :]
    labels = [shorten(word, 14) for word in kept] + ([f"{len(rest)} more"] if rest else [])
    width = 0.8 / len(sets)
    for at, (found, (cells, colour)) in enumerate(zip(counts, sets, strict=True)):
        heights = [found.get(word, 0) for word in kept] + ([sum(found.get(word, 0) for word in rest)] if rest else [])
        x = np.arange(len(labels)) + (at - (len(sets) - 1) / 2) * width
        axes.bar(x, np.array(heights) / max(1, len(cells.values)), width, color=colour)
    crowded = len(labels) > 4 or max(map(len, labels)) > 8
    axes.set_xticks(range(len(labels)), labels, rotation=35 if crowded else 0, ha="right" if crowded else "center",
                    parse_math=False)  # fmt: skip
