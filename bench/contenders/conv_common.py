"""What the convolutional contenders share: flags, images, the clock, and what is played in plain PyTorch."""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from bench.contenders.conv_networks import LATENT, ResidualVAE, Shape, discriminator, generator

IMAGES = 4096
Options = argparse.Namespace


def options(purpose: str) -> Options:
    """Flags of every convolutional contender."""
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument("--model", choices=("gan", "vae"), default="gan")
    parser.add_argument("--side", type=int, default=28, help="28: in grey; else in colour")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10.0, help="measured, after a tenth as warm-up")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--channels-last", action="store_true")
    parser.add_argument("--shared-samples", action="store_true", help="one pass through the generator a step")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def shape_of(chosen: Options) -> Shape:
    """Of an image."""
    return (1 if chosen.side == 28 else 3, chosen.side, chosen.side)


def pixels(chosen: Options) -> Tensor:
    """Seeded images of 0 and 255: what a network is shown does not change how long it takes."""
    drawn = torch.randint(0, 2, (IMAGES, *shape_of(chosen)), generator=torch.Generator().manual_seed(0))
    return (255 * drawn).to(torch.uint8)


class Decoded(Dataset):  # type: ignore[type-arg]
    """Each item brought to [0, 1] by itself, as data sets of tutorials do."""

    def __init__(self, images: Tensor) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return self.images[index].float().div(255)


def loader(chosen: Options) -> DataLoader:  # type: ignore[type-arg]
    """Whole batches, in another order each epoch."""
    return DataLoader(Decoded(pixels(chosen)), batch_size=chosen.batch, shuffle=True, drop_last=True)


def laid_out(network: nn.Module, chosen: Options) -> nn.Module:
    """In the memory format that is asked for."""
    return network.to(memory_format=torch.channels_last) if chosen.channels_last else network  # type: ignore[call-overload,no-any-return]


def cast(chosen: Options) -> AbstractContextManager[object]:
    """The number format that is asked for."""
    return torch.autocast("cpu", torch.bfloat16) if chosen.precision == "bf16" else nullcontext()


class Players:
    """The non-saturating game, as tutorials play it."""

    def __init__(self, chosen: Options) -> None:
        self.chosen, self.loss = chosen, nn.BCEWithLogitsLoss()
        self.generator = laid_out(generator(shape_of(chosen)), chosen)
        self.discriminator = laid_out(discriminator(shape_of(chosen)), chosen)

    def of_discriminator(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Its loss, and the samples it was shown."""
        with cast(self.chosen):
            if self.chosen.channels_last:
                x = x.contiguous(memory_format=torch.channels_last)
            fake = self.generator(torch.randn(len(x), LATENT))
            logits = [self.discriminator(images).float() for images in (x, fake.detach().float())]
        on_real, on_fake = logits
        loss = self.loss(on_real, torch.ones_like(on_real)) + self.loss(on_fake, torch.zeros_like(on_fake))
        return loss / 2, fake

    def of_generator(self, fake: Tensor) -> Tensor:
        """Its loss: on the samples it is given, or on fresh ones."""
        with cast(self.chosen):
            if not self.chosen.shared_samples:
                fake = self.generator(torch.randn(len(fake), LATENT))
            on = self.discriminator(fake).float()
        return self.loss(on, torch.ones_like(on))


def vae_of(chosen: Options) -> ResidualVAE:
    """The residual VAE."""
    return laid_out(ResidualVAE(shape_of(chosen)), chosen)  # type: ignore[return-value]


def vae_loss(model: ResidualVAE, x: Tensor, chosen: Options) -> Tensor:
    """Its loss on images."""
    with cast(chosen):
        return model.loss(x.contiguous(memory_format=torch.channels_last) if chosen.channels_last else x)


class Stopwatch:
    """Counts images from when the warm-up is over until the time is."""

    def __init__(self, chosen: Options) -> None:
        self.chosen, self.began, self.steps, self.first = chosen, time.perf_counter(), 0, 0.0

    def step(self) -> bool:
        """Whether to go on after one more."""
        now = time.perf_counter()
        if not self.first:
            # two steps at least: the first makes what is kept, optimizers' state and kernels
            self.steps += 1
            if self.steps >= 2 and now - self.began >= self.chosen.seconds / 10:
                self.first, self.steps = now, 0
            return True
        self.steps += 1
        self.last = now
        return now - self.first < self.chosen.seconds

    @property
    def images_per_second(self) -> float:
        """Of the steps counted."""
        return self.steps * self.chosen.batch / (self.last - self.first)


def endless(batches: Callable[[], Iterator[Tensor]]) -> Iterator[Tensor]:
    """Epoch after epoch."""
    while True:
        yield from batches()


def report(watch: Stopwatch, **more: object) -> None:
    """Print the line of JSON."""
    told = {"images_per_second": watch.images_per_second, "steps": watch.steps, "torch": torch.__version__}
    print(json.dumps(told | {"threads": torch.get_num_threads(), "pid": os.getpid(), **more}), flush=True)
