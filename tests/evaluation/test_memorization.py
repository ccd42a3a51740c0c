"""Memorization and duplicates: flagged where they are, not where they are not, by statistics that are what they say."""

import numpy as np
import pytest
import torch
from scipy import stats

from reparam.errors import UserError
from reparam.evaluation.samples.memorization import COPY, Memorization, duplicates, memorization


def normal(seed, n, shape=(1, 4, 4)):
    return torch.randn(n, *shape, generator=torch.Generator().manual_seed(seed))


TRAIN, TEST, FRESH = normal(0, 2000), normal(1, 400), normal(2, 400)


def test_fresh_draws_are_as_expected():
    found = memorization(FRESH, TEST, TRAIN)
    for share, expected in ((found.closer, 0.5), (found.near, 0.05), (found.singled_out, 0.05)):
        assert share.expected == pytest.approx(expected)
        assert abs(share.value - expected) < 4 * share.standard_error
    assert found.copies == 0
    assert not found.suspected
    assert found.n == (400, 400, 2000)


def test_the_record_is_brute_force():
    found = memorization(FRESH, TEST, TRAIN.split(300))
    distances = [(x.flatten(1)[:, None] - TRAIN.flatten(1)).norm(dim=-1).sort(1) for x in (FRESH, TEST)]
    samples, test = (d.values[:, :2].double().numpy() for d in distances)
    np.testing.assert_allclose(found.distances, samples[:, 0], rtol=1e-5)
    np.testing.assert_array_equal(found.indices, distances[0].indices[:, 0])
    np.testing.assert_allclose(found.ratios, samples[:, 0] / samples[:, 1], rtol=1e-5)
    rank = stats.mannwhitneyu(test[:, 0], samples[:, 0]).statistic / 400**2
    assert found.closer.value == pytest.approx(rank, abs=1e-4)
    assert found.near.value == pytest.approx((samples[:, 0] <= np.sort(test[:, 0])[19]).mean(), abs=1e-9)


def test_copies_are_flagged_and_the_samples_to_look_at_come_first():
    samples = FRESH.clone()
    samples[5:45] = TRAIN[100:140]
    found = memorization(samples, TEST, TRAIN)
    assert found.copies == 0.1
    assert found.suspected
    assert sorted(found.most_suspect(40)) == list(range(5, 45))
    np.testing.assert_array_equal(found.indices[5:45], np.arange(100, 140))


def test_noisy_copies_are_flagged_and_copies_of_what_stands_twice_in_the_training_set():
    noisy = memorization(TRAIN[:400] + 0.2 * normal(3, 400), TEST, TRAIN)
    assert noisy.copies == 0
    assert noisy.singled_out.value > 0.9
    assert noisy.closer.value > 0.99
    assert noisy.suspected
    twice = memorization(TRAIN[:400], TEST, torch.cat([TRAIN, TRAIN]))
    assert (twice.copies, twice.singled_out.value) == (1, 1)


def test_typical_samples_are_near_but_not_singled_out():
    """The mean is nearer to the training set than any real example, and memorizes nothing."""
    found = memorization(0.3 * FRESH, TEST, TRAIN)
    assert found.closer.value > 0.95
    assert not found.suspected


def test_samples_far_from_all_data_repeat_nothing():
    """Their nearest training example is an outlier, far ahead of the second nearest: no sign of a copy."""
    outlier = torch.full((1, 1, 4, 4), 10.0)
    found = memorization(outlier + 6 + FRESH, TEST, torch.cat([TRAIN, outlier]))
    assert (found.ratios < np.quantile(memorization(TEST, FRESH, TRAIN).ratios, 0.05)).mean() > 0.9
    assert found.singled_out.value == 0
    assert not found.suspected


def test_error_bars_are_the_spread():
    found = [
        memorization(normal(100 + 3 * i, 150, (3,)), normal(101 + 3 * i, 120, (3,)), TRAIN.flatten()[:900].view(300, 3))
        for i in range(150)
    ]
    for name in ("closer", "near", "singled_out"):
        shares = [getattr(one, name) for one in found]
        error = np.sqrt(np.mean([share.standard_error**2 for share in shares]))
        assert 0.75 < error / np.std([share.value for share in shares]) < 1.3, name
    assert not any(one.suspected for one in found), "fresh draws are never flagged"


def test_duplicates_of_samples():
    fresh = duplicates(FRESH, TEST)
    assert abs(fresh.near.value - 0.05) < 4 * fresh.near.standard_error
    assert (fresh.identical, fresh.n) == (0, 400)
    repeated = duplicates(FRESH[:40].repeat(10, 1, 1, 1), TEST)
    assert repeated.near.value == 1
    assert repeated.identical == pytest.approx(0.9)
    assert repeated.near.excessive
    assert duplicates(FRESH, TEST[:50]).n == 50


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((FRESH[:39], TEST, TRAIN), "39 samples are too few"),
        ((FRESH, TEST[:3], TRAIN), "3 test examples are too few"),
        ((FRESH * torch.nan, TEST, TRAIN), "among the samples that are not finite"),
        ((FRESH, TEST, TRAIN / 0), "among the training examples that are not finite"),
        ((FRESH, TEST, TRAIN[:1]), "1 points to find the 2 nearest"),
        ((FRESH[..., :3], TEST, TRAIN), "samples hold 12 values each and the test examples 16"),
        ((FRESH, TEST, TRAIN[..., :3]), "samples hold 16 values each and the training examples 12"),
    ],
)
def test_what_cannot_be_judged_is_refused_in_words(arguments, words):
    with pytest.raises(UserError, match=words):
        memorization(*arguments)


def test_a_record_compares_by_its_numbers():
    first, second = memorization(FRESH, TEST, TRAIN), memorization(FRESH, TEST, TRAIN)
    assert isinstance(first, Memorization)
    assert first == second
    assert "distances" not in repr(first)
    assert COPY < 1e-3
