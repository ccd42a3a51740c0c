"""Whether values of a column pile up at the ends of its range, as amounts do at 0."""

import numpy as np

SHARE = 10
"""What lies within so small a part of the range is beside its end."""


def piles(whole: np.ndarray) -> tuple[bool, bool]:
    """Whether far more of some whole numbers stand at the lowest, and at the highest, than at those beside them.

    More, that is, than twice as many and four standard deviations, as those that are there beside them vary.

    >>> piles(np.repeat(np.arange(30), 20)), piles(np.r_[np.zeros(50), np.arange(1, 30), np.arange(30)])
    ((False, False), (True, False))
    """
    return _piles(whole - whole.min()), _piles(whole.max() - whole)


def _piles(above: np.ndarray) -> bool:
    """Whether numbers from 0 upward pile up at 0."""
    beside = above[(above > 0) & (above <= max(1, above.max() // SHARE))]
    # of those that are not there at all, as between tens where numbers are rounded to them, nothing is expected
    usual = len(beside) / max(1, len(np.unique(beside)))
    return bool((above == 0).sum() > 2 * usual + 4 * max(1.0, usual) ** 0.5)
