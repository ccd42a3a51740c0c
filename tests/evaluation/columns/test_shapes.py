"""Shapes, pairs and adherence: values by closed forms and other libraries, errors by simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reparam.evaluation.columns.adherence import boundary, category, missing_patterns, missing_share
from reparam.evaluation.columns.pairs import cramers_v, pair, trends
from reparam.evaluation.columns.part import mean
from reparam.evaluation.columns.rows import Seen
from reparam.evaluation.columns.shapes import ks_complement, shape, tv_complement

RNG = np.random.default_rng


def numbers(values, missing=None, name="x"):
    values = np.asarray(values, float)
    return Seen(name, True, values, np.zeros(len(values), bool) if missing is None else missing)


def words(codes, missing=None, name="w"):
    codes = np.asarray(codes, float)
    return Seen(name, False, codes, np.zeros(len(codes), bool) if missing is None else missing)


def test_ks_of_shifted_normals_is_the_closed_form_within_its_error():
    rng, shift = RNG(0), 0.5
    found = ks_complement(numbers(rng.normal(size=200_000) + shift), numbers(rng.normal(size=100_000)))
    exact = 1 - (2 * stats.norm.cdf(shift / 2) - 1)
    assert abs(found.value - exact) < 4 * found.error
    assert found.error < 0.003


def test_ks_is_scipys_whatever_ties_and_holes_there_are():
    rng = RNG(1)
    x, y = rng.integers(0, 9, 300), rng.integers(2, 12, 200)
    hole = rng.random(300) < 0.2
    found = shape(numbers(np.where(hole, 1e9, x), hole), numbers(y))
    assert found.value == pytest.approx(1 - stats.ks_2samp(x[~hole], y).statistic, abs=1e-12)


@pytest.mark.parametrize(
    "draw", [lambda rng, n, of: numbers(rng.normal(size=n) + of), lambda rng, n, of: words(rng.random(n) < 0.4 + of)]
)
def test_errors_are_what_repeated_samples_scatter_by(draw):
    found = [shape(draw(RNG(i), 300, 0.3), draw(RNG(10_000 + i), 500, 0.0)) for i in range(400)]
    scatter, told = np.std([one.value for one in found]), np.mean([one.error for one in found])
    assert told == pytest.approx(scatter, rel=0.12)


def test_variation_of_known_words():
    rng, p, q = RNG(2), np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    found = tv_complement(words(rng.choice(3, 100_000, p=p)), words(rng.choice(3, 50_000, p=q)))
    assert abs(found.value - (1 - np.abs(p - q).sum() / 2)) < 4 * found.error


def test_a_mean_knows_that_its_parts_rest_on_the_same_rows():
    rng = RNG(3)
    a, b = numbers(rng.normal(size=200)), numbers(rng.normal(size=300) + 1)
    apart = shape(numbers(rng.normal(size=200)), numbers(rng.normal(size=300) + 1))
    one = shape(a, b)
    assert mean([one, one]).error == pytest.approx(one.error)
    assert mean([one, apart]).error == pytest.approx(np.hypot(one.error, apart.error) / 2, rel=0.15)


def test_correlations_of_normals_have_the_known_error():
    """(1 - r²) / √n of each (Fisher 1915), and the score moves by half of it."""
    rng, n = RNG(4), 20_000
    made, real = (rng.multivariate_normal([0, 0], [[1, r], [r, 1]], n).T for r in (0.3, 0.8))
    columns = [(numbers(made[i]), numbers(real[i])) for i in range(2)]
    part, r, s = pair(*columns)
    assert (r, s) == pytest.approx((np.corrcoef(made)[0, 1], np.corrcoef(real)[0, 1]))
    assert part.value == pytest.approx(1 - abs(r - s) / 2)
    assert part.error == pytest.approx(np.hypot(1 - 0.3**2, 1 - 0.8**2) / np.sqrt(n) / 2, rel=0.03)


def test_contingency_is_that_of_pandas_with_holes_as_a_word():
    rng = RNG(5)
    tables = []
    for n in (400, 700):
        frame = pd.DataFrame({"a": rng.choice([0, 1, 2], n), "b": rng.choice([0, 1], n)}).astype(float)
        tables.append(frame.mask(rng.random((n, 2)) < 0.1))
    seen = [[words(f[c].fillna(0), f[c].isna().to_numpy(), c) for c in "ab"] for f in tables]
    part, *_ = pair(*zip(*seen, strict=True))
    shares = [f.value_counts(["a", "b"], normalize=True, dropna=False) for f in tables]
    exact = 1 - shares[0].sub(shares[1], fill_value=0).abs().sum() / 2
    assert part.value == pytest.approx(exact)


def test_a_number_beside_words_is_binned_by_the_datas_range():
    rng = RNG(6)
    x, y, a, b = rng.normal(size=500), rng.normal(size=400) * 1.5, rng.integers(0, 2, 500), rng.integers(0, 2, 400)
    part, *_ = pair((numbers(y), numbers(x)), (words(b), words(a)))
    edges = np.histogram_bin_edges(x)  # ten, as SDMetrics takes them
    edges[0], edges[-1] = x.min(), np.nextafter(x.max(), 9)
    tables = [np.bincount(np.digitize(v, edges) * 2 + w, minlength=24) / len(v) for v, w in ((x, a), (y, b))]
    assert part.value == pytest.approx(1 - np.abs(tables[0] - tables[1]).sum() / 2)


def test_large_numbers_beside_small_ones_have_a_correlation_and_constants_have_none():
    rng = RNG(7)
    moments, small = 1.6e15 + 1e6 * rng.integers(0, 1000, 200), rng.integers(0, 9, 200)
    found = trends(*[[numbers(moments, name="t"), numbers(small, name="x"), numbers(np.ones(200), name="c")]] * 2)
    assert found.alike[0, 1] == 1
    assert np.isnan(found.alike[[0, 1], 2]).all()
    assert found.overall.value == 1


def test_cramers_v_of_independent_words_does_not_grow_as_rows_get_few():
    found = [cramers_v(RNG(i).integers(0, 8, 60), RNG(i + 999).integers(0, 8, 60)) ** 2 for i in range(200)]
    assert np.mean(found) < 0.02  # 7 / 59 without the correction


def test_adherence_is_a_share_with_its_binomial_error():
    found = boundary(numbers([-1.0, 0.0, 0.5, 1.0, 9.0, 5.0], np.array([0, 0, 0, 0, 0, 1], bool)), numbers([0.0, 1.0]))
    assert found.value == pytest.approx(0.6)
    assert found.error == pytest.approx(np.sqrt(0.6 * 0.4 / 5))
    assert category(words([0, 1, 2, 2]), words([0, 1])).value == 0.5
    hole = np.array([1, 0], bool)
    assert category(words([0, 1], hole), words([0, 1])).value == 0.5
    assert category(words([0, 1], hole), words([0, 1], hole)).value == 1


def test_missing_cells_are_compared_by_share_and_by_pattern():
    """As many holes in each column; in the data together, in the samples never."""
    a, b = np.array([1, 1, 0, 0], bool), np.array([0, 0, 1, 1], bool)
    made, real = [numbers(np.zeros(4), one, name) for one, name in ((a, "x"), (b, "y"))], None
    real = [numbers(np.zeros(4), a, name) for name in "xy"]
    assert [missing_share(one, other).value for one, other in zip(made, real, strict=True)] == [1, 1]
    assert missing_patterns(made, real).value == 0
    assert missing_patterns(real, real).value == 1
    assert missing_share(numbers([1.0]), numbers([2.0])) is None
