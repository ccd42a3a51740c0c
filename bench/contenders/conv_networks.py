"""The convolutional networks that are compared, in plain PyTorch: a game's as `--network conv` has them, and a VAE's.

A test holds that they have the layers and the shapes of ours.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTH, LATENT, CODE = 32, 100, 20
Shape = tuple[int, int, int]


def sides(side: int, until: int) -> list[int]:
    """The sides met when a square image is halved, rounding up, until they are small."""
    found = [side]
    while found[-1] > until:
        found.append(math.ceil(found[-1] / 2))
    return found


def channels(level: int) -> int:
    """After the halving of a level."""
    return WIDTH * min(1 << level, 4)


def doubling(before: int, after: int, small: int, large: int) -> nn.ConvTranspose2d:
    """A transposed convolution from one side to exactly the other."""
    return nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=large - (2 * small - 1))


def generator(shape: Shape) -> nn.Sequential:
    """From z to images in (0, 1), normalized between layers."""
    levels = sides(shape[1], 4)
    before = channels(len(levels) - 2)
    smallest = (before, levels[-1], levels[-1])
    layers: list[nn.Module] = [nn.Linear(LATENT, math.prod(smallest)), nn.Unflatten(1, smallest)]
    for level in reversed(range(len(levels) - 1)):
        after = channels(level - 1) if level else shape[0]
        layers += [nn.BatchNorm2d(before), nn.LeakyReLU(0.2, inplace=True)]
        layers += [doubling(before, after, levels[level + 1], levels[level])]
        before = after
    return nn.Sequential(*layers, nn.Sigmoid())


def discriminator(shape: Shape) -> nn.Sequential:
    """From images to a logit."""
    levels, layers = sides(shape[1], 4), list[nn.Module]()
    for level in range(len(levels) - 1):
        before = channels(level - 1) if level else shape[0]
        layers += [nn.Conv2d(before, channels(level), 3, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)]
    flat = channels(len(levels) - 2) * levels[-1] ** 2
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(flat, 1))


class Block(nn.Module):
    """x + conv(relu(conv(relu(x))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        convolutions = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.branch = nn.Sequential(*(layer for one in convolutions for layer in (nn.ReLU(), one)))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.branch(x)


class ResidualVAE(nn.Module):
    """Two blocks behind each halving, and before each doubling; a Bernoulli likelihood."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        levels = sides(shape[1], 8)
        widths = [channels(level) for level in range(len(levels) - 1)]
        down: list[nn.Module] = []
        for before, after in pairwise([shape[0], *widths]):
            down += [nn.Conv2d(before, after, 3, stride=2, padding=1), Block(after), Block(after)]
        smallest = (widths[-1], levels[-1], levels[-1])
        self.encoder = nn.Sequential(*down, nn.ReLU(), nn.Flatten(), nn.Linear(math.prod(smallest), 2 * CODE))
        up: list[nn.Module] = [nn.Linear(CODE, math.prod(smallest)), nn.Unflatten(1, smallest)]
        steps = zip(pairwise(reversed([shape[0], *widths])), pairwise(reversed(levels)), strict=True)
        for (before, after), (small, large) in steps:
            up += [Block(before), Block(before), nn.ReLU(), doubling(before, after, small, large)]
        self.decoder = nn.Sequential(*up)

    def loss(self, x: Tensor) -> Tensor:
        """The negative lower bound, nats an example."""
        mean, log_variance = self.encoder(x).float().chunk(2, dim=1)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        logits = self.decoder(z).float()
        kl = -0.5 * torch.sum(1 + log_variance - mean.square() - log_variance.exp())
        return (F.binary_cross_entropy_with_logits(logits, x, reduction="sum") + kl) / len(x)
