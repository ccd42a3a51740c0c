"""What a run keeps of its data: what reading samples, codes and new data needs when the data themselves are gone."""

from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from reparam.data.columns.table import TableSchema
from reparam.data.dataset import Binarization, Dataset
from reparam.data.packs import is_pack, record_of
from reparam.data.picture import Picture, picture_of
from reparam.data.reading import label_pieces


@dataclass(frozen=True)
class DataRecord:
    """How values are read, and what was read.

    Args:
        name: what the data are called.
        data_shape: of one example: ``(channels, height, width)`` of images, ``(d,)`` of vectors.
        classes: the labels' names, label ``k`` being ``classes[k]``; empty when unlabelled.
        scale: what raw values are divided by before a model sees them.
        raw: the dtype that raw values are kept in, ``uint8`` or ``float32``.
        binary: every value that a model sees is 0 or 1.
        binarization: how raw values become 0 and 1.
        range: smallest and largest value a model sees.
        sizes: examples by split.
        fingerprint: of contents and split, see :mod:`reparam.data.fingerprint`.
        seed: of the split and of what is binarized once.
        source: the name or absolute path that they are read again by; None for arrays that Python code gave.
        reading: what was asked for when they were read, or packed, see :class:`reparam.settings.ReadingConfig`.
        picture: how what a model sees of images is drawn; None in records that do not say.
        table: how the rows of a table are read, as JSON; None where the data are no table.
        shares: of each class among the training examples; None where these have no labels.
    """

    name: str
    data_shape: tuple[int, ...]
    classes: tuple[str, ...] = ()
    scale: float = 1.0
    raw: str = "float32"
    binary: bool = False
    binarization: Binarization = "none"
    range: tuple[float, float] = (float("-inf"), float("inf"))
    sizes: dict[str, int] = field(default_factory=dict)
    fingerprint: str = ""
    seed: int = 0
    source: str | None = None
    reading: dict[str, Any] = field(default_factory=dict)
    picture: Picture | None = None
    table: dict[str, Any] | None = None
    shares: tuple[float, ...] | None = None

    @classmethod
    def of(cls, data: Dataset) -> "DataRecord":
        """The record of a data set.

        >>> from reparam.data import load_data
        >>> DataRecord.of(load_data("ring")).sizes["train"]
        50000
        """
        eight = data.train.x.dtype == torch.uint8 and data.scale in (1.0, 255.0)  # coins made of deeper values are not
        raw = torch.uint8 if eight else torch.float32
        return cls(
            name=data.name,
            data_shape=tuple(data.data_shape),
            classes=tuple(data.classes),
            scale=data.scale,
            raw=str(raw).removeprefix("torch."),
            binary=data.binary,
            binarization=data.binarization,
            range=data.range,
            sizes={name: len(split) for name, split in data.splits.items()},
            fingerprint=data.fingerprint,
            seed=data.seed,
            source=data.source,
            reading=_gone_through(data),
            picture=data.drawn if data.is_image else None,
            table=None if data.table is None else data.table.plain(),
            shares=_shares(data),
        )

    @property
    def is_image(self) -> bool:
        """Whether examples are ``(channels, height, width)``."""
        return len(self.data_shape) == 3

    @cached_property
    def schema(self) -> TableSchema | None:
        """How the rows of a table are read and given back.

        Raises:
            UserError: if what was recorded is no schema.
        """
        return None if self.table is None else TableSchema.of_plain(self.table, f"the schema of {self.name!r}")

    @property
    def deep(self) -> bool:
        """Whether examples are images of more than 8 bits, whose numbers a model sees divided by what is white."""
        return self.is_image and self.raw == "float32" and self.scale != 1

    @property
    def unit(self) -> float:
        """What a model's values are multiplied with to give the user's: 8-bit values and coins stay in [0, 1]."""
        return 1.0 if self.raw == "uint8" or self.binary else self.scale

    @property
    def drawn(self) -> Picture:
        """How the user's numbers of images are drawn."""
        return (self.picture or picture_of(self.data_shape, self.range)).scaled(self.unit)

    def given_back(self, x: NDArray[Any]) -> NDArray[Any]:
        """What a model sees or makes, in the user's own numbers."""
        return x if self.unit == 1 else x * np.float32(self.unit)

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it; what only images or only tables have is left out of others."""
        return {name: value for name, value in asdict(self).items() if value is not None or name == "source"}


def _gone_through(data: Dataset) -> dict[str, Any]:
    """What was asked for; of a pack when it was made, which is kept here since it may be moved or thrown away."""
    place = None if data.source is None else Path(data.source)
    if place is None or not place.is_absolute() or not is_pack(place):  # a name is no path
        return data.reading.asked()
    return record_of(place).reading | data.reading.asked()


def _shares(data: Dataset) -> tuple[float, ...] | None:
    """How often each class is met in training."""
    if data.train.y is None or not data.classes:
        return None
    counts = sum(torch.bincount(y, minlength=len(data.classes)) for y in label_pieces(data.train))
    return tuple((counts / len(data.train)).tolist())  # type: ignore[union-attr]  # of one piece at least
