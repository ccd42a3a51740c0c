"""How near made rows come to the rows that were trained on, beside rows that were held out."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam.evaluation.columns.rows import Rows, Seen, shared, size, take

Array = NDArray[Any]
AT_ONCE = 4_000_000
"""Distances that are held at a time."""
TOLERANCE = 0.01
"""By how much of itself a number may differ and still be a match."""
LOW = 0.05
"""The quantile of the distances that is compared."""
RESAMPLED = 200


@dataclass(frozen=True)
class Closest:
    """Distances of rows to the nearest rows that were trained on, and to those that were not.

    Attributes:
        to_training: of each sample to the nearest row that was trained on, ``(n,)``.
        to_held_out: to the nearest that was not, ``(n,)``.
        null: of each row held out to the nearest that was trained on.
        share: of the samples that are nearer to rows trained on than to rows held out, brought to as many of either;
            one as near to several rows counts by their shares.
        share_error: standard deviation of that share if it did not matter which rows were trained on.
        ratio: the 5 % quantile of the samples' distances over that of rows held out; None where that is 0.
        ratio_error: by resampling both.
        sizes: rows trained on, and rows held out.
    """

    to_training: Array
    to_held_out: Array
    null: Array
    share: float
    share_error: float
    ratio: float | None
    ratio_error: float
    sizes: tuple[int, int]


def closest(samples: Rows, training: Rows, held_out: Rows, seed: int = 0) -> Closest:
    """Distance to closest record, with its null.

    The distance of two rows is the mean over columns of: of numbers and moments their difference in units of the
    training rows' range, 1 at most; of words 0 where they are the same, else 1; a missing cell is 0 from a missing one
    and 1 from any other (SDMetrics' DCR, after Gower 1971).

    Rows that were trained on and rows that were held out are exchangeable for samples that repeat neither: which of the
    M + m nearest rows are among the M trained on is chance. So the share s of the samples that are nearest to one of
    those is M / (M + m) on average, with the variance of a sum over so many rows drawn without replacement, however
    often each of them is the nearest one. What is told is (s / M) / (s / M + (1 - s) / m): ½ where it is chance, 1
    where all repeat rows trained on. Of two sets of one size it is s itself (SDMetrics' DCROverfittingProtection is
    2 (1 - s), at most 1); all training rows are looked at, since a copy of one that is not goes unseen.

    Args:
        samples: n rows.
        training: M rows.
        held_out: m rows.
        seed: of the resampling.
    """
    pairs = shared(samples, training)
    ranges = {one.name: float(np.ptp(one.known)) for _, one in pairs if one.number and one.there.any()}
    both = joined(training, held_out)
    m, rest = size(training), size(held_out)
    near, other = np.empty(size(samples)), np.empty(size(samples))
    weights = np.zeros(m + rest)
    for part, block in distances(samples, both, ranges):
        near[part], other[part] = block[:, :m].min(1), block[:, m:].min(1)
        least = np.minimum(near[part], other[part])[:, None]
        tied = block <= least + 1e-6
        weights += (tied / tied.sum(1, keepdims=True)).sum(0)
    weights /= size(samples)
    null = np.concatenate([block.min(1) for _, block in distances(held_out, training, ranges)])
    ratio, error = _ratio(near, null, seed)
    # the variance of a sum over m of the weights, drawn without replacement (Cochran 1977, theorem 2.2)
    spread = sqrt(m * rest / (m + rest) * float(weights.var(ddof=1)))
    right = m / (m + rest)
    share = balanced(float(weights[:m].sum()), m, rest)
    return Closest(near, other, null, share, spread / (4 * right * (1 - right)), ratio, error, (m, rest))


def balanced(share: float, m: int, rest: int) -> float:
    """A share of m rows among m and the rest, brought to as many of either.

    >>> [round(balanced(*one), 3) for one in ((0.8, 80, 20), (1.0, 80, 20), (0.3, 50, 50))]
    [0.5, 1.0, 0.3]
    """
    share = min(1.0, max(0.0, share))
    return (share / m) / (share / m + (1 - share) / rest)


def joined(first: Rows, second: Rows) -> Rows:
    """The rows of both, one below the other."""
    return [
        Seen(a.name, a.number, np.concatenate([a.values, b.values]), np.concatenate([a.missing, b.missing]))
        for a, b in shared(first, second)
    ]


def distances(rows: Rows, others: Rows, ranges: dict[str, float]) -> Iterator[tuple[slice, Array]]:
    """Distances of some rows at a time to all others, ``(part, m)`` float32."""
    columns = shared(rows, others)
    step = max(1, AT_ONCE // max(1, size(others)))
    for start in range(0, size(rows), step):
        part = slice(start, start + step)
        total = np.zeros((len(rows[0].values[part]), size(others)), np.float32)
        for one, other in columns:
            total += _apart(one, other, part, ranges.get(one.name, 0.0))
        yield part, total / np.float32(len(columns))


def _apart(one: Seen, other: Seen, part: slice, spread: float) -> Array:
    if not one.number:
        return np.asarray(one.codes[part].astype(np.int32)[:, None] != other.codes.astype(np.int32))
    # a constant is 0 from itself, and 1 from all else
    scale = spread or 1e-30
    low = other.values.min(initial=np.inf, where=other.there)
    a, b = (((part_ - low) / scale).astype(np.float32) for part_ in (one.values[part], other.values))
    apart = np.minimum(np.abs(a[:, None] - b), np.float32(1))
    gone, lost = one.missing[part], other.missing
    if gone.any() or lost.any():
        apart[gone] = 1
        apart[:, lost] = 1
        apart[np.ix_(gone, lost)] = 0
    return np.asarray(apart)


def _ratio(near: Array, null: Array, seed: int) -> tuple[float | None, float]:
    """The ratio of both low quantiles, and its standard error."""
    low = float(np.quantile(null, LOW))
    if low == 0:
        return None, 0.0
    rng = np.random.default_rng(seed)
    again = [np.quantile(rng.choice(part, (RESAMPLED, len(part))), LOW, axis=1) for part in (near, null)]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = again[0] / again[1]
    return float(np.quantile(near, LOW)) / low, float(np.std(ratios[np.isfinite(ratios)], ddof=1))


def new_rows(samples: Rows, reference: Rows) -> Array:
    """Which samples match no row of the data, ``(n,)`` bool (SDMetrics' NewRowSynthesis).

    Two rows match where all words are the same, cells are missing alike, and no number differs by more than 1 % of the
    sample's.
    """
    columns = sorted(shared(samples, reference), key=lambda pair: pair[0].number)  # words rule out more, and faster
    n, m = size(samples), size(reference)
    fresh = np.ones(n, dtype=bool)
    step = max(1, AT_ONCE // max(1, m))
    for start in range(0, n, step):
        part = np.arange(start, min(n, start + step))
        first, rest = columns[0], columns[1:]
        i, j = np.nonzero(_matches(first[0].take(part), first[1], slice(None), slice(None), outer=True))
        i = part[i]
        for one, other in rest:
            kept = _matches(one, other, i, j)
            i, j = i[kept], j[kept]
        fresh[i] = False
    return fresh


def _matches(one: Seen, other: Seen, i: Any, j: Any, outer: bool = False) -> Array:
    a, b, gone, lost = one.values[i], other.values[j], one.missing[i], other.missing[j]
    if outer:
        a, gone = a[:, None], gone[:, None]
    near = np.abs(a - b) <= TOLERANCE * np.abs(a) if one.number else a == b
    return np.asarray(np.where(gone | lost, gone & lost, near))


def chosen(rows: Rows, most: int, rng: np.random.Generator) -> Rows:
    """A random choice of at most so many rows."""
    n = size(rows)
    return rows if n <= most else take(rows, np.sort(rng.choice(n, most, replace=False)))
