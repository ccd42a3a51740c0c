"""Tests of differences: against scipy's, against simulation, and against what is known exactly."""

import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from reparam.studies.differences import (
    Seen,
    difference,
    every_two,
    holm,
    over_examples,
    over_seeds,
    p_value,
    satterthwaite,
)
from reparam.studies.power import POWER, needs, power_of_seeds, seeds_needed, times_needed

RNG = np.random.default_rng(0)


def test_a_test_over_seeds_is_students_paired_one():
    a, b = RNG.normal(size=6), RNG.normal(1, 2, size=6)
    ours, theirs = over_seeds(list(a - b)), stats.ttest_rel(a, b)
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-12)
    assert ours.value / ours.error == pytest.approx(theirs.statistic, rel=1e-12)
    assert (ours.freedom, ours.seeds) == (5, 6)


def test_a_test_over_examples_of_one_seed_is_students_paired_one():
    a, b = RNG.normal(size=50), RNG.normal(0.3, 1, size=50)
    assert over_examples((a - b)[None]).p == pytest.approx(stats.ttest_rel(a, b).pvalue, rel=1e-12)


def test_only_seeds_that_both_have_are_paired():
    first = Seen({0: 1.0, 1: 2.0, 5: 100.0}, dict.fromkeys((0, 1, 5), 0.1))
    second = Seen({0: 2.0, 1: 3.5, 7: -100.0}, dict.fromkeys((0, 1, 7), 0.1))
    assert difference(first, second).value == pytest.approx(-1.25)
    alone = difference(Seen({0: 1.0}, {0: 0.3}), Seen({3: 2.0}, {3: 0.4}))
    assert (alone.value, alone.error) == (-1.0, pytest.approx(0.5))
    assert alone.p == pytest.approx(2 * stats.norm.sf(2.0), rel=1e-12)


def test_examples_are_paired_only_where_they_are_the_same_number():
    few, many = np.zeros(3), np.ones(4)
    found = difference(Seen({0: 0.0}, {0: 0.1}, examples={0: few}), Seen({0: 1.0}, {0: 0.1}, examples={0: many}))
    assert "z-test" in found.test


def test_what_has_no_error_is_told_from_nothing():
    for error in (None, math.nan, math.inf):
        assert difference(Seen({0: 0.0}, {0: error}), Seen({0: 9.0}, {0: 0.1})).p == 1.0
    assert p_value(math.inf, 1.0, 3) == 1.0


def test_seeds_and_examples_together_err_as_often_as_they_say():
    """Crossed: each example and each seed has a part of its own; the mean is 0, so that 5 % are found by mistake."""
    seeds, n, times = 5, 40, 3000
    rows = (
        RNG.normal(0, 1.0, (times, seeds, 1)) + RNG.normal(0, 3.0, (times, 1, n)) + RNG.normal(size=(times, seeds, n))
    )
    share = np.mean([over_examples(one).p < 0.05 for one in rows])
    # the residual is counted twice and degrees of freedom are approximate: it may be careful, not careless
    assert 0.02 < share < 0.05 + 3 * math.sqrt(0.05 * 0.95 / times)
    ignoring = np.mean([over_examples(one[:1]).p < 0.05 for one in rows])
    assert ignoring > 0.1, "one seed's examples know nothing of other seeds"


def test_freedom_lies_between_the_parts_and_their_sum():
    assert satterthwaite((1.0, 2.0), (1e-9, 100.0)) == pytest.approx(2.0)
    assert 2 < satterthwaite((1.0, 2.0), (1.0, 100.0)) < 102
    assert satterthwaite((0.0, 2.0), (0.0, 9.0)) == 2.0


def test_holm_rejects_what_its_steps_do():
    """By the definition: the smallest against level/m, the next against level/(m - 1), until one is not below."""
    for _ in range(200):
        p = RNG.uniform(0, 0.1, 6)
        rejected = set()
        for step, i in enumerate(np.argsort(p)):
            if p[i] >= 0.05 / (6 - step):
                break
            rejected.add(int(i))
        assert {i for i, one in enumerate(holm(list(p))) if one < 0.05} == rejected
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@pytest.mark.parametrize(("size", "seeds"), [(0.5, 20), (1.0, 5), (2.0, 3), (3.0, 2)])
def test_power_is_what_simulation_finds(size, seeds):
    times = 20_000
    drawn = np.random.default_rng(seeds).normal(size, 1.0, (times, seeds))
    found = np.mean(stats.ttest_1samp(drawn, 0.0, axis=1).pvalue < 0.05)
    assert power_of_seeds(size, 1.0, seeds) == pytest.approx(found, abs=4 * math.sqrt(found * (1 - found) / times))


