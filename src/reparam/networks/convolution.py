"""Convolutional encoders and decoders for any image size from 8×8."""

from collections.abc import Sequence

from torch import nn

from reparam import checks
from reparam.networks.activations import activation_of
from reparam.networks.pyramid import ascent, check_image, descent, pyramid
from reparam.recording import recorded


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
        act = activation_of(activation)
        layers, flat = descent(channels, pyramid(*size), width, lambda after: [act()])
        super().__init__(*layers, nn.Flatten(), nn.Linear(flat, outputs))


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
        act = activation_of(activation)
        super().__init__(*ascent(latent_dim, pyramid(*size), width, channels, lambda before: [act()]))
