"""Toy densities: they integrate to one, and the samples are theirs."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from reparam.data import Moons, load_data
from reparam.data.readers.toy import TOYS
from reparam.randomness import generator

#: Where the mass is, and a step that resolves it: the sum over a grid is then exact to rounding.
BOXES = {
    "ring": (-1.1, 1.1, 0.005),
    "grid": (-4.5, 4.5, 0.025),
    "two-gaussians": (-6, 6, 0.1),
    "moons": (-2.2, 3.2, 0.05),
}
CELL = 4


def masses(name):
    """Probability of the cells, ``CELL`` steps wide, of the toy's box, and the box's lower corner and cell width."""
    low, high, step = BOXES[name]
    side = round((high - low) / step / CELL) * CELL
    axis = low + step * (torch.arange(side, dtype=torch.float64) + 0.5)
    density = TOYS[name]().log_prob(torch.cartesian_prod(axis, axis)).exp().reshape(side, side) * step**2
    return density.unfold(0, CELL, CELL).unfold(1, CELL, CELL).sum((-1, -2)), low, step * CELL


@pytest.mark.parametrize("name", TOYS)
def test_densities_integrate_to_one_and_samples_agree(name):
    probabilities, low, width = masses(name)
    assert float(probabilities.sum()) == pytest.approx(1, abs=1e-6)
    n, side = 50_000, len(probabilities)
    x = TOYS[name]().sample(n, generator(1, "test")).double()
    cells = ((x - low) / width).floor().long().clamp(0, side - 1)
    counts = torch.bincount(cells[:, 0] * side + cells[:, 1], minlength=side**2)
    expected = n * probabilities.flatten()
    # The sum over points of a cell is right to a percent or so where the density is steep: cells are merged in a few
    # groups of like density, for which it is right to much better.
    order = expected.argsort()
    group = (expected[order].cumsum(0) / n * 20).long().clamp(max=19)
    seen, due = (
        torch.zeros(20, dtype=torch.float64).index_add_(0, group, v[order].double()) for v in (counts, expected)
    )
    assert stats.chisquare(seen.numpy(), (due / due.sum() * n).numpy()).pvalue > 1e-3


@pytest.mark.parametrize("name", ["ring", "grid", "two-gaussians"])
def test_mixtures_agree_with_scipy_and_share_out_evenly(name):
    density = TOYS[name]()
    x = density.sample(20_000, generator(3, "test"))
    parts = [stats.multivariate_normal(mode.numpy(), density.standard_deviation**2) for mode in density.modes]
    expected = np.log(sum(w * p.pdf(x.double().numpy()) for w, p in zip(density.weights.numpy(), parts, strict=True)))
    assert np.allclose(density.log_prob(x.double()).numpy(), expected, atol=1e-9)
    assert np.allclose(density.log_prob(x).numpy(), expected, atol=1e-4)
    counts = torch.cdist(x.double(), density.modes).argmin(1).bincount(minlength=len(density.modes))
    assert stats.chisquare(counts).pvalue > 1e-3
    noise = x.double() - density.modes[torch.cdist(x.double(), density.modes).argmin(1)]
    if name != "two-gaussians":
        assert stats.kstest((noise / density.standard_deviation).flatten().numpy(), "norm").pvalue > 1e-3
    assert float(density.weights.sum()) == pytest.approx(1)


def test_where_the_modes_are():
    ring, grid = TOYS["ring"](), TOYS["grid"]()
    assert torch.allclose(ring.modes.norm(dim=1), torch.ones(8, dtype=torch.float64))
    assert torch.allclose(ring.modes[1], torch.full((2,), math.sqrt(0.5), dtype=torch.float64))
    assert (ring.standard_deviation, grid.standard_deviation) == (0.01, 0.05)
    assert grid.modes.shape == (25, 2)
    assert sorted(set(grid.modes.flatten().tolist())) == [-4, -2, 0, 2, 4]
    assert grid.modes.mean() == 0


def test_the_moons_density_is_right_to_1e_8():
    density, fine = Moons(), Moons(nodes=600)
    x = torch.cat([10 * (2 * torch.rand(600, 2, generator=generator(4, "far"), dtype=torch.float64) - 1),
                   density.sample(400, generator(4, "near")).double()])  # fmt: skip
    assert float((density.log_prob(x) - fine.log_prob(x)).abs().max()) < 1e-8


@pytest.mark.parametrize("point", [(0.0, 1.0), (1.0, -0.4), (0.5, 0.3), (-1.3, 0.2), (0.2, -1.0)])
def test_the_moons_density_agrees_with_adaptive_quadrature(point):
    density = Moons()
    s2 = density.standard_deviation**2

    def blob(t, cx, cy, sign):
        squares = (point[0] - cx - sign * math.cos(t)) ** 2 + (point[1] - cy - sign * math.sin(t)) ** 2
        return math.exp(-squares / (2 * s2)) / (2 * math.pi * s2)

    total = sum(
        integrate.quad(blob, 0, math.pi, args=moon, epsabs=0, epsrel=1e-12, limit=500)[0] / (2 * math.pi)
        for moon in ((0, 0, 1), (1, 0.5, -1))
    )
    found = density.log_prob(torch.tensor(point, dtype=torch.float64))
    assert float(found) == pytest.approx(math.log(total), abs=1e-9)


@pytest.mark.parametrize("name", TOYS)
def test_log_prob_has_the_gradient_of_the_density(name):
    density = TOYS[name]()
    x = (density.sample(5, generator(5, "test")).double()).requires_grad_()
    assert torch.autograd.gradcheck(density.log_prob, x, eps=1e-7, atol=1e-3)


@pytest.mark.parametrize("name", TOYS)
def test_shapes_and_dtypes(name):
    density = TOYS[name]()
    assert density.sample(3, generator(0, "t")).dtype == torch.float32
    assert density.log_prob(torch.zeros(4, 5, 2)).shape == (4, 5)
    assert density.log_prob(torch.zeros(2)).shape == ()
    assert density.log_prob(torch.zeros(0, 2)).shape == (0,)
    assert density.log_prob(torch.zeros(1, 2)).dtype == torch.float32


@pytest.mark.parametrize("name", TOYS)
def test_toys_as_data(name):
    data, again, other = load_data(name), load_data(name), load_data(name, seed=1)
    assert [len(split) for split in data.splits.values()] == [50_000, 10_000, 10_000]
    assert data.data_shape == (2,)
    assert data.train.x.dtype == torch.float32
    assert data.density is not None
    assert data.fingerprint == again.fingerprint != other.fingerprint
    assert not data.is_image
    assert not torch.equal(data.validation.x, data.test.x)
