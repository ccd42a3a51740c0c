"""Features of images without weights or labels: a small network that learned from the training data themselves."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from reparam.data import Dataset
from reparam.door import user_cache
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import examples, pick
from reparam.evaluation.samples.vicreg import vicreg_loss
from reparam.evaluation.samples.views import CROP, LIGHT, MOST_CROP, view
from reparam.evaluation.samples.weights import digest
from reparam.files import write_result
from reparam.hardware import exact, threads
from reparam.models.model import Batch, Terms, Turn
from reparam.pace import work
from reparam.randomness import derive_seed, generator, noise
from reparam.training import each_step

CHANNELS = (16, 32, 64, 128)
PROJECTED = 256
MOST_SIDE = 64
STEPS, BATCH, RATE = 200, 256, 2e-3
MOST_IMAGES, MOST_NUMBERS = 10_000, 2**26
"""What is learned from: so many images at most, and numbers in them."""
VERSION = 1
SETTINGS = (
    f"VICReg, {STEPS} steps of {BATCH} images, Adam {RATE:g}; crops of {CROP:.0%} to 100% of the sides and at most "
    f"{MOST_CROP} pixels, contrast and brightness ±{LIGHT:g} deviations; {'-'.join(map(str, CHANNELS))} channels, "
    f"mean and deviation of each, projected to {PROJECTED} for training; images of at most {MOST_SIDE} pixels a side"
)
WIDTH = 2 * sum(CHANNELS)


class Trunk(nn.Module):
    """Four 3×3 convolutions with batch norm and ReLU, sides halved in between; of each channel mean and deviation.

    Args:
        channels: of images.

    Attributes:
        centre, spread: of the training images' channels, ``(1, channels, 1, 1)``.
        mean, deviation: of the training images' features, ``(480,)``.
    """

    centre: Tensor
    spread: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU())
            for before, after in pairwise((channels, *CHANNELS))
        )
        for name in ("centre", "spread"):
            self.register_buffer(name, torch.ones(1, channels, 1, 1))
        for name in ("mean", "deviation"):
            self.register_buffer(name, torch.ones(WIDTH))

    def maps(self, x: Tensor) -> list[Tensor]:
        """What each block makes of standardized images ``(n, channels, height, width)``, ``(n, width, h, w)``."""
        found: list[Tensor] = []
        for at, block in enumerate(self.blocks):
            found.append(block(avg_pool2d(found[-1], 2, ceil_mode=True) if at else x))
        return found

    def raw(self, x: Tensor) -> Tensor:
        """Means and deviations over images as they come, ``(n, 480)``."""
        maps = self.maps((brought(x) - self.centre) / self.spread)
        return torch.cat([part for one in maps for part in (one.mean((2, 3)), one.flatten(2).std(2, correction=0))], 1)

    def forward(self, x: Tensor) -> Tensor:
        """The same, standardized by the training images."""
        return (self.raw(x) - self.mean) / self.deviation

    @torch.no_grad()
    def standardize(self, x: Tensor) -> None:
        """By the training images ``(n, channels, height, width)``, in evaluation mode."""
        found = torch.cat([self.raw(part) for part in torch.split(x, 500)])
        self.mean, deviation = found.mean(0), found.std(0, correction=0)
        self.deviation = torch.where(deviation > 1e-6 * self.mean.abs(), deviation, 1.0)


class _Learner(nn.Module):
    """The trunk beneath a projector, which is thrown away: what a view leaves open, features need not."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.trunk = Trunk(channels)
        self.projector = nn.Sequential(
            nn.Linear(CHANNELS[-1], PROJECTED, bias=False),
            nn.BatchNorm1d(PROJECTED),
            nn.ReLU(),
            nn.Linear(PROJECTED, PROJECTED),
        )

    def loss(self, batch: Batch) -> Terms:
        views = [self.trunk.maps(view(batch.x))[-1].mean((2, 3)) for _ in range(2)]
        first, second = self.projector(torch.cat(views)).chunk(2)
        return vicreg_loss(first, second)


