"""The Fréchet and the kernel distance: closed forms, other libraries' values, and error bars that are right."""

import warnings

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from torch import nn

from reparam.errors import UserError
from reparam.evaluation.samples.frechet import between_normals, frechet_distance
from reparam.evaluation.samples.kernel_distance import kernel_distance, squared_mmd
from reparam.transport import wasserstein2_full


def normal(seed, n, d=6, shift=0.0, scale=1.0):
    return shift + scale * torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def positive(seed, d, rank=None):
    root = normal(seed, d, rank or d)
    return root @ root.mT


def torchmetrics(x, y):
    from torchmetrics.image.fid import FrechetInceptionDistance

    class Columns(nn.Identity):
        num_features = x.shape[1]

    metric = FrechetInceptionDistance(Columns(), normalize=True).set_dtype(torch.float64)
    metric.update(x, real=True)
    metric.update(y, real=False)
    return metric.compute().item()


@pytest.mark.parametrize(("n", "d"), [(500, 3), (400, 40), (60, 90)], ids=["small", "wide", "more columns than rows"])
def test_the_frechet_distance_is_torchmetrics(n, d):
    x, y = normal(0, n, d), normal(1, n + 7, d, shift=0.3, scale=1.4) @ positive(2, d)
    assert frechet_distance(x, y).value == pytest.approx(torchmetrics(x, y), rel=1e-6)


def test_between_normals_is_the_matrix_root_and_our_own_transport():
    a, b, mean = positive(0, 7), positive(1, 7), normal(2, 1, 7)[0]
    zero = torch.zeros_like(mean)
    found = between_normals(mean, a, zero, b)
    root = np.real(sqrtm(a.numpy() @ b.numpy()))
    assert found == pytest.approx((mean @ mean + a.trace() + b.trace()).item() - 2 * np.trace(root), rel=1e-9)
    assert found == pytest.approx(wasserstein2_full(mean, a, zero, b).item() ** 2, rel=1e-9)


def test_singular_covariances_have_their_closed_form():
    """Of commuting ones it is the sum of (√a - √b)²."""
    rotation = torch.linalg.qr(normal(0, 5, 5)).Q
    a, b = torch.tensor([4.0, 1.0, 0.0, 0.0, 9.0]).double(), torch.tensor([1.0, 0.0, 0.0, 16.0, 9.0]).double()
    zero = torch.zeros(5).double()
    found = between_normals(zero, rotation * a @ rotation.mT, zero, rotation * b @ rotation.mT)
    assert found == pytest.approx(1 + 1 + 16, abs=1e-7)
    assert between_normals(zero, positive(1, 5, rank=2), zero, positive(1, 5, rank=2)) == pytest.approx(0, abs=1e-7)
    assert between_normals(zero, zero.diag(), zero + 1, zero.diag()) == 5


def test_equal_sets_are_at_no_distance_and_offsets_lose_no_digits():
    x = normal(0, 200)
    assert frechet_distance(x, x).value == pytest.approx(0, abs=1e-9)
    moved = frechet_distance(x + 1e6, x + 1e6 + 1)
    assert moved.value == pytest.approx(6, rel=1e-6)
    assert frechet_distance((x / 2).float().numpy(), x / 2).value == pytest.approx(0, abs=1e-9)


def spread(results):
    values, errors = np.array([r[0] for r in results]), np.array([r[1] for r in results])
    return values.mean(), values.std(ddof=1), np.sqrt((errors**2).mean())


def test_extrapolation_takes_the_bias_off_and_the_frechet_error_bar_is_the_spread():
    found = [frechet_distance(normal(2 * i, 300), normal(2 * i + 1, 300, shift=0.3, scale=1.2)) for i in range(100)]
    exact = 6 * (0.3**2 + 0.2**2)
    mean, deviation, error = spread([(f.extrapolated, f.standard_error) for f in found])
    assert abs(mean - exact) < 4 * deviation / 10
    assert 0.8 < error / deviation < 1.35
    assert np.mean([f.value for f in found]) > exact + 6 * deviation / 10, "the plain estimate is too large"


def test_the_squared_mmd_is_torchmetrics_and_its_definition():
    from torchmetrics.image.kid import poly_mmd

    x, y = normal(0, 30), normal(1, 30, shift=0.4)
    assert squared_mmd(x, y).item() == pytest.approx(poly_mmd(x, y).item(), rel=1e-9)

    def k(a, b):
        return ((a @ b).item() / 6 + 1) ** 3

    y = y[:20]
    same = sum(
        k(s[i], s[j]) / (len(s) * (len(s) - 1)) for s in (x, y) for i in range(len(s)) for j in range(len(s)) if i != j
    )
    across = sum(k(a, b) for a in x for b in y) / 600
    assert squared_mmd(x, y).item() == pytest.approx(same - 2 * across, rel=1e-9)


def test_torchmetrics_subset_means_agree():
    """Its subsets overlap, so that only the means compare."""
    from torchmetrics.image.kid import KernelInceptionDistance

    x, y = normal(0, 2000), normal(1, 2000, shift=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of its memory whatever it is given
        metric = KernelInceptionDistance(nn.Identity(), subsets=50, subset_size=200)
    metric.update(x, real=True)
    metric.update(y, real=False)
    mine = kernel_distance(x, y)
    assert (mine.subsets, mine.subset_size) == (10, 200)
    assert abs(mine.value - metric.compute()[0].item()) < 3 * mine.standard_error


def test_the_kernel_distance_is_unbiased_and_its_error_bar_is_the_spread():
    """Along one axis E k(x, y) = E (xy + 1)³ of normals is a polynomial of their moments."""
    shift = 0.4

    def expected(a, b):  # of independent x ~ N(a, 1), y ~ N(b, 1)
        third = (a**3 + 3 * a) * (b**3 + 3 * b)
        return third + 3 * (a**2 + 1) * (b**2 + 1) + 3 * a * b + 1

    exact = expected(0, 0) + expected(shift, shift) - 2 * expected(0, shift)
    found = [kernel_distance(normal(2 * i, 400, 1), normal(2 * i + 1, 400, 1, shift)) for i in range(150)]
    mean, deviation, error = spread([(f.value, f.standard_error) for f in found])
    assert abs(mean - exact) < 4 * deviation / 150**0.5
    assert 0.8 < error / deviation < 1.25


def test_subsets_are_disjoint_seeded_and_as_large_as_said():
    x, y = normal(0, 100), normal(1, 120)
    assert kernel_distance(x, y, seed=1) == kernel_distance(x, y, seed=1) != kernel_distance(x, y, seed=2)
    assert kernel_distance(x, y, subset_size=50).subsets == 2
    assert kernel_distance(x, y, subset_size=10_000).subset_size == 50


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (normal(0, 39), normal(1, 50), "the first set has 39 examples"),
        (normal(0, 50), normal(1, 50) * np.nan, "the second points are not finite, first in row 0"),
        (normal(0, 50), normal(1, 50, 5), "6 and of 5 dimensions"),
        (normal(0, 50)[:, 0], normal(1, 50), "shape"),
    ],
)
@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_what_cannot_be_compared_is_refused_in_words(distance, x, y, words):
    with pytest.raises(UserError, match=words):
        distance(x, y)
