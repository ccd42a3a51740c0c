"""The curves of a game: value, outputs, gradients, and the discriminator's steepness."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reparam.errors import UserError
from reparam.plots.style import BLUE, ORANGE, SOFT, dress, headline, new_figure


def game_curves(rows: Sequence[Mapping[str, Any]], *, title: str | None = None) -> Figure:
    """Four panels over training: V(D, G), mean outputs, the generator's gradient norms, the steepest slope of D.

    Args:
        rows: those of a game's ``metrics.jsonl``.
        title: over the whole.

    Raises:
        UserError: where the rows are not a game's.
    """
    train = [row for row in rows if row.get("split") == "train" and "value" in row]
    if not train:
        raise UserError("These rows are no game's: none has V(D, G).")
    figure = new_figure(9.0, 6.0 + 0.3 * bool(title))
    headline(figure, title)
    value, outputs, gradients, slope = figure.subplots(2, 2).flat
    _draw(value, train, {"value": ("V(D, G)", BLUE)}, "value (nats)")
    value.axhline(-math.log(4), color=SOFT, linestyle=":", label="-log 4 (equilibrium)")
    _draw(outputs, train, {"output_real": ("on real", BLUE), "output_fake": ("on generated", ORANGE)}, "mean of D")
    outputs.set_ylim(-0.02, 1.02)
    both = {"generator_gradient": ("its own loss", BLUE), "other_gradient": ("the other loss", ORANGE)}
    _draw(gradients, train, both, "norm of the generator's gradient")
    gradients.set_yscale("log")
    _draw(slope, train, {"lipschitz": ("at interpolates", BLUE)}, "largest gradient norm of D")
    slope.set_yscale("log")
    for axes in (value, outputs, gradients, slope):
        axes.legend(fontsize=8, frameon=False)
    return figure


def _draw(axes: Axes, rows: Sequence[Mapping[str, Any]], lines: dict[str, tuple[str, str]], name: str) -> None:
    dress(axes, x="epoch", y=name)
    for key, (label, colour) in lines.items():
        axes.plot([row["epoch"] for row in rows], [row[key] for row in rows], color=colour, label=label, linewidth=1.2)
