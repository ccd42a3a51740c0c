"""The curves of a game: value, outputs, gradients, and the discriminator's steepness."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reparam.errors import UserError
from reparam.plots.progress import MOST_MARKED, number
from reparam.plots.style import BLUE, ORANGE, SOFT, dress, headline, new_figure

TINY = 1e-12


def game_curves(rows: Sequence[Mapping[str, Any]], *, title: str | None = None) -> Figure:
    """Four panels over training: V(D, G), mean outputs, the generator's gradient norms, the steepest slope of D.

    Args:
        rows: those of a game's ``metrics.jsonl``; a reading that is null or not finite leaves a gap.
        title: over the whole.

    Raises:
        UserError: where the rows are not a game's.
    """
    train = _rows(rows)
    figure, (value, outputs, gradients, slope) = _panels(title)
    _draw(value, train, {"value": ("V(D, G)", BLUE)}, "value (nats)")
    value.axhline(-math.log(4), color=SOFT, linestyle=":", label="-log 4 (equilibrium)")
    _draw(outputs, train, {"output_real": ("on real", BLUE), "output_fake": ("on generated", ORANGE)}, "mean of D")
    outputs.set_ylim(-0.02, 1.02)
    _draw_gradients(gradients, train)
    _draw_slope(slope, train, "D")
    return _with_legends(figure)


def critic_curves(rows: Sequence[Mapping[str, Any]], *, title: str | None = None) -> Figure:
    """Four panels over training: the critic's estimate, the same at slope 1, the generator's gradient norms, the slope.

    The estimate of W1 is in the data's units where the critic's slope is at most 1; divided by the slope that was seen,
    it is near that whatever the constraint.

    Args:
        rows: those of a Wasserstein game's ``metrics.jsonl``; a reading that is null or not finite leaves a gap.
        title: over the whole.

    Raises:
        UserError: where the rows are not a game's.
    """
    train = [row | {"scaled": number(row, "margin") / max(number(row, "lipschitz"), TINY)} for row in _rows(rows)]
    figure, (estimate, scaled, gradients, slope) = _panels(title)
    _draw(estimate, train, {"margin": ("mean on real - mean on generated", BLUE)}, "critic's estimate")
    _draw(scaled, train, {"scaled": ("divided by its largest slope", BLUE)}, "estimate of W1 at slope 1")
    _draw_gradients(gradients, train)
    _draw_slope(slope, train, "the critic")
    return _with_legends(figure)


def _rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Those of training batches, of a game."""
    train = [dict(row) for row in rows if row.get("split") == "train" and "value" in row]
    if not train:
        raise UserError("These rows are no game's: none has V(D, G).")
    return train


def _panels(title: str | None) -> tuple[Figure, list[Axes]]:
    figure = new_figure(9.0, 6.0 + 0.3 * bool(title))
    headline(figure, title)
    return figure, list(figure.subplots(2, 2).flat)


def _draw_gradients(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    both = {"generator_gradient": ("its own loss", BLUE), "other_gradient": ("the other loss", ORANGE)}
    _draw(axes, rows, both, "norm of the generator's gradient")
    axes.set_yscale("log")


def _draw_slope(axes: Axes, rows: Sequence[Mapping[str, Any]], of: str) -> None:
    _draw(axes, rows, {"lipschitz": ("at interpolates", BLUE)}, f"largest gradient norm of {of}")
    axes.set_yscale("log")


def _with_legends(figure: Figure) -> Figure:
    for axes in figure.axes:
        axes.legend(fontsize=8, frameon=False)
    return figure


def _draw(axes: Axes, rows: Sequence[Mapping[str, Any]], lines: dict[str, tuple[str, str]], name: str) -> None:
    dress(axes, x="epoch", y=name)
    marker = "o" if len(rows) <= MOST_MARKED else ""
    for key, (label, colour) in lines.items():
        x, y = [row["epoch"] for row in rows], [number(row, key) for row in rows]
        axes.plot(x, y, color=colour, label=label, linewidth=1.2, marker=marker, markersize=3)
