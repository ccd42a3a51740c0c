"""From pictures as they were decoded to raw values of one shape and one depth; all of them, or when asked for."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from reparam.data.dataset import LazyArray
from reparam.data.picture import Picture, picture_of
from reparam.data.readers.decode import Facts, picture
from reparam.data.readers.depth import Depth, Kinds, depth_of
from reparam.data.readers.files import Files, why
from reparam.data.readers.fitting import grey_of
from reparam.data.readers.gather import Gathered
from reparam.data.readers.modes import Look, Values
from reparam.errors import UserError

#: Pictures that are looked at for their values, evenly spaced, where all are too many to be kept.
LOOKED_AT = 256


@dataclass(frozen=True)
class Plan:
    """How pictures become raw values.

    Args:
        shape: ``(channels, height, width)`` of all.
        look: what each is looked at for.
        depth: what its numbers mean.
        low: the smallest raw value.
        high: the largest.
        whole: whether every raw value that was seen is 0 or 1.
    """

    shape: tuple[int, int, int]
    look: Look
    depth: Depth
    low: float
    high: float
    binary: bool = False

    @property
    def picture(self) -> Picture:
        """How what a model sees is drawn."""
        drawn = self.depth.picture
        return replace(picture_of(self.shape, (0.0, 1.0)), low=drawn.low, high=drawn.high)

    @property
    def bytes(self) -> int:
        """Of one picture."""
        return math.prod(self.shape) * self.depth.dtype.itemsize

    def raw(self, values: Values) -> Values:
        """One picture ``(height, width, channels)`` as it was decoded, as ``(channels, height, width)`` raw values."""
        return np.broadcast_to(np.moveaxis(self.depth.raw(values), -1, 0), self.shape)

    def filled(self, values: Sequence[Values]) -> torch.Tensor:
        """Pictures as they were decoded, as one tensor of raw values."""
        whole = torch.empty(len(values), *self.shape, dtype=self.depth.dtype)
        array = whole.numpy()
        for row, one in enumerate(values):
            array[row] = self.raw(one)
        return whole


class ImageRows(LazyArray):
    """Pictures decoded when asked for: ``(n, channels, height, width)``.

    Args:
        files: what opens them.
        names: of the file of each.
        places: of each among its file's pictures.
        plan: how they become raw values.
    """

    workers = 8

    def __init__(self, files: Files, names: Sequence[str], places: Sequence[int], plan: Plan) -> None:
        self.files, self.names, self.places, self.plan = files, names, places, plan

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, channels, height, width)``."""
        return (len(self.names), *self.plan.shape)

    @property
    def dtype(self) -> torch.dtype:
        """uint8, or float32 where values are deeper."""
        return self.plan.depth.dtype

    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they were counted when the files were first read
            return self.plan.filled([self._decoded(row) for row in rows.tolist()])

    def _decoded(self, row: int) -> Values:
        return decoded(self.files, self.names[row], self.places[row], self.plan.look)[1]


def decoded(files: Files, name: str, place: int, look: Look) -> tuple[Facts, Values]:
    """One of a file's pictures.

    Raises:
        UserError: if the file cannot be read any more.
    """
    try:
        with files.open(name) as file:
            return picture(file, name, look, place)
    except Exception as error:  # Pillow raises nearly everything at a bad file
        raise UserError(
            f"{files.called(name)} cannot be read as an image ({why(error)}): mend it or remove it."
        ) from error


@dataclass(frozen=True)
class Seen:
    """The pictures whose values were looked at: their numbers, and the smallest and largest value of each."""

    rows: np.ndarray
    lows: np.ndarray
    highs: np.ndarray
    binary: bool


def seen_of(files: Files, names: Sequence[str], gathered: Gathered, look: Look) -> Seen:
    """The values of all pictures where they were kept, else of some."""
    if gathered.values is not None:
        rows, found = np.arange(len(names)), list(zip(gathered.facts, gathered.values, strict=True))
    else:
        rows = np.unique(np.linspace(0, len(names) - 1, min(LOOKED_AT, len(names))).astype(int))
        found = [decoded(files, names[row], gathered.places[row], look) for row in rows.tolist()]
    ends = np.array([facts.ends or (values.min(), values.max()) for facts, values in found], np.float64)
    few = ends.min() >= 0 and ends.max() <= 1
    return Seen(rows, ends[:, 0], ends[:, 1], bool(few) and all(_is_binary(values) for _, values in found))


def _is_binary(values: Values) -> bool:
    return bool(((values == 0) | (values == 1)).all())


def plan_of(
    files: Files, names: Sequence[str], gathered: Gathered, seen: Seen, look: Look, asked: tuple[float, float] | None
) -> Plan:
    """What all pictures become.

    Raises:
        UserError: if they differ in channels, or the range that was asked for is none.
    """
    facts = gathered.facts
    channels = _channels(files, names, facts)
    width, height = (look.size, look.size) if look.size else facts[0].size
    deep = np.array([fact.deep for fact in facts])
    deciding = deep[seen.rows] if deep[seen.rows].any() else np.ones(len(seen.rows), bool)
    kinds = Kinds(
        eight=int((~deep).sum()),
        deep=int(deep.sum()),
        fractions=sum(fact.fractions for fact in facts),
        low=float(seen.lows[deciding].min()),
        high=float(seen.highs[deciding].max()),
    )
    depth = depth_of(kinds, asked, grey_of(look.background))
    low, high = depth.low, depth.high
    if depth.dtype != torch.uint8:
        low, high = min(kinds.low, low), max(kinds.high, high)
    return Plan((channels, height, width), look, depth, low, high, depth.scale == 1 and seen.binary)


def _channels(files: Files, names: Sequence[str], facts: Sequence[Facts]) -> int:
    """How many channels all have: three where some are grey and some in colour."""
    counts = {fact.channels: name for fact, name in zip(facts, names, strict=True)}
    if len(counts) == 1 or set(counts) == {1, 3}:
        return max(counts)
    (one, first), (other, second), *_ = sorted(counts.items())
    raise UserError(
        f"{files.called(first)} has {one} channels and {files.called(second)} {other}: give images of as many, or say "
        "which to keep with bands=(1, 2, 3)"
    )
