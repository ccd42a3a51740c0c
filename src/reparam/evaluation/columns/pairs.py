"""How columns hang together, pair by pair, beside how they do in the data."""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam.evaluation.columns.part import Part
from reparam.evaluation.columns.part import mean as mean_of
from reparam.evaluation.columns.rows import Rows, Seen, shared
from reparam.evaluation.columns.shapes import variation

Array = NDArray[Any]
BINS = 10
"""Of a number beside words."""
MOST = 40
"""Columns whose pairs are looked at: the first, where there are more."""
AT_ONCE = 256
"""Pairs whose influences are held before they are averaged."""


@dataclass(frozen=True)
class Trends:
    """All pairs of columns.

    Attributes:
        names: of the columns.
        alike: how alike each pair is in both, ``(d, d)``; NaN on the diagonal and where it cannot be said.
        errors: standard errors of these.
        samples: how strongly each pair hangs together in the samples, ``(d, d)``: the correlation of numbers, Cramér's
            V of a pair that has words in it.
        reference: the same in the data.
        overall: the mean over pairs; None where there is none.
    """

    names: tuple[str, ...]
    alike: Array
    errors: Array
    samples: Array
    reference: Array
    overall: Part | None


def trends(samples: Rows, reference: Rows) -> Trends:
    """Every pair of columns of samples ``(n,)`` beside the data's ``(m,)``."""
    columns = shared(samples, reference)[:MOST]
    d = len(columns)
    found = [np.full((d, d), np.nan) for _ in range(4)]
    parts: list[Part] = []
    weights: list[int] = []
    held: list[Part] = []
    for i, j in combinations(range(d), 2):
        one = pair(columns[i], columns[j])
        if one is None:
            continue
        part, *strengths = one
        for matrix, value in zip(found, (part.value, part.error, *strengths), strict=True):
            matrix[i, j] = matrix[j, i] = value
        held.append(part)
        if len(held) == AT_ONCE:
            parts, weights, held = [*parts, mean_of(held)], [*weights, len(held)], []
    if held:
        parts, weights = [*parts, mean_of(held)], [*weights, len(held)]
    alike, errors, made, real = found
    return Trends(tuple(one.name for one, _ in columns), alike, errors, made, real, _weighed(parts, weights))


def _weighed(parts: list[Part], weights: list[int]) -> Part | None:
    if not parts:
        return None
    shares = np.array(weights) / sum(weights)
    return Part(
        float(sum(share * part.value for share, part in zip(shares, parts, strict=True))),
        sum(share * part.samples for share, part in zip(shares, parts, strict=True)),
        sum(share * part.reference for share, part in zip(shares, parts, strict=True)),
    )


def pair(first: tuple[Seen, Seen], second: tuple[Seen, Seen]) -> tuple[Part, float, float] | None:
    """How alike a pair of columns is in samples and data, and how strongly it hangs together in each.

    Of two columns of numbers 1 - |r - s| / 2 of their correlations (SDMetrics' CorrelationSimilarity), over the rows
    where both are there; None where one is constant. Of two of words 1 less half the sum of the differences of the
    pairs' shares, a missing cell being a word of its own (ContingencySimilarity); of a number beside words the same,
    the number in ten equal bins of the data's range.
    """
    (a, a_real), (b, b_real) = first, second
    if a.number and b.number:
        made, real = correlation(a, b), correlation(a_real, b_real)
        if made is None or real is None:
            return None
        (r, r_moved), (s, s_moved) = made, real
        side = np.sign(r - s) / 2
        return Part(1 - abs(r - s) / 2, -side * r_moved, side * s_moved), r, s
    one, other = _codes(a, a_real), _codes(b, b_real)
    width = int(max(codes.max(initial=0) for codes in other)) + 1
    both = [x * width + y for x, y in zip(one, other, strict=True)]
    whole = [np.ones(len(codes), dtype=bool) for codes in both]
    part = variation(both[0], both[1], whole[0], whole[1])
    return part, cramers_v(one[0], other[0]), cramers_v(one[1], other[1])


def correlation(a: Seen, b: Seen) -> tuple[float, Array] | None:
    """Pearson's correlation over rows where both are there, and its influences ``(n,)``; None where one is constant.

    Of standardized u and v the influence is u v - r (u² + v²) / 2, whatever their law (Hampel et al. 1986).
    """
    there = a.there & b.there
    if there.sum() < 2:
        return None
    x, y = (part.values[there] for part in (a, b))
    spreads = x.std(), y.std()
    if any(spread <= 1e-12 * np.abs(part).max() for spread, part in zip(spreads, (x, y), strict=True)):
        return None
    u, v = (x - x.mean()) / spreads[0], (y - y.mean()) / spreads[1]
    r = float((u * v).mean())
    moved = np.zeros(len(there))
    moved[there] = (u * v - r * (u**2 + v**2) / 2) / there.mean()
    return r, moved


def _codes(samples: Seen, reference: Seen) -> tuple[Array, Array]:
    """Codes from 0 on of both, 0 where missing; numbers by ten bins of the data's range and one beyond each end."""
    if not samples.number:
        return samples.codes + 1, reference.codes + 1
    known = reference.known
    edges = np.linspace(known.min(), known.max(), BINS + 1) if len(known) else np.zeros(1)
    edges[-1] = np.nextafter(edges[-1], np.inf)  # the largest is in the last bin
    samples_in, reference_in = (
        np.where(part.there, np.digitize(part.values, edges) + 1, 0) for part in (samples, reference)
    )
    return samples_in, reference_in


def cramers_v(a: Array, b: Array) -> float:
    """How strongly two columns of codes hang together, from 0 to 1; 0 where one is constant.

    Cramér's V with the correction by which independent columns come to 0 whatever their number of rows is (Bergsma
    2013), so that few samples are not taken for more strongly related ones than many rows of data.

    >>> codes = np.arange(100) % 2
    >>> round(cramers_v(codes, 1 - codes), 3), cramers_v(codes, codes * 0), cramers_v(codes, np.arange(100) % 50 // 25)
    (1.0, 0.0, 0.0)
    """
    (_, rows), (_, columns) = (np.unique(codes, return_inverse=True) for codes in (a, b))
    table = np.zeros((rows.max(initial=0) + 1, columns.max(initial=0) + 1))
    np.add.at(table, (rows, columns), 1.0)
    n = table.sum()
    if min(table.shape) < 2:
        return 0.0
    expected = table.sum(1, keepdims=True) * table.sum(0) / n
    squared = float(((table - expected) ** 2 / expected).sum()) / n
    r, k = (side - (side - 1) ** 2 / (n - 1) for side in table.shape)
    corrected = squared - (table.shape[0] - 1) * (table.shape[1] - 1) / (n - 1)
    return float(np.sqrt(min(1.0, max(0.0, corrected) / max(min(r, k) - 1, 1e-12))))
