"""Which values tell two samples apart: what a classifier loses without each, and how each is distributed."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def ranked(
    judge: Judge,
    inside: Array,
    test: Array,
    truth: Array,
    samples: tuple[Array, Array],
    shape: Sequence[int],
    rng: np.random.Generator,
) -> tuple[Feature, ...]:
    """Every feature, the most telling first.

    Args:
        judge: the classifier.
        inside: what its first layer makes of the held-out points.
        test: the held-out points ``(n, d)``.
        truth: which sample each is of.
        samples: both, ``(n, d)`` and ``(m, d)``.
        shape: of one example.
        rng: of the shuffling.
    """
    drops_, (distances, p_values) = drops(judge, inside, test, truth, rng), kolmogorov_smirnov(*samples)
    corrected = np.minimum(1.0, p_values * len(p_values))
    rows = zip(feature_names(shape), drops_.tolist(), distances.tolist(), corrected.tolist(), strict=True)
    found = [Feature(*row) for row in rows]
    return tuple(sorted(found, key=lambda feature: (-feature.drop, -feature.distance)))


def drops(judge: Judge, inside: Array, test: Array, truth: Array, rng: np.random.Generator) -> Array:
    """What the accuracy loses by shuffling each feature, ``(features,)``.

    To the first, linear layer a shuffled feature adds one outer product: nothing of the others is computed again, which
    would take the square of their number. And only points whose output lies within what the feature can move it by are
    decided on again; of thousands of features each moves it by little.
    """
    output, influence = judge.output(inside), judge.influence()
    right = (output > 0) == truth
    lost = np.zeros(test.shape[1])
    for index in range(test.shape[1]):
        kept = test[:, index].astype(np.float64)
        moved = (rng.permutation(kept) - kept) / judge.scale[index]
        # a little more than the bound, which is met up to rounding
        near = np.flatnonzero(np.abs(output) <= 1.001 * np.abs(moved) * influence[index])
        if len(near):
            guess = judge.decide(inside[near] + np.outer(moved[near], judge.weights[index]))
            lost[index] = (right[near].sum() - (guess == truth[near]).sum()) / len(test)
    return lost


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


def feature_names(shape: Sequence[int]) -> list[str]:
    """Names of the entries of an example: ``x1``, ``x2`` of vectors, places of pixels.

    >>> feature_names((2,)), feature_names((1, 1, 2))
    (['x1', 'x2'], ['pixel (0, 0)', 'pixel (0, 1)'])
    """
    if len(shape) == 3:
        channels = [f" of channel {c}" if shape[0] > 1 else "" for c in range(shape[0])]
        return [f"pixel ({i}, {j}){channel}" for channel in channels for i in range(shape[1]) for j in range(shape[2])]
    return [f"x{i + 1}" for i in range(prod(shape))]
