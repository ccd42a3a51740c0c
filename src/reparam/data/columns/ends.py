"""The ends of a column: whether values pile up there, as amounts do at 0, and what becomes of what lies beyond."""

import numpy as np

SHARE = 10
"""What lies within so small a part of the range is beside its end."""


def piles(numbers: np.ndarray) -> tuple[bool, bool]:
    """Whether far more of some numbers stand at the lowest, and at the highest, than at those beside them.

    More, that is, than twice as many and four standard deviations, as those that are there beside them vary.

    >>> piles(np.repeat(np.arange(30), 20)), piles(np.r_[np.zeros(50), np.arange(1, 30), np.arange(30)])
    ((False, False), (True, False))
    """
    return _piles(numbers - numbers.min()), _piles(numbers.max() - numbers)


def _piles(above: np.ndarray) -> bool:
    """Whether numbers from 0 upward pile up at 0."""
    other = above[above > 0]
    beside = other[other <= max(other.min(), other.max() / SHARE)] if len(other) else other
    # of those that are not there at all, as between tens where numbers are rounded to them, nothing is expected
    usual = len(beside) / max(1, len(np.unique(beside)))
    return bool((above == 0).sum() > 2 * usual + 4 * max(1.0, usual) ** 0.5)


def mirrored(t: np.ndarray, low: float, high: float, owns_below: bool, owns_above: bool) -> np.ndarray:
    """Numbers a little beyond a range as a mirror at its end shows them, but for an end that owns what lies beyond.

    As they are where they lie further beyond than the range is long.

    >>> mirrored(np.array([-1.0, 5.0, 12.0, 99.0]), 0.0, 10.0, False, False).tolist()
    [1.0, 5.0, 8.0, 99.0]
    """
    span = high - low
    if not owns_below:
        t = np.where((t < low) & (t > low - span), 2 * low - t, t)
    return t if owns_above else np.where((t > high) & (t < high + span), 2 * high - t, t)
