"""Columns of records: structured arrays of NumPy, and arrays by name."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from reparam.data.readers.frames.found import Found, Frame, Refused, length, moment, number, truth, whole
from reparam.data.readers.frames.objects import of_objects


def structured(array: np.ndarray) -> Frame:
    """The fields of a structured array, a row an item."""
    flat = array.reshape(-1)
    return Frame([of_array(name, flat[name]) for name in flat.dtype.names or ()])


def by_name(columns: Mapping[Any, Any]) -> Frame:
    """Columns by name, each a sequence of cells."""
    return Frame([of_array(str(name), column) for name, column in columns.items()])


def of_array(name: str, cells: Any) -> Found | Refused:
    """A sequence of any cells as a column; masked cells, None, NaN and NaT are missing."""
    cells = cells.detach().cpu().numpy() if hasattr(cells, "detach") else cells
    if not hasattr(cells, "dtype"):
        cells = _objects(list(cells))
    array = np.ma.asanyarray(cells)
    if array.ndim != 1:
        return Refused(
            name, f"arrays of shape {array.shape[1:]} in its cells" if array.ndim else "one cell for all rows"
        )
    values, gaps = np.ma.getdata(array), np.ma.getmaskarray(array)
    kind = values.dtype.kind
    if kind in "iu":
        return whole(name, values, gaps)
    if kind == "f":
        return number(name, values, gaps)
    if kind == "b":
        return truth(name, values, gaps)
    if kind == "M":
        return moment(name, values, gaps)
    if kind == "m":
        return length(name, values / np.timedelta64(1, "us") / 1e6, gaps | np.isnat(values))
    if kind in "OUT":
        texts = values.tolist()
        return of_objects(name, texts, gaps | np.array([is_nothing(cell) for cell in texts], bool))
    return Refused(name, f"values of type {values.dtype}")


def _objects(cells: list[Any]) -> np.ndarray:
    """A list as an array of as many objects, whatever they are."""
    array = np.empty(len(cells), object)
    array[:] = cells
    return array


def is_nothing(cell: Any) -> bool:
    """Whether a cell is None, NaN, NaT or what pandas calls NA: nothing else differs from itself, or will not say.

    >>> is_nothing(float("nan")), is_nothing("")
    (True, False)
    """
    if cell is None:
        return True
    try:
        return bool(cell != cell)
    except (TypeError, ValueError):
        return type(cell).__name__ == "NAType"
