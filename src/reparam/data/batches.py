"""Batches as a function of (seed, number): shuffled and endless for training, in order for evaluation."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count

import numpy as np
import torch

from reparam.data import permutation
from reparam.data.binarize import binarize_dynamic, binarize_threshold, chances
from reparam.data.dataset import Dataset, LazyArray, Split
from reparam.data.frozen import frozen
from reparam.data.permutation import Permutation
from reparam.data.prefetch import prefetch
from reparam.data.reading import pieces, rows_of
from reparam.data.record import DataRecord
from reparam.randomness import generator

Batch = tuple[torch.Tensor, torch.Tensor | None]

NETWORK_BYTES, NUMBERS_PER_VALUE, MOST_AT_ONCE = 256 * 2**20, 64, 1000
READING_BYTES = 128 * 2**20
AT_ONCE = 2**16
"""Places of such an order that are computed at a time: 256 alone cost ten times as much each."""


class Batches:
    """The training batches of a split, addressed by their number counted from the start of training.

    Batch ``index`` belongs to epoch ``index // batches_per_epoch``; an epoch visits every row at most once, in an order
    drawn from (seed, epoch), and drops the last partial batch. A split smaller than ``batch_size`` is one batch of
    all its rows. Dynamic binarization draws from (seed, index). So a call is a pure function of (seed, index) on a
    given kind of device: a resumed run gets the very bits the uninterrupted one would have.

    Args:
        split, dataset: The split, and the data set it belongs to (for scale and binarization).
        batch_size: Rows a batch, at least 1.
        seed: Of order and noise.
        device: Where the data are kept, when they fit memory, and where batches are made.
    """

    def __init__(
        self, split: Split, dataset: Dataset, batch_size: int, seed: int, device: torch.device | str = "cpu"
    ) -> None:
        assert batch_size >= 1, f"a batch of {batch_size} rows"
        assert len(split) >= 1, "a split without rows"
        self.split, self.dataset, self.seed, self.device = split, dataset, seed, torch.device(device)
        self.batch_size = min(batch_size, len(split))
        self.batches_per_epoch = len(split) // self.batch_size
        self._rows = EpochOrder(len(split), self.batch_size, seed, self.device)
        self._select = _selector(split.x, self.device)
        self._y = None if split.y is None else _selector(split.y, self.device)
        self._ahead: Iterator[torch.Tensor] = iter(())
        self._next = -1

    def __call__(self, index: int) -> Batch:
        """``x: (batch_size, *data_shape)`` float32 in the model's range, and ``y: (batch_size,)`` int64 or None."""
        rows = self._rows(index)
        noise = generator(self.seed, "binarize", index, device=self.device)
        x = model_values(self._raw(index, rows), self.split, self.dataset, noise)
        return x, None if self._y is None else self._y(rows)

    def shard(self, index: int, shard: int, shards: int) -> Batch:
        """One of a batch's equal parts, in memory of its own; its binarization draws from (seed, index, shard).

        Args:
            index: the batch's number.
            shard: the part's, from 0.
            shards: of a batch, whose size they divide.
        """
        size = self.batch_size // shards
        rows = self._rows(index)[shard * size : (shard + 1) * size]
        noise = generator(self.seed, "binarize", index, shard, device=self.device)
        x = model_values(self._select(rows), self.split, self.dataset, noise)
        return x, None if self._y is None else self._y(rows)

    def _raw(self, index: int, rows: torch.Tensor) -> torch.Tensor:
        array = self.split.x
        if isinstance(array, torch.Tensor) or not array.workers:
            return self._select(rows)
        if index != self._next:  # A jump: the readers start again from here.
            order = EpochOrder(len(self.split), self.batch_size, self.seed)
            self._ahead = prefetch(array, map(order, count(index)))
        self._next = index + 1
        return next(self._ahead).to(self.device)


