"""Where the bars of a histogram begin and end, whatever the numbers."""

import numpy as np
from numpy.typing import NDArray


def bin_edges(values: NDArray[np.floating], bins: int) -> NDArray[np.float64]:
    """Equal bins from the least value to the greatest, widened where these are too near to be told apart.

    >>> bin_edges(np.array([0.0, 4.0]), 4).tolist(), bin_edges(np.full(3, 2.0), 2).tolist()
    ([0.0, 1.0, 2.0, 3.0, 4.0], [1.5, 2.0, 2.5])
    """
    given = np.asarray(values, np.float64)
    low, high = (float(given.min()), float(given.max())) if given.size else (0.0, 1.0)
    least = 2 * bins * np.spacing(max(abs(low), abs(high)))
    if high - low < least or low == high:
        middle, half = low / 2 + high / 2, max(0.5, least)
        low, high = middle - half, middle + half
    return np.linspace(low, high, bins + 1)
