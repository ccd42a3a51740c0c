"""Exact transport between weighted points: the plan, its moves, and the p-Wasserstein distance it gives."""

from typing import NamedTuple

import torch
from torch import Tensor

from reparam.errors import UserError
from reparam.transport.checks import check_balanced, check_order, check_points, weights_of

MOST_PAIRS = 50_000_000


class Move(NamedTuple):
    """One entry of a plan: so much ``mass`` from point ``source`` to point ``target`` at so much ``cost`` in all."""

    source: int
    target: int
    mass: float
    cost: float


class Plan(NamedTuple):
    """An optimal plan.

    ``mass``: ``(n, m)``, how much goes from each point to each; its rows sum to the first weights, its columns to the
    second. ``unit_cost``: ``(n, m)``, per unit of mass. ``potentials``: the dual's solution, ``(n,)`` and ``(m,)``,
    whose sum is nowhere more than the unit cost, and equal to it where mass moves.
    """

    mass: Tensor
    unit_cost: Tensor
    potentials: tuple[Tensor, Tensor]

    @property
    def cost(self) -> Tensor:
        """Total cost ``()``, differentiable in the unit costs (the plan is held, Danskin's theorem)."""
        return (self.mass * self.unit_cost).sum()

    def moves(self, resting: bool = False) -> list[Move]:
        """The plan as a list of moves, by source then target.

        Args:
            resting: also list mass that is moved nowhere, at no cost.

        >>> swap = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
        >>> plan = exact_plan(swap, torch.tensor([2.0, 1.0]), torch.tensor([1.0, 2.0]))
        >>> plan.moves()
        [Move(source=0, target=1, mass=1.0, cost=1.0)]
        """
        mass, cost = self.mass.detach(), (self.mass * self.unit_cost).detach()
        listed = (mass > 1e-12 * mass.sum()) & ((cost > 0) | resting)
        return [Move(int(i), int(j), mass[i, j].item(), cost[i, j].item()) for i, j in listed.nonzero()]


def cost_matrix(x: Tensor, y: Tensor, p: float = 1.0) -> Tensor:
    """‖x_i - y_j‖^p, ``(n, m)``, Euclidean; its gradient is 0 where two points coincide.

    Args:
        x: ``(n, d)``.
        y: ``(m, d)``.
        p: at least 1.
    """
    # the fast mode takes the root of a difference of squares, which is off by its root's precision for near points
    return torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").pow(p)


def exact_plan(unit_cost: Tensor, a: Tensor | None = None, b: Tensor | None = None) -> Plan:
    """The cheapest plan, by POT's network simplex (Bonneel et al. 2011; Peyré & Cuturi 2019, section 3.5).

    Args:
        unit_cost: ``(n, m)``, finite.
        a: mass at the n sources; 1/n each unless given. Need not sum to one.
        b: mass at the m targets, of the same total.

    Raises:
        UserError: if costs are not finite or too many, or weights are negative, do not fit or do not balance.
    """
    if unit_cost.dim() != 2 or 0 in unit_cost.shape or not torch.isfinite(unit_cost).all():
        raise UserError(f"costs of shape {tuple(unit_cost.shape)} make no plan: give a finite, non-empty (n, m)")
    if unit_cost.numel() > MOST_PAIRS:
        raise UserError(
            f"{unit_cost.shape[0]:,} by {unit_cost.shape[1]:,} points are too many for an exact plan: take fewer, or "
            "use sliced_wasserstein"
        )
    a, b = (
        weights_of(given, n, unit_cost, name)
        for given, n, name in ((a, unit_cost.shape[0], "first"), (b, unit_cost.shape[1], "second"))
    )
    check_balanced(a, b)
    import ot

    # POT wants both totals equal to the last digit, in float64
    first, second = (w.detach().double().cpu().numpy() / w.detach().double().sum().item() for w in (a, b))
    mass, log = ot.emd(first, second, unit_cost.detach().double().cpu().numpy(), log=True, numItermax=10_000_000)
    total = a.detach().sum()
    mass, *potentials = (torch.from_numpy(array).to(unit_cost) for array in (mass, log["u"], log["v"]))
    return Plan(mass * total, unit_cost, (potentials[0], potentials[1]))


def wasserstein(x: Tensor, y: Tensor, a: Tensor | None = None, b: Tensor | None = None, p: float = 1.0) -> Tensor:
    """The exact p-Wasserstein distance of two weighted sets of points, ``()``.

    W_p = (min_γ Σ γ_ij ‖x_i - y_j‖^p)^(1/p) over plans γ whose margins are the weights, normalized to sum to one
    (Villani 2009, definition 6.1). Differentiable in the points and in the weights: the plan, and the dual's
    potentials, are held (Danskin's theorem). Where the distance is 0 its gradient is 0.

    Args:
        x: ``(n, d)``.
        y: ``(m, d)``.
        a: weights ``(n,)``; 1/n each unless given.
        b: weights ``(m,)``, of the same total.
        p: the order, at least 1.

    Raises:
        UserError: if points are not finite, dimensions differ, or weights are negative or do not balance.

    >>> wasserstein(torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [3.0]]))
    tensor(2.)
    """
    check_points(x, y)
    check_order(p)
    a, b = weights_of(a, len(x), x, "first"), weights_of(b, len(y), y, "second")
    check_balanced(a, b)
    a, b = a / a.sum(), b / b.sum()
    plan = exact_plan(cost_matrix(x, y, p), a, b)
    # adds nothing to the value, and the potentials to the gradient
    by_weights = sum(u @ (w - w.detach()) for u, w in zip(plan.potentials, (a, b), strict=True))
    return root(plan.cost + by_weights, p)


def root(cost: Tensor, p: float) -> Tensor:
    """``cost^(1/p)`` whose gradient at 0 is 0 and not infinite.

    >>> root(torch.tensor(8.0), 3)
    tensor(2.)
    """
    if p == 1:
        return cost
    positive = cost > 0
    return torch.where(positive, torch.where(positive, cost, 1.0).pow(1 / p), 0.0)
