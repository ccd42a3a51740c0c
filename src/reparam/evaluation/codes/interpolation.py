"""Walks between two points of the latent space, decoded."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor

from reparam import checks
from reparam.data import Dataset
from reparam.data.columns.form import Table
from reparam.data.columns.table import TableSchema
from reparam.data.picture import AS_IT_IS, Picture
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import code, decode_mean, device_of, examples, pick, require_real_codes
from reparam.evaluation.samples.classifier import digit_classifier, is_mnist
from reparam.evaluation.tables.samples import storable
from reparam.evaluation.tables.shown import shown_columns
from reparam.evaluation.tables.vectors import vector_table
from reparam.hardware import exact, require_memory
from reparam.models.protocols import Conditional, Encodes, HasPrior, can, prior_of
from reparam.nearest import meant
from reparam.randomness import generator, noise
from reparam.result import UNSAID, Arrays
from reparam.runs.given import of_run
from reparam.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Path = Literal["spherical", "linear"]
CANDIDATES = 1000
SEED = "another `seed`, or another class"


@dataclass(frozen=True, repr=False)
class Interpolation(Arrays):
    """The decoded path, ``x`` ``(steps + 2, *data_shape)``, its codes ``z``, and in words how the ends were chosen.

    ``look``: how images are drawn.
    """

    x: np.ndarray
    z: np.ndarray
    ends: str
    look: Picture = AS_IT_IS

    @property
    def title(self) -> str:
        """Between what."""
        return f"Between {self.ends}"

    def table(self) -> Table:
        """Of vectors the points of the walk, as columns x1, x2, ...

        Raises:
            UserError: if they are images.
        """
        return vector_table(self.x)

    def figure(self) -> "Figure":
        """The walk in a row (images), or as points."""
        from reparam import plots

        if self.x.ndim == 4:
            seen = self.look.caption(self.x.shape[1])
            return plots.image_grid(self.look(self.x), columns=len(self.x), title=f"{self.title}{seen}")
        return plots.samples_picture(self.x, self.x.shape[1:], title=self.title)


@dataclass(frozen=True, repr=False)
class TableInterpolation(Interpolation):
    """The same through rows of a table: ``x`` is as the model sees them, :meth:`table` and picture as the user does.

    Attributes:
        schema: of the table.
    """

    schema: TableSchema | None = field(default=None, metadata=UNSAID)

    def table(self) -> Table:
        """The rows from one end to the other, with the names and types of the data."""
        assert self.schema is not None
        return self.schema.table(self.x)

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """The columns by name in the user's types, and the codes."""
        table = self.table()
        return {name: storable(table[name]) for name in table.columns} | {"z": self.z}

    def figure(self) -> "Figure":
        """A panel a column, from one end to the other."""
        from reparam.plots import columns_along

        assert self.schema is not None
        return columns_along(shown_columns(self.schema, self.x), title=self.title)


@of_run
@exact()
def interpolate(
    run: Run,
    steps: int = 7,
    path: Path = "spherical",
    from_label: str | None = None,
    to_label: str | None = None,
    seed: int = 0,
    codes: tuple[Any, Any] | None = None,
) -> Interpolation:
    """Two ends of different classes and ``steps`` points between them in latent space.

    A model with an encoder walks between the codes of two test examples. A game has no labels: on MNIST the shipped
    classifier reads those of generated digits; on other data the ends are the two most distant of a seeded batch. So
    they are where the data are gone. Codes of any shape are walked between as vectors.

    Args:
        run: a trained run, or its folder.
        steps: points between the ends.
        path: over the sphere, or straight.
        from_label: class of the first end.
        to_label: class of the last.
        seed: of the examples or draws that the ends are chosen from.
        codes: both ends, where you have them (of ``run.encode``, say); nothing else is needed then.

    Raises:
        UserError: if there is nothing between the ends, a label is unknown or cannot be had, the model is
            conditional, or its codes are integers.
    """
    checks.whole("steps", steps)
    checks.one_of("path", path, ("spherical", "linear"))
    if steps < 1:
        raise UserError(f"steps={steps} leaves nothing between the ends: give at least 1")
    if can(run.model, Conditional):
        raise UserError(
            "a conditional model is told its class, so there is no path between classes: sample with a `label`"
        )
    form = require_real_codes(run.model, "and there is nothing between two of them")
    require_memory("steps", steps, math.prod(form.shape) + math.prod(run.model.data_shape))
    start, end, words = _given(codes, form.shape) if codes else _ends(run, from_label, to_label, seed)
    between = spherical if path == "spherical" else linear
    t = torch.linspace(0, 1, steps + 2, dtype=start.dtype)
    z = between(start.flatten(), end.flatten(), t).reshape(-1, *form.shape)
    x = run.record.given_back(decode_mean(run.model, z).numpy())
    if (schema := run.record.schema) is not None:
        return TableInterpolation(x, z.numpy(), words, schema=schema)
    return Interpolation(x, z.numpy(), words, run.record.drawn)


