"""The rows of a converted table as a model sees them: entries of numbers, and where the ones of one-hot codes stand.

A row is one record of a file: the float32 entries of columns of numbers, and of a column of words the place of its 1 in
the vector, two bytes where a vector has up to 65,536 entries. A word of 256 levels takes 2 bytes in place of 1,024.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from reparam.data.columns.kind import SeenKind
from reparam.data.columns.rows import Part
from reparam.data.columns.table import TableSchema
from reparam.data.dataset import LazyArray
from reparam.data.readers.mapped import NpyFile
from reparam.distributions.columns import Category, places
from reparam.door import Damaged

PIECE = 2**18
"""Rows of a column that are worked on at a time."""


@dataclass(frozen=True)
class Layout:
    """Where in a record what of a row's vector lies.

    Args:
        schema: of the table.
    """

    schema: TableSchema

    @cached_property
    def places(self) -> list[slice]:
        """Of each column in the vector."""
        return places(self.schema.families)

    @cached_property
    def dense(self) -> np.ndarray:
        """The entries of a vector that are numbers, in the order of a record."""
        both = zip(self.schema.seen, self.places, strict=True)
        return np.array([at for kind, place in both if not is_hot(kind) for at in range(place.start, place.stop)], int)

    @cached_property
    def hot(self) -> list[slice]:
        """The columns of one-hot codes."""
        return [place for kind, place in zip(self.schema.seen, self.places, strict=True) if is_hot(kind)]

    @property
    def hot_dtype(self) -> np.dtype:
        """Of a place in the vector."""
        return np.dtype("<u2" if self.schema.width <= 2**16 else "<u4")

    @property
    def row_bytes(self) -> int:
        """Of a record."""
        return 4 * len(self.dense) + self.hot_dtype.itemsize * len(self.hot)

    def columns(self, part: Part, place: slice) -> list[np.ndarray]:
        """A column as those of records, ``(n,)`` each: first its entry, then whether it is missing."""
        if is_hot(part.kind):
            hot = part.values + place.start
            hot[part.missing] = place.stop - 1
            return [hot.astype(self.hot_dtype)]
        width = place.stop - place.start
        found = np.zeros((width, len(part.values)), "<f4")
        for start in range(0, len(part.values), PIECE):
            some = slice(start, start + PIECE)
            there = ~part.missing[some]
            found[0, some][there] = part.kind.entries(part.values[some][there])[:, 0]
        if part.kind.missing:
            found[1] = part.missing
        return list(found)

    def vectors(self, raw: np.ndarray, file: Path) -> np.ndarray:
        """Records ``(b, row_bytes)`` uint8 of a file as vectors ``(b, width)`` float32.

        Raises:
            UserError: if a place is none, which a converter would not have written.
        """
        numbers = raw[:, : 4 * len(self.dense)].view("<f4")
        if not self.hot:
            return np.asarray(numbers, np.float32)
        x = np.zeros((len(raw), self.schema.width), np.float32)
        x[:, self.dense] = numbers
        hot = raw[:, 4 * len(self.dense) :].view(self.hot_dtype)
        if ((hot < self._starts) | (hot >= self._stops)).any():
            raise Damaged(f"{file} holds what no column of its table does: {again(file.parent)}")
        x[np.arange(len(raw))[:, None], hot] = 1
        return x

    @cached_property
    def _starts(self) -> np.ndarray:
        return np.array([place.start for place in self.hot])

    @cached_property
    def _stops(self) -> np.ndarray:
        return np.array([place.stop for place in self.hot])


def again(folder: Path) -> str:
    """What helps where a converted table is not what it should be."""
    return f"remove the folder {folder}, and the table is converted again"


def is_hot(kind: SeenKind) -> bool:
    """Whether a column is a one-hot code."""
    return isinstance(kind.family, Category)


class ConvertedRows(LazyArray):
    """Rows ``(n, width)`` float32, read from the disk as they are asked for.

    Args:
        file: the records, ``(n, row_bytes)`` uint8.
        layout: what they hold.
    """

    def __init__(self, file: NpyFile, layout: Layout) -> None:
        self.file, self.layout = file, layout

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, width)``."""
        return len(self.file), self.layout.schema.width

    @property
    def dtype(self) -> torch.dtype:
        """float32."""
        return torch.float32

    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        ascending, found = rows.sort()
        result = torch.empty(len(rows), self.shape[1])
        result[found] = torch.from_numpy(self.layout.vectors(self.file[ascending.numpy()], self.file.path))
        return result


class Codes(LazyArray):
    """Labels ``(n,)`` that stay on the disk in a byte or two each, and are int64 when they are asked for.

    Args:
        file: the labels.
        classes: how many there are.
    """

    def __init__(self, file: NpyFile, classes: int) -> None:
        self.file, self.classes = file, classes

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n,)``."""
        return (len(self.file),)

    @property
    def dtype(self) -> torch.dtype:
        """int64."""
        return torch.int64

    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        codes = self.file[rows.numpy()].astype(np.int64)
        if len(codes) and (codes.min() < 0 or codes.max() >= self.classes):
            raise Damaged(f"{self.file.path} holds labels that are none of its {self.classes} classes: "
                          f"{again(self.file.path.parent)}")  # fmt: skip
        return torch.from_numpy(codes)
