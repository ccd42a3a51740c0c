"""What a file says that it holds, held against what is in it and against the memory that is free, before any is taken.

A few kilobytes that are packed, or a header that lies, would have the system end the process.
"""

import math
import sys
import zipfile
from pathlib import Path
from typing import IO

import numpy as np
import torch

from reparam.door import Damaged
from reparam.errors import UserError
from reparam.hardware import free_memory

COPIES, PICKED = 3, 8
"""Copies of all numbers that are held in the end, as they lie in the file, by split, and as a model sees them; and
bytes of each row besides: its number in its split."""
DRAWN = 17
"""Bytes of each row besides one copy while the split is drawn: in the order, in its split, and a mark."""
GIGA = 1e9


def check_claims(path: Path) -> None:
    """Refuse an ``.npz`` whose arrays are said to be longer than they are, or are more than there is room for.

    Raises:
        UserError: naming the array.
    """
    size = rows = 0
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            with archive.open(member) as file:
                shape, item = _head(file)
            takes = math.prod(shape) * item
            if takes > member.file_size:
                key = member.filename.removesuffix(".npy")
                claim = f"{key!r} in it says that it holds {_bytes(takes)}, and {_bytes(member.file_size)} are there"
                raise Damaged(f"{str(path)!r} is not a whole .npz file ({claim}): save it again.")
            size, rows = size + takes, rows + (shape[0] if shape else 0)
    require_memory(repr(str(path)), takes_in(size, rows), "save it as an .npy, whose rows are read as they are needed")


def _head(file: IO[bytes]) -> tuple[tuple[int, ...], int]:
    """The shape that an array says it has, and the bytes of a number; nothing of what is no array."""
    if file.read(len(np.lib.format.MAGIC_PREFIX)) != np.lib.format.MAGIC_PREFIX:
        return (), 0
    version = tuple(file.read(2))
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype.itemsize


def is_text(words: np.ndarray) -> bool:
    """Whether words are of characters that there are: numpy takes any 32 bits for one, and Python cannot.

    >>> is_text(np.array(["a", "é"])), is_text(np.array([2**31], "u4").view("U1"))
    (True, False)
    """
    if not words.nbytes:
        return True
    codes = np.ascontiguousarray(words).reshape(-1).view(f"{words.dtype.str[0]}u4")
    return bool(codes.max() <= sys.maxunicode)


def takes_in(size: int, rows: int) -> int:
    """Bytes of memory that it takes at most to read so many bytes of numbers in so many rows, and to split them.

    >>> takes_in(4 * 10**9, 10**9), takes_in(4 * 10**9, 10**6)
    (21000000000, 12008000000)
    """
    return max(size + DRAWN * rows, COPIES * size + PICKED * rows)


def require_memory(where: str, takes: int, instead: str) -> None:
    """Refuse what takes more memory to be read than is free.

    Args:
        where: the file, as errors call it.
        takes: bytes.
        instead: what would do.

    Raises:
        UserError: saying how much it takes.
    """
    free = free_memory(torch.device("cpu"))
    if free is not None and takes > free:
        raise UserError(
            f"{where} takes {takes / GIGA:,.1f} GB of memory to be read, and {free / GIGA:,.1f} are free: {instead}"
        )


def _bytes(size: int) -> str:
    return f"{size:,} bytes" if size < GIGA else f"{size / GIGA:,.1f} GB"
