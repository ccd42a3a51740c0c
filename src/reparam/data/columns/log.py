"""Numbers above 0 whose logarithm is what a model sees: for tails that reach far to the right."""

import math
from typing import Any, ClassVar

import numpy as np

from reparam.data.columns.kind import Read, wrong
from reparam.data.columns.number import Number, as_numbers
from reparam.data.columns.scaling import MOST
from reparam.data.readers.cells import Column


class Log(Number):
    """A number above 0: entry u = (log x - offset) / scale."""

    word: ClassVar[str] = "log"
    transform: ClassVar[str] = "log"

    @classmethod
    def _kept(cls, column: Column, numbers: np.ndarray) -> dict[str, Any]:
        if (numbers <= 0).any():
            raise wrong(column, "log", f"holds {(numbers <= 0).sum():,} numbers that are not above 0", "quantile")
        return {}

    def there(self, x: np.ndarray) -> np.ndarray:
        """The logarithm."""
        return np.asarray(np.log(x))

    def back(self, t: np.ndarray) -> np.ndarray:
        """The exponential, as far as numbers go."""
        return np.asarray(np.exp(np.clip(t, None, math.log(MOST))))

    def slope(self) -> float:
        """1 / x in the middle."""
        return math.exp(-min(max(self.offset, -700.0), 700.0))

    @property
    def told(self) -> str:
        """The exponential of a multiple of u."""
        return f"exp({super().told})"

    def read(self, column: Column) -> Read:
        """Cells as numbers, of which those above 0 will do."""
        values, known = as_numbers(column)
        return Read(values, known & (column.missing | (values > 0)))
