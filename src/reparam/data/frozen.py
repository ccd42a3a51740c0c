"""Splits binarized once and for all, so that numbers computed on them compare across runs and batch sizes."""

from dataclasses import replace

import numpy as np
import torch

from reparam.data.binarize import binarize_threshold, chances, thresholds
from reparam.data.dataset import Dataset, LazyArray, Split
from reparam.data.reading import chunks, row_bytes, rows_of
from reparam.data.record import DataRecord
from reparam.randomness import derive_seed, generator

#: Bytes of noise drawn at a time: the rows that share a draw follow from it, so it is part of what the seed means.
NOISE_BYTES = 2**20


def frozen(split: Split, dataset: Dataset | DataRecord, name: str) -> Split:
    """The split with its values made 0 or 1 as ``dataset.binarization`` says; itself where there is nothing to do.

    Dynamic binarization draws every value once, as a function of (``dataset.seed``, ``name``, the row's number).
    """
    if split.binarized or dataset.binarization == "none":
        return split
    seed = derive_seed(dataset.seed, "binarize once", name)
    lazy = FrozenRows(split.x, dataset.binarization == "dynamic", seed, dataset.scale)
    if not isinstance(split.x, torch.Tensor):
        return replace(split, x=lazy, binarized=True)
    return replace(split, x=torch.cat([lazy[rows] for rows in chunks(split.x)]), binarized=True)


class FrozenRows(LazyArray):
    """The rows of an array as uint8 zeros and ones, each row always the same."""

    def __init__(self, array: torch.Tensor | LazyArray, dynamic: bool, seed: int, scale: float = 1.0) -> None:
        self.array, self.dynamic, self.seed, self.scale = array, dynamic, seed, scale
        self.workers = 0 if isinstance(array, torch.Tensor) else array.workers
        self.block = max(1, NOISE_BYTES // row_bytes(array))
        self._kept = -1, torch.empty(0)

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the array."""
        return tuple(self.array.shape)

    @property
    def dtype(self) -> torch.dtype:
        """Always uint8."""
        return torch.uint8

    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        values = chances(rows_of(self.array, rows), self.scale)
        if not self.dynamic:
            return binarize_threshold(values)
        drawn = np.empty(values.shape, np.uint8)
        blocks, within = np.divmod(rows.numpy(), self.block)
        for block in np.unique(blocks).tolist():
            here = np.flatnonzero(blocks == block)
            drawn[here] = values.numpy()[here] > self._noise(block).numpy()[within[here]]
        return torch.from_numpy(drawn)

    def _noise(self, block: int) -> torch.Tensor:
        """The thresholds of a block of rows, whole; those of the last one asked for are kept."""
        if self._kept[0] != block:
            shape = (self.block, *self.shape[1:])
            self._kept = block, thresholds(shape, self.array.dtype, generator(self.seed, "block", block))
        return self._kept[1]
