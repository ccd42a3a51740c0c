"""Sliced Wasserstein, Vendi, AuthPct, feature likelihood: closed forms, other implementations, errors that hold."""

from itertools import pairwise

import numpy as np
import ot
import pytest
import torch
from scipy.spatial.distance import cdist
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, special_ortho_group

from reparam.data import Dataset, Split
from reparam.errors import UserError
from reparam.evaluation import MEASURES, Compared
from reparam.evaluation.samples import sliced_wasserstein as module
from reparam.evaluation.samples.authenticity import authenticity
from reparam.evaluation.samples.feature_likelihood import SMALLEST, feature_likelihood, fitted
from reparam.evaluation.samples.sliced_wasserstein import sliced_wasserstein
from reparam.evaluation.samples.vendi import vendi_score
from reparam.evaluation.samples.yardstick import Yardstick


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_shift_by_m_comes_to_its_square_over_d_in_any_width():
    for width in (1, 2, 7, 150):
        x, m = normal(50, width), normal(width, seed=1)
        found = sliced_wasserstein(x, x + m)
        assert found.value == pytest.approx(float(m.square().sum()) / width, rel=1e-9)
        assert found.standard_error < 1e-9, "leaving rows out changes nothing"
        assert found.directions == (100 if width == 1 else -(-100 // width) * width)


def test_two_normals_come_to_the_closed_form():
    """W₂² of projections is (θᵀm)² + (√(θᵀAθ) - √(θᵀBθ))²; with A = I, B = 4I its mean is |m|²/d + 1."""
    n, d = 20_000, 5
    m = torch.tensor([1.0, -2.0, 0.0, 2.0, 0.0])
    found = sliced_wasserstein(normal(n, d), 2 * normal(n, d, seed=1) + m)
    assert found.value == pytest.approx(9 / 5 + 1, abs=4 * found.standard_error)
    assert found.standard_error < 0.05


@pytest.mark.parametrize(("n", "m"), [(60, 60), (60, 83), (200, 41)])
def test_it_is_the_mean_of_one_dimensional_distances_of_pot(n, m):
    x, y = normal(n, 3), normal(m, 3, seed=1) * 1.5 + 0.3
    ways = torch.cat(list(module._bases(3, 100, 7))).numpy()
    naive = [ot.wasserstein_1d(x.numpy() @ way, y.numpy() @ way, p=2) for way in ways]
    assert sliced_wasserstein(x, y, seed=7).value == pytest.approx(np.mean(naive), rel=1e-9)


def test_directions_are_uniform_on_the_sphere():
    """As SciPy's rotations, whose second moment of an entry is 1/3 and whose fourth is 1/5."""
    ways = torch.cat(list(module._bases(3, 30_000, 0)))
    theirs = special_ortho_group(3, seed=0).rvs(10_000).reshape(-1, 3)
    assert torch.allclose(ways.norm(dim=1), torch.ones(len(ways)).double())
    for moment in (1, 3, 4):
        mine, other = (ways**moment).mean(0), torch.as_tensor((theirs**moment).mean(0))
        assert torch.allclose(mine, other, atol=0.02)


def test_blocks_of_directions_change_nothing(monkeypatch):
    x, y = normal(80, 6), normal(80, 6, seed=1)
    whole = sliced_wasserstein(x, y)
    monkeypatch.setattr(module, "BLOCK", 200)
    assert sliced_wasserstein(x, y).value == pytest.approx(whole.value, rel=1e-12)
    assert sliced_wasserstein(x, y).standard_error == pytest.approx(whole.standard_error, rel=1e-9)


def spread(draw, repeats=60):
    """Standard deviation of independent repeats beside the mean of the errors that they state."""
    found = [draw(2 * i, 2 * i + 1) for i in range(repeats)]
    return np.std([one.value for one in found], ddof=1), np.mean([one.standard_error for one in found])


def test_errors_are_those_of_repeated_draws():
    """The deviation of 60 repeats is known to 1/√118 = 9 %, the mean of 60 jackknives of ten groups to 3 %."""
    for draw in (
        lambda i, j: sliced_wasserstein(normal(200, 4, seed=i), normal(200, 4, seed=j) + 1),
        lambda i, j: vendi_score(normal(200, 4, seed=i) + torch.tensor([1.0, 0, 0, 0])),
    ):
        deviation, stated = spread(draw)
        assert stated == pytest.approx(deviation, rel=0.35)


def test_k_equal_groups_without_anything_in_common_count_k():
    for k in (1, 2, 9):
        x = torch.eye(9)[:k].repeat(-(-40 // k), 1) * 3
        assert vendi_score(x).value == pytest.approx(k, rel=1e-9)
    shares = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    x = torch.eye(3).repeat_interleave(torch.tensor([50, 30, 20]), 0)
    assert vendi_score(x).value == pytest.approx(float((-(shares * shares.log()).sum()).exp()), rel=1e-9)


def test_it_is_the_entropy_of_the_matrix_of_cosines():
    x = normal(90, 7) + 0.5
    x[:5] = 0
    cosines = 1 - cdist(x[5:].numpy(), x[5:].numpy(), "cosine")
    kernel = np.block([[np.ones((5, 5)), np.zeros((5, 85))], [np.zeros((85, 5)), cosines]])
    values = np.linalg.eigvalsh(kernel / 90)
    values = values[values > 1e-12]
    assert vendi_score(x).value == pytest.approx(np.exp(-(values * np.log(values)).sum()), rel=1e-9)


def test_authenticity_is_that_of_the_naive_rule():
    samples, train = normal(150, 3), normal(80, 3, seed=1)
    samples[:10] = train[:10]
    to_train, within = cdist(samples, train), cdist(train, train)
    np.fill_diagonal(within, np.inf)
    naive = [to_train[i].min() > within[to_train[i].argmin()].min() for i in range(150)]
    found = authenticity(samples, train)
    assert found.value == pytest.approx(np.mean(naive))
    assert found.standard_error == pytest.approx(np.std(naive) / np.sqrt(150))


def test_copies_come_to_nothing_and_points_on_a_line_to_a_third():
    """A uniform point on a line, of n uniform ones: its nearest has its own nearest closer with probability 1/3.

    Of the point's nearest neighbour t, the point is nearer than t's other neighbours unless one of these is within r of
    t: on the far side alone (the near side holds the point), a Poisson gap below r with r the least of two gaps: r is
    exponential of rate 2, the gap of rate 1, so that P(gap < r) = 1/(1 + 2).
    """
    train = torch.rand(4000, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    points = torch.rand(4000, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert authenticity(train[:50], train).value == 0
    found = authenticity(points, train)
    assert found.value == pytest.approx(1 / 3, abs=5 * found.standard_error)  # neighbours share training points


def test_what_cannot_be_measured_is_refused():
    for ask in (sliced_wasserstein, authenticity):
        with pytest.raises(UserError, match="too few"):
            ask(normal(9, 2), normal(99, 2))
    with pytest.raises(UserError, match="too few"):
        vendi_score(normal(9, 2))
    with pytest.raises(UserError, match="not finite"):
        vendi_score(normal(50, 2) / 0)
    x = normal(60, 2)
    with pytest.raises(UserError, match="measure with a Yardstick"):
        MEASURES["authenticity"](Compared(x, x, x, x, 0))


def naive_variances(centres, train, steps):
    """EM in float64 with SciPy's normals, a ball at a time."""
    squares, width = cdist(train, centres) ** 2, centres.shape[1]
    variances = np.maximum(squares.min(0) / width, SMALLEST)
    for _ in range(steps):
        logs = np.stack([multivariate_normal(c, v).logpdf(train) for c, v in zip(centres, variances, strict=True)], 1)
        ground = multivariate_normal(np.zeros(width), 1.0).logpdf(train)
        shares = np.exp(logs - logsumexp(np.column_stack([logs, ground]), 1, keepdims=True))
        variances = np.maximum((shares * squares).sum(0) / shares.sum(0) / width, SMALLEST)
    return variances


def naive_log_density(centres, variances, x):
    logs = [multivariate_normal(c, v).logpdf(x) for c, v in zip(centres, variances, strict=True)]
    logs.append(multivariate_normal(np.zeros(x.shape[1]), 1.0).logpdf(x))
    return logsumexp(np.stack(logs, 1), 1) - np.log(len(logs))


def test_feature_likelihood_is_that_of_a_naive_implementation():
    samples, train, unseen = normal(60, 3) * 1.5, normal(200, 3, seed=1) * 2 + 1, normal(70, 3, seed=2) * 2 + 1
    found = feature_likelihood(samples, train, unseen, steps=4)
    mean, deviation = train.mean(0), train.std(0, correction=0)
    x, y, z = (((one - mean) / deviation).numpy() for one in (samples, train, unseen))
    assert found.balls == 60
    p = naive_log_density(x, naive_variances(x, y, 4), z)
    q = naive_log_density(y[:60], naive_variances(y[:60], y[60:], 4), z)
    assert found.value == pytest.approx(100 / 3 * (q - p).mean(), rel=2e-4)


def test_each_step_explains_the_training_examples_better():
    x, y = normal(50, 2).float() * 1.3, normal(300, 2, seed=1).float()
    found = [naive_log_density(x.numpy(), fitted(x, y, steps).numpy(), y.numpy()).mean() for steps in (1, 2, 4, 8, 16)]
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(found)), found


def test_feature_likelihood_is_nothing_for_samples_of_the_law_and_large_for_copies():
    train, unseen = normal(3000, 6), normal(1000, 6, seed=1)
    good = feature_likelihood(normal(500, 6, seed=2), train, unseen)
    shifted = feature_likelihood(normal(500, 6, seed=2) + 1, train, unseen)
    copies = feature_likelihood(train[1000:1500], train, unseen)
    one = feature_likelihood(normal(500, 6, seed=2) * 0.1 + 1, train, unseen)
    assert abs(good.value) < 4 * good.standard_error
    for bad in (shifted, copies, one):
        assert bad.value > good.value + 4 * np.hypot(bad.standard_error, good.standard_error)


def test_errors_of_feature_likelihood_are_those_of_repeated_draws():
    deviation, stated = spread(
        lambda i, j: feature_likelihood(normal(100, 3, seed=i) + 0.5, normal(400, 3, seed=j), normal(150, 3, seed=~i)),
        40,
    )
    assert stated == pytest.approx(deviation, rel=0.45)  # 1/√78 = 11 %, and what the training examples add


def test_a_yardstick_takes_the_slow_ones_where_they_are_asked_for():
    x = torch.rand(600, 2, generator=torch.Generator().manual_seed(0))
    data = Dataset("square", Split(x[:300]), Split(x[300:400]), Split(x[400:]), data_shape=(2,))
    assert "feature_likelihood" not in Yardstick(data, 100).floor().further
    card = Yardstick(data, 100, all_measures=True).floor()
    assert list(card.further)[-2:] == ["feature_likelihood", "path_length"]
    assert abs(card.further["feature_likelihood"].value) < 5 * card.further["feature_likelihood"].standard_error
    copies = Yardstick(data, 100, neighbours=100).measure(x[:100])
    assert copies.further["authenticity"].value == 0
    assert copies.further["authenticity"].gap == copies.further["authenticity"].best > 0.1


def test_what_rests_on_real_examples_alone_is_computed_once():
    x, calls = normal(60, 2), []
    given = Compared(x, x, x, x, 0)
    for _ in range(3):
        assert given.once("vendi", lambda: calls.append(1) or vendi_score(x)) == vendi_score(x)
    assert calls == [1]
    data = Dataset("square", *(Split(normal(200, 2, seed=i).float()) for i in range(3)), data_shape=(2,))
    by = Yardstick(data, 60, neighbours=60, all_measures=True)
    first, second = by.measure(x.float()), by.measure(x.float())
    assert first.further["feature_likelihood"] == second.further["feature_likelihood"]
    fresh = Yardstick(data, 60, neighbours=60, all_measures=True)
    assert fresh.measure(x.float()).further["feature_likelihood"] == first.further["feature_likelihood"]
