"""Precision and recall, density and coverage: brute force, another library, closed cases, error bars."""

import math

import numpy as np
import pytest
import torch

from reparam.errors import UserError
from reparam.evaluation.samples import neighbours
from reparam.evaluation.samples.manifold_metrics import NAMES, expected_coverage, manifold_metrics
from reparam.evaluation.samples.neighbours import blocks, nearest, neighbour_squares


def normal(seed, n, d=4, shift=0.0, scale=1.0):
    return shift + scale * torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def values(found):
    return [getattr(found, name) for name in NAMES]


def brute_force(real, fake, k_precision, k_density):
    """From the definitions, one point at a time."""
    real, fake = real.tolist(), fake.tolist()
    radii = {
        (name, k): [
            sorted(math.dist(p, q) for j, q in enumerate(points) if j != i)[k - 1] for i, p in enumerate(points)
        ]
        for name, points in (("real", real), ("fake", fake))
        for k in (k_precision, k_density)
    }

    def inside(point, name, k):
        points = real if name == "real" else fake
        return [math.dist(point, p) <= radius for p, radius in zip(points, radii[name, k], strict=True)]

    counts = [inside(f, "real", k_density) for f in fake]
    return [
        np.mean([any(inside(f, "real", k_precision)) for f in fake]),
        np.mean([any(inside(r, "fake", k_precision)) for r in real]),
        np.mean(np.sum(counts, 1)) / k_density,
        np.mean(np.any(counts, 0)),
    ]


def test_the_definitions():
    real, fake = normal(0, 60), normal(1, 65, shift=0.6, scale=0.7)
    found = manifold_metrics(real, fake)
    assert values(found) == pytest.approx(brute_force(real, fake, 3, 5), abs=1e-12)
    assert (found.k, found.n) == ((3, 5), (60, 65))


@pytest.mark.parametrize("k", [1, 3, 7])
@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.8, 1.0), (0.0, 0.5), (0.0, 2.0)])
def test_the_authors_own_implementation(k, shift, scale):
    from prdc import compute_prdc

    real, fake = normal(0, 300, 8), normal(1, 250, 8, shift, scale)
    theirs = compute_prdc(real.numpy(), fake.numpy(), nearest_k=k)
    assert values(manifold_metrics(real, fake, k, k)) == pytest.approx([theirs[name] for name in NAMES], abs=1e-12)


def test_blocks_change_nothing(monkeypatch):
    real, fake = normal(0, 130), normal(1, 111, shift=0.5)
    whole = manifold_metrics(real, fake)
    monkeypatch.setattr(neighbours, "BLOCK", 400)
    assert values(manifold_metrics(real, fake)) == pytest.approx(values(whole), abs=1e-12)


def test_equal_sets_are_perfect_even_where_points_repeat():
    """A point is inside its own ball and those of its k neighbours on average: density (k + 1) / k."""
    x = normal(0, 100) + 1e4
    assert values(manifold_metrics(x, x)) == pytest.approx([1, 1, 6 / 5, 1])
    repeated = normal(0, 10).repeat(10, 1)
    found = manifold_metrics(repeated, repeated)
    assert [found.precision, found.recall, found.coverage] == [1, 1, 1]


def test_sets_far_apart_share_nothing():
    assert values(manifold_metrics(normal(0, 100), normal(1, 100) + 1e3)) == [0, 0, 0, 0]


def test_half_the_modes_are_all_precision_and_half_the_recall():
    real, fake = normal(0, 200), normal(1, 200)
    real[:100] += 100
    found = manifold_metrics(real, fake)
    assert found.precision > 0.9
    assert found.recall == pytest.approx(0.5, abs=0.05)
    assert found.coverage == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("n", [60, 140])
@pytest.mark.parametrize("shift", [0.0, 0.8])
def test_errors_of_few_examples_are_no_smaller_than_the_spread(n, shift):
    """As Efron and Stein's inequality has it; they were a quarter of it, and 0 of coverage, by subsets of six."""
    found = [manifold_metrics(torch.randn(n, 6), torch.randn(n, 6) + shift) for _ in range(80)]
    for name in NAMES:
        error = np.sqrt(np.mean([f.errors[name] ** 2 for f in found]))
        # 80 pairs tell a standard deviation to 8 %, of which 2.5 are 0.2; most is 1.75 times
        assert 0.8 < error / np.std([getattr(f, name) for f in found]) < 2.3, name
        assert min(f.errors[name] for f in found) >= 1 / n


def test_equal_distributions_have_the_coverage_and_density_of_theory_and_error_bars_are_the_spread():
    """The coverage does not depend on the distribution (Naeem et al. 2020, lemma 2)."""
    found = [manifold_metrics(normal(2 * i, 200, 3), normal(2 * i + 1, 150, 3), 3, 4) for i in range(150)]
    coverage, density = np.array([f.coverage for f in found]), np.array([f.density for f in found])
    assert abs(coverage.mean() - expected_coverage(200, 150, 4)) < 4 * coverage.std() / 150**0.5
    assert abs(density.mean() - 1) < 4 * density.std() / 150**0.5
    for name in NAMES:
        error = np.sqrt(np.mean([f.errors[name] ** 2 for f in found]))
        assert 0.65 < error / np.std([getattr(f, name) for f in found]) < 1.6, name


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((normal(0, 59), normal(1, 100)), "the first set has 59 examples.* give 60"),
        ((normal(0, 60), normal(1, 60) / 0), "the second points are not finite"),
        ((normal(0, 60), normal(1, 60, 3)), "4 and of 3 dimensions"),
        ((normal(0, 60), normal(1, 60), 0), "k = 0 makes no ball"),
        ((normal(0, 60), normal(1, 60), 3, 9), "give 100"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_words(arguments, words):
    with pytest.raises(UserError, match=words):
        manifold_metrics(*arguments)


def test_nearest_is_brute_force_and_exact_for_copies():
    points, queries = normal(0, 500, 30).float() + 50, normal(1, 40, 30).float() + 50
    queries[7] = points[123]
    found = nearest(queries, torch.split(points, 77), 3)
    distances = (queries[:, None].double() - points.double()).norm(dim=-1)
    expected = distances.sort(1)
    assert torch.equal(found.indices, expected.indices[:, :3])
    assert torch.allclose(found.distances.double(), expected.values[:, :3], rtol=1e-5)
    assert found.distances[7, 0] == 0
    assert found.searched == 500
    assert torch.equal(nearest(queries, points, 3).indices, found.indices)


def test_too_few_neighbours_are_refused():
    with pytest.raises(UserError, match="2 points to find the 3 nearest"):
        nearest(normal(0, 5), normal(1, 2), 3)
    with pytest.raises(UserError, match="3 examples are too few for 3 neighbours"):
        neighbour_squares(normal(0, 3), 3)


def test_distances_come_in_blocks_of_one_and_the_same_memory(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", 900)
    x, y = normal(0, 100).double(), normal(1, 90).double()
    found, places = torch.zeros(100, 90), set()
    for rows, squares in blocks(x, y):
        found[rows] = squares.float()
        places.add(squares.data_ptr())
        assert squares.numel() <= 900
    assert len(places) == 1
    torch.testing.assert_close(found, torch.cdist(x, y).square().float())
