"""What two sets of features must be, refused in one sentence where they are not."""

import numpy as np
import torch
from torch import Tensor

from reparam.errors import UserError
from reparam.transport.checks import check_points


def as_features(x: object, y: object, fewest: int) -> tuple[Tensor, Tensor]:
    """Both sets as finite float64 ``(n, d)`` and ``(m, d)`` on the CPU.

    Args:
        x: array or tensor.
        y: likewise, of as many columns.
        fewest: rows that each must have.

    Raises:
        UserError: naming the set and what is wrong with it.
    """
    first, second = (torch.as_tensor(np.asarray(z.detach().cpu() if isinstance(z, Tensor) else z)) for z in (x, y))
    first, second = first.double(), second.double()
    check_points(first, second)
    for name, points in (("first", first), ("second", second)):
        if len(points) < fewest:
            raise UserError(f"the {name} set has {len(points)} examples, too few to measure: give {fewest} or more")
    return first, second
