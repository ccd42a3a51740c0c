"""What a reader hands over: the splits as the source holds them, before fingerprint and binarization."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from reparam.data import permutation
from reparam.data.columns.table import TableSchema
from reparam.data.dataset import LazyArray, Split
from reparam.data.density import ToyDensity
from reparam.data.permutation import Permutation, Stretch
from reparam.data.picture import Picture
from reparam.errors import UserError
from reparam.randomness import generator

#: Bytes of rows worked on at a time where an array may be larger than memory.
CHUNK_BYTES = 32 * 2**20

SPLITS = ("train", "validation", "test")
#: What keys and folders may be called that name a split.
SPLIT_WORDS = {
    "train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """Raw splits, by the names in ``SPLITS``, and what the reader found out about them.

    ``low``, ``high``: smallest and largest raw value over all splits; ``binary``: every raw value is 0 or 1;
    ``table``: how rows of a table are read, whose splits hold what a model sees.
    ``outside``: of every row of a table that another schema reads, why it is not among them, ``""`` where it is.
    ``picture``: how what a model sees of images is drawn, where the reader knows.
    """

    name: str
    splits: dict[str, Split]
    data_shape: tuple[int, ...]
    low: float
    high: float
    binary: bool
    scale: float = 1.0
    classes: tuple[str, ...] = ()
    density: ToyDensity | None = None
    notes: tuple[str, ...] = ()
    table: TableSchema | None = None
    picture: Picture | None = None
    outside: np.ndarray | None = None


class Rows(LazyArray):
    """Some rows of a lazy array, in a given order, themselves lazy."""

    def __init__(self, array: LazyArray, rows: torch.Tensor | Stretch) -> None:
        self.array, self.rows, self.workers = array, rows, array.workers

    @property
    def shape(self) -> tuple[int, ...]:
        """``(len(rows), *data_shape)``."""
        return (len(self.rows), *self.array.shape[1:])

    @property
    def dtype(self) -> torch.dtype:
        """That of the array."""
        return self.array.dtype

    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor:
        return self.array[self.rows[rows]]


def take(array: torch.Tensor | LazyArray, rows: torch.Tensor | Stretch) -> torch.Tensor | LazyArray:
    """Rows of an array: copied when in memory, referred to when lazy."""
    if isinstance(array, torch.Tensor):
        assert isinstance(rows, torch.Tensor), "what fits memory has rows that do"
        return rows_of(array, rows)
    return Rows(array, rows)


def rows_of(array: torch.Tensor | LazyArray, rows: torch.Tensor) -> torch.Tensor:
    """A copy of some rows, on the CPU; through NumPy, whose ``take`` beats torch's indexing on small rows."""
    return (
        torch.from_numpy(array.numpy().take(rows.numpy(), axis=0)) if isinstance(array, torch.Tensor) else array[rows]
    )


def row_bytes(array: torch.Tensor | LazyArray) -> int:
    """Bytes of one row in memory."""
    return torch.Size(array.shape[1:]).numel() * array.dtype.itemsize


def pieces(rows: torch.Tensor | int, size: int) -> Iterator[torch.Tensor]:
    """Row numbers, or as many from 0 on, cut in pieces of ``size``, the last one maybe smaller."""
    if isinstance(rows, int):
        return (torch.arange(start, min(start + size, rows)) for start in range(0, rows, size))
    return (rows[start : start + size] for start in range(0, len(rows), size))


