"""Numbers of many cells read at once."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from reparam.data.readers.text.digits import digits_of

EXACT = 2.0**53
"""Up to here whole numbers are what they are as floats."""
FEED, ZERO, MINUS, PLUS = map(ord, "\n0-+")


class Numbers(NamedTuple):
    """Numbers by column.

    Attributes:
        values: ``(n, columns)`` float64, finite; 0 where a cell is empty.
        missing: ``(n, columns)``, which cells are empty.
        decimals: the most digits behind the point in each column.
        whole: whether a column is written without points.
        zeros: whether numbers of a column without points begin with a zero.
    """

    values: np.ndarray
    missing: np.ndarray
    decimals: np.ndarray
    whole: np.ndarray
    zeros: np.ndarray


class Block:
    """Rows of text, a line each, nothing in quotes.

    Args:
        text: the lines.
        between: what stands between cells.
        width: cells a row.

    >>> block = Block("1,x,2.50\\n3,y,4.5\\n", ",", 3)
    >>> block.is_regular(2), block.numbers([0, 2], ".").decimals.tolist(), block.numbers([1], ".")
    (True, [0, 2], None)
    """

    def __init__(self, text: str, between: str, width: int) -> None:
        self.text, self.between, self.width = text, between, width
        self._codes = np.frombuffer(text.encode(), np.uint8)
        self._ends = np.flatnonzero((self._codes == ord(between)) | (self._codes == FEED))

    def is_regular(self, rows: int) -> bool:
        """Whether these are so many rows, all of the width; a blank line is no row."""
        if self.width == 1 or len(self._ends) != rows * self.width:
            return False
        return self.text.count("\n") == rows and bool(
            (self._codes[self._ends[self.width - 1 :: self.width]] == FEED).all()
        )

    def numbers(self, columns: Sequence[int], point: str) -> Numbers | None:
        """The columns at some places as numbers; None unless every cell is a plain one or empty."""
        text = self._filled(columns)
        if text is None or f" {self.between}" in text or " \n" in text or (point != "." and "." in text):
            return None
        lines = (text if point == "." else text.replace(point, ".")).split("\n")[:-1]
        try:
            found = np.loadtxt(lines, np.float64, None, self.between, usecols=columns, ndmin=2)
        except ValueError:
            return None
        missing = np.isnan(found)
        values = np.where(missing, 0.0, found)
        if not np.isfinite(values).all():
            return None
        digits = digits_of(self._codes, self._ends, point)
        decimals = np.max(self._among(digits.decimals, columns), axis=0)
        whole = np.asarray(np.all(self._among(digits.whole, columns), axis=0))
        if not whole.any():
            return Numbers(values, missing, decimals, whole, whole)
        if (whole & (np.abs(values).max(axis=0) >= EXACT)).any():
            return None
        zeros = np.any(self._among(self._zeros(), columns), axis=0)
        return Numbers(values, missing, decimals, whole, np.asarray(zeros & whole))

    def _filled(self, columns: Sequence[int]) -> str | None:
        """The text with NaN in empty cells; None if NaN is in it already, which would be taken for these."""
        text, cut = self.text, self.between
        if "nan" in text or "NaN" in text or "NAN" in text:
            return None
        if not self._among(np.diff(self._ends, prepend=-1) == 1, columns).any():
            return text
        # where two cells in a row are empty, the first filling leaves the second
        for _ in range(2):
            text = text.replace(f"{cut}{cut}", f"{cut}nan{cut}")
        text = text.replace(f"\n{cut}", f"\nnan{cut}").replace(f"{cut}\n", f"{cut}nan\n")
        return f"nan{text}" if text.startswith(cut) else text

    def _among(self, cells: np.ndarray, columns: Sequence[int]) -> np.ndarray:
        return np.asarray(cells.reshape(-1, self.width)[:, columns])

    def _zeros(self) -> np.ndarray:
        """Which cells have a zero and another digit behind it at their beginning."""
        starts = np.append(0, self._ends[:-1] + 1)
        first = self._codes[starts]
        starts = starts + ((first == MINUS) | (first == PLUS))
        return np.asarray((self._codes[np.minimum(starts, self._ends)] == ZERO) & (self._ends - starts > 1))
