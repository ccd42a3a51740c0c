"""Generators and discriminators: perceptrons, convolutional networks for any image size from 8×8, conditional ones."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from reparam import checks
from reparam.errors import UserError
from reparam.networks.affine import Affine
from reparam.networks.pyramid import ascent, check_image, descent, pyramid
from reparam.recording import recorded

SLOPE = 0.2


@recorded
class Ranged(nn.Module):
    """Outputs in ``(low, high)`` by a scaled sigmoid; as they come where the range is not finite.

    Raises:
        UserError: unless ``low`` is below ``high``.

    >>> Ranged(-1.0, 3.0)(torch.zeros(2))
    tensor([1., 1.])
    """

    low: Tensor
    high: Tensor

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        if not low < high:
            raise UserError(f"low={low:g} and high={high:g} bound no range: give a low below high")
        self.bounded = math.isfinite(low) and math.isfinite(high)
        # buffers, so that a checkpoint brings them
        self.register_buffer("low", torch.tensor(low))
        self.register_buffer("high", torch.tensor(high))

    def forward(self, x: Tensor) -> Tensor:
        """Squash."""
        return self.low + (self.high - self.low) * x.sigmoid() if self.bounded else x


@recorded
class FourierFeatures(nn.Module):
    """Vectors joined by sines and cosines of random projections of them (Tancik et al. 2020).

    A perceptron learns what varies slowly first, and would see narrow modes late.

    Args:
        inputs: width of the vectors, in units of about 1.
        features: how many frequencies.
        scale: their standard deviation along a direction of the plane, in radians per unit.

    Raises:
        UserError: if there are no inputs or features, or the scale is not positive.

    >>> FourierFeatures(2, 16)(torch.zeros(5, 2)).shape
    torch.Size([5, 34])
    """

    frequencies: Tensor

    def __init__(self, inputs: int, features: int, scale: float = 3.0) -> None:
        super().__init__()
        checks.wholes(inputs=inputs, features=features)
        checks.positive("scale", scale)
        # so that the angle's spread does not grow with the width
        self.register_buffer("frequencies", scale * math.sqrt(2 / inputs) * torch.randn(inputs, features))

    def forward(self, x: Tensor) -> Tensor:
        """The features of x ``(batch, inputs)``: ``(batch, inputs + 2 features)``."""
        angle = x @ self.frequencies
        return torch.cat([x, angle.sin(), angle.cos()], dim=1)


@recorded
class Conditional(nn.Module):
    """A network that is also told a class: one-hot labels joined to vectors as numbers, to images as channels.

    Args:
        network: takes ``classes`` more inputs (vectors) or channels (images) than it is given.
        classes: how many classes there are.

    Raises:
        UserError: if there is none.

    >>> Conditional(nn.Linear(2 + 3, 1), 3)(torch.zeros(4, 2), torch.tensor([0, 1, 2, 0])).shape
    torch.Size([4, 1])
    """

    def __init__(self, network: nn.Module, classes: int) -> None:
        super().__init__()
        self.network, self.classes = network, checks.whole("classes", classes)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """The network's output on x ``(batch, ...)`` joined by labels y ``(batch,)``."""
        label = (y.unsqueeze(1) == torch.arange(self.classes, device=y.device)).to(x.dtype)  # one_hot waits
        label = label.reshape(x.shape[0], self.classes, *[1] * (x.dim() - 2)).expand(-1, -1, *x.shape[2:])
        return self.network(torch.cat([x, label], dim=1))  # type: ignore[no-any-return]


PER_EXAMPLE = (
    nn.Sequential,
    nn.Linear,
    nn.Conv2d,
    nn.LeakyReLU,
    nn.Flatten,
    FourierFeatures,
    Affine,
    Conditional,
)


def acts_per_example(network: nn.Module) -> bool:
    """Whether a network certainly treats each example of a batch alone; False where it is not known to.

    >>> acts_per_example(nn.Sequential(nn.Linear(2, 2))), acts_per_example(nn.Sequential(nn.BatchNorm1d(2)))
    (True, False)
    """
    # exact types: a subclass may do anything in its forward
    return all(type(module) in PER_EXAMPLE for module in network.modules())


