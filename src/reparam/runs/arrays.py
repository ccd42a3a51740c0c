"""Arrays out of an ``.npz`` of ours, each checked before it is taken into memory."""

import io
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.lib import format as layout

from reparam.data.readers.claims import is_text
from reparam.door import NO_ARCHIVE, NO_HEAD, Damaged, read_bytes

WIDEST = 8 * 64
"""Bytes of one entry: a number, or a checksum in characters of four bytes each."""
HEAD = 4096
"""Bytes of what stands before an array's numbers, at most."""
HEADS = {(1, 0): layout.read_array_header_1_0, (2, 0): layout.read_array_header_2_0}


def read_arrays(path: Path, shapes: Mapping[str, tuple[int, ...]], optional: set[str]) -> dict[str, np.ndarray]:
    """The arrays of a file by name.

    Args:
        path: of the file.
        shapes: what each has to have; other arrays in the file are not read.
        optional: the names of those that may be missing.

    Raises:
        reparam.door.Missing: if there is no such file.
        Damaged: if it is not whole, or holds something else.
    """
    most = sum(HEAD + WIDEST * math.prod(shape) for shape in shapes.values())
    try:
        with zipfile.ZipFile(io.BytesIO(read_bytes(path, 2 * most))) as archive:
            there = {name for name in shapes if name not in optional or f"{name}.npy" in archive.namelist()}
            return {name: _array(archive, name, shapes[name]) for name in sorted(there)}
    except (*NO_ARCHIVE, TypeError, *NO_HEAD) as error:
        raise Damaged(f"{path} is not whole ({error or type(error).__name__})") from None


def _array(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...]) -> np.ndarray:
    most = HEAD + WIDEST * math.prod(shape)
    with archive.open(f"{name}.npy") as file:
        content = file.read(most + 1)  # read to the end, so that the archive's own checksum is compared
    if len(content) > most:
        raise ValueError(f"{name!r} is larger than it can be")
    stream = io.BytesIO(content)
    head = HEADS[layout.read_magic(stream)](stream)
    if head[0] != shape or head[2].hasobject:
        raise ValueError(f"{name!r} has shape {head[0]}, not {shape}")
    array: np.ndarray = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype.kind == "U" and not is_text(array):
        raise ValueError(f"{name!r} holds words that are no text")
    return array
