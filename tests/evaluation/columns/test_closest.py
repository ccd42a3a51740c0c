"""Closest rows: copies are found out, rows held out are not, and the null is what relabelling gives."""

import numpy as np
import pytest
from scipy import stats

from reparam.evaluation.columns.closest import closest, new_rows
from reparam.evaluation.columns.rows import Seen, take

RNG = np.random.default_rng


def table(rng, n, holes=0.1):
    """A number with holes, a moment, a word of four, a whole number of few values."""
    values = [rng.normal(size=n), 1.5e15 + 1e9 * rng.random(n), rng.integers(0, 4, n), rng.integers(0, 3, n)]
    missing = [rng.random(n) < holes, *[np.zeros(n, bool)] * 3]
    names = zip("abcd", (True, True, False, True), values, missing, strict=True)
    return [Seen(name, number, np.where(gone, 0.0, value), gone) for name, number, value, gone in names]


def by_hand(rows, others, ranges):
    """Distances cell by cell, ``(n, m)``."""

    def apart(one, other, i, j):
        if one.missing[i] or other.missing[j]:
            return float(one.missing[i] != other.missing[j])
        if not one.number:
            return float(one.values[i] != other.values[j])
        return min(1.0, abs(one.values[i] - other.values[j]) / ranges[one.name])

    n, m = len(rows[0].values), len(others[0].values)
    pairs = list(zip(rows, others, strict=True))
    return np.array([[np.mean([apart(a, b, i, j) for a, b in pairs]) for j in range(m)] for i in range(n)])


def test_distances_are_those_of_cell_by_cell():
    rng = RNG(0)
    made, train, held = table(rng, 30), table(rng, 25), table(rng, 25)
    ranges = {one.name: np.ptp(one.known) for one in train if one.number}
    found = closest(made, train, held)
    np.testing.assert_allclose(found.to_training, by_hand(made, train, ranges).min(1), atol=1e-6)
    np.testing.assert_allclose(found.to_held_out, by_hand(made, held, ranges).min(1), atol=1e-6)
    np.testing.assert_allclose(found.null, by_hand(held, train, ranges).min(1), atol=1e-6)
    quantiles = [np.quantile(one, 0.05) for one in (found.to_training, found.null)]
    assert found.ratio == pytest.approx(quantiles[0] / quantiles[1])


def test_copies_of_training_rows_are_all_nearer():
    rng = RNG(1)
    train, held = table(rng, 300), table(rng, 300)
    found = closest(train, train, held)
    assert found.share == pytest.approx(1, abs=0.02)  # a row held out may be the same by chance
    assert found.ratio == 0
    assert found.share - 0.5 > 5 * found.share_error
    assert not new_rows(take(train, np.arange(50)), train).any()


def test_rows_held_out_are_nearer_half_of_the_time_and_scatter_as_told():
    scores = []
    for seed in range(120):
        rng = RNG(seed + 100)
        found = closest(*(table(rng, n) for n in (80, 120, 60)), seed)
        scores.append((found.share - 0.5) / found.share_error)
    assert abs(np.mean(scores)) < 3 / np.sqrt(120)
    assert np.std(scores) == pytest.approx(1, abs=0.2)
    assert stats.kstest(scores, "norm").pvalue > 1e-3


@pytest.mark.parametrize("trained", [20, 28])
def test_the_error_is_that_of_relabelling_the_rows(trained):
    rng = RNG(2)
    made, both = table(rng, 60), table(rng, 40)
    labels = [rng.permutation(40) for _ in range(600)]
    found = [closest(made, take(both, one[:trained]), take(both, one[trained:])) for one in labels]
    assert np.mean([one.share for one in found]) == pytest.approx(0.5, abs=0.02)
    assert np.std([one.share for one in found]) == pytest.approx(np.mean([one.share_error for one in found]), rel=0.1)


def test_new_rows_match_within_a_hundredth():
    def row(a, w, gone=False):
        return [Seen("a", True, np.array([a]), np.array([gone])), Seen("w", False, np.array([w]), np.array([False]))]

    data = [
        Seen("a", True, np.array([100.0, 0.0]), np.array([False, True])),
        Seen("w", False, np.array([1.0, 2.0]), np.zeros(2, bool)),
    ]
    found = [bool(new_rows(one, data)[0]) for one in (row(100.9, 1), row(102.0, 1), row(100.0, 2), row(0, 2, True))]
    assert found == [False, True, True, False]
