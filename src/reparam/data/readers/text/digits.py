"""How numbers are written: digits behind the point, many numbers at once."""

from typing import NamedTuple

import numpy as np


class Digits(NamedTuple):
    """How cells of plain numbers are written: digits behind the point, and whether there is neither point nor power."""

    decimals: np.ndarray
    whole: np.ndarray


def digits_of(codes: np.ndarray, ends: np.ndarray, point: str = ".") -> Digits:
    """How numbers are written, many at once; powers of ten move the point.

    Args:
        codes: the text, ASCII codes.
        ends: where each cell ends, in order.
        point: the decimal sign.

    >>> digits_of(np.frombuffer(b"1.25,-3,1.5e-07,2.5e3", np.uint8), np.array([4, 7, 15, 21])).decimals
    array([ 2,  0,  8, -2])
    """
    decimals, whole = np.zeros(len(ends), np.int64), np.ones(len(ends), bool)
    points, powers = np.flatnonzero(codes == ord(point)), np.flatnonzero((codes | 32) == ord("e"))
    # the cell that each place of the text lies in
    owners = np.repeat(np.arange(len(ends), dtype=np.int32), np.diff(ends, prepend=-1))
    cells = owners[points]
    decimals[cells] = ends[cells] - points - 1
    whole[cells] = False
    if len(powers):
        cells = owners[powers]
        digits = np.where(whole[cells], 0, decimals[cells] - (ends[cells] - powers))
        decimals[cells] = digits - _powers(codes, powers, ends[cells])
        whole[cells] = False
    return Digits(decimals, whole)


def _powers(codes: np.ndarray, marks: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The powers of ten behind their marks; what is none is any number."""
    power = np.zeros(len(marks), np.int64)
    for at in range(1, min(6, int((ends - marks).max()))):
        digit = codes[np.minimum(marks + at, len(codes) - 1)].astype(np.int64) - ord("0")
        power = np.where((marks + at < ends) & (digit >= 0) & (digit < 10), 10 * power + digit, power)
    return np.where(codes[np.minimum(marks + 1, len(codes) - 1)] == ord("-"), -power, power)


def most_decimals(text: str) -> int:
    """The most digits behind the point in plain numbers, a line each.

    >>> most_decimals("1.25\\n-3.0\\n7"), most_decimals("1.5e-07\\n2"), most_decimals("2.5e3")
    (2, 8, 0)
    """
    codes = np.frombuffer(text.encode("ascii"), np.uint8)
    ends = np.append(np.flatnonzero(codes == ord("\n")), len(codes))
    return max(0, int(digits_of(codes, ends).decimals.max()))
