"""What rows teach: scores by scikit-learn's, errors by simulation, and samples that teach nothing."""

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from reparam.errors import UserError
from reparam.evaluation.columns.prediction import auc, predict, r_squared, targets
from reparam.evaluation.columns.rows import Seen

RNG = np.random.default_rng


def rows(rng, n):
    """A word of three that follows a number, and a number that follows it."""
    x = rng.normal(size=n)
    word = np.digitize(x + 0.5 * rng.normal(size=n), [-0.5, 0.8]).astype(float)
    follows = 3 * x + rng.normal(size=n)
    gone = np.zeros(n, bool)
    return [Seen("x", True, x, gone), Seen("word", False, word, gone), Seen("y", True, follows, rng.random(n) < 0.1)]


def test_scores_are_scikit_learns():
    rng = RNG(0)
    truth, chances = rng.integers(0, 3, 400), rng.dirichlet(np.ones(3), 400).round(1)
    chances /= chances.sum(1, keepdims=True)
    wanted = roc_auc_score(truth, chances, multi_class="ovr", average="weighted")
    assert auc(chances, truth)[0] == pytest.approx(wanted)
    guess, y = rng.normal(size=50), rng.normal(size=50)
    assert r_squared(guess, y)[0] == pytest.approx(r2_score(y, guess))


@pytest.mark.parametrize("kind", ["auc", "r2"])
def test_errors_are_what_repeated_tests_scatter_by(kind):
    def once(seed):
        rng = RNG(seed)
        y = rng.normal(size=300)
        guess = y + rng.normal(size=300)
        if kind == "r2":
            value, moved = r_squared(guess / 2, y)
        else:
            chance = 1 / (1 + np.exp(-guess))
            value, moved = auc(np.stack([1 - chance, chance], 1), (y > 0.7).astype(int))
        return value, moved.std() / np.sqrt(300)

    values, errors = np.array([once(seed) for seed in range(300)]).T
    assert errors.mean() == pytest.approx(values.std(), rel=0.12)


@pytest.mark.parametrize("target", ["word", "y"])
def test_samples_of_the_law_teach_as_much_and_shuffled_ones_nothing(target):
    rng = RNG(1)
    good, real, test = (rows(rng, n) for n in (800, 800, 500))
    found = predict(target, good, real, test)
    assert found.real > 0.8
    assert abs(found.value - found.real) < 5 * found.gap_error + 0.02
    bad = [Seen(o.name, o.number, rng.permutation(o.values), np.zeros(800, bool)) for o in rows(rng, 800)]
    nothing = predict(target, bad, real, test).value
    assert nothing < 0.6 if target == "word" else nothing < 0.1
    same = predict(target, real, real, test)
    assert (same.value, same.gap_error) == (same.real, 0)


def test_the_column_is_the_labels_and_the_last_of_words_unless_asked():
    some = rows(RNG(2), 50)
    assert targets(some, None, None) == ["word"]
    assert targets(some, None, "word") == ["word", "y"]
    assert targets(some, "all", None) == ["x", "word", "y"]
    with pytest.raises(UserError, match=r"target='z' is no column .* x, word, y, or all"):
        targets(some, "z", None)
