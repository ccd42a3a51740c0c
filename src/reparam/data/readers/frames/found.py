"""Columns of a frame: what a library's column becomes, or why it cannot be one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from reparam.data.readers.cells import Column

LARGEST = 2**63 - 1
NOT_A_TIME = np.datetime64("NaT", "us")


class Found(NamedTuple):
    """A column, and what was decided about it."""

    column: Column
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """What a column holds that no column of a table can."""

    name: str
    what: str


@dataclass(frozen=True)
class Frame:
    """The columns of a frame.

    Args:
        columns: in order; those that cannot be read among them.
        notes: what was decided about the whole.
        index: of a frame of pandas.
    """

    columns: Sequence[Found | Refused]
    notes: tuple[str, ...] = ()
    index: Any = None


def whole(name: str, values: np.ndarray, missing: np.ndarray) -> Found:
    """Whole numbers; beyond what int64 holds they are numbers."""
    if values.dtype.kind == "u" and len(values) and int(values.max()) > LARGEST:
        return Found(number(name, values, missing).column, ("whole numbers beyond 2^63 read as numbers",))
    return Found(Column(name, np.where(missing, 0, values.astype(np.int64)), missing))


def number(name: str, values: np.ndarray, missing: np.ndarray, decimals: int | None = None) -> Found:
    """Numbers; NaN are missing."""
    floats = values.astype(np.float64)
    missing = missing | np.isnan(floats)
    return Found(Column(name, np.where(missing, np.nan, floats), missing, decimals))


def truth(name: str, values: np.ndarray, missing: np.ndarray) -> Found:
    """Truth values."""
    return Found(Column(name, values.astype(bool) & ~missing, missing))


def moment(
    name: str, values: np.ndarray, missing: np.ndarray, written: str | None = None, zoned: bool = False
) -> Found:
    """Dates and times; NaT are missing."""
    moments = values.astype("datetime64[us]")
    missing = missing | np.isnat(moments)
    remarks = ("times with a zone kept as UTC",) if zoned else ()
    return Found(Column(name, np.where(missing, NOT_A_TIME, moments), missing, None, written), remarks)


def length(name: str, seconds: np.ndarray, missing: np.ndarray) -> Found:
    """Lengths of time."""
    return Found(number(name, seconds, missing).column, ("lengths of time read as seconds",))