def chunks(array: torch.Tensor | LazyArray, rows: torch.Tensor | None = None) -> Iterator[torch.Tensor]:
    """Row numbers (all in order by default), cut so that each piece of ``array`` takes about ``CHUNK_BYTES``."""
    return pieces(len(array) if rows is None else rows, max(1, CHUNK_BYTES // max(1, row_bytes(array))))


def raw_pieces(array: np.ndarray) -> Iterator[np.ndarray]:
    """An array in order, cut so that each piece takes about ``CHUNK_BYTES``."""
    step = max(1, CHUNK_BYTES * max(1, len(array)) // max(1, array.nbytes))
    return (array[start : start + step] for start in range(0, len(array), step))


def label_pieces(split: Split) -> Iterator[torch.Tensor]:
    """The labels of a split in their order, a piece at a time where they lie on the disk; none where there are none."""
    if split.y is None or isinstance(split.y, torch.Tensor):
        return iter([] if split.y is None else [split.y])
    y = split.y
    return (y[rows] for rows in pieces(len(y), CHUNK_BYTES // 8))


def by_name(splits: Iterable[Split]) -> dict[str, Split]:
    """Train, validation and test, in this order, by name."""
    return dict(zip(SPLITS, splits, strict=True))


def split_rows(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Row numbers of an 80/10/10 split drawn from the seed, each in ascending order, none of them empty.

    Raises:
        UserError: When there are fewer than three rows.

    >>> [len(rows) for rows in split_rows(100, seed=0)]
    [80, 10, 10]
    """
    if n < 3:
        raise UserError(f"The data have {n} row{'' if n == 1 else 's'}, and a split into train, validation and test "
                        f"needs at least 3: give more rows.")  # fmt: skip
    order = torch.randperm(n, generator=generator(seed, "split"))
    tenth = max(1, round(n / 10))
    return _ascending(order[: -2 * tenth], n), _ascending(order[-2 * tenth : -tenth], n), _ascending(order[-tenth:], n)


def _ascending(rows: torch.Tensor, n: int) -> torch.Tensor:
    """Different rows of ``n`` in order: a mark for each takes an eighth of the memory of sorting them."""
    marks = torch.zeros(n, dtype=torch.bool)
    marks[rows] = True
    return marks.nonzero().squeeze(1)


def drawn_rows(n: int, seed: int) -> tuple[list[torch.Tensor | Stretch], str]:
    """Train, validation and test of so many rows, by whichever of the two serves so many, and what to note."""
    if n < permutation.BY_FUNCTION:
        return list(split_rows(n, seed)), split_note(seed)
    rows, note = many_rows(n, seed)
    return [rows[split] for split in SPLITS], note


def many_rows(n: int, seed: int) -> tuple[dict[str, torch.Tensor | Stretch], str]:
    """The same where a list of rows would fill the memory: each split a stretch of one order; and what to note.

    >>> {split: len(rows) for split, rows in many_rows(10**12, seed=0)[0].items()}
    {'train': 800000000000, 'validation': 100000000000, 'test': 100000000000}
    """
    order, tenth = Permutation(n, seed, ("split",)), round(n / 10)
    ends = [0, n - 2 * tenth, n - tenth, n]
    rows = {split: order.between(*ends[at : at + 2]) for at, split in enumerate(SPLITS)}
    note = f"split 80/10/10 into train, validation and test from seed {seed}, each of {n:,} rows by its own draw"
    return dict(rows), note


DRAWN = ("split 80/10/10", "split from seed")
"""How the note begins where the splits of one source were all drawn."""


def was_drawn(notes: Iterable[str]) -> bool:
    """Whether splits were drawn from rows that nothing assigned to any, as the notes of a reading say.

    >>> was_drawn([split_note(0)]), was_drawn(["split as the source names it"])
    (True, False)
    """
    return any(note.startswith(DRAWN) for note in notes)


def complete_splits(named: dict[str, torch.Tensor], seed: int) -> tuple[dict[str, torch.Tensor], tuple[str, ...]]:
    """All three splits where a source names only some: row numbers by split, and what to note.

    What is missing of validation and test is held out from train, a tenth of it each, drawn from the seed.
    """
    missing = [split for split in ("validation", "test") if not len(named.get(split, ()))]
    if not missing:
        return {split: named[split] for split in SPLITS}, ("split as the source names it",)
    train = named["train"]
    cut = dict(zip(SPLITS, split_rows(len(train), seed), strict=True))
    held_out = {split: train[cut.pop(split)] for split in missing}
    rows = named | held_out | {"train": train[torch.cat(list(cut.values())).sort().values]}
    note = f"{' and '.join(missing)} not named by the source: a tenth of train held out for each from seed {seed}"
    return {split: rows[split] for split in SPLITS}, (note,)


def split_note(seed: int) -> str:
    """The sentence for an 80/10/10 split."""
    return f"split 80/10/10 into train, validation and test from seed {seed}"
