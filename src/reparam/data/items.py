"""Data sets of other libraries that are larger than memory: items are fetched as they are needed, a batch at a time.

What holds for the rows of a mapped file holds for them: they have one shape, their values are looked at once, and a
batch asks for its own. A data set of Hugging Face, whose rows lie in memory-mapped Arrow files, stays there.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader

from reparam.data.dataset import Split
from reparam.data.foreign import as_array, columns_of, failed, named
from reparam.data.lacking import lacking
from reparam.data.readers.asked import Asked
from reparam.data.readers.assemble import reading
from reparam.data.readers.axes import Axes, axes_of
from reparam.data.readers.flat import rows_are, told_of
from reparam.data.readers.labels import encode_labels
from reparam.data.readers.layout import Values, check_array, evenly, plan_layout, scan
from reparam.data.readers.mapped import MappedRows
from reparam.data.readers.roles import STRATIFIED
from reparam.data.reading import CHUNK_BYTES, SPLITS, Reading, complete_splits, split_note, take
from reparam.data.splitting import stratified
from reparam.errors import UserError

LAZY = "larger than the memory limit: items are fetched as they are needed"


class Items:
    """The examples of a data set with ``len`` and integer indexing, whose rows are had as those of a file are.

    Args:
        given: the data set: items are x, (x, y), or columns by name.
        where: what it is called in errors.
    """

    by_column = False

    def __init__(self, given: Any, where: str) -> None:
        self.given, self.where = given, where
        item = self._fetched([0])[0]
        self._names = columns_of(list(item), where) if isinstance(item, Mapping) else None
        x, y = self._parts(item, 0)
        first = as_array(x, f"item 0 of {where}")
        self.labelled, self.dtype = (isinstance(item, tuple) and len(item) == 2) or y is not None, first.dtype
        self.shape: tuple[int, ...] = (len(given), *first.shape)
        self.row_bytes = max(1, first.nbytes)

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels' names, where the data set knows them."""
        if self._names is None:
            return tuple(map(str, getattr(self.given, "classes", ())))
        feature = (getattr(self.given, "features", None) or {}).get(self._names[1])
        return tuple(map(str, getattr(feature, "names", None) or ()))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: np.ndarray | slice) -> np.ndarray:
        """Raw rows ``(b, ...)``.

        Raises:
            UserError: if one cannot be had, or is not as the first.
        """
        places = range(*rows.indices(len(self))) if isinstance(rows, slice) else rows.tolist()
        return self._stacked([self._parts(item, at)[0] for at, item in self._numbered(places)], places)

    def pieces(self) -> Iterator[np.ndarray]:
        """All rows in order, piece by piece."""
        return (x for x, _ in self.both())

    def both(self) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """All rows and their labels in order, piece by piece."""
        step = max(1, CHUNK_BYTES // self.row_bytes)
        for start in range(0, len(self), step):
            places = range(start, min(start + step, len(self)))
            parts = [self._parts(item, at) for at, item in self._numbered(places)]
            y = as_array([y for _, y in parts], f"the labels of {self.where}") if self.labelled else None
            yield self._stacked([x for x, _ in parts], places), y

    def _numbered(self, places: Sequence[int]) -> Iterator[tuple[int, Any]]:
        return zip(places, self._fetched(list(places)), strict=True)

    def _fetched(self, places: list[int]) -> Sequence[Any]:
        """Some items: at once where the data set can, as that of Hugging Face and many of torch."""
        many = getattr(self.given, "__getitems__", None)
        try:
            items = list(many(places)) if callable(many) and places else [self.given[at] for at in places]
            if len(items) != len(places):
                raise ValueError(f"{len(items)} items for {len(places)} numbers")
            return items
        except UserError:
            raise
        except Exception as error:  # whatever somebody's own code raises
            which = f"item {places[0]}" if len(places) == 1 else f"one of the items {places[0]}, {places[1]}, ..."
            raise failed(which, self.where, error) from error

    def _parts(self, item: Any, at: int) -> tuple[Any, Any]:
        """An example and its label, None where there are none."""
        if self._names is not None:
            item = named(item, *self._names, f"item {at} of {self.where}")
        item = item if isinstance(item, tuple) else (item,)
        if len(item) not in (1, 2):
            raise UserError(f"item {at} of {self.where} is a tuple of {len(item)}: give x, or (x, y)")
        if at and (len(item) == 2) != self.labelled:
            raise UserError(f"item {at} of {self.where} has {'no' if self.labelled else 'a'} label, unlike the first: "
                            f"give items alike")  # fmt: skip
        return item if len(item) == 2 else (item[0], None)

    def _stacked(self, xs: Sequence[Any], places: Sequence[int]) -> np.ndarray:
        found = np.empty((len(xs), *self.shape[1:]), self.dtype)
        for row, x in enumerate(xs):
            one = as_array(x, f"item {places[row]} of {self.where}")
            if one.shape != self.shape[1:] or not _holds(self.dtype, one.dtype):
                raise UserError(f"{self.where} holds {self.dtype} of shape {self.shape[1:]} in item 0 and {one.dtype} "
                                f"of shape {one.shape} in item {places[row]}: bring them to one form")  # fmt: skip
            found[row] = one
        return found


class _Pairs:
    """Examples and labels in memory, as items."""

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts = parts

    def __len__(self) -> int:
        return len(self.parts[0])

    def __getitem__(self, at: int) -> tuple[Any, ...]:
        return tuple(part[at] for part in self.parts)


def items_of(parts: Mapping[str, Any], name: str) -> dict[str, Items]:
    """Data sets by split as such whose items are fetched; what is in memory stays there."""
    inside = {split: part.dataset if isinstance(part, DataLoader) else part for split, part in parts.items()}
    return {
        split: Items(_Pairs(part) if isinstance(part, tuple) else part, f"{split} of {name!r}")
        for split, part in inside.items()
    }


def items_reading(
    name: str, parts: Mapping[str, Items], asked: Asked, labels: np.ndarray | None, classes: Sequence[str] | None
) -> Reading:
    """Items by split, ``train`` among them, as a reading whose rows are fetched as they are needed.

    Args:
        name: what the data are called.
        parts: the data sets.
        asked: how they are to be read.
        labels: those of train, where they stand beside it.
        classes: the labels' names, where they are known.

    Raises:
        UserError: if items cannot be had, or do not fit together.
    """
    first, where = parts["train"], repr(name)
    check_array(first.shape, first.dtype, f"item 0 of {where}")
    for split, items in parts.items():
        if items.shape[1:] != first.shape[1:] or items.dtype != first.dtype:
            raise UserError(f"{where}: {split} holds {items.dtype} of shape {items.shape[1:]} and train {first.dtype} "
                            f"of shape {first.shape[1:]}: give splits of one kind")  # fmt: skip
    rows, decided = rows_are(first.shape, first.dtype, first.pieces, told_of(asked), where, fits=False)
    axes = axes_of(first.shape, first.dtype, where, rows == "images", asked.how.bands)
    looked = {split: _looked(items, axes, f"{split} of {where}") for split, items in parts.items()}
    _check_labels(labels, first, where)
    found = [values for values, _ in looked.values()]
    values = Values(min(v.low for v in found), max(v.high for v in found), all(v.binary for v in found))
    some = axes.kept(first[evenly(len(first))]) if rows == "images" else None
    layout = plan_layout(axes, first.dtype, values, asked.how, some)
    marks = {split: y for split, (_, y) in looked.items()} | ({} if labels is None else {"train": labels})
    names = tuple(map(str, classes)) if classes is not None else first.classes if _numbers(marks["train"]) else ()
    codes, known = encode_labels([marks[split] for split in parts], where, names)
    by_split = dict(zip(parts, codes, strict=True))
    drawn, notes = _rows(parts, by_split["train"], asked)
    source = {split: split if split in parts else "train" for split in SPLITS}
    splits = [
        Split(
            take(MappedRows(parts[source[split]], layout), drawn[split]), _picked(by_split[source[split]], drawn[split])
        )
        for split in SPLITS
    ]
    notes = (*layout.notes, *decided, LAZY, *notes, *lacking(splits, known, notes, asked.seed))
    return reading(name, splits, layout, values, known, notes)


def _holds(dtype: np.dtype, other: np.dtype) -> bool:
    """Whether an array of the first items has the values of others, as far as a float32 tells them apart.

    >>> _holds(np.dtype("uint8"), np.dtype("uint16")), _holds(np.dtype("float32"), np.dtype("float64"))
    (False, True)
    """
    floats = dtype.kind == "f" and dtype.itemsize >= 4 and other.kind in "fiub"
    return floats or np.can_cast(other, dtype, "safe")


def _check_labels(labels: np.ndarray | None, first: Items, where: str) -> None:
    """Refuse labels beside the data that are not of them."""
    if labels is None:
        return
    if first.labelled:
        raise UserError(f"{where} has labels of its own beside those of labels=...: give one of the two.")
    if len(labels) != len(first):
        raise UserError(
            f"{where} has {len(first)} rows and its array of labels has {len(labels)}: give one label a row."
        )


def _looked(items: Items, axes: Axes, where: str) -> tuple[Values, np.ndarray | None]:
    """The values of all items, and their labels: each is had once."""
    marks: list[np.ndarray] = []

    def pieces() -> Iterator[np.ndarray]:
        for x, y in items.both():
            if y is not None:
                marks.append(y)
            yield axes.kept(x)

    values = scan(pieces(), where)
    return values, np.concatenate(marks) if marks else None


def _numbers(marks: np.ndarray | None) -> bool:
    return marks is not None and marks.dtype.kind in "iu"


def _rows(
    parts: Mapping[str, Items], codes: torch.Tensor | None, asked: Asked
) -> tuple[dict[str, torch.Tensor], tuple[str, ...]]:
    """Row numbers by split, those of splits that are not given in train, and what to note."""
    if len(parts) == 1 and asked.how.split_by == STRATIFIED:
        if codes is None:
            raise UserError(f'split_by="{STRATIFIED}" needs labels, and there are none: leave `split_by` out.')
        rows, note = stratified(codes.numpy(), asked.seed)
        return rows, (note,)
    rows, notes = complete_splits({split: torch.arange(len(items)) for split, items in parts.items()}, asked.seed)
    return rows, (split_note(asked.seed),) if len(parts) == 1 else notes


def _picked(codes: torch.Tensor | None, rows: torch.Tensor) -> torch.Tensor | None:
    return None if codes is None else codes[rows]
