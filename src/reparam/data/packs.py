"""Packed images: a folder of plain arrays that are read through a memory map, with a record of how they were read.

``x.npy`` holds the raw values ``(n, channels, height, width)``, ``y.npy`` the classes; ``splits.npy``, ``groups.npy``
and ``files.npy`` what decides which images train, each where there is such a thing; ``pack.json`` all else. A pack may
come from anybody: what its record says is held against the files' sizes before anything is mapped.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import Field, field_validator

from reparam.data.dataset import LazyArray, Split
from reparam.data.lacking import lacking
from reparam.data.picture import Picture
from reparam.data.readers.asked import Asked
from reparam.data.readers.axes import Axes
from reparam.data.readers.layout import Layout, evenly
from reparam.data.readers.mapped import MappedRows, NpyFile, recorded_array
from reparam.data.readers.roles import STRATIFIED
from reparam.data.readers.said import Said, parts_of
from reparam.data.reading import SPLITS, Reading, by_name, chunks, row_bytes, take
from reparam.door import MOST, Damaged, Missing, Unreadable, is_file, parse, read_bytes
from reparam.errors import UserError, printable
from reparam.settings import Config, ReadingConfig

RECORD = "pack.json"
FORMAT = "packed images"
AGAIN = "pack them again with `reparam data pack`"
LAZY = "larger than the memory limit: rows are read from disk as they are needed"
MOST_PIXELS = 2**28
"""Numbers of one picture: more would not fit a batch of one."""
LOOKED_AT = 16
"""Images whose values are looked at when a pack is opened."""
Side = Annotated[int, Field(gt=0, le=2**20)]


class Drawn(Config):
    """How images are drawn, see :class:`reparam.data.picture.Picture`."""

    low: float
    high: float
    bands: tuple[Annotated[int, Field(ge=0, lt=2**20)], ...] = ()
    opacity: Annotated[int, Field(ge=0, lt=2**20)] | None = None


class PackRecord(Config):
    """What a pack says of itself, from which the dtypes and sizes of its arrays follow."""

    made_by: str
    format: Literal["packed images"]
    version: Literal[1]
    name: str
    """What the images were called."""
    examples: Annotated[int, Field(gt=0, le=2**40)]
    shape: tuple[Side, Side, Side]
    """Channels, height and width."""
    dtype: Literal["uint8", "float32"]
    scale: Annotated[float, Field(gt=0)]
    """What raw values are divided by."""
    low: float
    high: float
    binary: bool
    picture: Drawn
    classes: tuple[str, ...] = ()
    arrays: tuple[Literal["y", "splits", "groups", "files"], ...] = ()
    """What lies beside the images."""
    split_by: str = ""
    """The column that named the splits."""
    stratified: bool = False
    notes: tuple[str, ...] = ()
    reading: dict[str, Any] = Field(default_factory=dict)
    """What was asked for when they were packed."""
    key: str = ""
    """Of the files that they were made of."""

    @field_validator("reading")
    @classmethod
    def _is_known(cls, asked: dict[str, Any]) -> dict[str, Any]:
        ReadingConfig(**asked)
        return asked


DTYPES = {"y": np.int64, "splits": np.uint8, "groups": np.int64, "files": np.int64}
"""Of the arrays beside the images."""


def is_pack(path: Path) -> bool:
    """Whether a folder holds packed images."""
    record = path / RECORD
    if not is_file(record):
        return False
    with record.open("rb") as file:
        return f'"{FORMAT}"'.encode() in file.read(4096)


def record_of(path: Path) -> PackRecord:
    """What a pack says of itself.

    Raises:
        UserError: if that is damaged.
    """
    where = repr(str(path / RECORD))
    try:
        record = PackRecord(**parse(read_bytes(path / RECORD, MOST).decode()))
    except (Missing, Unreadable):
        raise
    except (ValueError, TypeError, RecursionError, UserError) as error:
        raise Damaged(f"{where} is no record of packed images ({str(error)[:160]}): {AGAIN}.") from None
    seen = [*record.picture.bands, *([] if record.picture.opacity is None else [record.picture.opacity])]
    if int(np.prod(record.shape, dtype=object)) > MOST_PIXELS or max(seen, default=0) >= record.shape[0]:
        raise Damaged(f"{where} speaks of images {record.shape} that there are none of: {AGAIN}.")
    return record


@dataclass(frozen=True)
class Pack:
    """A pack as it lies on disk.

    Args:
        path: of the folder.
        record: what it says of itself.
    """

    path: Path
    record: PackRecord

    def array(self, name: str, dtype: Any, shape: tuple[int, ...]) -> NpyFile:
        """One of its arrays.

        Raises:
            UserError: if it is not there, or not as the record says.
        """
        return recorded_array(self.path / f"{name}.npy", dtype, shape, f"put it back, or {AGAIN}")

    def beside(self, name: str, below: int) -> np.ndarray | None:
        """An array that lies beside the images, a number from 0 up for each, below what is given; None if it is not."""
        if name not in self.record.arrays:
            return None
        found = self.array(name, DTYPES[name], (self.record.examples,))[:]
        if int(found.min()) < 0 or int(found.max()) >= below:
            raise Damaged(f"{str(self.path / f'{name}.npy')!r} holds {int(found.min())} to {int(found.max())} where "
                          f"there are 0 to {below - 1}: {AGAIN}.")  # fmt: skip
        return found

    @property
    def images(self) -> MappedRows:
        """All of them, read as they are asked for."""
        record = self.record
        file = self.array("x", np.dtype(record.dtype), (record.examples, *record.shape))
        self._look(file[evenly(record.examples, LOOKED_AT)])
        return MappedRows(file, Layout(Axes(record.shape), getattr(torch, record.dtype)))

    def _look(self, some: np.ndarray) -> None:
        """Hold a few images against what the record says of all of them.

        Raises:
            UserError: if their values are others.
        """
        record = self.record
        low, high = np.array([record.low, record.high], some.dtype if some.dtype.kind == "f" else np.float64)
        within = bool(((some >= low) & (some <= high)).all())  # of NaN neither holds
        if not within or (record.binary and not ((some == 0) | (some == record.scale)).all()):
            said = "0 and 1" if record.binary else f"{record.low:g} to {record.high:g}"
            raise Damaged(f"{str(self.path / 'x.npy')!r} holds other values than {said}, which its record speaks of: "
                          f"{AGAIN}.")  # fmt: skip

    def said(self) -> tuple[Said, list[int]]:
        """What was said of the files, by their numbers, and the file of each image."""
        n, files = self.record.examples, self.beside("files", self.record.examples)
        numbers = list(range(n)) if files is None else files.tolist()
        first = dict(zip(reversed(numbers), range(n - 1, -1, -1), strict=True))  # of each file its first image
        count = max(numbers) + 1
        splits, groups = self.beside("splits", len(SPLITS)), self.beside("groups", n)

        def by_file(words: list[str]) -> tuple[str, ...]:
            return tuple(words[first[number]] if number in first else "" for number in range(count))

        return Said(
            (),
            None,
            () if splits is None else by_file([SPLITS[code] for code in splits.tolist()]),
            self.record.split_by,
            # numbers of one width are in the order in which the names are that they stand for
            () if groups is None else by_file([f"{code:013d}" for code in groups.tolist()]),
        ), numbers


def read_pack(path: Path, asked: Asked) -> Reading:
    """Packed images, split as the folder is that they were made of.

    Args:
        path: of the pack.
        asked: the seed of the split, and the bytes from which the images stay on disk.

    Raises:
        UserError: if the pack is damaged, or not what it says.
    """
    pack = Pack(path, record_of(path))
    record, images = pack.record, pack.images
    y = pack.beside("y", max(1, len(record.classes)))
    codes = None if y is None else torch.from_numpy(y)
    said, numbers = pack.said()
    how = asked.how.model_copy(update={"split_by": STRATIFIED if record.stratified else None})
    parts, split_notes = parts_of(numbers, said, codes, replace(asked, how=how))
    lazy = len(images) * row_bytes(images) > asked.memory_limit
    splits = [Split(_kept(images, part, lazy), None if codes is None else codes[part]) for part in parts]
    classes = tuple(map(printable, record.classes))
    notes = (*map(printable, record.notes), *([LAZY] if lazy else ()), *split_notes)
    return Reading(
        printable(record.name), by_name(splits), data_shape=record.shape, low=record.low, high=record.high,
        binary=record.binary, scale=record.scale, classes=classes, picture=Picture(**record.picture.model_dump()),
        notes=(*notes, *lacking(splits, classes, split_notes, asked.seed)),
    )  # fmt: skip


def _kept(images: MappedRows, rows: torch.Tensor, lazy: bool) -> torch.Tensor | LazyArray:
    if lazy:
        return take(images, rows)
    whole = torch.empty(len(rows), *images.shape[1:], dtype=images.dtype)
    for piece, at in zip(chunks(images, rows), chunks(images, torch.arange(len(rows))), strict=True):
        whole[at[0] : at[-1] + 1] = images[piece]
    return whole
