"""Running means too small to move a weight, and slow to compute with: set to zero now and then.

A weight whose gradient stays zero, that of a pixel which is black in every image, keeps a running mean of its gradients
that shrinks by a tenth a step. After 830 steps it is below 1.2e-38, the smallest normal number of float32. There it
stays: of what is left of it rounding to the nearest number takes nothing more away. With such *denormal* numbers some
processors, Intel's above all, compute many times slower (Goldberg 1991, section 2.2.4, on what they are), and
their share grows while a training lasts (``recipes/denormals.py``).
"""

import torch

from reparam.training.moving import Moves

EVERY = 64
"""Steps between two looks: what is above the bounds does not shrink to a denormal number in so many at Adam's rates."""
BOUNDS = {
    **dict.fromkeys(("exp_avg", "grad_avg", "momentum_buffer"), 1e-30),
    **dict.fromkeys(("exp_avg_sq", "square_avg"), 1e-35),
}
"""Below which a mean of gradients, or of their squares, moves no weight: beside its root update rules add 1e-8."""


@torch.no_grad()
def forget_denormals(optimizer: Moves) -> None:
    """Set what an update rule keeps to zero where it is below :data:`BOUNDS`; what is not a number stays as it is.

    Args:
        optimizer: whose states are looked at, in place.

    >>> from torch import nn
    >>> from reparam.training.adam import FusedAdam
    >>> weight = nn.Parameter(torch.ones(2))
    >>> weight.grad = torch.tensor([1e-38, 1.0])
    >>> optimizer = FusedAdam("adam", [{"params": [weight], "lr": 0.1}])
    >>> optimizer.step()
    >>> forget_denormals(optimizer)
    >>> optimizer.state_dict()["state"][0]["exp_avg"]
    tensor([0.0000, 0.1000])
    """
    for state in optimizer.state_dict()["state"].values():
        for name, bound in BOUNDS.items():
            kept = state.get(name)
            if kept is not None:
                torch.ops.aten.hardshrink.out(kept, bound, out=kept)
