"""The one look of every figure: palette, sizes, axes. Set on each figure, never in matplotlib's global settings."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import NDArray

from reparam.errors import UserError

DPI = 150
INK = "#222222"
SOFT = "#666666"
GRID = "#e3e3e3"
PAPER = "#ffffff"

TITLE_SIZE = 12
LABEL_SIZE = 10
SMALL_SIZE = 9

BLUE = "#0077bb"
ORANGE = "#d95f0e"
"""The pair for two things compared; distinct in every common form of colour blindness and in grey."""

CLASS_COLOURS = (
    "#332288",
    "#66b5e3",
    "#44aa99",
    "#117733",
    "#999933",
    "#d9b84a",
    "#dd5e6e",
    "#882255",
    "#bb66cc",
    "#666666",
)
"""Ten hues after Paul Tol's colour-blind-safe "muted" scheme, its palest ones darkened to be seen on white."""

MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")
"""With more classes than colours the colours come round again with another marker."""


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of ``width`` by ``height`` inches that lays out its axes tightly when drawn."""
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.1)
    return Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER, layout=layout)


def dress(axes: Axes, *, x: str = "", y: str = "", title: str = "") -> None:
    """Give ``axes`` the common look: axis labels, title, a pale grid beneath, no box."""
    axes.set_xlabel(x, fontsize=LABEL_SIZE, color=INK, parse_math=False)
    axes.set_ylabel(y, fontsize=LABEL_SIZE, color=INK, parse_math=False)
    axes.set_title(title, fontsize=LABEL_SIZE + 1, color=INK, parse_math=False)
    axes.tick_params(labelsize=SMALL_SIZE, color=SOFT, labelcolor=INK)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(SOFT)


def headline(figure: Figure, title: str | None) -> None:
    """Write ``title``, if any, over the whole figure. Names are the user's, so a dollar sign is a dollar sign."""
    if title:
        figure.suptitle(title, fontsize=TITLE_SIZE, color=INK, parse_math=False)


def legend(on: Axes | Figure, handles: Sequence[Artist], names: Sequence[str], **place: Any) -> None:
    """A frameless legend that shows ``names`` letter for letter; ``place`` is what matplotlib's legend takes.

    Matplotlib hides names that begin with an underscore and reads dollar signs as mathematics; class names are the
    user's and may hold either, so they are written in after the legend stands.
    """
    box = on.legend(handles, ["name"] * len(names), fontsize=SMALL_SIZE, frameon=False, labelcolor=INK, **place)
    for text, name in zip(box.get_texts(), names, strict=True):
        text.set_parse_math(False)
        text.set_text(name)


def shorten(text: str, most: int) -> str:
    """``text`` on one line, in at most ``most`` characters, its end replaced by an ellipsis where it is longer.

    >>> shorten("ankle boot", 7)
    'ankle …'
    """
    text = " ".join(text.split())
    return text if len(text) <= most else text[: max(most - 1, 1)] + "…"


def class_name(label: int, names: Sequence[str] | None) -> str:
    """The name of class ``label``, or the number itself where no name is known.

    >>> class_name(1, ["cat", "dog"]), class_name(2, ["cat", "dog"]), class_name(3, None)
    ('dog', '2', '3')
    """
    return str(names[label]) if names is not None and 0 <= label < len(names) else str(label)


def finite(array: object, what: str) -> NDArray[np.float64]:
    """``array`` as float64.

    Raises:
        UserError: if it is not numbers, or any of them is NaN or infinite; the sentence begins with ``what``.
    """
    try:
        values = np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(f"{what} cannot be drawn: not an array of numbers ({error}).") from error
    bad = ~np.isfinite(values)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise UserError(
            f"{what} cannot be drawn: {int(bad.sum())} of {values.size} values are NaN or infinite, the first "
            f"({values[first]}) at index {first}. A model that gives such values has diverged; an earlier "
            "checkpoint or a smaller learning rate may help."
        )
    return values
