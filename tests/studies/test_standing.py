"""The one rule of what is best: marked only where the errors allow it, and where anything works at all."""

import json

import numpy as np
import pytest

from reparam.evaluation.samples.scorecard import Score
from reparam.studies.differences import Seen
from reparam.studies.scores import _cells
from reparam.studies.standing import EVERY_PAIR, standing


def seen(gaps, error=0.01, worst=None):
    """One seed each, by letters."""
    return {name: Seen({0: gap}, {0: error}, worst) for name, gap in zip("abcdefg", gaps, strict=False)}


@pytest.mark.parametrize(
    ("models", "best"),
    [
        (seen([1.0, 2.0, 3.0]), ("a",)),
        (seen([1.0, 1.005, 3.0]), ("a", "b")),  # ties are ties
        (seen([1.0, 1.01, 1.02]), ()),  # the best is not told from the worst
        (seen([1.0, 2.0], error=None), ()),  # nobody knows by how much
        (seen([1.0]), ()),  # of what
        ({}, ()),
        (seen([1.0] * 5, worst=1.0), ()),  # no recall at all, five times
        (seen([0.999, 1.0, 1.0], error=1e-5, worst=1.0), ()),  # told apart, and all fail
        (seen([0.5, 1.0, 1.0], worst=1.0), ("a",)),  # one does not
        (seen([0.9, 1.0], error=0.2, worst=1.0), ()),  # within the errors of the worst
        (seen([float("nan"), 1.0, 2.0]), ("b",)),
    ],
)
def test_the_best_is_marked_where_the_errors_allow_it(models, best):
    assert standing(models).best == best


def test_many_models_alike_have_no_best_one():
    """Of 7 that are alike the best and the worst are within two errors only half the time; the correction knows."""
    rng = np.random.default_rng(0)
    marked = sum(bool(standing(seen(rng.normal(10, 1.0, 7), error=1.0)).best) for _ in range(400))
    assert marked / 400 < 0.05 + 3 * (0.05 * 0.95 / 400) ** 0.5


def test_ranks_are_intervals():
    found = standing(seen([3.0, 1.0, 1.005, 9.0]))
    assert found.ranks == {"b": (1, 2), "c": (1, 2), "a": (3, 3), "d": (4, 4)}
    assert found.leaders == ("b", "c")
    assert standing(seen([1.0, 1.0])).ranks == {"a": (1, 2), "b": (1, 2)}


def test_what_varies_too_much_to_be_told_from_the_first_is_not_marked_beside_it():
    """Behind one that is told from the first, it would be called best while a better one is not."""
    found = standing({"a": Seen({0: 1.0}, {0: 0.1}), "b": Seen({0: 2.0}, {0: 0.1}), "c": Seen({0: 5.0}, {0: 4.0})})
    assert (found.leaders, found.unsure) == (("a",), ("c",))
    assert found.best == (), "and the first is not told from the last"
    more = standing(found_with_a_last())
    assert (more.best, more.unsure) == (("a",), ("c",))
    assert more.ranks["c"] == (1, 3)


def found_with_a_last():
    rows = {"a": (1.0, 0.1), "b": (2.0, 0.1), "c": (5.0, 3.0), "d": (90.0, 0.1)}
    return {name: Seen({0: gap}, {0: error}) for name, (gap, error) in rows.items()}


def test_a_pair_says_what_would_tell_it_apart():
    found = standing({name: Seen({0: gap}, {0: 0.5}, count=1000) for name, gap in (("a", 1.0), ("b", 2.0))})
    told = found.between("b", "a").json()
    assert (told["better"], told["worse"], told["apart"]) == ("a", "b", False)
    assert told["needs"]["samples"] == 3925  # (1.95996 + 0.84162)² · (0.5² + 0.5²) / 1², of 1,000 each
    assert standing(seen([1.0, 2.0])).between("a", "b").json()["needs"] == {}


def test_means_and_pairs_of_seeds_that_contradict_each_other_tell_nothing():
    """The better mean is of a seed that the other has not; where both have one, it is the worse."""
    first = Seen({0: 2.0, 1: 2.1, 2: -99.0}, dict.fromkeys(range(3), 0.1))
    second = Seen({0: 1.0, 1: 1.1}, dict.fromkeys(range(2), 0.1))
    found = standing({"a": first, "b": second})
    assert found.order == ("a", "b")
    assert found.between("a", "b").found.value > 0
    assert not found.between("a", "b").apart


@pytest.mark.parametrize(
    ("values", "marks"), [((0.0, 0.0), ""), ((0.5, 0.0), "*"), ((0.001, 0.0), ""), ((0.5, 0.49), "")]
)
def test_the_text_of_an_evaluation_is_marked_by_the_same_rule(values, marks):
    scores = [Score("recall", value, 0.01, 1.0, worst=0.0) for value in (0.9, *values)]
    cells = _cells(scores)
    assert [cell[-1] == "*" for cell in cells[3:]] == [mark == "*" for mark in marks.ljust(2)]


def many(n, error=3.0):
    gaps = np.random.default_rng(0).permutation(n).astype(float)
    return {f"model-{i}": Seen({0: gap}, {0: error}, count=100) for i, gap in enumerate(gaps)}


def test_json_of_some_models_holds_every_two_and_nothing_else():
    found = standing(many(EVERY_PAIR))
    assert found.json() == {
        "best": list(found.best),
        "ranks": {name: list(places) for name, places in found.ranks.items()},
        "pairs": [pair.json() for pair in found.pairs],
    }
    assert len(found.json()["pairs"]) == EVERY_PAIR * (EVERY_PAIR - 1) / 2


@pytest.mark.parametrize("n", [EVERY_PAIR + 1, 60])
def test_json_of_many_models_holds_the_first_with_all_each_with_the_next_and_who_is_told_apart(n):
    found = standing(many(n))
    told = found.json()
    assert told["order"] == list(found.order)
    first = [(found.order[0], name) for name in found.order[1:]]
    neighbours = [(found.order[i], found.order[i + 1]) for i in range(1, n - 1)]
    assert [(pair["better"], pair["worse"]) for pair in told["pairs"]] == first + neighbours
    assert told["pairs"] == [found.between(*names).json() for names in first + neighbours]
    assert len(told["pairs"]) + told["pairs_left_out"] == len(found.pairs) == n * (n - 1) / 2
    read = {
        (name, told["order"][place])
        for name, marks in told["better_than"].items()
        for place, mark in enumerate(marks)
        if mark == "1"
    }
    assert read == {(pair.first, pair.second) for pair in found.pairs if pair.apart}
    assert 0 < len(read) < n * (n - 1) / 2
    for name, (best, worst) in told["ranks"].items():  # places are what the marks leave
        assert best == 1 + sum(other == name for _, other in read)
        assert worst == n - sum(one == name for one, _ in read)


def test_json_of_two_hundred_models_is_small():
    """Of a measure; every two of them took 7.6 MB."""
    assert len(json.dumps(standing(many(200)).json(), indent=2)) < 300_000
