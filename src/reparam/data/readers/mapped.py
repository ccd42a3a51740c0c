"""The rows of an .npy file, read through a memory map where they lie."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from reparam.data.dataset import LazyArray
from reparam.data.readers.layout import Layout
from reparam.data.reading import CHUNK_BYTES
from reparam.door import NO_HEAD, Damaged, Missing, require_regular
from reparam.errors import UserError

#: Bytes that may be paged in before the file is mapped anew: pages once touched count as this process's memory.
MAPPED_BYTES = 64 * 2**20
#: A touched page brings its neighbours along.
PAGE_BYTES = 64 * 2**10


class NpyFile:
    """An .npy file whose array is mapped, and mapped anew before the pages touched add up."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._array = self._open()
        self._touched = 0
        self.shape: tuple[int, ...] = self._array.shape
        self.dtype: np.dtype = self._array.dtype
        self.by_column = not self._array.flags.c_contiguous
        self._row_bytes = self._array.nbytes // max(1, len(self._array)) if self.shape else 0

    def _open(self) -> np.ndarray:
        try:
            return np.lib.format.open_memmap(self.path, mode="r")
        except (OSError, ValueError, EOFError, *NO_HEAD) as error:
            if "Python objects" in str(error):
                raise UserError(f"{str(self.path)!r} holds Python objects, which are never unpickled: save numbers, as "
                                f"uint8 or float32.") from error  # fmt: skip
            raise UserError(f"{str(self.path)!r} is not a whole .npy file ({error}): save it again.") from error

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: np.ndarray | slice) -> np.ndarray:
        """A copy of raw rows ``(b, ...)``; row numbers in ascending order are the fastest."""
        copied: np.ndarray = self._array[rows].copy() if isinstance(rows, slice) else self._array[rows]
        self._touched += copied.nbytes if isinstance(rows, slice) else len(rows) * (self._row_bytes + PAGE_BYTES)
        if self._touched > MAPPED_BYTES:
            self._array, self._touched = self._open(), 0
        return np.asarray(copied)

    def pieces(self) -> Iterator[np.ndarray]:
        """The whole array in order, piece by piece."""
        step = max(1, CHUNK_BYTES // max(1, self._row_bytes))
        return (self[start : start + step] for start in range(0, len(self), step))


def recorded_array(path: Path, dtype: Any, shape: tuple[int, ...], again: str) -> NpyFile:
    """An array of a folder whose record says what it holds.

    Args:
        path: of the file.
        dtype: that the record says.
        shape: likewise.
        again: what would do where it is not so.

    Raises:
        UserError: if it is not there, or not as the record says.
    """
    try:
        require_regular(path)
    except Missing:
        raise Missing(f"{path} is missing: {again}") from None
    try:
        file = NpyFile(path)
    except UserError as error:
        raise Damaged(f"{str(path)!r} is cut short or damaged ({error}): {again}.") from error
    if file.shape != shape or file.dtype != dtype or file.by_column:
        order = ", column by column," if file.by_column else ""
        raise Damaged(f"{str(path)!r} holds {file.dtype} of shape {file.shape}{order} and its record says "
                      f"{np.dtype(dtype)} of shape {shape}: {again}.")  # fmt: skip
    return file


class RawRows(Protocol):
    """What rows are had from, as they are there: a file, say."""

    shape: tuple[int, ...]

    def __len__(self) -> int: ...

    def __getitem__(self, rows: np.ndarray | slice) -> np.ndarray: ...


class MappedRows(LazyArray):
    """The rows of an .npy file, or of what is read like one, laid out as a model wants them."""

    def __init__(self, file: RawRows, layout: Layout) -> None:
        self.file, self.layout = file, layout

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, *data_shape)``."""
        return (len(self.file), *self.layout.data_shape)

    @property
    def dtype(self) -> torch.dtype:
        """uint8 or float32."""
        return self.layout.dtype

    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        # In the order of the file, for the sake of its pages, then back in the order asked for.
        ascending, places = rows.sort()
        found = self.layout(self.file[ascending.numpy()])
        result = torch.empty_like(found)
        result[places] = found
        return result
