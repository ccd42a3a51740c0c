"""Rows that have to be decoded, fetched ahead by a few processes, in the order asked for."""

import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from reparam.data.dataset import LazyArray


def prefetch(array: LazyArray, batches: Iterable[torch.Tensor]) -> Iterator[torch.Tensor]:
    """``array[rows]`` for each ``rows`` of ``batches``, in order, while worker processes read the next ones."""
    loader = DataLoader(
        _Pieces(array),
        sampler=_Once(batches),
        batch_size=None,
        num_workers=min(array.workers, usable_cores()),
        collate_fn=_as_it_is,
        # Else the loader would draw its workers' seed from torch's global generator, which belongs to the model.
        generator=torch.Generator(),
    )
    return (torch.from_numpy(piece) for piece in loader)


def usable_cores() -> int:
    """The number of processors this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Once:
    """A sampler out of an iterable, which may be endless."""

    def __init__(self, batches: Iterable[torch.Tensor]) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[torch.Tensor]:
        return iter(self.batches)


class _Pieces(TorchDataset[np.ndarray]):
    def __init__(self, array: LazyArray) -> None:
        self.array = array

    def __getitem__(self, rows: torch.Tensor) -> np.ndarray:
        # As NumPy, which passes through a pipe: tensors would need shared memory, which containers keep small.
        return self.array[rows].numpy()


def _as_it_is(piece: Any) -> Any:
    return piece
