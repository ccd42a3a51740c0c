"""Encoding and decoding with any model that has an encoder."""

from collections.abc import Iterator

import torch
from torch import Tensor

from reparam.data import Dataset, Split, evaluation_batches
from reparam.distributions import Distribution
from reparam.errors import UserError
from reparam.hardware import exact
from reparam.models.model import Model

BATCH_SIZE = 1000


def device_of(model: Model) -> torch.device:
    """Where a model's parameters are."""
    return next(model.parameters()).device


@exact()
def code(model: Model, x: Tensor) -> Tensor:
    """The code of x, ``(batch, latent_dim)``: the centre of q(z|x), or the encoder's output if it is no distribution.

    Raises:
        UserError: if the model has no encoder.
    """
    encode = getattr(model, "encode", None)
    if encode is None:
        raise UserError(f"a {type(model).__name__} has no encoder: this needs a model that has one, such as a vae")
    encoded = encode(x)
    return encoded.center if isinstance(encoded, Distribution) else encoded


@exact()
@torch.no_grad()
def decode_mean(model: Model, z: Tensor) -> Tensor:
    """The mean of p(x|z), ``(n, *data_shape)``, on the CPU, for z ``(n, latent_dim)``."""
    parts = torch.split(z.to(device_of(model)), BATCH_SIZE)
    return torch.cat([model.decode(part).mean.cpu() for part in parts])  # type: ignore[operator]


@exact()
@torch.no_grad()
def codes_of(model: Model, x: Tensor) -> Tensor:
    """The codes of examples ``(n, *data_shape)`` as the model sees them, on the CPU, some at a time."""
    device = device_of(model)
    return torch.cat([code(model, part.to(device)).cpu() for part in torch.split(x, BATCH_SIZE)])


@torch.no_grad()
def codes(model: Model, split: Split, data: Dataset) -> Tensor:
    """The codes of a whole split in its order, ``(n, latent_dim)``, on the CPU."""
    return torch.cat([code(model, x).cpu() for x, _ in evaluation_batches(split, data, BATCH_SIZE, device_of(model))])


def pick(split: Split, count: int, generator: torch.Generator) -> Split:
    """A seeded random subset of a split (files may be sorted by class, so never its first rows).

    The rows keep their order in the split.
    """
    rows = torch.randperm(len(split), generator=generator)[:count].sort().values
    return Split(split.x[rows], None if split.y is None else split.y[rows], split.binarized)


def examples(split: Split, data: Dataset) -> Iterator[Tensor]:
    """What a model sees of a split, batch by batch, on the CPU."""
    return (x for x, _ in evaluation_batches(split, data, BATCH_SIZE, "cpu"))
