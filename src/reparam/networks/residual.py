"""Residual convolutional encoders and decoders (He et al. 2016), for any image size from 8×8."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from reparam import checks
from reparam.networks.activations import activation_of
from reparam.networks.pyramid import ascent, check_image, descent, stages
from reparam.recording import recorded

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


def _blocks(channels: int, activation: str) -> list[nn.Module]:
    return [ResidualBlock(channels, activation) for _ in range(BLOCKS)]


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
        act = activation_of(activation)
        layers, flat = descent(channels, stages(*size), width, lambda after: _blocks(after, activation))
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
        act = activation_of(activation)
        first = lambda before: [*_blocks(before, activation), act()]  # noqa: E731
        super().__init__(*ascent(latent_dim, stages(*size), width, channels, first))
