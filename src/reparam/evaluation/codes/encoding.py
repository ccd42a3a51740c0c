"""Encoding and decoding with any model that can, whatever its codes look like."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from reparam.data import Dataset, Split, at_once, evaluation_batches, reading_batches
from reparam.errors import UserError
from reparam.hardware import exact
from reparam.models.model import Model
from reparam.models.protocols import Encodes, can, decoded, encoded, named, prior_of
from reparam.pace import work
from reparam.randomness import noise


def device_of(model: Model) -> torch.device:
    """Where a model's parameters are."""
    return next(model.parameters()).device


@dataclass(frozen=True)
class CodeForm:
    """What one code looks like: its shape, and whether it is of real numbers (or of integers, as in a codebook)."""

    shape: tuple[int, ...]
    real: bool

    def __str__(self) -> str:
        return "×".join(map(str, self.shape))


@torch.no_grad()
def code_form(model: Model) -> CodeForm:
    """What a code of the encoder looks like or, where there is none, a draw of the prior.

    Raises:
        UserError: if the model has neither.
    """
    like = next(model.parameters())
    with noise(0, "code form"):
        if can(model, Encodes):
            q = encoded(model, torch.zeros(1, *model.data_shape, dtype=like.dtype, device=like.device))
        else:
            q = prior_of(model)
        return CodeForm(tuple(q.event_shape), q.sample().is_floating_point())


def require_real_codes(model: Model, so: str) -> CodeForm:
    """What one code looks like.

    Args:
        model: with an encoder or a prior.
        so: what cannot be done with integers, as the end of a sentence.

    Raises:
        UserError: if codes are integers: there is no arithmetic with the numbers of a codebook's entries.
    """
    form = code_form(model)
    if not form.real:
        raise UserError(f"the codes of {named(model)} are {form} integers, {so}")
    return form


@exact()
def code(model: Model, x: Tensor) -> Tensor:
    """The code of x, ``(batch, *event_shape)``: the centre of q(z|x).

    Raises:
        UserError: if the model has no encoder.
    """
    return encoded(model, x).center


@exact()
@torch.no_grad()
def decode_mean(model: Model, z: Tensor) -> Tensor:
    """The mean of p(x|z), ``(n, *data_shape)``, on the CPU, for z ``(n, *event_shape)``.

    Raises:
        UserError: if the model has no decoder, or one that has to be told a class.
    """
    parts = torch.split(z.to(device_of(model)), at_once(model.data_shape))
    with work("decoding", len(z), "the number of them") as add:
        return torch.cat([_counted(decoded(model, part).mean.cpu(), add) for part in parts])


@exact()
@torch.no_grad()
def codes_of(model: Model, x: Tensor) -> Tensor:
    """The codes of examples ``(n, *data_shape)`` as the model sees them, on the CPU, some at a time."""
    device, parts = device_of(model), torch.split(x, at_once(model.data_shape))
    with work("encoding", len(x), "the number of examples") as add:
        return torch.cat([_counted(code(model, part.to(device)).cpu(), add) for part in parts])


@torch.no_grad()
def codes(model: Model, split: Split, data: Dataset) -> Tensor:
    """The codes of a whole split in its order, ``(n, *event_shape)``, on the CPU."""
    batches = evaluation_batches(split, data, device=device_of(model))
    with work("encoding", len(split), "the number of examples") as add:
        return torch.cat([_counted(code(model, x).cpu(), add) for x, _ in batches])


def _counted(made: Tensor, add: Callable[[float], None]) -> Tensor:
    """What was made, and counted."""
    add(len(made))
    return made


def pick(split: Split, count: int, generator: torch.Generator) -> Split:
    """A seeded random subset of a split (files may be sorted by class, so never its first rows).

    The rows keep their order in the split.
    """
    rows = torch.randperm(len(split), generator=generator)[:count].sort().values
    return Split(split.x[rows], None if split.y is None else split.y[rows], split.binarized)


def examples(split: Split, data: Dataset) -> Iterator[Tensor]:
    """What a model sees of a split, some at a time, on the CPU."""
    return reading_batches(split, data)
