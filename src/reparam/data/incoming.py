"""New examples, in whatever form a user has them, as the model of a run sees its data."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from reparam import checks
from reparam.data.batches import model_values
from reparam.data.columns.outside import INSIDE, RULES, Outside
from reparam.data.dataset import Dataset, Split
from reparam.data.foreign import arrays_of
from reparam.data.frozen import frozen
from reparam.data.readers.axes import Axes
from reparam.data.readers.layout import WHITE, Layout, Values, check_array, scan
from reparam.data.reading import chunks, rows_of
from reparam.data.record import DataRecord
from reparam.data.tables import rows_given
from reparam.errors import UserError

#: How far a float may be from k/255 and still be the 8-bit value k.
EIGHT_BIT = 1e-3


def examples_of(x: Any, record: DataRecord | Dataset, where: str = "x") -> torch.Tensor:
    """New examples in the model's space, read as those of the record were.

    Values are divided by the record's scale. Where the record's grey values are made 0 or 1, these are too: by the
    threshold, or drawn once from the record's seed by the place in ``x``, exactly as its test split was; what holds
    only zeros and ones is taken as it is.

    Args:
        x: a tensor, array or list of arrays, ``(n, *data_shape)``, or one example alone; images also as ``(n, h, w)``
            and ``(n, h, w, c)``, or flat; 8-bit values, or floats as a model sees them; a torch or Hugging Face data
            set; a :class:`Split`, or a :class:`Dataset`, whose test split is taken. Rows of a table as
            :func:`reparam.data.tables.rows_given` takes them.
        record: how values are read.
        where: what ``x`` is called in errors.

    Returns:
        ``(n, *data_shape)`` float32 on the CPU.

    Raises:
        UserError: if the shape is another, or values are NaN, infinite or out of range.

    >>> from reparam.data import load_data
    >>> data = load_data("mnist")
    >>> examples_of(data.test.x[:3].squeeze(1).numpy(), data).shape
    torch.Size([3, 1, 28, 28])
    """
    return seen_of(x, record, where, "refuse").x


@dataclass(frozen=True)
class Seen:
    """Examples that were given, as a model sees them.

    Args:
        x: ``(k, *data_shape)`` float32 on the CPU, those that are taken.
        reasons: ``(n,)`` texts, of each that was given why it is not taken, ``""`` where it is; None: all are.
    """

    x: torch.Tensor
    reasons: np.ndarray | None = None

    @property
    def rows(self) -> np.ndarray:
        """The numbers of those that are taken."""
        return np.arange(len(self)) if self.reasons is None else np.flatnonzero(self.reasons == INSIDE)

    @property
    def left_out(self) -> np.ndarray | None:
        """The reasons, where one is not taken."""
        return None if self.reasons is None or (self.reasons == INSIDE).all() else self.reasons.astype(str)

    def __len__(self) -> int:
        return len(self.x) if self.reasons is None else len(self.reasons)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Numbers of each that is taken, ``(k, ...)``, as of all that were given, NaN where one is not."""
        if self.reasons is None or len(self) == len(values):
            return values
        every = np.full((len(self), *values.shape[1:]), np.nan, dtype=values.dtype)
        every[self.reasons == INSIDE] = values
        return every


def seen_of(x: Any, record: DataRecord | Dataset, where: str = "x", outside: Outside = "skip") -> Seen:
    """New examples as :func:`examples_of` reads them, those left out that no model of the data says anything of.

    Args:
        x: as there, or what this function gave.
        record: how values are read.
        where: what ``x`` is called.
        outside: what is done with rows of a table that the record's schema does not know.

    Raises:
        UserError: as there, and if none is left.
    """
    if isinstance(x, Seen):
        return x
    record = DataRecord.of(record) if isinstance(record, Dataset) else record
    if record.schema is not None:
        return Seen(*rows_given(x, record.schema, where, outside))
    checks.one_of("outside", outside, RULES)
    split = frozen(raw_split(x, record, where), record, "test")
    parts = [model_values(rows_of(split.x, rows), split, record) for rows in chunks(split.x)]
    return Seen(torch.cat(parts))


