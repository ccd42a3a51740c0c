"""How the rows of a raw array are read: which axes are channels, what dtype, what scale."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from reparam.errors import UserError

CHANNELS = (1, 3, 4)


@dataclass(frozen=True)
class Values:
    """What a pass over an array found: its extremes, and whether each value is 0 or 1."""

    low: float
    high: float
    binary: bool


@dataclass(frozen=True)
class Layout:
    """From raw rows ``(b, ...)`` to a tensor ``(b, *data_shape)`` of ``dtype``, in memory of its own."""

    data_shape: tuple[int, ...]
    dtype: torch.dtype
    scale: float = 1.0
    channels_last: bool = False
    notes: tuple[str, ...] = ()

    def __call__(self, raw: np.ndarray) -> torch.Tensor:
        """Convert the rows."""
        rows = np.moveaxis(raw, -1, 1) if self.channels_last else raw
        kind = np.uint8 if self.dtype == torch.uint8 else np.float32
        return torch.from_numpy(np.array(rows, dtype=kind, order="C").reshape(len(raw), *self.data_shape))


def scan(pieces: Iterable[np.ndarray], where: str) -> Values:
    """Extremes of an array given piece by piece along its first axis; ``where`` names it in errors.

    Raises:
        UserError: When a value is NaN or infinite in float32, with the count and the first index.
    """
    low, high, binary, start, bad, first, flat = math.inf, -math.inf, True, 0, 0, "", False
    for piece in pieces:
        flat = piece.ndim == 2
        with np.errstate(over="ignore"):
            values = piece.astype(np.float32) if piece.dtype.kind == "f" else piece
        if piece.dtype.kind == "f" and not np.isfinite(values).all():
            wrong = np.argwhere(~np.isfinite(values))
            first = first or str((start + int(wrong[0][0]), *(int(i) for i in wrong[0][1:])))
            bad += len(wrong)
        elif values.size:
            low, high = min(low, values.min().item()), max(high, values.max().item())
            binary = binary and bool(((values == 0) | (values == 1)).all())
        start += len(piece)
    if bad:
        missing = ', or take read_as="table", which reads NaN as missing' if flat else ""
        raise UserError(f"{where} holds {bad:,} value{'s' * (bad > 1)} that are NaN or infinite in float32, the first "
                        f"at index {first}: remove or replace them{missing}.")  # fmt: skip
    return Values(low, high, binary)


def check_array(shape: tuple[int, ...], dtype: np.dtype, where: str) -> None:
    """Refuse, before its values are looked at, an array that is empty or of no numeric dtype."""
    if dtype.kind not in "bufi":
        raise UserError(f"{where} is of dtype {dtype}, which is not one of numbers: save it as uint8 or float32.")
    if len(shape) == 0 or 0 in shape:
        raise UserError(f"{where} is empty (shape {shape}): give an array with rows and values in them.")


def plan_layout(shape: tuple[int, ...], dtype: np.dtype, values: Values, where: str, as_images: bool = False) -> Layout:
    """Decide how an array of this shape ``(n, ...)`` and raw dtype is read; ``as_images``: rows ``(n, d)`` are squares.

    Raises:
        UserError: When the shape is not that of vectors or images, or the integers are not 8-bit.
    """
    vectors = len(shape) <= 2 and not as_images
    kind, scale, notes = _plan_dtype(dtype, values, where, vectors)
    data_shape, channels_last, note = _plan_shape(shape, dtype, where, as_images)
    return Layout(data_shape, kind, scale, channels_last, (*notes, *note))


def _plan_dtype(
    dtype: np.dtype, values: Values, where: str, vectors: bool
) -> tuple[torch.dtype, float, tuple[str, ...]]:
    if dtype.kind == "f":
        return torch.float32, 1.0, () if dtype == np.float32 else (f"{dtype.name} kept as float32",)
    if vectors and (values.low < 0 or values.high > 255):
        return torch.float32, 1.0, (f"{dtype.name} values kept as float32",)
    if values.low < 0 or values.high > 255:
        raise UserError(
            f"{where} holds {dtype.name} values from {values.low} to {values.high}, and only whole numbers in 0..255 "
            f"are read as 8-bit values: save it as float32, or scale it to uint8."
        )
    notes = () if dtype == np.uint8 else (f"{dtype.name} values in 0..255 read as uint8",)
    return torch.uint8, 1.0 if values.binary else 255.0, notes


def _plan_shape(
    shape: tuple[int, ...], dtype: np.dtype, where: str, as_images: bool
) -> tuple[tuple[int, ...], bool, tuple[str, ...]]:
    """``data_shape``, whether channels come last, and what to note."""
    match shape[1:]:
        case ():
            return (1,), False, ("single numbers read as vectors of length 1",)
        case (d,):
            side = math.isqrt(d)
            if as_images:
                return (1, side, side), False, (f"{dtype.name} rows of {d} read as {side}x{side} grey images",)
            return (d,), False, ()
        case (height, width):
            return (1, height, width), False, ()
        case (first, _, _) if first in CHANNELS:
            both = (f"shape {shape} read with the channels first",) if shape[-1] in CHANNELS else ()
            return shape[1:], False, both
        case (height, width, channels) if channels in CHANNELS:
            return (channels, height, width), True, ()
    raise UserError(
        f"{where} has shape {shape}, which is none of (n, d), (n, h, w), (n, h, w, c) and (n, c, h, w) with c 1, 3 or "
        f"4: reshape it."
    )
