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
    first, second = (_double(name, z) for name, z in (("first", x), ("second", y)))
    check_points(first, second)
    for name, points in (("first", first), ("second", second)):
        if len(points) < fewest:
            raise UserError(f"the {name} set has {len(points)} examples, too few to measure: give {fewest} or more")
    return first, second


def _double(name: str, values: object) -> Tensor:
    if isinstance(values, Tensor):
        return values.detach().cpu().double()
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise UserError(f"the {name} points hold {array.dtype} values: give numbers")
    return torch.as_tensor(array.astype(np.float64))
