"""Views of an image that show the same: crops, in another light."""

import torch
from torch import Tensor

CROP, MOST_CROP = 0.6, 40
"""The least share of its sides that a crop keeps, and the most pixels that it has."""
LIGHT = 0.4


def view(x: Tensor) -> Tensor:
    """A view of each image, of one size for all: ``(n, channels, a, b)`` of x ``(n, channels, height, width)``.

    No pixel is computed from others: what interpolation smooths, a network could not tell noise by. Noise is from
    torch's global generator.

    Args:
        x: standardized images: contrast changes by up to 40 %, brightness by up to 0.4 deviations.
    """
    n = len(x)
    contrast, brightness = LIGHT * (2 * torch.rand(2, n, 1, 1, 1) - 1)
    found: Tensor = cropped(x) * (1 + contrast) + brightness
    return found


def cropped(x: Tensor) -> Tensor:
    """A crop of each image, each from a place of its own."""
    share = CROP + (1 - CROP) * float(torch.rand(()))
    rows, columns = (_places(len(x), side, share) for side in x.shape[2:])
    images, channels = torch.arange(len(x))[:, None, None, None], torch.arange(x.shape[1])[None, :, None, None]
    return x[images, channels, rows[:, None, :, None], columns[:, None, None, :]]


def _places(n: int, side: int, share: float) -> Tensor:
    """Which of the pixels along a side each crop keeps, ``(n, length)``."""
    length = max(1, min(round(share * side), MOST_CROP))
    return torch.randint(side - length + 1, (n, 1)) + torch.arange(length)
