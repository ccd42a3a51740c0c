"""How the rows of a raw array lie: as vectors or as images, and on which axis their channels are."""

import math
from dataclasses import dataclass

import numpy as np

from reparam.errors import UserError

CHANNELS = (1, 3, 4)
"""What an axis of so many is taken for first."""


@dataclass(frozen=True)
class Axes:
    """How rows lie.

    Args:
        data_shape: of an example, channels first.
        channels_last: whether the raw rows have them last.
        bands: the channels that are kept, counted from 1; all unless given.
        notes: what was decided.
    """

    data_shape: tuple[int, ...]
    channels_last: bool = False
    bands: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def kept(self, raw: np.ndarray) -> np.ndarray:
        """Raw rows with their channels first, those that are kept; no copy where all are."""
        rows = np.moveaxis(raw, -1, 1) if self.channels_last else raw
        return rows[:, [band - 1 for band in self.bands]] if self.bands and rows.ndim == 4 else rows


def axes_of(
    shape: tuple[int, ...], dtype: np.dtype, where: str, as_images: bool = False, bands: tuple[int, ...] = ()
) -> Axes:
    """How the rows of an array of this shape ``(n, ...)`` lie.

    Args:
        shape: of the array.
        dtype: of its values.
        where: what errors call it.
        as_images: flat rows ``(n, d)`` are squares.
        bands: the channels to be kept, counted from 1.

    Raises:
        UserError: if it is none of vectors or images, or has no such channels.

    >>> axes_of((700, 16, 16, 13), np.dtype(np.uint8), "it").data_shape
    (13, 16, 16)
    """
    found = _found(shape, dtype, where, as_images)
    if not bands:
        return found
    channels = found.data_shape[0] if len(found.data_shape) == 3 else 0
    if not channels:
        raise UserError(f"bands={bands} chooses channels of images, and {where} holds vectors: leave it out")
    if min(bands) < 1 or max(bands) > channels:
        raise UserError(f"bands={bands} will not do: {where} has channels 1 to {channels}")
    return Axes((len(bands), *found.data_shape[1:]), found.channels_last, bands, found.notes)


def _found(shape: tuple[int, ...], dtype: np.dtype, where: str, as_images: bool) -> Axes:
    match shape[1:]:
        case ():
            return Axes((1,), notes=("single numbers read as vectors of length 1",))
        case (d,) if as_images:
            side = math.isqrt(d)
            return Axes((1, side, side), notes=(f"{dtype.name} rows of {d} read as {side}x{side} grey images",))
        case (d,):
            return Axes((d,))
        case (height, width):
            return Axes((1, height, width))
        case (a, b, c):
            return _of_three(shape, a, b, c, where)
    raise UserError(f"{where} has shape {shape}, which is none of (n, d), (n, h, w), (n, h, w, c) and (n, c, h, w): "
                    f"reshape it.")  # fmt: skip


def _of_three(shape: tuple[int, ...], a: int, b: int, c: int, where: str) -> Axes:
    """Images of channels: 1, 3 or 4 of them, else where one axis differs from two that are alike, or is the smallest.

    Raises:
        UserError: if it might be either.
    """
    if a in CHANNELS:
        both = (f"shape {shape} read with the channels first",) if c in CHANNELS else ()
        return Axes((a, b, c), notes=both)
    if c in CHANNELS:
        return Axes((c, a, b), True)
    if a != b == c or (len({a, b, c}) == 3 and a < min(b, c)):
        return Axes((a, b, c), notes=(f"shape {shape} read with {a} channels first",))
    if a == b != c or (len({a, b, c}) == 3 and c < min(a, b)):
        return Axes((c, a, b), True, notes=(f"shape {shape} read with {c} channels last",))
    raise UserError(f"{where} has shape {shape}, and which of its axes are channels cannot be told: reshape it to "
                    f"(n, c, h, w) with fewer channels than rows and columns.")  # fmt: skip
