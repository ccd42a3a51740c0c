"""Piles on a line, moved onto other piles at the least cost; then points of the plane."""

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from reparam import transport
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.plots.style import BLUE, INK, ORANGE, SOFT, dress, new_figure

TEXT = """
Four piles of 3, 2, 1 and 4 shovels of earth stand one step apart; wanted are piles of 1, 2, 4 and 3. The cheapest
plan moves earth at a total of 5 shovel-steps: that is the earth mover's distance (divide by the 10 shovels for the
Wasserstein distance W1 = 0.5 of the two histograms). On a line it is also the area between both cumulative sums.

Another plan that ends at the same piles, moving a fixed share of every pile to every place, costs more than twice as
much. In the plane there are no cumulative sums; the exact plan pairs points by linear programming, and the dual's
potentials certify that no plan is cheaper.
"""
SOURCE = "Villani 2009, chapters 5 and 6; Peyré & Cuturi 2019, sections 2.6 and 3.5"
PILES = torch.tensor([3.0, 2.0, 1.0, 4.0], dtype=torch.float64)
WANTED = torch.tensor([1.0, 2.0, 4.0, 3.0], dtype=torch.float64)
PLACES = torch.arange(4, dtype=torch.float64)


def measure(seed: int, quick: bool) -> Findings:
    """The cheapest plan on the line three ways, a dearer one, and a plan in the plane with its certificate."""
    cost = transport.cost_matrix(PLACES[:, None], PLACES[:, None])
    plan = transport.exact_plan(cost, PILES, WANTED)
    other = PILES[:, None] * WANTED / PILES.sum()
    cumulated = (PILES.cumsum(0) - WANTED.cumsum(0)).abs().sum().item()
    on_line = 10 * transport.wasserstein_1d(PLACES, PLACES, PILES, WANTED).item()
    moved = sum(move.cost for move in plan.moves())
    x, y = (torch.randn(12, 2, dtype=torch.float64) + torch.tensor([shift, 0.0]) for shift in (-1.5, 1.5))
    plane = transport.exact_plan(transport.cost_matrix(x, y))
    u, v = plane.potentials
    checks = (
        Check("cost of the cheapest plan, shovel-steps", 5.0, plan.cost.item(), 1e-9),
        Check("sum of its moves, shovel-steps", 5.0, moved, 1e-9),
        Check("closed form on the line, shovel-steps", 5.0, on_line, 1e-9),
        Check("area between the cumulative sums, shovel-steps", 5.0, cumulated, 1e-9),
        Check("cost of the proportional plan, shovel-steps", 5.0, (other * cost).sum().item(), relation=">="),
        Check("what the plan leaves wrong at the places, shovels", 0.0, _wrong(plan.mass, PILES, WANTED), 1e-9),
        Check("plane: the dual's value is the plan's cost", plane.cost.item(), (u.mean() + v.mean()).item(), 1e-9),
        Check("plane: the dual exceeds a cost by at most", 0.0, (u[:, None] + v - plane.unit_cost).max().item(), 1e-9),
    )
    numbers = {"plan": plan.mass, "other": other, "x": x, "y": y, "plane": plane.mass}
    return Findings(checks, {name: array.numpy() for name, array in numbers.items()})


def _wrong(mass: Tensor, piles: Tensor, wanted: Tensor) -> float:
    return ((mass.sum(1) - piles).abs().sum() + (mass.sum(0) - wanted).abs().sum()).item()


def draw(numbers: Numbers) -> Figure:
    """The moves on the line, both plans as matrices, and the plan in the plane as arrows."""
    figure = new_figure(9.4, 8.4)
    first, *panels = figure.subplots(2, 2).flat
    _piles(first, numbers["plan"])
    steps = np.abs(np.arange(4)[:, None] - np.arange(4))
    for axes, key, name in ((panels[0], "plan", "cheapest plan"), (panels[1], "other", "proportional plan")):
        _matrix(axes, numbers[key], f"{name}: cost {(numbers[key] * steps).sum():.3g}")
    axes = panels[2]
    dress(axes, x="x₁", y="x₂", title="cheapest plan between points of the plane")
    x, y = numbers["x"], numbers["y"]
    for i, j in np.argwhere(numbers["plane"] > 1e-9):
        axes.annotate("", y[j], x[i], arrowprops={"arrowstyle": "->", "color": SOFT})
    axes.plot(*x.T, "o", color=BLUE, label="from")
    axes.plot(*y.T, "s", color=ORANGE, label="to")
    axes.legend(fontsize=8, frameon=False)
    axes.set_aspect("equal", adjustable="datalim")
    return figure


def _piles(axes: Axes, plan: np.ndarray) -> None:
    """Piles before and after, and an arc for each move."""
    dress(axes, x="place", y="shovels of earth", title="the moves of the cheapest plan")
    places = np.arange(1, 5)
    axes.bar(places - 0.2, plan.sum(1), 0.38, color=BLUE, label="piles")
    axes.bar(places + 0.2, plan.sum(0), 0.38, color=ORANGE, label="wanted")
    for i, j in np.argwhere((plan > 1e-9) & ~np.eye(4, dtype=bool)):
        start, end = (i + 0.8, plan.sum(1)[i] + 0.1), (j + 1.2, plan.sum(0)[j] + 0.1)
        curve = {"arrowstyle": "->", "color": INK, "connectionstyle": f"arc3,rad={-0.5 if i < j else 0.5}"}
        axes.annotate("", end, start, arrowprops=curve)
        middle = (start[0] + end[0]) / 2
        axes.text(middle, 4.85, _label(plan[i, j], abs(j - i)), ha="center", color=INK, fontsize=9)
    axes.set_xticks(places)
    axes.set_ylim(0, 6.2)
    axes.legend(fontsize=8, frameon=False, loc="upper right")


def _label(shovels: float, steps: int) -> str:
    """What a move is, in words.

    >>> _label(2.0, 1)
    '2 shovels,\\n1 step'
    >>> _label(1 - 1e-12, 2)
    '1 shovel,\\n2 steps'
    """
    told = f"{shovels:.3g}"  # what a solver moves is 1 but for rounding
    return f"{told} shovel{'' if told == '1' else 's'},\n{steps} step{'s' if steps != 1 else ''}"


def _matrix(axes: Axes, mass: np.ndarray, title: str) -> None:
    """A plan as a table whose shade is the mass."""
    dress(axes, x="to place (wanted 1, 2, 4, 3)", y="from place (piles 3, 2, 1, 4)", title=title)
    axes.grid(visible=False)
    axes.imshow(mass, cmap="Blues", vmin=0, vmax=4)
    axes.set_xticks(range(4), list("1234"))
    axes.set_yticks(range(4), list("1234"))
    for (i, j), value in np.ndenumerate(mass):
        if value > 1e-9:
            weight = "bold" if i != j else "normal"
            colour = "white" if value > 2.4 else INK
            axes.text(j, i, f"{value:.2g}", ha="center", va="center", weight=weight, color=colour)


LAB = Lab("earth-mover", "The earth mover: a plan, and what it costs", TEXT, SOURCE, measure, draw)
run = LAB.run
