"""Pieces of a column as they come, and the column they make: in memory, or on the disk where that is small."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

HELD = 32 * 2**20
"""Bytes of pieces that wait in memory, of all columns together, before they go to the disk."""


class Parts:
    """Pieces of one array, in memory."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray] = []

    def append(self, part: np.ndarray) -> None:
        """The next piece."""
        self._parts.append(part)

    def joined(self, empty: type[np.generic]) -> np.ndarray:
        """The whole, of a dtype that holds all pieces, and of the one given where there are none; called once."""
        whole = np.concatenate(self._parts) if self._parts else np.empty(0, empty)
        self._parts.clear()
        return whole


class SpilledParts(Parts):
    """The same on the disk: only the last pieces wait in memory.

    Args:
        folder: where its files are made; whoever made it removes it.
        held: bytes that may wait.
    """

    def __init__(self, folder: Path, held: int) -> None:
        super().__init__()
        self._folder, self._held, self._waiting = folder, held, 0
        self._files: list[tuple[np.dtype, Path]] = []

    def append(self, part: np.ndarray) -> None:
        """The next piece."""
        super().append(part)
        self._waiting += part.nbytes
        if self._waiting > self._held:
            self._spill()

    def _spill(self) -> None:
        """Write down what waits: behind the last file where it is of that dtype, else into one more."""
        whole = super().joined(np.uint8)
        self._waiting = 0
        if not self._files or self._files[-1][0] != whole.dtype:
            with tempfile.NamedTemporaryFile(suffix=".part", dir=self._folder, delete=False) as file:
                self._files.append((whole.dtype, Path(file.name)))
        with self._files[-1][1].open("ab") as file:
            file.write(np.ascontiguousarray(whole).data.cast("B"))

    def joined(self, empty: type[np.generic]) -> np.ndarray:
        """The whole, in memory again; its files are gone."""
        waiting = super().joined(empty)
        found = [np.fromfile(path, dtype) for dtype, path in self._files]
        for _, path in self._files:
            path.unlink()
        self._files.clear()
        return np.concatenate([*found, *([waiting] if len(waiting) or not found else [])])


MakeParts = Callable[[], Parts]


def spilled(folder: Path, columns: int) -> MakeParts:
    """What makes parts in a folder for so many columns."""
    return lambda: SpilledParts(folder, max(4096, HELD // (2 * columns)))
