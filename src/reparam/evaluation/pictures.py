"""Samples and reconstructions as arrays."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from reparam import checks
from reparam.data import examples_of
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import codes_of, decode_mean, device_of, examples, pick
from reparam.hardware import exact
from reparam.models.model import Model
from reparam.models.protocols import Chooses, Conditional, Means, can, named, require
from reparam.models.protocols import Samples as CanSample
from reparam.randomness import generator, noise
from reparam.result import Arrays
from reparam.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = np.ndarray
MOST_AT_ONCE = 10_000
MOST_SHOWN = 160
"""Images of a picture of reconstructions: the first, where there are more."""


@dataclass(frozen=True, repr=False)
class Samples(Arrays):
    """Draws of a model and their means before observation noise, each ``(n, *data_shape)``, from the same z.

    Attributes:
        x: the draws.
        mean: their means.
        candidates: how many draws each was chosen from, 1 where none was.
        label: the class asked for, or None.
        step: of training, or None where it is not known.
        draws: whether the picture shows the draws of images instead of their means; of all else it shows the draws.
    """

    x: Array
    mean: Array
    candidates: int = 1
    label: str | None = None
    step: int | None = None
    draws: bool = False

    @property
    def shown(self) -> Array:
        """What the picture shows."""
        return self.x if self.draws or self.x.ndim != 4 else self.mean

    @property
    def title(self) -> str:
        """How many of what, after which step, chosen from how many."""
        of_class = "" if self.label is None else f" of class {self.label}"
        means = self.shown is self.mean and not np.array_equal(self.x, self.mean)
        after = "" if self.step is None else f" after step {self.step:,}"
        chosen = f", each chosen from {self.candidates}" if self.candidates > 1 else ""
        return f"{len(self.x):,} samples{of_class}{' (decoder means)' if means else ''}{after}{chosen}"

    def figure(self) -> "Figure":
        """A grid (images), a scatter (points) or pairs of columns (tables)."""
        from reparam.plots import samples_picture

        return samples_picture(self.shown, self.x.shape[1:], title=self.title)


@dataclass(frozen=True, repr=False)
class Reconstructions(Arrays):
    """Examples, the decoder's mean at their codes, each ``(n, *data_shape)``, and the codes ``(n, latent)``."""

    x: Array
    reconstruction: Array
    z: Array

    @property
    def title(self) -> str:
        """How many."""
        return f"{len(self.x):,} examples and their reconstructions"

    def figure(self) -> "Figure":
        """Images above what was made of them; of vectors, pairs of columns over each other."""
        from reparam import plots

        if self.x.ndim == 4:
            return plots.reconstructions(self.x[:MOST_SHOWN], self.reconstruction[:MOST_SHOWN])
        title = "Examples (grey) and their reconstructions"
        return plots.pair_plot(self.reconstruction, reference=self.x, title=title)


@exact()
@torch.no_grad()
def sample(
    run: Run,
    n: int = 25,
    seed: int = 0,
    label: str | None = None,
    candidates: int | None = None,
    *,
    draws: bool = False,
) -> Samples:
    """Ancestral samples: noise from the prior pushed through the decoder.

    Args:
        run: a trained run.
        n: how many.
        seed: the same seed gives the same samples.
        label: the class to draw, for conditional models.
        candidates: draws of a game's generator that each is chosen from (:meth:`reparam.models.GAN.choosing`); as the
            model does it unless given, 1: its generator alone.
        draws: let the picture show draws x ~ p(x|z) of images instead of the decoder's mean at the same z.

    Raises:
        UserError: if the label is unknown, the model was not told classes, or it has nothing to choose by.
    """
    checks.whole("n", n)
    model = run.model if candidates is None else _choosing(run.model, candidates)
    draw = require(model, CanSample).sample if label is None else _of_class(model, run, label)
    x = _in_parts(draw, n, seed)
    mean = _in_parts(model.mean, n, seed) if label is None and can(model, Means) else x
    return Samples(x, mean, model.candidates if can(model, Chooses) else 1, label, run.step, draws)


def _in_parts(draw: Callable[[int], Tensor], n: int, seed: int) -> Array:
    """``n`` draws, a part at a time; the same noise for every way to draw."""
    parts: list[Array] = []
    for start in range(0, n, MOST_AT_ONCE):
        with noise(seed, "sample", start):
            parts.append(draw(min(MOST_AT_ONCE, n - start)).cpu().numpy())
    return np.concatenate(parts)


def _choosing(model: Model, candidates: int) -> Model:
    if not can(model, Chooses):
        raise UserError(f"{named(model)} has no discriminator of samples to choose by: leave `candidates` out")
    return model.choosing(candidates)


def _of_class(model: Model, run: Run, label: str) -> Callable[[int], Tensor]:
    """How a conditional model draws examples of a class."""
    if not can(model, Conditional):
        raise UserError(f"this {type(model).__name__} was not told classes: train a gan with conditional=True")
    classes = run.record.classes
    if label not in classes:
        raise UserError(f"there is no class {label!r}: the classes are {', '.join(classes)}")
    return lambda n: model.sample(n, torch.full((n,), classes.index(label), device=device_of(model)))


@exact()
@torch.no_grad()
def reconstruct(run: Run, n: int = 10, seed: int = 0, x: Any = None) -> Reconstructions:
    """Examples through encoder and decoder.

    Args:
        run: of a model with an encoder.
        n: how many test examples, chosen at random; of no effect where ``x`` is given.
        seed: of that choice.
        x: examples of your own, all of which are taken (see :func:`reparam.data.examples_of`).

    Raises:
        UserError: if the model has no encoder, or x cannot be read as the run's data were.
    """
    checks.whole("n", n)
    if x is None:
        chosen = pick(run.data.test, n, generator(seed, "reconstruct"))
        seen = torch.cat(list(examples(chosen, run.data)))
    else:
        seen = examples_of(x, run.record)
    z = codes_of(run.model, seen)
    return Reconstructions(seen.numpy(), decode_mean(run.model, z).numpy(), z.numpy())
