"""The rows of a table as a model sees them, kept as the cells' own few bytes and made vectors of as they are asked for.

A word of 256 levels takes 256 entries: a table that fits memory need not fit it as vectors.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from reparam.data.columns.kind import SeenKind
from reparam.data.dataset import LazyArray
from reparam.distributions.columns import places

CHUNK_BYTES = 32 * 2**20


@dataclass(frozen=True)
class Part:
    """A column as its kind has read it: ``values`` and ``missing``, both ``(n,)``."""

    kind: SeenKind
    values: np.ndarray
    missing: np.ndarray


class EncodedRows(LazyArray):
    """Rows ``(n, width)`` float32 of the columns that a model sees."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = tuple(parts)
        self._places = places([part.kind.family for part in self.parts])

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, width)``."""
        return len(self.parts[0].values), self._places[-1].stop

    @property
    def dtype(self) -> torch.dtype:
        """float32."""
        return torch.float32

    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(self.vectors(rows.numpy()))

    def of(self, rows: torch.Tensor) -> "EncodedRows":
        """Some rows, in a given order, themselves as they are asked for."""
        at = rows.numpy()
        return EncodedRows([Part(part.kind, part.values[at], part.missing[at]) for part in self.parts])

    def vectors(self, rows: np.ndarray | None = None) -> np.ndarray:
        """Some rows, or all of them, as an array ``(len(rows), width)`` float32."""
        rows = np.arange(self.shape[0]) if rows is None else rows
        x = np.zeros((len(rows), self.shape[1]), dtype=np.float32)
        step = max(1, CHUNK_BYTES // (8 * self.shape[1]))
        for start in range(0, len(rows), step):
            self._fill(x[start : start + step], rows[start : start + step])
        return x

    def _fill(self, x: np.ndarray, rows: np.ndarray) -> None:
        for part, place in zip(self.parts, self._places, strict=True):
            missing = part.missing[rows]
            there = ~missing
            end = place.stop - part.kind.missing
            x[there, place.start : end] = part.kind.entries(part.values[rows[there]])
            if part.kind.missing:
                x[:, end] = missing