class EpochOrder:
    """The row numbers of each training batch; the order of the epoch at hand is kept.

    Below ``permutation.BY_FUNCTION`` rows it is a list that was drawn, from there on a :class:`Permutation`.

    >>> order = EpochOrder(5, 2, seed=0)
    >>> len(set(torch.cat([order(0), order(1)]).tolist()))
    4
    """

    def __init__(self, n: int, batch_size: int, seed: int, device: torch.device | str = "cpu") -> None:
        self.n, self.batch_size, self.seed, self.device = n, batch_size, seed, device
        self._kept = range(0)
        self._order = torch.empty(0, dtype=torch.int64)

    def __call__(self, index: int) -> torch.Tensor:
        """``(batch_size,)`` int64 row numbers of batch ``index``, a function of (seed, index)."""
        if index not in self._kept:
            self._kept, order = self._around(index)
            # Drawn on the CPU whatever the device, so that every device sees the rows in the same order.
            self._order = order.to(self.device)
        start = (index - self._kept.start) * self.batch_size
        return self._order[start : start + self.batch_size]

    def _around(self, index: int) -> tuple[range, torch.Tensor]:
        """The batches that are drawn together with one, all of its epoch or some, and the rows of these."""
        each = self.n // self.batch_size
        epoch, position = divmod(index, each)
        first = epoch * each
        if self.n < permutation.BY_FUNCTION:
            rows = torch.randperm(self.n, generator=generator(self.seed, "order", epoch))
            return range(first, first + each), rows
        some = max(1, AT_ONCE // self.batch_size)
        start = position - position % some
        end = min(start + some, each)
        places = torch.arange(start * self.batch_size, end * self.batch_size)
        return range(first + start, first + end), Permutation(self.n, self.seed, ("order", epoch))[places]


def at_once(data_shape: Sequence[int], most: int = MOST_AT_ONCE) -> int:
    """Examples that a network is shown at a time where none is trained on: 1,000, and fewer where they are large.

    Networks make some dozens of numbers of each value of an example: those of a piece take about 256 MB at most. The
    size of an example alone decides, not a batch size, a machine or its memory, since noise is drawn for a piece at
    once: what is said of a run is the same everywhere. Pieces of a multiple of 16 draw the noise that one of all draws.

    Args:
        data_shape: of an example.
        most: of them, however small.

    >>> [at_once(shape) for shape in ((1, 28, 28), (3, 32, 32), (3, 128, 128), (3, 1024, 1024))]
    [1000, 336, 16, 1]
    """
    fitting = NETWORK_BYTES // (4 * NUMBERS_PER_VALUE * max(1, math.prod(data_shape)))
    return min(most, max(1, fitting - fitting % 16 if fitting > 16 else fitting))


def reading_batches(split: Split, dataset: Dataset) -> Iterator[torch.Tensor]:
    """What a model sees of a split on the CPU, in order, as many examples at a time as 128 MB hold: 1,000 at most."""
    rows = min(MOST_AT_ONCE, max(1, READING_BYTES // (4 * max(1, math.prod(dataset.data_shape)))))
    return (x for x, _ in evaluation_batches(split, dataset, rows))


def evaluation_batches(
    split: Split, dataset: Dataset, batch_size: int | None = None, device: torch.device | str = "cpu"
) -> Iterator[Batch]:
    """Every row once and in order, the last partial batch kept: ``(x, y)`` as :class:`Batches` gives them.

    As many at a time as :func:`at_once` says unless ``batch_size`` is given.

    A split that is drawn afresh in training (dynamic binarization) is drawn here once, from the data set's seed, so
    that the values do not depend on the batch size or on the run.
    """
    device = torch.device(device)
    split = frozen(split, dataset, "train")
    size = batch_size or at_once(dataset.data_shape)
    for rows, raw in zip(pieces(len(split), size), _read(split.x, pieces(len(split), size)), strict=True):
        y = None if split.y is None else split.y[rows].to(device)
        yield model_values(raw.to(device), split, dataset), y


def _read(array: torch.Tensor | LazyArray, parts: Iterable[torch.Tensor]) -> Iterable[torch.Tensor]:
    if not isinstance(array, torch.Tensor) and array.workers:
        return prefetch(array, parts)
    return (rows_of(array, rows) for rows in parts)


def model_values(
    raw: torch.Tensor, split: Split, dataset: Dataset | DataRecord, noise: torch.Generator | None = None
) -> torch.Tensor:
    """Raw values ``(batch, *data_shape)`` of a split as a model sees them: float32, scaled or binarized.

    ``noise``: what dynamic binarization draws from; only a split that has not been binarized once needs it.
    """
    if not split.binarized:
        if dataset.binarization == "dynamic":
            assert noise is not None, "dynamic binarization draws from a generator"
            return binarize_dynamic(chances(raw, dataset.scale), noise)
        if dataset.binarization == "threshold":
            return binarize_threshold(chances(raw, dataset.scale)).float()
        if dataset.scale != 1:
            return _divide(raw, dataset.scale)
    return _divide(raw, 1.0) if raw.dtype == torch.uint8 else raw.float()


def _divide(raw: torch.Tensor, scale: float) -> torch.Tensor:
    if raw.device.type == "cpu":
        return torch.from_numpy(np.divide(raw.numpy(), np.float32(scale), dtype=np.float32))
    return raw.float().div_(scale)


def _selector(array: torch.Tensor | LazyArray, device: torch.device) -> Callable[[torch.Tensor], torch.Tensor]:
    """Rows of an array as a function; an array in memory is moved to the device once."""
    if not isinstance(array, torch.Tensor):
        return lambda rows: array[rows.cpu()].to(device)
    if device.type == "cpu":
        return lambda rows: rows_of(array, rows)
    kept = array.to(device)
    return lambda rows: kept.index_select(0, rows)
