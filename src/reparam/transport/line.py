"""The p-Wasserstein distance on the line, in closed form: quantile against quantile."""

import torch
from torch import Tensor

from reparam.transport.checks import check_balanced, check_order, check_points, weights_of
from reparam.transport.discrete import root


def wasserstein_1d(x: Tensor, y: Tensor, a: Tensor | None = None, b: Tensor | None = None, p: float = 1.0) -> Tensor:
    """W_p = (∫₀¹ |F⁻¹(u) - G⁻¹(u)|^p du)^(1/p), ``()``, of weighted numbers (Villani 2003, theorem 2.18).

    Differentiable in the numbers and in the weights, which are normalized to sum to one.

    Args:
        x: ``(n,)``.
        y: ``(m,)``.
        a: weights ``(n,)``; 1/n each unless given.
        b: weights ``(m,)``, of the same total.
        p: the order, at least 1.

    Raises:
        UserError: as :func:`reparam.transport.wasserstein`.

    >>> piles, places = torch.tensor([3.0, 2.0, 1.0, 4.0]), torch.arange(4.0)
    >>> round(10 * wasserstein_1d(places, places, piles, torch.tensor([1.0, 2.0, 4.0, 3.0])).item(), 5)
    5.0
    """
    check_points(x.unsqueeze(-1), y.unsqueeze(-1))
    check_order(p)
    a, b = weights_of(a, len(x), x, "first"), weights_of(b, len(y), y, "second")
    check_balanced(a, b)
    return root(power_cost(x, y, a / a.sum(), b / b.sum(), p), p)


def power_cost(x: Tensor, y: Tensor, a: Tensor, b: Tensor, p: float) -> Tensor:
    """∫ |F⁻¹ - G⁻¹|^p of weights that sum to one, along the last dimension: ``(*batch,)``.

    Args:
        x: ``(*batch, n)``.
        y: ``(*batch, m)``.
        a: ``(n,)``.
        b: ``(m,)``.
        p: the order.
    """
    (x, of_x), (y, of_y) = x.sort(-1), y.sort(-1)
    if a.shape == b.shape and (a == a[0]).all() and (b == b[0]).all() and not (a.requires_grad or b.requires_grad):
        return (x - y).abs().pow(p).mean(-1)
    levels_x, levels_y = a[of_x].cumsum(-1), b[of_y].cumsum(-1)
    levels = torch.cat([levels_x, levels_y], -1).sort(-1).values
    widths = torch.diff(levels, prepend=torch.zeros_like(levels[..., :1]))
    middles = (levels - widths / 2).detach()
    quantiles = [
        values.gather(-1, torch.searchsorted(steps.detach(), middles).clamp(max=values.shape[-1] - 1))
        for values, steps in ((x, levels_x), (y, levels_y))
    ]
    return (widths * (quantiles[0] - quantiles[1]).abs().pow(p)).sum(-1)
