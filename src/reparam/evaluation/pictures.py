"""Samples and reconstructions as arrays."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from reparam.errors import UserError
from reparam.evaluation.codes.encoding import code, decode_mean, device_of, examples, pick
from reparam.models.gan.gan import GAN
from reparam.models.model import Model
from reparam.randomness import generator, noise
from reparam.runs.run import Run

Array = np.ndarray
MOST_AT_ONCE = 10_000


@dataclass(frozen=True)
class Samples:
    """Draws of a model and their means before observation noise, each ``(n, *data_shape)``, from the same z.

    ``candidates``: how many draws each was chosen from, 1 where none was.
    """

    x: Array
    mean: Array
    candidates: int = 1


@dataclass(frozen=True)
class Reconstructions:
    """Test examples, the decoder's mean at their codes, each ``(n, *data_shape)``, and the codes ``(n, latent)``."""

    x: Array
    reconstruction: Array
    z: Array


def _positive(n: int, what: str) -> None:
    if n < 1:
        raise UserError(f"{n} {what} cannot be made: ask for at least 1")


@torch.no_grad()
def sample(run: Run, n: int = 25, seed: int = 0, label: str | None = None, candidates: int | None = None) -> Samples:
    """Ancestral samples: noise from the prior pushed through the decoder.

    Args:
        run: a trained run.
        n: how many.
        seed: the same seed gives the same samples.
        label: the class to draw, for conditional models.
        candidates: draws of a game's generator that each is chosen from (:meth:`reparam.models.GAN.choosing`); as the
            model does it unless given, 1: its generator alone.

    Raises:
        UserError: if the label is unknown, the model was not told classes, or it has nothing to choose by.
    """
    _positive(n, "samples")
    model = run.model if candidates is None else _choosing(run.model, candidates)
    if label is not None:
        return _sample_class(model, run.data.classes, n, seed, label)
    x = _in_parts(model.sample, n, seed)
    if isinstance(model, GAN):  # no observation noise to leave out
        return Samples(x, x, model.candidates)
    return Samples(x, _in_parts(model.mean, n, seed))


def _in_parts(draw: Callable[[int], Tensor], n: int, seed: int) -> Array:
    """``n`` draws, a part at a time; the same noise for every way to draw."""
    parts: list[Array] = []
    for start in range(0, n, MOST_AT_ONCE):
        with noise(seed, "sample", start):
            parts.append(draw(min(MOST_AT_ONCE, n - start)).cpu().numpy())
    return np.concatenate(parts)


def _choosing(model: Model, candidates: int) -> GAN:
    if not isinstance(model, GAN):
        raise UserError(
            f"this {type(model).__name__} has no discriminator of samples to choose by: leave --candidates out"
        )
    return model.choosing(candidates)


def _sample_class(model: Model, classes: Sequence[str], n: int, seed: int, label: str) -> Samples:
    if not isinstance(model, GAN) or not model.classes:
        raise UserError(f"this {type(model).__name__} was not told classes: train one with gan --conditional")
    if label not in classes:
        raise UserError(f"there is no class {label!r}: the classes are {', '.join(classes)}")
    y = torch.full((n,), classes.index(label), device=device_of(model))
    with noise(seed, "sample", 0):
        x = model.sample(n, y).cpu().numpy()
    return Samples(x, x, model.candidates)


@torch.no_grad()
def reconstruct(run: Run, n: int = 10, seed: int = 0) -> Reconstructions:
    """Seeded random test examples through encoder and decoder.

    Raises:
        UserError: if the model has no encoder.
    """
    _positive(n, "reconstructions")
    chosen = pick(run.data.test, n, generator(seed, "reconstruct"))
    x = torch.cat(list(examples(chosen, run.data)))
    z = code(run.model, x.to(device_of(run.model))).cpu()
    return Reconstructions(x.numpy(), decode_mean(run.model, z).numpy(), z.numpy())
