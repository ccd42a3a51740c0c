"""What points and weights must be, refused in one sentence where they are not."""

import torch
from torch import Tensor

from reparam.errors import UserError

BALANCE = 1e-5
"""How far, relative to their sum, two totals may be apart by rounding (float32 weights of many points)."""


def check_points(x: Tensor, y: Tensor) -> None:
    """Refuse anything but two non-empty, finite sets of points ``(n, d)`` and ``(m, d)``.

    Raises:
        UserError: naming the set and what is wrong with it.
    """
    for name, points in (("first", x), ("second", y)):
        if points.dim() != 2 or 0 in points.shape:
            raise UserError(
                f"the {name} points have shape {tuple(points.shape)}: give a non-empty (points, dimensions), "
                "flattening images and adding a dimension to numbers"
            )
        if not torch.isfinite(points).all():
            row = int((~torch.isfinite(points)).any(1).nonzero()[0])
            raise UserError(f"the {name} points are not finite, first in row {row}: remove or mend such rows")
    if x.shape[1] != y.shape[1]:
        raise UserError(
            f"points of {x.shape[1]} and of {y.shape[1]} dimensions have no distance: give both the same dimensions"
        )


def weights_of(given: Tensor | None, n: int, like: Tensor, name: str) -> Tensor:
    """Weights ``(n,)``: those given, or 1/n each.

    Raises:
        UserError: if their number is another, one is negative or not finite, or all are zero.
    """
    if given is None:
        return torch.full((n,), 1 / n, dtype=like.dtype, device=like.device)
    if given.shape != (n,):
        raise UserError(f"the {name} weights have shape {tuple(given.shape)} for {n} points: give one per point")
    wrong = ~(torch.isfinite(given) & (given >= 0))
    if wrong.any():
        index = int(wrong.nonzero()[0])
        raise UserError(f"the {name} weight {index} is {given[index].item():g}: weights are finite and not negative")
    if not given.sum() > 0:
        raise UserError(f"the {name} weights are all zero: there is nothing to move")
    return given.to(like.dtype)


def check_balanced(a: Tensor, b: Tensor) -> None:
    """Refuse weights whose totals differ.

    Raises:
        UserError: with both totals.
    """
    totals = a.sum().item(), b.sum().item()
    if abs(totals[0] - totals[1]) > BALANCE * max(totals):
        raise UserError(
            f"the weights sum to {totals[0]:g} and {totals[1]:g}: transport moves all of one onto the other, "
            "so divide each by its sum first"
        )


def check_order(p: float) -> None:
    """Refuse an order below 1, which gives no distance.

    Raises:
        UserError: naming it.
    """
    if not 1 <= p < float("inf"):
        raise UserError(f"the order p = {p:g} makes no Wasserstein distance: give a finite p of at least 1")
