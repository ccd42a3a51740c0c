"""Samples of a run, however many: drawn a piece at a time when they are asked for, and held nowhere."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from reparam import checks
from reparam.data import at_once
from reparam.data.columns.form import Table
from reparam.data.picture import AS_IT_IS, Picture
from reparam.errors import UserError
from reparam.evaluation.classes import classes_of, drawer
from reparam.evaluation.tables.vectors import vector_table
from reparam.hardware import exact, require_memory
from reparam.models.model import Model
from reparam.models.protocols import Chooses, Conditional, Means, can, named, require
from reparam.models.protocols import Samples as CanSample
from reparam.pace import work
from reparam.randomness import noise
from reparam.result import Arrays, Pieces
from reparam.runs.given import of_run
from reparam.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_AT_ONCE = 10_000
MOST_IMAGES, MOST_POINTS = 400, 10_000
"""Samples of a picture: the first, where there are more."""


@dataclass(frozen=True, repr=False)
class Samples(Arrays):
    """Draws of a model and their means before observation noise, each ``(n, *data_shape)``, from the same z.

    Attributes:
        x: the draws.
        mean: their means; the draws again where the model has none.
        candidates: how many draws each was chosen from, 1 where none was.
        label: the class asked for, or None.
        step: of training, or None where it is not known.
        draws: whether the picture shows the draws of images instead of their means; of all else it shows the draws.
        of: how many there are in all, where these are the first of them.
        look: how images are drawn.
        y: codes of their classes ``(n,)``, of models that are told them.
    """

    x: np.ndarray
    mean: np.ndarray
    candidates: int = 1
    label: str | None = None
    step: int | None = None
    draws: bool = False
    of: int | None = None
    look: Picture = AS_IT_IS
    y: np.ndarray | None = None

    @property
    def shown(self) -> np.ndarray:
        """What the picture shows: the first 400 images or 10,000 points."""
        is_image = self.x.ndim == 4
        values = self.x if self.draws or not is_image else self.mean
        return values[: MOST_IMAGES if is_image else MOST_POINTS]

    @property
    def title(self) -> str:
        """How many of what, after which step, chosen from how many."""
        shown, n = self.shown, self.of or len(self.x)
        some = "" if len(shown) == n else f"the first {len(shown):,} of "
        of_class = "" if self.label is None else f" of class {self.label}"
        means = np.shares_memory(shown, self.mean) and not np.array_equal(shown, self.x[: len(shown)])
        after = "" if self.step is None else f" after step {self.step:,}"
        chosen = f", each chosen from {self.candidates}" if self.candidates > 1 else ""
        seen = self.look.caption(self.x.shape[1]) if self.x.ndim == 4 else ""
        return f"{some}{n:,} samples{of_class}{' (decoder means)' if means else ''}{after}{chosen}{seen}"

    def table(self) -> Table:
        """Of vectors the draws, as columns x1, x2, ...

        Raises:
            UserError: if they are images.
        """
        return vector_table(self.x)

    def figure(self) -> "Figure":
        """A grid (images), a scatter (points) or pairs of columns (tables)."""
        from reparam.plots import samples_picture

        drawn = self.look(self.shown) if self.x.ndim == 4 else self.shown
        return samples_picture(drawn, drawn.shape[1:], title=self.title)


@dataclass(frozen=True, repr=False)
class Drawing(Arrays):
    """The same samples, drawn whenever they are looked at: what is written to a file needs no more memory than a piece.

    Attributes:
        x: the draws; every look draws the same.
        mean: their means, where the model has any.
        y: codes of their classes, of models that are told them.
        candidates, label, step, draws, look: as of :class:`Samples`.
    """

    x: Pieces
    mean: Pieces | None
    y: Pieces | None
    candidates: int
    label: str | None
    step: int | None
    draws: bool
    look: Picture = AS_IT_IS

    def samples(self, n: int | None = None) -> Samples:
        """The first n of them in memory; all unless given."""
        wanted, total = n or len(self.x), len(self.x)
        require_memory("n", wanted, math.prod(self.x.shape[1:]))
        x = _first(self.x, wanted)
        mean = x if self.mean is None else _first(self.mean, wanted)
        of = total if len(x) < total else None
        y = None if self.y is None else _first(self.y, wanted)
        return Samples(x, mean, self.candidates, self.label, self.step, self.draws, of, self.look, y)

    @property
    def title(self) -> str:
        """As of the samples that the picture shows."""
        return self._shown.title

    def figure(self) -> "Figure":
        """Of the first of them."""
        return self._shown.figure()

    @cached_property
    def _shown(self) -> Samples:
        return self.samples(MOST_IMAGES if len(self.x.shape) == 4 else MOST_POINTS)


def _first(pieces: Pieces, n: int) -> np.ndarray:
    """The first n rows; pieces beyond them are not made."""
    rows = 0
    parts = []
    with work("drawing samples", n, "`n`") as add:
        for piece in pieces:
            parts.append(piece[: n - rows])
            rows += len(parts[-1])
            add(len(parts[-1]))
            if rows >= n:
                break
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


@of_run
def drawing(
    run: Run,
    n: int = 25,
    seed: int = 0,
    label: str | None = None,
    candidates: int | None = None,
    *,
    draws: bool = False,
    as_seen: bool = False,
) -> Drawing:
    """Samples as :func:`reparam.sample` gives them, to be drawn a piece at a time.

    Args:
        run, n, seed, label, candidates, draws: see there.
        as_seen: in the numbers that the model makes, instead of the data's own.

    Raises:
        UserError: as there, before anything is drawn.
    """
    checks.whole("n", n)
    model = run.model if candidates is None else _choosing(run.model, candidates)
    shape = (n, *model.data_shape)
    back: Callable[[np.ndarray], np.ndarray] = np.asarray if as_seen else run.record.given_back
    classes = classes_of(run, label)
    y = None if classes is None else Pieces((n,), np.int64, lambda: _drawn(classes, shape, seed))
    draw = require(model, CanSample).sample if classes is None else drawer(require(model, Conditional), classes)
    x = Pieces(shape, np.float32, lambda: map(back, _drawn(draw, shape, seed)))
    mean = None
    if classes is None and can(model, Means):
        means = model.mean
        mean = Pieces(shape, np.float32, lambda: map(back, _drawn(means, shape, seed)))
    chosen = model.candidates if can(model, Chooses) else 1
    return Drawing(x, mean, y, chosen, label, run.step, draws, run.record.drawn)


@exact()
@torch.no_grad()
def _piece(draw: Callable[[int], Tensor], rows: int, seed: int, start: int) -> np.ndarray:
    with noise(seed, "sample", start):
        return np.asarray(draw(rows).cpu().numpy())


def _drawn(draw: Callable[[int], Tensor], shape: tuple[int, ...], seed: int) -> Iterator[np.ndarray]:
    """Draws of examples of ``shape``, or of their classes, a piece at a time; the same noise for every way to draw."""
    size = at_once(shape[1:], MOST_AT_ONCE)
    for start in range(0, shape[0], size):
        yield _piece(draw, min(size, shape[0] - start), seed, start)


def _choosing(model: Model, candidates: int) -> Model:
    if not can(model, Chooses):
        raise UserError(f"{named(model)} has no discriminator of samples to choose by: leave `candidates` out")
    return model.choosing(candidates)