def mlp_generator(
    inputs: int, hidden: Sequence[int], data_shape: Sequence[int], low: float, high: float, batch_norm: bool = True
) -> nn.Sequential:
    """A perceptron from z to data in a range, with batch normalization between hidden layers.

    Raises:
        UserError: if a width is no whole number of at least 1, or the range is none.

    >>> mlp_generator(10, [16, 32], (1, 8, 9), 0.0, 1.0)(torch.randn(4, 10)).shape
    torch.Size([4, 1, 8, 9])
    """
    widths = [checks.whole("inputs", inputs), *checks.widths("hidden", hidden)]
    data_shape = checks.shape("data_shape", data_shape)
    layers: list[nn.Module] = []
    for level, (before, after) in enumerate(pairwise(widths)):
        normalize = [nn.BatchNorm1d(after)] if batch_norm and level else []
        layers += [nn.Linear(before, after), *normalize, nn.LeakyReLU(SLOPE, inplace=True)]
    layers += [nn.Linear(widths[-1], math.prod(data_shape)), nn.Unflatten(1, data_shape), Ranged(low, high)]
    return nn.Sequential(*layers)


def orthogonal(network: nn.Sequential) -> nn.Sequential:
    """The same perceptron with orthogonal weights, scaled for its leaky rectifiers, and no biases (Saxe et al. 2014).

    A deep one then spreads what it makes, where PyTorch's usual weights shrink all of it to one point.

    >>> deep, z = mlp_generator(2, [128] * 6, (2,), -math.inf, math.inf, False), torch.randn(500, 2)
    >>> before = deep(z).std(0).norm().item()
    >>> orthogonal(deep)(z).std(0).norm().item() > 10 * before
    True
    """
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            nn.init.orthogonal_(layer.weight, nn.init.calculate_gain("leaky_relu", SLOPE))
            nn.init.zeros_(layer.bias)
    return network


def mlp_discriminator(data_shape: Sequence[int], hidden: Sequence[int]) -> nn.Sequential:
    """A perceptron from data to one logit.

    Raises:
        UserError: if a width is no whole number of at least 1.

    >>> mlp_discriminator((1, 8, 9), [16])(torch.randn(4, 1, 8, 9)).shape
    torch.Size([4, 1])
    """
    widths = [math.prod(checks.shape("data_shape", data_shape)), *checks.widths("hidden", hidden)]
    layers: list[nn.Module] = [nn.Flatten()]
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.LeakyReLU(SLOPE, inplace=True)]
    return nn.Sequential(*layers, nn.Linear(widths[-1], 1))


def conv_generator(
    inputs: int, width: int, data_shape: Sequence[int], low: float, high: float, batch_norm: bool = True
) -> nn.Sequential:
    """Transposed convolutions from z to images in a range (after Radford et al. 2016), for any size from 8×8.

    Args:
        inputs: width of z (and of a label joined to it).
        width: channels before the last convolution, doubled at each halving of the image up to ``4 * width``.
        data_shape: ``(channels, height, width)``.
        low: smallest value of the data.
        high: largest value of the data.
        batch_norm: normalize between layers.

    Raises:
        UserError: if the data are not images or are smaller than 8×8, or a width is not at least 1.

    >>> conv_generator(10, 4, (3, 20, 29), 0.0, 1.0)(torch.randn(2, 10)).shape
    torch.Size([2, 3, 20, 29])
    """
    channels, *size = check_image(data_shape)
    checks.wholes(inputs=inputs, width=width)

    def first(before: int) -> list[nn.Module]:
        return [*([nn.BatchNorm2d(before)] if batch_norm else []), nn.LeakyReLU(SLOPE, inplace=True)]

    return nn.Sequential(*ascent(inputs, pyramid(*size), width, channels, first), Ranged(low, high))


def conv_discriminator(data_shape: Sequence[int], width: int, extra_channels: int = 0) -> nn.Sequential:
    """Strided convolutions from images to one logit, for any size from 8×8.

    Args:
        data_shape: ``(channels, height, width)``.
        width: channels after the first convolution, doubled at each halving up to ``4 * width``.
        extra_channels: channels that a label adds.

    Raises:
        UserError: if the data are not images or are smaller than 8×8, or a width is not at least 1.

    >>> conv_discriminator((3, 20, 29), 4)(torch.randn(2, 3, 20, 29)).shape
    torch.Size([2, 1])
    """
    channels, *size = check_image(data_shape)
    checks.whole("width", width)
    checks.whole("extra_channels", extra_channels, 0)

    def then(after: int) -> list[nn.Module]:
        return [nn.LeakyReLU(SLOPE, inplace=True)]

    layers, flat = descent(channels + extra_channels, pyramid(*size), width, then)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(flat, 1))
