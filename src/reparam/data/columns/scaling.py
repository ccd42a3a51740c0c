"""Offset and scale of numbers, in float64: with them a float32 keeps what a large offset would have swallowed."""

import math

import numpy as np

MOST = 1e300
"""Numbers beyond this are refused: their differences may be infinite."""


def standard(values: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of numbers, rounded to what is needed, so that a person can read and edit them.

    The scale has four digits, the offset as many as a thousandth of the scale has; the scale is 1 where all values are
    the same.

    >>> standard(np.array([1e8 - 1, 1e8, 1e8 + 1]))
    (100000000.0, 0.8165)
    """
    base = float(values[0])
    # not squared before they are about 1: squares of what is very small or large have no place in float64
    largest = float(np.abs(values - base).max())
    if largest == 0:
        return base, 1.0
    apart = (values - base) / largest
    scale = max(float(f"{apart.std() * largest:.4g}"), np.finfo(np.float64).tiny)
    return _rounded(base + float(apart.mean()) * largest, scale / 1000), scale


def _rounded(value: float, grain: float) -> float:
    """A number with as few digits behind the point as are right to a grain."""
    digits = max(0, -math.floor(math.log10(grain)))
    return round(value, digits) if digits < 300 else value


def decimals_of(values: np.ndarray, most: int = 6) -> int | None:
    """The digits behind the point that all of some numbers do with; None where they are more than ``most``.

    >>> decimals_of(np.array([0.5, 1.25])), decimals_of(np.array([1 / 3]))
    (2, None)
    """
    return next((digits for digits in range(most + 1) if has_decimals(values, digits)), None)


def has_decimals(values: np.ndarray, digits: int) -> bool:
    """Whether numbers have so many digits behind the point at most, up to what arithmetic has done to the last bits.

    >>> has_decimals(np.array([0.1 + 0.2]), 1)
    True
    """
    error = np.abs(values).max(initial=0.0) * 2.0**-50
    # were the numbers so large, any would seem to have no more digits
    return bool(error < 10.0 ** -(digits + 2) and (np.abs(np.round(values, digits) - values) <= error).all())
