"""Fourier features: sines and cosines of projections, spread evenly over directions and scales."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FourierFeatures(nn.Module):
    """Vectors joined by sines and cosines of projections of them (Tancik et al. 2020).

    A perceptron learns what varies slowly first, and would see narrow modes late.

    Args:
        inputs: width of the vectors, in units of about 1.
        features: how many frequencies.
        slowest, fastest: the range of their lengths, in radians per unit.

    >>> FourierFeatures(2, 16)(torch.zeros(5, 2)).shape
    torch.Size([5, 34])
    """

    frequencies: Tensor

    def __init__(self, inputs: int, features: int, slowest: float = 1.0, fastest: float = 16.0) -> None:
        super().__init__()
        self.register_buffer("frequencies", spread_frequencies(inputs, features, slowest, fastest))

    def forward(self, x: Tensor) -> Tensor:
        """The features of x ``(batch, inputs)``: ``(batch, inputs + 2 features)``."""
        angle = x @ self.frequencies
        return torch.cat([x, angle.sin(), angle.cos()], dim=1)


def spread_frequencies(inputs: int, features: int, slowest: float, fastest: float) -> Tensor:
    """Frequency vectors spread evenly over directions and over the logarithm of their length: ``(inputs, features)``.

    Independent normal ones bunch, and leave some seeds nearly blind to part of a density.

    >>> spread_frequencies(1, 2000, 1.0, 16.0).median().round()
    tensor(4.)
    """
    pairs = (inputs + 1) // 2
    u = evenly(features, 1 + 2 * pairs)
    length = slowest * (fastest / slowest) ** u[:, :1]
    directions = half_sphere(u[:, 1 : 1 + pairs], u[:, 1 + pairs :])[:, :inputs]
    return (F.normalize(directions, dim=1) * length).T.contiguous()


def half_sphere(angle: Tensor, radius: Tensor) -> Tensor:
    """Standard normals ``(n, 2 pairs)``, the first positive, from uniforms ``(n, pairs)`` each (Box and Muller 1958).

    Half, since a frequency and its opposite give the same sine and cosine but for a sign. In pairs, since in the
    plane the angle alone is then the direction, and as even as it is.
    """
    turn = 2 * math.pi * torch.cat([angle[:, :1] / 2, angle[:, 1:]], dim=1)
    radius = (-2 * radius.log()).sqrt()
    return torch.cat([radius * turn.sin(), radius * turn.cos()], dim=1)


def evenly(n: int, dim: int) -> Tensor:
    """Points that fill the open unit cube more evenly than independent ones, a scrambled Sobol sequence: ``(n, dim)``.

    Beyond the dimensions that the sequence is known for they are independent.
    """
    known = dim <= torch.quasirandom.SobolEngine.MAXDIM
    u = torch.quasirandom.SobolEngine(dim, scramble=True).draw(n) if known else torch.rand(n, dim)  # type: ignore[no-untyped-call]
    return u.clamp(1e-6, 1 - 1e-6)
