"""Features of images without weights: a convolutional network of seeded random filters."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, conv2d, relu

from reparam.hardware import exact
from reparam.randomness import generator

CHANNELS = (16, 24, 32)
GRID = 2


@exact()
def random_conv(x: Tensor, seed: int = 0) -> tuple[str, Callable[[Tensor], Tensor]]:
    """What random filters make of images: textures at three scales, and the coarsest one's layout.

    Three 3×3 convolutions with ReLU, halving the sides in between, whose filters are normal and never trained; of each
    channel the mean and the deviation over the image, and of the last ones the means of four quarters. Untrained
    networks order images better than pixels do (Naeem et al. 2020, section 4.2). Pixels are standardized by channel and
    features one by one, both by real images, so that no scale outweighs another.

    Args:
        x: real images ``(n, channels, height, width)``.
        seed: of the filters.

    Returns:
        A name for the record, and the map from images to features ``(n, width)``.
    """
    centre, spread = (part(x.float()) for part in (_mean, _deviation))
    spread = torch.where(spread > 0, spread, 1.0)
    filters = _filters(x.shape[1], seed)

    def plain(images: Tensor) -> Tensor:
        return _responses((images.cpu().float() - centre) / spread, filters)

    found = torch.cat([plain(part) for part in torch.split(x, 500)])
    mean, deviation = found.mean(0), found.std(0, correction=0)
    deviation = torch.where(deviation > 1e-6 * mean.abs(), deviation, 1.0)  # what is the same everywhere stays small
    name = (
        f"random 3×3 convolutions of seed {seed}, {'-'.join(map(str, CHANNELS))} channels: means, deviations and a "
        f"{GRID}×{GRID} layout, standardized, {found.shape[1]} numbers"
    )
    return name, lambda images: (plain(images) - mean) / deviation


def _filters(channels: int, seed: int) -> list[Tensor]:
    """He's normal filters, a layer after the other ``(out, in, 3, 3)``."""
    rng = generator(seed, "features", "random convolutions")
    return [
        torch.randn(after, before, 3, 3, generator=rng) * (2 / (9 * before)) ** 0.5
        for before, after in pairwise((channels, *CHANNELS))
    ]


def _responses(x: Tensor, filters: list[Tensor]) -> Tensor:
    """``(n, 2 sum(CHANNELS) + 4 CHANNELS[-1])``."""
    parts = []
    for i, weights in enumerate(filters):
        x = relu(conv2d(avg_pool2d(x, 2, ceil_mode=True) if i else x, weights, padding=1))
        parts += [x.mean((2, 3)), x.flatten(2).std(2, correction=0)]
    return torch.cat([*parts, adaptive_avg_pool2d(x, GRID).flatten(1)], 1)


def _mean(x: Tensor) -> Tensor:
    return x.mean((0, 2, 3), keepdim=True)


def _deviation(x: Tensor) -> Tensor:
    return x.std((0, 2, 3), correction=0, keepdim=True)
