"""Columns of cells that lie on the disk, and are loaded when they are looked at: one at a time."""

from pathlib import Path

import numpy as np

from reparam.absence import remove
from reparam.data.readers.cells import Column
from reparam.door import leads_somewhere

WHOLE = (np.int8, np.int16, np.int32, np.int64)


class StoredColumn(Column):
    """A column whose cells are in a file: they are had when they are asked for, and another's then let go.

    Args:
        column: the column, in memory.
        store: where it is kept.
        number: its own there.
    """

    _store: "ColumnStore"
    _number: int

    def __init__(self, column: Column, store: "ColumnStore", number: int) -> None:
        about = {name: value for name, value in vars(column).items() if name not in ("values", "missing")}
        self.__dict__ |= about | {"_store": store, "_number": number}

    @property
    def values(self) -> np.ndarray:
        """The cells."""
        return self._store.cells(self._number)[0]

    @property
    def missing(self) -> np.ndarray:
        """Where they are missing."""
        return self._store.cells(self._number)[1]

    def loaded(self) -> Column:
        """The column with its cells in memory."""
        about = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        return Column(values=self.values, missing=self.missing, **about)


class ColumnStore:
    """Columns in a folder, each in as few bytes a cell as lose nothing.

    Of words the different ones stay in memory, and for each cell the place of its own is written.

    Args:
        folder: where the files are made; whoever made it removes it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._kinds: list[np.dtype] = []
        self._stored: list[np.dtype] = []
        self._words: dict[int, np.ndarray] = {}
        self._loaded: tuple[int, tuple[np.ndarray, np.ndarray]] | None = None

    def keep(self, column: Column) -> StoredColumn:
        """Write a column down."""
        number, values = len(self._kinds), column.values
        self._kinds.append(values.dtype)
        if values.dtype.kind == "O":
            self._words[number], values = _placed(values)
        small = narrow(values)
        self._stored.append(small.dtype)
        small.tofile(self._path(number, "cells"))
        if column.missing.any():
            np.packbits(column.missing).tofile(self._path(number, "missing"))
        return StoredColumn(column, self, number)

    def clear(self) -> None:
        """Remove the files: nobody looks at the cells any more."""
        self._loaded = None
        for number in range(len(self._kinds)):
            for what in ("cells", "missing"):
                remove(self._path(number, what))

    def cells(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """The values of a column and where they are missing, as they were."""
        if self._loaded is None or self._loaded[0] != number:
            self._loaded = None  # let go of the others first
            stored = np.fromfile(self._path(number, "cells"), self._stored[number])
            words, kind = self._words.get(number), self._kinds[number]
            values = words[stored] if words is not None else stored.astype(kind, copy=False)
            self._loaded = number, (values, self._missing(number, len(values)))
        return self._loaded[1]

    def _missing(self, number: int, n: int) -> np.ndarray:
        path = self._path(number, "missing")
        if not leads_somewhere(path):
            return np.zeros(n, bool)
        return np.unpackbits(np.fromfile(path, np.uint8), count=n).view(bool)

    def _path(self, number: int, what: str) -> Path:
        return self.folder / f"{what}-{number}.part"


def _placed(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different words of a column, and for each cell the place of its own."""
    places: dict[str, int] = {}
    found = np.fromiter((places.setdefault(word, len(places)) for word in values.tolist()), np.int64, len(values))
    return np.array([*places, ""], dtype=object)[:-1], found


def narrow(values: np.ndarray) -> np.ndarray:
    """Numbers in as few bytes as they need.

    >>> narrow(np.array([1, 300])).dtype, narrow(np.array([0.5, np.nan])).dtype, narrow(np.array([0.1])).dtype
    (dtype('int16'), dtype('float32'), dtype('float64'))
    """
    if values.dtype.kind == "i":
        low, high = int(values.min(initial=0)), int(values.max(initial=0))
        fits = next(kind for kind in WHOLE if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
        return values.astype(fits, copy=False)
    if values.dtype.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):
            single = values.astype(np.float32)
        if np.array_equal(single, values, equal_nan=True) and _same_zeros(single, values):
            return single
    return values


def _same_zeros(single: np.ndarray, values: np.ndarray) -> bool:
    return bool((np.signbit(single) == np.signbit(values)).all())
