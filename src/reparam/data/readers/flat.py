"""What the rows of an array are: images, vectors of plain numbers, or rows of a table; found out unless it was said."""

import math
from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np

from reparam.data.columns.wording import listed
from reparam.data.readers.asked import Asked
from reparam.errors import UserError

Rows = Literal["images", "table", "vectors"]
Pieces = Callable[[], Iterable[np.ndarray]]
SMALLEST_SQUARE = 64
"""Rows of 8-bit values are flat square images from this width on, if the values are as large as grey levels are."""
SURELY_SQUARE = 784
"""And whatever their values from this one on."""
LOSS = 2.0**-11
"""A float32 loses a column whose rounding errors are larger than this share of its standard deviation."""


def told_of(asked: Asked) -> str:
    """What rows were said to be; settings that only tables have say that they are rows of one."""
    how = asked.how
    if asked.table is not None or (how.read_as == "auto" and (how.columns or how.drop or how.schema_file)):
        return "table"
    return how.read_as


def rows_are(
    shape: tuple[int, ...], dtype: np.dtype, pieces: Pieces, told: str, where: str, fits: bool = True
) -> tuple[Rows, tuple[str, ...]]:
    """What the rows of an array are, and what to note.

    Args:
        shape: ``(n, ...)`` of the array.
        dtype: of its values.
        pieces: gives the array piece by piece along its first axis.
        told: what was asked for, ``auto`` where it was not.
        where: what the array is called in errors.
        fits: whether it may be read into memory as a whole, which tables are.

    Raises:
        UserError: if rows of that shape cannot be what was asked for.

    >>> rows_are((9, 3), np.dtype(np.int64), lambda: [np.arange(27).reshape(9, 3)], "auto", "it")[0]
    'table'
    """
    if told != "auto":
        return _told(shape, told, where, fits), ()
    if len(shape) > 2:
        return "images", ()
    if dtype.kind == "f":
        return _floats(shape, dtype, pieces, fits)
    return _whole(shape, dtype, pieces, fits)


def square(shape: tuple[int, ...]) -> int:
    """The side of the square that a flat row is; 0 where it is none.

    >>> square((5, 784)), square((5, 783)), square((5, 28, 28))
    (28, 0, 0)
    """
    width = shape[1] if len(shape) == 2 else 0
    return math.isqrt(width) if math.isqrt(width) ** 2 == width else 0


def _told(shape: tuple[int, ...], told: str, where: str, fits: bool) -> Rows:
    if told == "images":
        if len(shape) < 2 or (len(shape) == 2 and not square(shape)):
            raise UserError(f'{where} has shape {shape}, whose rows are no square images: leave read_as="images" out, '
                            f"or reshape it to (n, height, width).")  # fmt: skip
        return "images"
    if len(shape) > 2:
        raise UserError(f'{where} has shape {shape}, and read_as="{told}" reads rows of numbers, (n, d): reshape it, '
                        f"or leave `read_as` out.")  # fmt: skip
    if told == "table" and not fits:
        raise UserError(f"{where} is larger than the memory limit, and tables are read as a whole: raise memory_limit, "
                        f'or take read_as="vectors".')  # fmt: skip
    return "table" if told == "table" else "vectors"


def _floats(shape: tuple[int, ...], dtype: np.dtype, pieces: Pieces, fits: bool) -> tuple[Rows, tuple[str, ...]]:
    """Vectors, unless a float32 would lose what tells their values apart."""
    lost = lost_columns(pieces()) if dtype.itemsize > 4 else []
    if not lost:
        return "vectors", ()
    names = f"column{'s' * (len(lost) > 1)} {listed([str(at + 1) for at in lost])}"
    if not fits:
        return "vectors", (f"float32 rounds {names} to a few different values: subtract the mean, say, and save again",)
    return "table", (
        f"float32 would round {names} to a few different values: rows are read as a table of numbers, each with an "
        f'offset and a scale in float64 (read_as="vectors" keeps plain float32)',
    )


def lost_columns(pieces: Iterable[np.ndarray]) -> list[int]:
    """The columns whose values float32 would not tell apart; none where there are NaN or infinities.

    >>> lost_columns([1e8 + np.arange(6.0)[:, None] * [1, 1000]])
    [0]
    """
    n, error, base, total, squares = 0, np.zeros(()), None, np.zeros(()), np.zeros(())
    for piece in pieces:
        x = piece.reshape(len(piece), -1).astype(np.float64, copy=False)
        with np.errstate(over="ignore", invalid="ignore"):
            base = x[0].copy() if base is None else base
            apart = x - base
            n, total, squares = n + len(x), total + apart.sum(0), squares + (apart**2).sum(0)
            error = np.maximum(error, np.abs(x - x.astype(np.float32)).max(0, initial=0.0))
    with np.errstate(over="ignore", invalid="ignore"):
        spread = np.sqrt(np.maximum(squares / max(n, 1) - (total / max(n, 1)) ** 2, 0))
        return [int(at) for at in np.flatnonzero(np.atleast_1d((error > LOSS * spread) & (spread > 0)))]


def _whole(shape: tuple[int, ...], dtype: np.dtype, pieces: Pieces, fits: bool) -> tuple[Rows, tuple[str, ...]]:
    """A table, unless 8-bit rows are flat images, or there are too many."""
    side = square(shape)
    high = max((int(piece.max()) for piece in pieces() if piece.size), default=0)
    as_grey = side**2 >= SURELY_SQUARE or (side**2 >= SMALLEST_SQUARE and high > 127)
    if as_grey and (dtype.kind == "b" or dtype == np.uint8):
        return "images", ('read_as="table" reads such rows as columns of whole numbers',)
    if not fits:
        return "vectors", ("larger than the memory limit: rows are read as vectors, not as a table",)
    may_be = side**2 >= SMALLEST_SQUARE and high <= 255
    undo = f'read_as="images" reads them as {side}x{side} images' if may_be else 'read_as="vectors" reads plain numbers'
    return "table", (f"rows of whole numbers ({dtype.name}) are read as a table of integers ({undo})",)
