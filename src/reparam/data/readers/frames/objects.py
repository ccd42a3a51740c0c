"""Columns of any Python objects: words, or what all of them are."""

import datetime
import decimal
import math
import numbers
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from reparam.data.readers.cells import Column
from reparam.data.readers.frames.found import LARGEST, Found, Refused, length, moment, number, truth, whole
from reparam.errors import UserError

SCALARS = (str, bool, np.bool_, numbers.Number, datetime.date, datetime.time, datetime.timedelta, np.generic)
EPOCH = datetime.date(1970, 1, 1)


def of_objects(
    name: str, cells: Sequence[Any], missing: np.ndarray, levels: tuple[str, ...] | None = None
) -> Found | Refused:
    """A column of objects as what all of them are; words where they are nothing else in common.

    Args:
        name: of the column.
        cells: the objects; what stands in missing places is not looked at.
        missing: ``(n,)``, which cells have no value.
        levels: the words in an order of their own, if they have one.

    >>> of_objects("a", [3, None, 5], np.array([False, True, False])).column.values
    array([3, 0, 5])
    """
    there = [cell for cell, gap in zip(cells, missing.tolist(), strict=True) if not gap]
    kinds = {type(cell) for cell in there}
    if strange := next((kind for kind in kinds if not issubclass(kind, SCALARS) and _has_parts(kind)), None):
        return Refused(name, f"cells of type {strange.__name__}")
    for types, make in TYPES:
        if there and all(issubclass(kind, types) for kind in kinds):
            return make(name, there, missing)
    several = len({str if issubclass(kind, str) else kind for kind in kinds}) > 1
    found = words(name, cells, missing, levels)
    return Found(found.column, ("cells of several types read as words", *found.remarks)) if several else found


def words(name: str, cells: Iterable[Any], missing: np.ndarray, levels: tuple[str, ...] | None = None) -> Found:
    """Words; an empty one is missing."""
    try:
        texts = np.array(["" if gap else str(cell) for cell, gap in zip(cells, missing.tolist(), strict=True)], object)
    except ValueError:
        raise UserError(f"column {name!r} holds a number of more digits than Python writes out: leave it out") from None
    return Found(Column(name, texts, missing | (texts == ""), levels=levels))


def _has_parts(kind: type) -> bool:
    return issubclass(kind, bytes | bytearray | np.ndarray) or any(
        hasattr(kind, part) for part in ("__iter__", "__len__")
    )


def _spread(there: Sequence[Any], missing: np.ndarray, dtype: str, empty: Any) -> np.ndarray:
    values = np.full(len(missing), empty, dtype)
    values[~missing] = np.array(there, dtype)
    return values


def _truths(name: str, there: Sequence[Any], missing: np.ndarray) -> Found:
    return truth(name, _spread(there, missing, "bool", False), missing)


def _wholes(name: str, there: Sequence[Any], missing: np.ndarray) -> Found:
    if max(map(abs, map(int, there))) > LARGEST:
        remark = "whole numbers beyond 2^63 read as numbers"
        return Found(_numbers(name, list(map(int, there)), missing).column, (remark,))
    return whole(name, _spread(there, missing, "int64", 0), missing)


def _numbers(name: str, there: Sequence[Any], missing: np.ndarray) -> Found:
    exponents = [cell.as_tuple().exponent for cell in there if isinstance(cell, decimal.Decimal)]
    decimals = max((-power for power in exponents if isinstance(power, int)), default=None)
    return number(name, _spread(list(map(_float, there)), missing, "float64", np.nan), missing,
                  None if decimals is None else max(0, decimals))  # fmt: skip


def _float(cell: Any) -> float:
    """A number as a float; one beyond all of them is infinite, and refused as such."""
    try:
        return float(cell)
    except OverflowError:
        return math.inf if cell > 0 else -math.inf


def _moments(name: str, there: Sequence[Any], missing: np.ndarray) -> Found:
    zoned = any(getattr(cell, "tzinfo", None) is not None for cell in there)
    try:
        plain = [_in_utc(cell) for cell in there] if zoned else there
    except OverflowError:
        raise UserError(f"column {name!r} holds a moment that is before the year 1, or after 9999, in UTC: leave it "
                        "out") from None  # fmt: skip
    return moment(name, _spread(plain, missing, "datetime64[us]", np.datetime64("NaT", "us")), missing, zoned=zoned)


def _in_utc(cell: Any) -> Any:
    return cell.astimezone(datetime.UTC).replace(tzinfo=None) if getattr(cell, "tzinfo", None) is not None else cell


def _times(name: str, there: Sequence[Any], missing: np.ndarray) -> Found:
    """Times of the day."""
    written = "%H:%M:%S.%f" if any(cell.microsecond for cell in there) else "%H:%M:%S"
    found = _moments(name, [datetime.datetime.combine(EPOCH, cell.replace(tzinfo=None)) for cell in there], missing)
    return moment(name, found.column.values, found.column.missing, written)


def _lengths(name: str, there: Sequence[Any], missing: np.ndarray) -> Found:
    seconds = [
        cell / np.timedelta64(1, "us") / 1e6 if isinstance(cell, np.timedelta64) else cell.total_seconds()
        for cell in there
    ]
    return length(name, _spread(seconds, missing, "float64", np.nan), missing)


TYPES: Sequence[tuple[Any, Callable[[str, Sequence[Any], np.ndarray], Found]]] = (
    ((bool, np.bool_), _truths),
    (numbers.Integral, _wholes),
    ((numbers.Real, decimal.Decimal), _numbers),
    ((datetime.date, np.datetime64), _moments),
    (datetime.time, _times),
    ((datetime.timedelta, np.timedelta64), _lengths),
)
"""What objects are taken for if all of them are it."""
