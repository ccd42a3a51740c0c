"""Changes of units, with numbers that are not learned."""

from torch import Tensor, nn

from reparam.recording import recorded


@recorded
class Affine(nn.Module):
    """``scale * x + shift`` with numbers that are not learned: into a network's units and back into the data's.

    Args:
        shift: broadcasts with one example.
        scale: likewise.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, shift: Tensor, scale: Tensor) -> None:
        super().__init__()
        # copies: two buffers on one storage would both become what is loaded last
        self.register_buffer("shift", shift.clone())
        self.register_buffer("scale", scale.clone())

    def forward(self, x: Tensor) -> Tensor:
        """Scale and shift."""
        return self.scale * x + self.shift
