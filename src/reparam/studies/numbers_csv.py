"""The arrays behind a figure as CSV text."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from reparam.spreadsheets import in_csv

GREY = 255


def as_csv(numbers: Mapping[str, Any]) -> str:
    """Arrays as text: columns where each is a list of the same length, else a line for every row of each array.

    Names and words that a spreadsheet would compute have an apostrophe before them. Images are given as grey levels,
    0 to 255, pixels from the top left, row by row, channel by channel.

    >>> print(as_csv({"step": [1, 2], "loss": [0.5, 0.25]}))
    step,loss
    1,0.5
    2,0.25
    >>> print(as_csv({"z": [[0.5, 1.0]], "n": [3]}))
    array,row,values
    z,0,0.5,1
    n,0,3
    """
    arrays = {name: np.asarray(values) for name, values in numbers.items()}
    lengths = {array.shape for array in arrays.values()}
    as_columns = len(lengths) == 1 and all(array.ndim == 1 for array in arrays.values())
    rows = _columns(arrays) if as_columns else _rows(arrays)
    return "\n".join(",".join(map(_text, row)) for row in rows)


def _columns(arrays: Mapping[str, np.ndarray]) -> Iterator[Sequence[Any]]:
    yield list(arrays)
    yield from zip(*arrays.values(), strict=True)


def _rows(arrays: Mapping[str, np.ndarray]) -> Iterator[Sequence[Any]]:
    yield "array", "row", "values"
    for name, array in arrays.items():
        rows = _levels(array).reshape(len(array), -1) if array.ndim else array.reshape(1, 1)
        yield from ([name, i, *row] for i, row in enumerate(rows))


def _levels(array: np.ndarray) -> np.ndarray:
    """Images as whole grey levels, everything else as it is."""
    if array.ndim < 4 or array.dtype.kind != "f" or array.min() < 0 or array.max() > 1:
        return array
    levels: np.ndarray = np.rint(array * GREY).astype(np.uint8)
    return levels


def _text(value: Any) -> str:
    if isinstance(value, np.floating | float):
        return f"{value:.5g}"
    return in_csv(str(value))
