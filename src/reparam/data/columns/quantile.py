"""Numbers of any shape, bent so that they are spread as a normal: for tails on both sides, gaps and crowds."""

from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from reparam.data.columns.kind import wrong
from reparam.data.columns.number import Finite, Number
from reparam.data.readers.cells import Column
from reparam.distributions.columns import Number as Family

KNOTS = 33


class Quantile(Number):
    """A number x: entry u = (t(x) - offset) / scale with t piecewise linear, from x to a normal's quantiles.

    The smallest and the largest number are knots; beyond them t goes on straight. The first runs' outermost knots are
    the quantiles of 1.5 and 98.5 %.
    """

    word: ClassVar[str] = "quantile"
    transform: ClassVar[str] = "quantile"

    knots: Annotated[tuple[tuple[Finite, Finite], ...], Field(min_length=2, max_length=1024)]
    """Pairs (x, t(x)), both rising."""

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not (np.diff(np.array(self.knots), axis=0) > 0).all():
            raise ValueError(f"column {self.name!r}: its knots do not rise")
        return self

    @classmethod
    def _kept(cls, column: Column, numbers: np.ndarray) -> dict[str, Any]:
        from scipy.special import ndtri

        # and the outermost: beyond the last share a heavy tail would go on straight, to entries of 20 and more
        ends = 0.5 / len(numbers), 1 - 0.5 / len(numbers)
        shares = np.unique([*(np.arange(KNOTS) + 0.5) / KNOTS, *ends])
        x, first = np.unique(np.quantile(numbers, shares, method="inverted_cdf"), return_index=True)
        if len(x) < 2:
            raise wrong(column, "quantile", "is nearly always the same number", "number")
        # where numbers repeat, several shares have one x: it lies in the middle of them
        middle = (shares[first] + shares[np.append(first[1:], len(shares)) - 1]) / 2
        return {"knots": tuple((float(at), round(float(t), 6)) for at, t in zip(x, ndtri(middle), strict=True))}

    def _ends(self) -> tuple[np.ndarray, np.ndarray]:
        """The knots, x by itself and t(x) by itself."""
        x, t = np.array(self.knots).T
        return x, t

    @property
    def told(self) -> str:
        """The number of the same quantile: the table of these is in the run."""
        return f"the number whose normal quantile is {super().told}, by the quantiles in the run's config.json"

    def there(self, x: np.ndarray) -> np.ndarray:
        """Along the lines from knot to knot."""
        return along(x, *self._ends())

    def back(self, t: np.ndarray) -> np.ndarray:
        """Along the same lines, the other way."""
        return along(t, *self._ends()[::-1])

    def slope(self) -> float:
        """That of the line in the middle."""
        x, t = self._ends()
        at = min(max(int(np.searchsorted(t, self.offset)), 1), len(t) - 1)
        return float((t[at] - t[at - 1]) / (x[at] - x[at - 1]))

    @property
    def family(self) -> Family:
        """A number whose transform has these knots."""
        from dataclasses import replace

        return replace(super().family, knots=self.knots)


def along(at: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The piecewise linear function through rising (x, y), going on straight beyond them.

    >>> along(np.array([-1.0, 0.5, 3.0]), np.array([0.0, 1.0]), np.array([0.0, 2.0])).tolist()
    [-2.0, 1.0, 6.0]
    """
    piece = np.clip(np.searchsorted(x, at) - 1, 0, len(x) - 2)
    slope = np.diff(y) / np.diff(x)
    return np.asarray(y[piece] + slope[piece] * (at - x[piece]))
