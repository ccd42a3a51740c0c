"""Numbers of many cells read at once."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reparam.data.readers.text.numbers import digits_of

SIGNS = [ord("+"), ord("-")]
EXACT = 2.0**53
"""Up to here whole numbers are what they are as floats."""


class Block(NamedTuple):
    """Numbers by column.

    Attributes:
        values: ``(n, columns)`` float64, finite.
        decimals: the most digits behind the point in each column.
        whole: whether a column is written without points.
        zeros: whether numbers of a column without points begin with a zero.
    """

    values: np.ndarray
    decimals: np.ndarray
    whole: np.ndarray
    zeros: np.ndarray


def block_of(text: str, between: str, width: int, places: Sequence[int], point: str) -> Block | None:
    """The columns at some places as numbers; None unless every cell is a plain one, to be read one by one.

    Args:
        text: rows of ``width`` cells, a line each, nothing in quotes.
        between: what stands between cells.
        width: cells a row.
        places: of the columns, from 0.
        point: the decimal sign.

    >>> block_of("1,x,2.50\\n3,y,4.5\\n", ",", 3, [0, 2], ".").decimals
    array([0, 2])
    >>> block_of("1,x,2.50\\n,y,4.5\\n", ",", 3, [0, 2], ".")
    """
    if f" {between}" in text or " \n" in text or (point != "." and "." in text):
        return None
    plain = text if point == "." else text.replace(point, ".")
    try:
        values = np.loadtxt(plain.split("\n")[:-1], np.float64, None, between, usecols=places, ndmin=2)
    except ValueError:
        return None
    if not np.isfinite(values).all():
        return None
    codes = np.frombuffer(text.encode(), np.uint8)
    ends = np.flatnonzero((codes == ord(between)) | (codes == ord("\n")))
    digits = digits_of(codes, ends, point)
    chosen = [np.asarray(each.reshape(-1, width)[:, places]) for each in (*digits, _zeros(codes, ends))]
    decimals, whole, zeros = np.max(chosen[0], axis=0), np.all(chosen[1], axis=0), np.any(chosen[2], axis=0)
    if (whole & (np.abs(values).max(axis=0) >= EXACT)).any():
        return None
    return Block(values, decimals, np.asarray(whole), np.asarray(whole & zeros))


def _zeros(codes: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Which cells have a zero and another digit behind it at their beginning."""
    starts = np.append(0, ends[:-1] + 1)
    starts = starts + np.isin(codes[starts], SIGNS)
    return np.asarray((codes[np.minimum(starts, ends)] == ord("0")) & (ends - starts > 1))
