"""How the values of a raw array are read: as what dtype, by what scale, and how they are drawn."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import torch

from reparam.data.picture import Picture, picture_of
from reparam.data.readers.axes import Axes
from reparam.data.readers.depth import Kinds, depth_of
from reparam.errors import UserError
from reparam.settings import ReadingConfig

WHITE = 255.0


@dataclass(frozen=True)
class Values:
    """What a pass over an array found: its extremes, and whether each value is 0 or 1."""

    low: float
    high: float
    binary: bool


@dataclass(frozen=True)
class Layout:
    """From raw rows ``(b, ...)`` to a tensor ``(b, *data_shape)`` of ``dtype``, in memory of its own."""

    axes: Axes
    dtype: torch.dtype
    scale: float = 1.0
    picture: Picture | None = None
    notes: tuple[str, ...] = ()

    @property
    def data_shape(self) -> tuple[int, ...]:
        """Of one example."""
        return self.axes.data_shape

    def __call__(self, raw: np.ndarray) -> torch.Tensor:
        """Convert the rows."""
        rows = self.axes.kept(raw)
        kind = np.uint8 if self.dtype == torch.uint8 else np.float32
        return torch.from_numpy(np.array(rows, dtype=kind, order="C").reshape(len(raw), *self.data_shape))


def scan(pieces: Iterable[np.ndarray], where: str) -> Values:
    """Extremes of an array given piece by piece along its first axis; ``where`` names it in errors.

    Raises:
        UserError: When a value is NaN or infinite in float32, with the count and the first index.
    """
    low, high, binary, start, bad, infinite, beyond, first, flat = math.inf, -math.inf, True, 0, 0, 0, 0, "", False
    for piece in pieces:
        flat = piece.ndim == 2
        with np.errstate(over="ignore"):
            values = piece.astype(np.float32) if piece.dtype.kind == "f" else piece
        if piece.dtype.kind == "f" and not np.isfinite(values).all():
            wrong = np.argwhere(~np.isfinite(values))
            first = first or str((start + int(wrong[0][0]), *(int(i) for i in wrong[0][1:])))
            bad += len(wrong)
            infinite += int(np.isinf(piece).sum())
            beyond += len(wrong) - int((~np.isfinite(piece)).sum())
        elif values.size:
            low, high = min(low, values.min().item()), max(high, values.max().item())
            binary = binary and bool(((values == 0) | (values == 1)).all())
        start += len(piece)
    if bad:
        held = f"{where} holds {bad:,} value{'s that are' if bad > 1 else ' that is'}"
        if beyond == bad:
            raise UserError(f"{held} beyond what float32 holds (3.4e38), the first at index {first}: divide all values "
                            f"by one large number.")  # fmt: skip
        # a table reads NaN as missing, and nothing as infinite
        missing = ', or take read_as="table", which reads NaN as missing' if flat and not infinite + beyond else ""
        raise UserError(f"{held} NaN or infinite in float32, the first at index {first}: remove or replace "
                        f"{'them' if bad > 1 else 'it'}{missing}.")  # fmt: skip
    return Values(low, high, binary)


def check_array(shape: tuple[int, ...], dtype: np.dtype, where: str) -> None:
    """Refuse, before its values are looked at, an array that is empty or of no numeric dtype."""
    if dtype.kind not in "bufi":
        raise UserError(f"{where} is of dtype {dtype}, which is not one of numbers: save it as uint8 or float32.")
    if len(shape) == 0:
        raise UserError(f"{where} is a single number: give an array with rows and values in them.")
    if 0 in shape:
        raise UserError(f"{where} is empty (shape {shape}): give an array with rows and values in them.")


def plan_layout(
    axes: Axes, dtype: np.dtype, values: Values, how: ReadingConfig, some: np.ndarray | None = None
) -> Layout:
    """Decide how the values of an array of this raw dtype are read.

    Floats stay as they are; whole numbers in 0..255 are 8-bit values, and larger ones of images are divided by the
    largest number of as many bits.

    Args:
        axes: how the array lies.
        dtype: of its values.
        values: their extremes.
        how: what was asked for.
        some: a few rows of images, channels first, by which a fourth channel is known for opacity.

    Raises:
        UserError: if the range that was asked for is none.
    """
    told = () if dtype in (np.float32, np.uint8) else (f"{dtype.name} values kept as float32",)
    if len(axes.data_shape) != 3:
        return _of_vectors(axes, dtype, values, told)
    eight = dtype.kind != "f" and values.low >= 0 and values.high <= WHITE
    kinds = Kinds(int(eight), int(not eight), int(dtype.kind == "f"), float(values.low), float(values.high))
    depth = depth_of(kinds, how.value_range)
    opaque = some is None or how.bands or not is_opacity(some)
    picture = picture_of(axes.data_shape, (0.0, 1.0), bool(opaque))
    drawn = replace(picture, low=depth.picture.low, high=depth.picture.high)
    words = tuple(filter(None, [*depth.notes, drawn.words(axes.data_shape[0])]))
    if depth.dtype == torch.uint8:
        kept = () if dtype == np.uint8 else (f"{dtype.name} values in 0..255 read as uint8",)
        return Layout(axes, torch.uint8, 1.0 if values.binary else WHITE, drawn, notes=(*kept, *axes.notes, *words))
    return Layout(axes, torch.float32, depth.scale, drawn, notes=(*told, *axes.notes, *words))


def _of_vectors(axes: Axes, dtype: np.dtype, values: Values, told: tuple[str, ...]) -> Layout:
    if dtype.kind == "f" or values.low < 0 or values.high > WHITE:
        return Layout(axes, torch.float32, notes=(*told, *axes.notes))
    kept = () if dtype == np.uint8 else (f"{dtype.name} values in 0..255 read as uint8",)
    return Layout(axes, torch.uint8, 1.0 if values.binary else WHITE, notes=(*kept, *axes.notes))


def evenly(rows: int, most: int = 256) -> np.ndarray:
    """The numbers of a few rows, evenly spaced."""
    return np.unique(np.linspace(0, rows - 1, min(rows, most)).astype(np.int64))


def is_opacity(some: np.ndarray) -> bool:
    """Whether the fourth of four channels says how opaque pixels are: most of its values are one of its two ends.

    >>> is_opacity(np.array([9, 200, 40, 255], np.uint8).reshape(1, 4, 1, 1))
    True
    """
    if some.shape[1] != 4:
        return False
    alpha = some[:, 3]
    ends = (0, np.iinfo(some.dtype).max if some.dtype == np.uint8 else some.max())
    return bool(np.isin(alpha, ends).mean() > 0.5) and bool(alpha.max() == ends[1])
