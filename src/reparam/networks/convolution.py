"""Convolutional encoders and decoders for any image size from 8×8."""

import math
from collections.abc import Sequence

from torch import nn

from reparam import checks
from reparam.errors import UserError
from reparam.networks.activations import activation_of
from reparam.recording import recorded

SMALLEST_SIDE = 8


def pyramid(height: int, width: int) -> list[tuple[int, int]]:
    """The sizes met when an image is halved (rounding up) until its longer side is at most 4."""
    sizes = [(height, width)]
    while max(sizes[-1]) > 4:
        h, w = sizes[-1]
        sizes.append((math.ceil(h / 2), math.ceil(w / 2)))
    return sizes


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


@recorded
class ConvEncoder(nn.Sequential):
    """Strided convolutions that halve the image until its longer side is at most 4, then a linear layer.

    Args:
        data_shape: ``(channels, height, width)``, both sides at least 8.
        outputs: number of outputs per example.
        width: channels after the first convolution, doubled at each halving up to ``4 * width``.
        activation: one of ``reparam.networks.ACTIVATIONS``.

    Raises:
        UserError: if the data are not images or are smaller than 8×8, a width is not at least 1, or the activation is
            unknown.

    >>> import torch
    >>> ConvEncoder((3, 20, 28), 10, width=8)(torch.zeros(2, 3, 20, 28)).shape
    torch.Size([2, 10])
    """

    def __init__(self, data_shape: Sequence[int], outputs: int, width: int = 32, activation: str = "relu") -> None:
        channels, *size = check_image(data_shape)
        checks.wholes(outputs=outputs, width=width)
        sizes, act = pyramid(*size), activation_of(activation)
        layers: list[nn.Module] = []
        for level in range(len(sizes) - 1):
            after = width * min(2**level, 4)
            layers += [nn.Conv2d(channels, after, 3, stride=2, padding=1), act()]
            channels = after
        super().__init__(*layers, nn.Flatten(), nn.Linear(channels * math.prod(sizes[-1]), outputs))


@recorded
class ConvDecoder(nn.Sequential):
    """The mirror of :class:`ConvEncoder`: a linear layer, then transposed convolutions up to exactly the data's size.

    Args:
        latent_dim: width of z.
        data_shape: ``(channels, height, width)``, both sides at least 8.
        width: channels before the last convolution, as in :class:`ConvEncoder`.
        activation: one of ``reparam.networks.ACTIVATIONS``.

    Raises:
        UserError: if the data are not images or are smaller than 8×8, a width is not at least 1, or the activation is
            unknown.

    >>> import torch
    >>> ConvDecoder(10, (3, 20, 29), width=8)(torch.zeros(2, 10)).shape
    torch.Size([2, 3, 20, 29])
    """

    def __init__(self, latent_dim: int, data_shape: Sequence[int], width: int = 32, activation: str = "relu") -> None:
        channels, *size = check_image(data_shape)
        checks.wholes(latent_dim=latent_dim, width=width)
        sizes, act = pyramid(*size), activation_of(activation)
        before = width * min(2 ** (len(sizes) - 2), 4)
        smallest = (before, *sizes[-1])
        layers: list[nn.Module] = [nn.Linear(latent_dim, math.prod(smallest)), nn.Unflatten(1, smallest)]
        for level in reversed(range(len(sizes) - 1)):
            after = width * min(2 ** (level - 1), 4) if level else channels
            layers += [act(), doubling(before, after, sizes[level + 1], sizes[level])]
            before = after
        super().__init__(*layers)


def doubling(before: int, after: int, small: tuple[int, int], large: tuple[int, int]) -> nn.ConvTranspose2d:
    """A transposed convolution from size ``small`` to exactly ``large``, which is ``2 * small`` or one less."""
    padding = (large[0] - (2 * small[0] - 1), large[1] - (2 * small[1] - 1))
    return nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=padding)
