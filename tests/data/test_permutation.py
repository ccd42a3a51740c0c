"""The order that is computed place by place: a permutation of any number of rows, as random as one that is drawn."""

import math

import numpy as np
import pytest
import torch

from reparam.data import batches, permutation
from reparam.data.batches import EpochOrder
from reparam.data.permutation import Permutation

AWKWARD = [*range(1, 700), 1021, 1023, 1024, 1025, 2047, 2049, 4095, 4096, 4097, 65_537]
DRAWS = 4000
GOLDEN = [910859958, 893086082, 373165250, 320246597]


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_every_row_has_one_place(seed):
    for n in AWKWARD:
        order = Permutation(n, seed, ("order", 3))[torch.arange(n)]
        assert torch.equal(order.sort().values, torch.arange(n)), n


@pytest.mark.parametrize("n", [10**8 + 7, 10**12, 2**62])
def test_no_two_of_many_places_have_one_row(n):
    places = torch.from_numpy(np.unique(np.random.default_rng(0).integers(0, n, 200_000)))
    order = Permutation(n, 5)[places]
    assert len(order.unique()) == len(places)
    assert 0 <= int(order.min()) <= int(order.max()) < n


def test_a_place_depends_on_no_other():
    order = Permutation(1000, 1, ("order", 0))
    assert torch.equal(order[torch.arange(1000)][500:], order[torch.arange(500, 1000)])
    assert order[torch.tensor([[7, 7], [3, 7]])].shape == (2, 2)


def test_its_bits_stay_what_they_are():
    # runs go on with the order that they began with: these are not to change
    assert Permutation(10**9, 7, ("order", 2))[torch.arange(4)].tolist() == GOLDEN


def by_function(n, draw):
    return Permutation(n, draw, ("order", 0))[torch.arange(n)].numpy()


def by_list(n, draw):
    return torch.randperm(n, generator=torch.Generator().manual_seed(draw)).numpy()


def spread(counts, expected):
    """How far counts stray from what is expected, in standard deviations of a chi-square of as many cells less one."""
    cells = counts.size - 1
    return ((((counts - expected) ** 2) / expected).sum() - cells) / math.sqrt(2 * cells)


@pytest.mark.parametrize("n", [41, 100])
@pytest.mark.parametrize("order", [by_function, by_list])
def test_orders_are_as_random_as_those_that_are_drawn(order, n):
    drawn = np.stack([order(n, draw) for draw in range(DRAWS)])
    # each row at each place
    counts = np.stack([np.bincount(drawn[:, place], minlength=n) for place in range(n)])
    assert abs(spread(counts, DRAWS / n)) < 5
    # each row behind each other one
    pairs = np.bincount((drawn[:, :-1] * n + drawn[:, 1:]).ravel(), minlength=n * n).reshape(n, n)
    assert not pairs.diagonal().any()
    assert abs(spread(pairs[~np.eye(n, dtype=bool)], DRAWS / n)) < 5
    # rows that stay where they were: one on average, variance one
    fixed = (drawn == np.arange(n)).sum(1)
    assert abs(fixed.mean() - 1) < 5 / math.sqrt(DRAWS)
    # places fall and rise as often: n(n - 1)/4 inversions, of variance n(n - 1)(2n + 5)/72
    inversions = np.array([(np.triu(row[:, None] > row[None, :], 1)).sum() for row in drawn[:500]])
    assert abs(inversions.mean() - n * (n - 1) / 4) < 5 * math.sqrt(n * (n - 1) * (2 * n + 5) / 72 / 500)


def test_rows_of_a_batch_lie_everywhere():
    n, size = 10**9 + 9, 256
    order = EpochOrder(n, size, seed=3)
    rows = np.concatenate([order(index).numpy() for index in range(0, 3 * 10**6, 10**4)])
    counts = np.bincount(rows * 64 // n, minlength=64)
    assert abs(spread(counts, len(rows) / 64)) < 5
    gaps = np.diff(rows)
    assert abs((gaps > 0).mean() - 0.5) < 5 * 0.5 / math.sqrt(len(gaps))


def test_from_a_bound_on_the_order_of_an_epoch_is_computed(monkeypatch):
    drawn = [EpochOrder(103, 10, seed=1)(index) for index in range(20)]
    monkeypatch.setattr(permutation, "BY_FUNCTION", 103)
    monkeypatch.setattr(batches, "AT_ONCE", 35)
    order = EpochOrder(103, 10, seed=1)
    found = [order(index) for index in range(20)]
    assert not torch.equal(drawn[0], found[0])
    for epoch in (found[:10], found[10:]):
        rows = torch.cat(epoch)
        assert len(rows.unique()) == 100
        assert int(rows.max()) < 103
    assert not torch.equal(found[0], found[10])
    assert torch.equal(EpochOrder(103, 10, seed=1)(13), found[13])  # a run that goes on
    assert torch.equal(EpochOrder(102, 10, seed=1)(0), torch.randperm(
        102, generator=batches.generator(1, "order", 0))[:10])  # fmt: skip