def self_supervised(data: Dataset, seed: int = 0) -> tuple[str, Callable[[Tensor], Tensor]]:
    """Features that two views of the same image agree on: about a minute of training on a core of a CPU, once.

    Views are crops in another light. Noise and blur are none of them: a network that learned not to mind these could
    not tell them from good samples. The network is kept beside the features of real examples, by what it was trained
    on, how, and the seed. It is the same whatever the number of threads; on another kind of processor sums round in
    another way, and 200 steps make another network of that: the hash of its weights is part of its name.

    Args:
        data: images, of whose training split it learns.
        seed: of the weights it starts from, the batches and the views.

    Returns:
        A name for the record, which has all settings, and the map from images to features ``(n, 480)`` on the CPU.

    Raises:
        UserError: if the data are no images.
    """
    if not data.is_image:
        raise UserError(f"self sees images, and {data.name!r} holds none: take features auto or raw")
    x = training_images(data, seed)
    path = _place(x, seed)
    trunk = _read(path, x.shape[1])
    if trunk is None:
        trunk = learned(x, seed, STEPS)
        _write(path, trunk)
    weights = digest(trunk.state_dict())
    name = (
        f"a network that learned from {len(x):,} of the training images, {WIDTH} numbers; {SETTINGS}; seed {seed} "
        f"(weights {weights})"
    )
    return name, trunk


def training_images(data: Dataset, seed: int) -> Tensor:
    """A seeded 10,000 of the training images, fewer of large ones, no longer than 64 pixels, ``(n, c, h, w)``."""
    channels, *sides = data.data_shape
    size = channels * min(sides[0], MOST_SIDE) * min(sides[1], MOST_SIDE)
    count = max(1, min(MOST_IMAGES, MOST_NUMBERS // size))
    chosen = pick(data.train, count, generator(seed, "features", "self", "images"))
    return torch.cat([brought(part.float()) for part in examples(chosen, data)])


def brought(x: Tensor) -> Tensor:
    """Images of at most 64 pixels a side: larger ones are made smaller, antialiased, and keep their proportions.

    >>> brought(torch.zeros(1, 3, 128, 64)).shape
    torch.Size([1, 3, 64, 32])
    """
    longest = max(x.shape[2:])
    if longest <= MOST_SIDE:
        return x
    height, width = (max(1, round(side * MOST_SIDE / longest)) for side in x.shape[2:])
    return interpolate(x, (height, width), mode="bilinear", antialias=True)


def learned(x: Tensor, seed: int = 0, steps: int = STEPS) -> Trunk:
    """A trunk that has learned from images x ``(n, c, h, w)``, no larger than 64 pixels, in evaluation mode."""
    with exact(), threads(1), torch.enable_grad():
        with noise(seed, "features", "self", "weights"):
            learner = _Learner(x.shape[1])
        trunk = learner.trunk
        spread = x.std((0, 2, 3), correction=0, keepdim=True)
        trunk.centre, trunk.spread = x.mean((0, 2, 3), keepdim=True), torch.where(spread > 0, spread, 1.0)
        standardized = (x - trunk.centre) / trunk.spread

        def batch(number: int) -> Tensor:
            return standardized[torch.randint(len(x), (BATCH,))]

        turn = Turn("features", learner, learner.loss)
        own = derive_seed(seed, "features", "self")
        with work("training a network of features", steps, "the size of the images") as add:
            for _ in each_step([turn], batch, steps, seed=own, optimizer="adam", learning_rate=RATE):
                add(1)
        trunk.eval().requires_grad_(False)
        trunk.standardize(x)
    return trunk


def _place(x: Tensor, seed: int) -> Path | None:
    """Where the network of these images is kept; None where the user has no place for caches."""
    found = hashlib.sha256(f"{VERSION}/{SETTINGS}/{seed}/{tuple(x.shape)}".encode() + x.numpy().tobytes())
    try:
        return user_cache() / "reparam" / "networks" / f"{found.hexdigest()}.safetensors"
    except UserError:
        return None


def _read(path: Path | None, channels: int) -> Trunk | None:
    """The network that a file holds; None if there is none, or it is none of ours."""
    trunk = Trunk(channels)
    try:
        if path is None:
            return None
        trunk.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError):
        return None
    whole = all(bool(torch.isfinite(tensor).all()) for tensor in trunk.state_dict().values())
    return trunk.eval().requires_grad_(False) if whole else None


def _write(path: Path | None, trunk: Trunk) -> None:
    if path is None:
        return
    tensors = {name: tensor.contiguous() for name, tensor in trunk.state_dict().items()}
    with suppress(OSError, UserError):
        write_result(path, lambda beside: save_file(tensors, beside), force=True)
