"""How each column is distributed beside the data's: the complements of the distances of Kolmogorov and of variation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam.evaluation.columns.part import Part, among
from reparam.evaluation.columns.rows import Seen

Array = NDArray[Any]


def shape(samples: Seen, reference: Seen) -> Part | None:
    """How alike a column is in both: 1 the same, 0 nothing in common; None where one of them has no cell at all.

    Of numbers and moments 1 less the largest difference of both distribution functions (SDMetrics' KSComplement), of
    words 1 less half the sum of the differences of their shares (TVComplement). Missing cells are left out; they have
    a measure of their own.
    """
    if not (samples.there.any() and reference.there.any()):
        return None
    return (ks_complement if samples.number else tv_complement)(samples, reference)


def ks_complement(samples: Seen, reference: Seen) -> Part:
    """1 - sup |F - G| of the cells that are there.

    At the place where they differ most the difference is one of two shares, whose error the result has; where the laws
    are the same, and no place is that of the largest difference, it is overstated.

    >>> a = Seen("x", True, np.array([0.0, 1.0]), np.zeros(2, bool))
    >>> b = Seen("x", True, np.array([1.0, 1.0]), np.zeros(2, bool))
    >>> ks_complement(a, b).value
    0.5
    """
    x, y = np.sort(samples.known), np.sort(reference.known)
    places = np.unique(np.concatenate([x, y]))
    apart = np.searchsorted(x, places, "right") / len(x) - np.searchsorted(y, places, "right") / len(y)
    at = int(np.abs(apart).argmax())
    side = float(np.sign(apart[at]))
    below = [(part.values <= places[at]).astype(np.float64) for part in (samples, reference)]
    influences = (among(part.there, one) for part, one in zip((samples, reference), below, strict=True))
    return Part(1 - float(abs(apart[at])), -side * next(influences), side * next(influences))


def tv_complement(samples: Seen, reference: Seen) -> Part:
    """1 - ½ Σ |p - q| of the words that are there.

    >>> a = Seen("x", False, np.array([0.0, 0.0, 1.0, 1.0]), np.zeros(4, bool))
    >>> b = Seen("x", False, np.array([0.0, 0.0, 0.0, 1.0]), np.zeros(4, bool))
    >>> tv_complement(a, b).value
    0.75
    """
    return variation(samples.values.astype(np.int64), reference.values.astype(np.int64), samples.there, reference.there)


def variation(samples: Array, reference: Array, there: Array, reference_there: Array) -> Part:
    """1 - ½ Σ |p - q| of codes from 0 on, ``(n,)`` and ``(m,)``, of those rows that are there."""
    most = int(max(samples[there].max(initial=0), reference[reference_there].max(initial=0))) + 1
    p, q = (np.bincount(codes[kept], minlength=most) / max(1, kept.sum())
            for codes, kept in ((samples, there), (reference, reference_there)))  # fmt: skip
    sign = np.sign(p - q) / 2
    moved = (among(kept, sign[np.where(kept, codes, 0)])
             for codes, kept in ((samples, there), (reference, reference_there)))  # fmt: skip
    return Part(1 - float(np.abs(p - q).sum()) / 2, -next(moved), next(moved))
