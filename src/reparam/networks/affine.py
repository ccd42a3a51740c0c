"""Changes of units, with numbers that are not learned."""

import torch
from torch import Tensor, nn

from reparam.errors import UserError
from reparam.recording import recorded


@recorded
class Affine(nn.Module):
    """``scale * x + shift`` with numbers that are not learned: into a network's units and back into the data's.

    Args:
        shift: broadcasts with one example.
        scale: likewise; not 0.

    Raises:
        UserError: if either is not finite, or a scale is 0.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, shift: Tensor, scale: Tensor) -> None:
        super().__init__()
        for name, values in (("shift", shift), ("scale", scale)):
            if not torch.isfinite(values).all() or (name == "scale" and not values.all()):
                raise UserError(f"{name} holds values that are not finite, or are 0: give numbers that can be undone")
        # copies: two buffers on one storage would both become what is loaded last
        self.register_buffer("shift", shift.clone())
        self.register_buffer("scale", scale.clone())

    def forward(self, x: Tensor) -> Tensor:
        """Scale and shift."""
        return self.scale * x + self.shift
