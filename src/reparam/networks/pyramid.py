"""The pyramid that every convolutional network climbs: an image halved level by level, and doubled on the way back."""

import math
from collections.abc import Callable, Sequence

from torch import nn

from reparam import checks
from reparam.errors import UserError

SMALLEST_SIDE, SMALLEST_RESIDUAL = 8, 8
Sizes = Sequence[tuple[int, int]]
Layers = Callable[[int], list[nn.Module]]
"""What stands beside a level's convolution, given its number of channels."""


def pyramid(height: int, width: int) -> list[tuple[int, int]]:
    """The sizes met when an image is halved (rounding up) until its longer side is at most 4."""
    sizes = [(height, width)]
    while max(sizes[-1]) > 4:
        h, w = sizes[-1]
        sizes.append((math.ceil(h / 2), math.ceil(w / 2)))
    return sizes


def stages(height: int, width: int) -> list[tuple[int, int]]:
    """The sizes met when an image is halved (rounding up) until its longer side is at most 8, once at least.

    >>> stages(28, 28), stages(8, 8)
    ([(28, 28), (14, 14), (7, 7)], [(8, 8), (4, 4)])
    """
    sizes = pyramid(height, width)
    keep = next(i for i, size in enumerate(sizes) if max(size) <= SMALLEST_RESIDUAL)
    return sizes[: max(keep, 1) + 1]


def check_image(shape: Sequence[int]) -> tuple[int, int, int]:
    """``(channels, height, width)``, refused with what would do unless they are an image's of at least 8×8."""
    shape = checks.shape("data_shape", shape)
    if len(shape) != 3 or min(shape[1:]) < SMALLEST_SIDE:
        raise UserError(
            f"a convolutional network needs images of at least {SMALLEST_SIDE}×{SMALLEST_SIDE} pixels with shape "
            f'(channels, height, width), but the data have shape {tuple(shape)}: use network="mlp", '
            "or image_size=... to resize"
        )
    return shape[0], shape[1], shape[2]


def channels_at(width: int, level: int) -> int:
    """Channels after the halving of a level, from 0: ``width``, doubled at each up to four times that.

    >>> [channels_at(32, level) for level in range(4)]
    [32, 64, 128, 128]
    """
    return width * min(1 << level, 4)


def descent(channels: int, sizes: Sizes, width: int, then: Layers) -> tuple[list[nn.Module], int]:
    """A strided convolution for each halving, what comes ``then`` behind it; and how many numbers are left."""
    layers: list[nn.Module] = []
    for level in range(len(sizes) - 1):
        after = channels_at(width, level)
        layers += [nn.Conv2d(channels, after, 3, stride=2, padding=1), *then(after)]
        channels = after
    return layers, channels * math.prod(sizes[-1])


def ascent(inputs: int, sizes: Sizes, width: int, channels: int, first: Layers) -> list[nn.Module]:
    """A linear layer to the smallest size; for each doubling what comes ``first``, and a transposed convolution."""
    before = channels_at(width, len(sizes) - 2)
    smallest = (before, *sizes[-1])
    layers: list[nn.Module] = [nn.Linear(inputs, math.prod(smallest)), nn.Unflatten(1, smallest)]
    for level in reversed(range(len(sizes) - 1)):
        after = channels_at(width, level - 1) if level else channels
        layers += [*first(before), doubling(before, after, sizes[level + 1], sizes[level])]
        before = after
    return layers


def doubling(before: int, after: int, small: tuple[int, int], large: tuple[int, int]) -> nn.ConvTranspose2d:
    """A transposed convolution from size ``small`` to exactly ``large``, which is ``2 * small`` or one less."""
    padding = (large[0] - (2 * small[0] - 1), large[1] - (2 * small[1] - 1))
    return nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=padding)
