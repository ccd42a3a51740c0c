"""Residual convolutional encoders and decoders (He et al. 2016), for any image size from 8×8."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from reparam import checks
from reparam.networks.activations import activation_of
from reparam.networks.convolution import check_image, doubling, pyramid
from reparam.recording import recorded

SMALLEST = 8
BLOCKS = 2


@recorded
class ResidualBlock(nn.Module):
    """x + conv(act(conv(act(x)))), the identity at first.

    Args:
        channels: in and out.
        activation: one of ``reparam.networks.ACTIVATIONS``.
    """

    def __init__(self, channels: int, activation: str) -> None:
        super().__init__()
        checks.whole("channels", channels)
        act = activation_of(activation)
        last = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(last.weight)  # depth then costs nothing at the start
        self.branch = nn.Sequential(act(), nn.Conv2d(channels, channels, 3, padding=1), act(), last)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        # convolutions this narrow take about a sixth less time with channels innermost
        x = x.contiguous(memory_format=torch.channels_last)
        return x + self.branch(x)  # type: ignore[no-any-return]


def stages(height: int, width: int) -> list[tuple[int, int]]:
    """The sizes met when an image is halved (rounding up) until its longer side is at most 8, once at least.

    >>> stages(28, 28), stages(8, 8)
    ([(28, 28), (14, 14), (7, 7)], [(8, 8), (4, 4)])
    """
    sizes = pyramid(height, width)
    keep = next(i for i, size in enumerate(sizes) if max(size) <= SMALLEST)
    return sizes[: max(keep, 1) + 1]


@recorded
class ResidualEncoder(nn.Sequential):
    """Halvings, each followed by two residual blocks, then a linear layer.

    Args:
        data_shape: ``(channels, height, width)``, both sides at least 8.
        outputs: number of outputs per example.
        width: channels after the first halving, doubled at each up to ``4 * width``.
        activation: one of ``reparam.networks.ACTIVATIONS``.

    Raises:
        UserError: if the data are not images or are smaller than 8×8, a width is not at least 1, or the activation is
            unknown.

    >>> import torch
    >>> ResidualEncoder((3, 20, 28), 10, width=8)(torch.zeros(2, 3, 20, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(self, data_shape: Sequence[int], outputs: int, width: int = 32, activation: str = "relu") -> None:
        channels, *size = check_image(data_shape)
        checks.wholes(outputs=outputs, width=width)
        sizes, act = stages(*size), activation_of(activation)
        layers: list[nn.Module] = []
        for level in range(len(sizes) - 1):
            after = width * min(2**level, 4)
            layers += [nn.Conv2d(channels, after, 3, stride=2, padding=1)]
            layers += [ResidualBlock(after, activation) for _ in range(BLOCKS)]
            channels = after
        flat = channels * math.prod(sizes[-1])
        super().__init__(*layers, act(), nn.Flatten(), nn.Linear(flat, outputs))


@recorded
class ResidualDecoder(nn.Sequential):
    """The mirror of :class:`ResidualEncoder`.

    Args:
        latent_dim: width of z.
        data_shape: ``(channels, height, width)``, both sides at least 8.
        width: channels before the last doubling, as in :class:`ResidualEncoder`.
        activation: one of ``reparam.networks.ACTIVATIONS``.

    Raises:
        UserError: if the data are not images or are smaller than 8×8, a width is not at least 1, or the activation is
            unknown.

    >>> import torch
    >>> ResidualDecoder(10, (3, 20, 29), width=8)(torch.zeros(2, 10)).shape
    torch.Size([2, 3, 20, 29])
    """

    def __init__(self, latent_dim: int, data_shape: Sequence[int], width: int = 32, activation: str = "relu") -> None:
        channels, *size = check_image(data_shape)
        checks.wholes(latent_dim=latent_dim, width=width)
        sizes, act = stages(*size), activation_of(activation)
        before = width * min(2 ** (len(sizes) - 2), 4)
        smallest = (before, *sizes[-1])
        layers: list[nn.Module] = [nn.Linear(latent_dim, math.prod(smallest)), nn.Unflatten(1, smallest)]
        for level in reversed(range(len(sizes) - 1)):
            after = width * min(2 ** (level - 1), 4) if level else channels
            layers += [ResidualBlock(before, activation) for _ in range(BLOCKS)]
            layers += [act(), doubling(before, after, sizes[level + 1], sizes[level])]
            before = after
        super().__init__(*layers)
