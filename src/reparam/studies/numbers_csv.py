"""The arrays behind a figure as CSV text."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import numpy as np

GREY = 255


def as_csv(numbers: Mapping[str, Any]) -> str:
    """Arrays as text: columns where each is a list of the same length, else a line for every row of each array.

    Images are given as grey levels, 0 to 255, pixels from the top left, row by row, channel by channel.

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
    if all(array.ndim == 1 for array in arrays.values()) and len({len(array) for array in arrays.values()}) == 1:
        file = io.StringIO()
        table = csv.writer(file, lineterminator="\n")  # words of a table may hold commas
        table.writerow(arrays)
        table.writerows([map(_text, row) for row in zip(*arrays.values(), strict=True)])
        return file.getvalue().rstrip("\n")
    lines = ["array,row,values"]
    for name, array in arrays.items():
        rows = _levels(array).reshape(len(array), -1) if array.ndim else array.reshape(1, 1)
        lines += [f"{name},{i},{','.join(map(_text, row))}" for i, row in enumerate(rows)]
    return "\n".join(lines)


def _levels(array: np.ndarray) -> np.ndarray:
    """Images as whole grey levels, everything else as it is."""
    if array.ndim < 4 or array.dtype.kind != "f" or array.min() < 0 or array.max() > 1:
        return array
    levels: np.ndarray = np.rint(array * GREY).astype(np.uint8)
    return levels


def _text(value: Any) -> str:
    if isinstance(value, np.floating | float):
        return f"{value:.5g}"
    return str(value)
