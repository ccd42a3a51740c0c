"""Which values tell two samples apart: what a classifier loses without each, and how each is distributed."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam.data.columns.table import TableSchema
from reparam.distributions.columns import Category, places
from reparam.evaluation.telling import Judge

Array = NDArray[Any]
COLUMNS = 64
"""Features whose distribution functions are compared at a time."""


@dataclass(frozen=True)
class Feature:
    """How one feature differs between the samples.

    ``drop``: what the held-out accuracy loses when the feature's values are shuffled among the held-out points.
    ``distance``: the largest difference of both empirical distribution functions (Kolmogorov-Smirnov). ``p_value``: of
    that, corrected for the number of features (Bonferroni).
    """

    name: str
    drop: float
    distance: float
    p_value: float


@dataclass(frozen=True)
class Group:
    """Entries of an example that are one thing, as the cell of a table is.

    Args:
        name: what it is called.
        entries: where they lie.
        words: they are the one-hot code of a word; else a number, and where there are two entries the second tells
            whether it is missing.
    """

    name: str
    entries: slice
    words: bool = False

    @property
    def width(self) -> int:
        """How many entries."""
        return int(self.entries.stop - self.entries.start)


def ranked(
    judge: Judge,
    inside: Array,
    test: Array,
    truth: Array,
    samples: tuple[Array, Array],
    groups: Sequence[Group],
    rng: np.random.Generator,
) -> tuple[Feature, ...]:
    """Every feature, the most telling first.

    Args:
        judge: the classifier.
        inside: what its first layer makes of the held-out points.
        test: the held-out points ``(n, d)``.
        truth: which sample each is of.
        samples: both, ``(n, d)`` and ``(m, d)``.
        groups: the features, see :func:`features_of`.
        rng: of the shuffling.
    """
    drops_, (distances, p_values) = drops(judge, inside, test, truth, groups, rng), differences(*samples, groups)
    corrected = np.minimum(1.0, p_values * len(p_values))
    names = [group.name for group in groups]
    rows = zip(names, drops_.tolist(), distances.tolist(), corrected.tolist(), strict=True)
    found = [Feature(*row) for row in rows]
    return tuple(sorted(found, key=lambda feature: (-feature.drop, -feature.distance)))


def drops(
    judge: Judge, inside: Array, test: Array, truth: Array, groups: Sequence[Group], rng: np.random.Generator
) -> Array:
    """What the accuracy loses by shuffling each feature, ``(features,)``.

    To the first, linear layer a shuffled feature adds one outer product an entry: nothing of the others is computed
    again, which would take the square of their number. And only points whose output lies within what the feature can
    move it by are decided on again; of thousands of features each moves it by little.
    """
    output, influence = judge.output(inside), judge.influence()
    right = (output > 0) == truth
    lost = np.zeros(len(groups))
    for index, group in enumerate(groups):
        kept = test[:, group.entries].astype(np.float64)
        moved = (kept[rng.permutation(len(kept))] - kept) / judge.scale[group.entries]
        # a little more than the bound, which is met up to rounding
        near = np.flatnonzero(np.abs(output) <= 1.001 * (np.abs(moved) @ influence[group.entries]))
        if len(near):
            guess = judge.decide(inside[near] + moved[near] @ judge.weights[group.entries])
            lost[index] = (right[near].sum() - (guess == truth[near]).sum()) / len(test)
    return lost


def differences(a: Array, b: Array, groups: Sequence[Group]) -> tuple[Array, Array]:
    """How far the laws of each feature are apart, and the p-value of that, ``(features,)`` each.

    Of numbers the largest difference of both distribution functions, a missing one lying below all others; of words
    half the sum of the differences of their shares, with the p-value of a chi-square test.
    """
    if all(group.width == 1 and not group.words for group in groups):
        return kolmogorov_smirnov(a, b)
    found = [_word_difference(a, b, group) if group.words else _number_difference(a, b, group) for group in groups]
    distances, p_values = (np.array(column) for column in zip(*found, strict=True))
    return distances, p_values


def _number_difference(a: Array, b: Array, group: Group) -> tuple[float, float]:
    start = group.entries.start
    parts = [part[:, start].astype(np.float64) for part in (a, b)]
    if group.width == 2:
        below = min(float(part.min()) for part in parts) - 1
        parts = [np.where(whole[:, start + 1] > 0.5, below, part) for whole, part in zip((a, b), parts, strict=True)]
    distances, p_values = kolmogorov_smirnov(parts[0][:, None], parts[1][:, None])
    return float(distances[0]), float(p_values[0])


def _word_difference(a: Array, b: Array, group: Group) -> tuple[float, float]:
    from scipy.stats import chi2_contingency

    _, codes = np.unique(np.concatenate([a[:, group.entries], b[:, group.entries]]), axis=0, return_inverse=True)
    codes = codes.reshape(-1)
    counts = np.stack([np.bincount(part, minlength=codes.max() + 1) for part in (codes[: len(a)], codes[len(a) :])])
    shares = counts / counts.sum(1, keepdims=True)
    p_value = float(chi2_contingency(counts, correction=False).pvalue) if counts.shape[1] > 1 else 1.0
    return float(np.abs(shares[0] - shares[1]).sum()) / 2, p_value


def kolmogorov_smirnov(a: Array, b: Array) -> tuple[Array, Array]:
    """The largest difference of both distribution functions of each column, and its p-value, ``(columns,)`` each."""
    from scipy.stats import ks_2samp

    parts = range(0, a.shape[1], COLUMNS)
    distances = np.concatenate([_largest_differences(a[:, i : i + COLUMNS], b[:, i : i + COLUMNS]) for i in parts])
    # sizes and distance are all a p-value rests on, and few distances differ
    _, first, which = np.unique(distances.round(12), return_index=True, return_inverse=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy says when it takes the asymptotic p-value
        p_values = np.array([ks_2samp(a[:, column], b[:, column]).pvalue for column in first])
    return distances, p_values[which]


def _largest_differences(a: Array, b: Array) -> Array:
    n, m = len(a), len(b)
    pooled = np.concatenate([a, b])
    order = pooled.argsort(axis=0)
    ordered = np.take_along_axis(pooled, order, 0)
    # counts, so that nothing is rounded before the end
    steps = np.where(order < n, m, -n).cumsum(0)
    ends = np.ones(ordered.shape, dtype=bool)  # of equal values only the last one's place counts
    ends[:-1] = ordered[1:] != ordered[:-1]
    return np.asarray(np.where(ends, np.abs(steps), 0).max(0) / (n * m))


def column_groups(schema: TableSchema) -> list[Group]:
    """The columns of a table."""
    kinds = zip(schema.seen, places(schema.families), strict=True)
    return [Group(kind.name, place, isinstance(kind.family, Category)) for kind, place in kinds]


def features_of(shape: Sequence[int]) -> list[Group]:
    """Each entry of an example as a feature."""
    return [Group(name, slice(at, at + 1)) for at, name in enumerate(feature_names(shape))]


def feature_names(shape: Sequence[int]) -> list[str]:
    """Names of the entries of an example: ``x1``, ``x2`` of vectors, places of pixels.

    >>> feature_names((2,)), feature_names((1, 1, 2))
    (['x1', 'x2'], ['pixel (0, 0)', 'pixel (0, 1)'])
    """
    if len(shape) == 3:
        channels = [f" of channel {c}" if shape[0] > 1 else "" for c in range(shape[0])]
        return [f"pixel ({i}, {j}){channel}" for channel in channels for i in range(shape[1]) for j in range(shape[2])]
    return [f"x{i + 1}" for i in range(prod(shape))]