def raw_split(x: Any, record: DataRecord, where: str) -> Split:
    """New examples as a split of raw values, uint8 or float32, laid out as the record's."""
    if isinstance(x, Dataset):
        where, x = repr(x.name), x.test
    if isinstance(x, Split):
        if x.binarized or not isinstance(x.x, torch.Tensor):
            return _checked(x, record, where)
        x = x.x
    array = arrays_of(x, where).x
    array, channels_last = batched(array, record.data_shape, where)
    check_array(array.shape, array.dtype, where)
    kind, ready = _kind(array, scan([array], where), record, where)
    layout = Layout(Axes(record.data_shape, channels_last), kind)
    if kind == torch.uint8 and array.dtype.kind == "f":
        array = np.rint(array * 255.0)
    elif kind == torch.float32 and array.dtype.kind in "iu" and not ready and _has_grey(record):
        array = array.astype(np.float32) / np.float32(255)
    return Split(layout(array), binarized=ready)


def batched(array: np.ndarray, data_shape: tuple[int, ...], where: str) -> tuple[np.ndarray, bool]:
    """``(n, ...)`` of examples of ``data_shape``, one example given alone being ``n = 1``; whether channels come last.

    Raises:
        UserError: if the array is no such examples.

    >>> batched(np.zeros((28, 28, 3)), (3, 28, 28), "it")[0].shape
    (1, 28, 28, 3)
    """
    forms = {data_shape: False, (int(np.prod(data_shape)),): False}
    if len(data_shape) == 3:
        channels, height, width = data_shape
        forms |= {(height, width): False} if channels == 1 else {}
        forms.setdefault((height, width, channels), True)
    if data_shape == (1,):
        forms[()] = False
    if array.ndim and array.shape[1:] in forms:
        return array, forms[array.shape[1:]]
    if array.shape in forms:
        return array[None], forms[array.shape]
    shapes = " or ".join(str(("n", *form)).replace("'", "") for form in forms)
    raise UserError(f"{where} has shape {array.shape} and the data have examples of shape {data_shape}: give {shapes}.")


def _kind(array: np.ndarray, values: Values, record: DataRecord, where: str) -> tuple[torch.dtype, bool]:
    """The raw dtype to keep the values in, and whether they are what a model sees already."""
    low, high = values.low, values.high
    if array.dtype.kind == "b" or (record.binary and values.binary):
        return torch.float32, True
    if record.binary and record.binarization == "none":
        raise UserError(f"{where} holds values from {low:g} to {high:g} and every one of {record.name!r} is 0 or 1: "
                        f"make them 0 and 1 (x > 0.5, say).")  # fmt: skip
    if record.deep:
        _in_units(array, values, record, where)
        return torch.float32, False
    if not _has_grey(record):
        if record.is_image and record.range[0] >= 0 and record.range[1] <= 1:
            _within(values, 1, record, where)
        return torch.float32, False
    if array.dtype.kind != "f":
        _within(values, 255, record, where)
        return (torch.uint8 if record.raw == "uint8" else torch.float32), False
    _within(values, 1, record, where)
    if record.raw == "uint8" and _is_eight_bit(array):
        return torch.uint8, False
    return torch.float32, record.binarization == "none"


def _in_units(array: np.ndarray, values: Values, record: DataRecord, where: str) -> None:
    """Refuse fractions where the data are whole numbers of many levels: they would all be black."""
    if array.dtype.kind == "f" and 0 < values.high <= 1 and record.scale > WHITE:
        raise UserError(
            f"{where} holds values up to {values.high:g} and those of {record.name!r} are numbers up to "
            f"{record.scale:g}: give them in the same units"
        )


def _has_grey(record: DataRecord) -> bool:
    """Whether values are grey ones: 8-bit whole numbers in 0..255, or floats in [0, 1] that mean the same."""
    return record.raw == "uint8" or (record.binarization != "none" and not record.deep)


def _is_eight_bit(array: np.ndarray) -> bool:
    """Whether every float is some k/255, as what was 8-bit once is."""
    scaled = array.astype(np.float32) * np.float32(255)
    return bool((np.abs(scaled - np.rint(scaled)) < EIGHT_BIT).all())


def _within(values: Values, most: int, record: DataRecord, where: str) -> None:
    if values.low >= 0 and values.high <= most:
        return
    how = "whole numbers in 0..255 or floats in [0, 1]" if _has_grey(record) else "floats in [0, 1]: divide by 255, say"
    raise UserError(
        f"{where} holds values from {values.low:g} to {values.high:g} and those of {record.name!r} are read as {how}."
    )


def _checked(split: Split, record: DataRecord, where: str) -> Split:
    """A split of our own that needs no reading, if its examples have the record's shape."""
    if tuple(split.x.shape[1:]) != tuple(record.data_shape):
        raise UserError(f"{where} has examples of shape {tuple(split.x.shape[1:])} and {record.name!r} has "
                        f"{tuple(record.data_shape)}: give examples of that shape.")  # fmt: skip
    return split
