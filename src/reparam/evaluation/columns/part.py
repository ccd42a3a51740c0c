"""A number that rests on two samples, and what each of their rows adds to it: the source of its standard error."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Part:
    """A smooth function of the laws of two samples, with its influence at each row (the delta method).

    Numbers that rest on the same rows are averaged with their influences, so that the mean's error knows how they
    hang together.

    Attributes:
        value: the number.
        samples: by how much it moves, to first order, with the weight of each sample, ``(n,)``.
        reference: and with that of each row of reference, ``(m,)``.

    >>> part = Part(0.5, np.array([0.5, -0.5]), np.zeros(3))
    >>> round(part.error, 4), mean([part, part]).error == part.error
    (0.3536, True)
    """

    value: float
    samples: Array
    reference: Array

    @property
    def error(self) -> float:
        """The standard error: that of the mean of independent influences."""
        return sqrt(sum(float(part.var()) / len(part) for part in (self.samples, self.reference) if len(part)))


def mean(parts: Sequence[Part]) -> Part:
    """The mean of numbers that rest on the same rows."""
    return Part(
        float(np.mean([part.value for part in parts])),
        np.mean([part.samples for part in parts], 0),
        np.mean([part.reference for part in parts], 0),
    )


def among(there: Array, values: Array) -> Array:
    """Influences on a mean over those rows that are there, from the values' own: ``(n,)`` each, centred."""
    share = there.mean()
    if not share:
        return np.zeros(len(there))
    return np.asarray(np.where(there, values - values[there].mean(), 0.0) / share)