def linear(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    """The straight line: ``(len(t), latent_dim)``.

    >>> linear(torch.zeros(1), torch.ones(1), torch.tensor([0.0, 0.5, 1.0])).tolist()
    [[0.0], [0.5], [1.0]]
    """
    return start + t.unsqueeze(1) * (end - start)


@exact()
def spherical(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    """The great circle between directions, the length changing evenly (Shoemake 1985; White 2016).

    Every point of it is as likely under N(0, I) as the ends are, where a straight line cuts through what noise in many
    dimensions never visits.

    >>> path = spherical(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.5, 1.0]))
    >>> [round(length, 6) for length in path.norm(dim=1).tolist()]
    [1.0, 1.0, 1.0]
    """
    lengths = linear(start.norm().reshape(1), end.norm().reshape(1), t)
    cosine = torch.nn.functional.cosine_similarity(start, end, dim=0).clamp(-1, 1)
    angle = torch.arccos(cosine)
    if angle.sin() < 1e-4:  # along one line there is no circle to follow
        return linear(start, end, t)
    a, b = (torch.sin((1 - t) * angle) / angle.sin(), torch.sin(t * angle) / angle.sin())
    directions = a.unsqueeze(1) * start / start.norm() + b.unsqueeze(1) * end / end.norm()
    path: Tensor = lengths * directions
    return path


def _given(codes: tuple[Any, Any], shape: tuple[int, ...]) -> tuple[Tensor, Tensor, str]:
    """Both ends as they were given."""
    start, end = (torch.as_tensor(np.asarray(z), dtype=torch.float32) for z in codes)
    for z in (start, end):
        if tuple(z.shape) != tuple(shape):
            raise UserError(f"a code of shape {tuple(z.shape)} is none of this model's: give two of {tuple(shape)}")
    return start, end, "two codes that were given"


def _ends(run: Run, start: str | None, end: str | None, seed: int) -> tuple[Tensor, Tensor, str]:
    """The ends, and in words how they were chosen."""
    if not can(run.model, Encodes):
        return _generated_ends(run, start, end, seed)
    try:
        data = run.data
    except UserError:  # draws of the prior are ends, too
        if start or end or not can(run.model, HasPrior):
            raise
        first, last, words = _generated_ends(run, start, end, seed)
        return first, last, f"{words}, since the data cannot be read"
    return _encoded_ends(run, data, start, end, seed)


def _encoded_ends(run: Run, data: Dataset, start: str | None, end: str | None, seed: int) -> tuple[Tensor, Tensor, str]:
    chosen = pick(data.test, CANDIDATES, generator(seed, "interpolate"))
    with torch.no_grad():
        x = torch.cat(list(examples(chosen, data))).to(device_of(run.model))
        z = code(run.model, x).cpu()
    if chosen.labels is None:
        if start or end:
            raise UserError(f"{run.record.name!r} has no labels to choose by: leave `from_label` and `to_label` out")
        return *_most_distant(z, x.cpu()), f"the two most distant of {len(x):,} test examples"
    labels = [run.record.classes[int(label)] for label in chosen.labels]
    # where those are all that there are, no other seed finds more
    advice = SEED if len(chosen) < len(data.test) else 'another class; a run with split_by="stratified" tests by each'
    first, last = _pair(labels, start, end, run.record.classes, "test examples", advice)
    return z[first], z[last], f"codes of test examples of class {labels[first]} and {labels[last]}"


@torch.no_grad()
def _generated_ends(run: Run, start: str | None, end: str | None, seed: int) -> tuple[Tensor, Tensor, str]:
    with noise(seed, "interpolate"):
        z = prior_of(run.model).sample((CANDIDATES,)).cpu()
    x = decode_mean(run.model, z)
    if not is_mnist(run.record):
        if start or end:
            raise UserError(
                "labels of generated examples can be read on mnist only: leave `from_label` and `to_label` out"
            )
        return *_most_distant(z, x), "the two most distant of 1,000 generated examples (no classifier for these data)"
    best = digit_classifier().probabilities(x).max(1)
    order = best.values.argsort(descending=True)  # ends are digits that the classifier is sure of
    labels = [str(int(label)) for label in best.indices[order]]
    first, last = _pair(labels, start, end, tuple("0123456789"), "generated examples", SEED)
    words = f"generated digits that the shipped classifier reads as {labels[first]} and {labels[last]}"
    return z[order[first]], z[order[last]], words


def _pair(
    labels: list[str], start: str | None, end: str | None, classes: tuple[str, ...], what: str, advice: str
) -> tuple[int, int]:
    """The first examples of the classes asked for; where none is asked for, of another class than the other end."""
    for label in (start, end):
        if label is not None and label not in classes:
            raise UserError(f"there is no class {label!r}{meant(label, classes)}: the classes are {', '.join(classes)}")
        if label is not None and label not in labels:
            raise UserError(f"none of {len(labels):,} {what} is of class {label!r}: try {advice}")
    start = start or next((label for label in labels if label != end), labels[0])
    end = end or next((label for label in labels if label != start), labels[-1])
    first = labels.index(start)
    return first, next(i for i, label in enumerate(labels) if label == end and (i != first or len(labels) == 1))


def _most_distant(z: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    flat = x.flatten(1)
    row, column = divmod(int(torch.cdist(flat, flat).argmax()), len(flat))
    return z[row], z[column]
