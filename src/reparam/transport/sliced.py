"""The sliced Wasserstein distance: the mean over random directions of the distance along each."""

import torch
from torch import Tensor

from reparam.errors import UserError
from reparam.transport.checks import check_balanced, check_order, check_points, weights_of
from reparam.transport.discrete import root
from reparam.transport.line import power_cost


def sliced_wasserstein(
    x: Tensor,
    y: Tensor,
    a: Tensor | None = None,
    b: Tensor | None = None,
    p: float = 2.0,
    directions: int | Tensor = 100,
) -> Tensor:
    """(mean over directions θ of W_p^p of the points' coordinates along θ)^(1/p), ``()`` (Bonneel et al. 2015).

    An estimate whose error falls like the number of directions to the power of -½; at most the Wasserstein distance
    (in the limit of all directions). Costs n log n.

    Args:
        x: ``(n, d)``.
        y: ``(m, d)``.
        a: weights ``(n,)``; 1/n each unless given.
        b: weights ``(m,)``, of the same total.
        p: the order, at least 1.
        directions: how many, drawn from torch's global noise; or unit vectors ``(k, d)``.

    Raises:
        UserError: as :func:`reparam.transport.wasserstein`, or if there is no direction.

    >>> axes = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> sliced_wasserstein(torch.zeros(3, 2), torch.ones(4, 2), directions=axes).round(decimals=4)
    tensor(1.)
    """
    check_points(x, y)
    check_order(p)
    a, b = weights_of(a, len(x), x, "first"), weights_of(b, len(y), y, "second")
    check_balanced(a, b)
    along = _random_directions(directions, x) if isinstance(directions, int) else directions.to(x)
    costs = power_cost(along @ x.T, along @ y.T, a / a.sum(), b / b.sum(), p)
    return root(costs.mean(), p)


def _random_directions(n: int, like: Tensor) -> Tensor:
    """Unit vectors ``(n, d)``, uniform on the sphere."""
    if n < 1:
        raise UserError(f"{n} directions make no mean: give at least 1")
    drawn = torch.randn(n, like.shape[1], dtype=like.dtype, device=like.device)
    unit: Tensor = drawn / torch.linalg.vector_norm(drawn, dim=1, keepdim=True)
    return unit
