"""Whether cells keep to what the data know: the range of numbers, the words there are, and where cells are missing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam.evaluation.columns.part import Part, among
from reparam.evaluation.columns.rows import Rows, Seen, shared
from reparam.evaluation.columns.shapes import variation

Array = NDArray[Any]


def boundary(samples: Seen, reference: Seen) -> Part | None:
    """The share of numbers within the data's least and greatest (SDMetrics' BoundaryAdherence), missing cells left out.

    None where there is no number to compare.
    """
    if not (samples.number and samples.there.any() and reference.there.any()):
        return None
    low, high = reference.known.min(), reference.known.max()
    inside = ((samples.values >= low) & (samples.values <= high)).astype(np.float64)
    return _share(inside, samples.there, reference)


def category(samples: Seen, reference: Seen) -> Part | None:
    """The share of words that the data have, too (CategoryAdherence); a missing cell is one where data have some.

    None of columns of numbers.
    """
    if samples.number:
        return None
    inside = np.isin(samples.codes, np.unique(reference.codes)).astype(np.float64)
    return _share(inside, np.ones(len(inside), dtype=bool), reference)


def _share(inside: Array, there: Array, reference: Seen) -> Part:
    """A share of samples; that the data's own ends are random, too, is no part of its error."""
    return Part(float(inside[there].mean()), among(there, inside), np.zeros(len(reference.values)))


def missing_share(samples: Seen, reference: Seen) -> Part | None:
    """1 - the difference of both shares of missing cells (MissingValueSimilarity); None where none is missing."""
    gone, real = (part.missing.astype(np.float64) for part in (samples, reference))
    if not (gone.any() or real.any()):
        return None
    apart = float(gone.mean() - real.mean())
    side = np.sign(apart)
    return Part(1 - abs(apart), -side * (gone - gone.mean()), side * (real - real.mean()))


def missing_patterns(samples: Rows, reference: Rows) -> Part | None:
    """1 - half the sum of the differences of the shares of patterns: which cells of a row are missing together.

    None where none is missing.
    """
    holes = [
        (one.missing, other.missing)
        for one, other in shared(samples, reference)
        if one.missing.any() or other.missing.any()
    ]
    if not holes:
        return None
    gone, real = (np.stack([pair[side] for pair in holes], 1) for side in (0, 1))
    _, codes = np.unique(np.concatenate([gone, real]), axis=0, return_inverse=True)
    codes = codes.reshape(-1)
    return variation(codes[: len(gone)], codes[len(gone) :], np.ones(len(gone), bool), np.ones(len(real), bool))