def test_the_seeds_needed_are_the_fewest():
    for size in (0.3, 0.7, 1.5, 4.0):
        seeds = seeds_needed(size, 1.0)
        assert power_of_seeds(size, 1.0, seeds) >= POWER
        assert seeds == 2 or power_of_seeds(size, 1.0, seeds - 1) < POWER
    assert seeds_needed(1.0, 0.0) is None
    assert power_of_seeds(1e6, 1.0, 900) == 1.0, "far out, where densities underflow"


def test_so_many_times_the_samples_are_found_by_simulation_to_be_enough():
    count, times, size, sd = 100, 20_000, 0.2, 1.0
    more = math.ceil(count * times_needed(size, sd / math.sqrt(count)))
    means = np.random.default_rng(1).normal(size, sd / math.sqrt(more), times)
    found = np.mean(2 * stats.norm.sf(np.abs(means) / (sd / math.sqrt(more))) < 0.05)
    assert found == pytest.approx(POWER, abs=0.015)


def test_what_is_needed_grows_with_the_pairs_that_are_compared():
    found = over_seeds([1.0, -0.5, 0.7])
    assert needs(found, 10, None)["seeds"] > needs(found, 1, None)["seeds"]
    one = difference(Seen({0: 1.0}, {0: 0.5}), Seen({0: 2.0}, {0: 0.5}))
    assert needs(one, 10, 1000)["samples"] > needs(one, 1, 1000)["samples"] > 1000
    assert needs(one, 1, None) == {"samples": None}


def some(seeds, n=0, error=0.1):
    """A model, with so many examples of each seed."""
    gaps = {seed: float(RNG.normal()) for seed in seeds}
    return Seen(gaps, dict.fromkeys(seeds, error), examples={seed: RNG.normal(size=n) for seed in seeds if n})


MIXED = [([0],), ([0, 1],), ([1, 0],), ([2],), ([0], 9), ([0, 1], 9), ([0], 8)]
MANY = {
    "by their errors": [some([0]) for _ in range(7)],
    "no error": [some([0], error=error) for error in (None, math.nan, 0.0, 0.1, 0.0)],
    "seeds": [some(range(4)) for _ in range(7)],
    "examples": [some([0], 30) for _ in range(7)],
    "seeds and examples": [some(range(3), 30) for _ in range(7)],
    "one example": [some(range(3), 1) for _ in range(4)],
    "of every sort": [some(*how) for how in MIXED * 3],
    "the same": [some([0, 1])] * 3,
    "one": [some([0])],
    "none": [],
}


@pytest.mark.parametrize("sort", MANY)
@pytest.mark.parametrize("at_once", [1, 200, 2**21])
def test_many_at_once_are_compared_as_two_are(sort, at_once, monkeypatch):
    """To rounding: sums of the same numbers, in the order that an array's shape gives."""
    monkeypatch.setattr("reparam.studies.differences.MOST_AT_ONCE", at_once)
    found, alone = every_two(MANY[sort]), [difference(*pair) for pair in combinations(MANY[sort], 2)]
    assert [(one.test, one.seeds) for one in found] == [(one.test, one.seeds) for one in alone]
    for number in ("value", "error", "freedom", "p", "spread"):
        ours, theirs = ([getattr(one, number) for one in some] for some in (found, alone))
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-15)


def test_a_p_value_is_scipys_to_the_bit():
    value, error = RNG.normal(size=300), np.abs(RNG.normal(size=300))
    for freedom in (1, 2.5, 4, 499, math.inf):
        theirs = 2 * stats.t.sf(np.abs(value) / error, freedom)
        assert [p_value(a, b, freedom) for a, b in zip(value, error, strict=True)] == theirs.tolist()


def test_holm_is_the_definition():
    for n in (0, 1, 5, 40):
        found = RNG.choice([0.0, 0.001, 0.01, 0.01, 0.3, 1.0], n) if n else np.zeros(0)
        order, least, told = sorted(range(n), key=lambda i: found[i]), 0.0, [0.0] * n
        for done, i in enumerate(order):
            least = max(least, min(1.0, (n - done) * found[i]))
            told[i] = least
        assert holm(list(found)) == told
