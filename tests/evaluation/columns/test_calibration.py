"""Places of cells in conditionals: exact where the conditionals are known, uniform where the model is right."""

import numpy as np
import pytest
import torch
from scipy import stats

from reparam.data.columns.number import Number as NumberKind
from reparam.data.columns.table import TableSchema
from reparam.distributions import Normal
from reparam.distributions.columns import Category, Integer, Number
from reparam.distributions.columnwise import Columns
from reparam.distributions.columnwise.within import cumulative
from reparam.evaluation.columns.calibration import calibration, expected_distance

D, LATENT, NOISE = 3, 2, 0.5


class Linear(torch.nn.Module):
    """x = W z + noise in D columns, with a posterior that is too wide, as importance sampling has to mend."""

    def __init__(self, told_noise=NOISE):
        super().__init__()
        self.w = torch.nn.Parameter(torch.tensor([[1.0, 0.2], [0.6, -0.8], [-0.4, 0.9]]))
        self.prior = Normal(torch.zeros(LATENT), torch.ones(LATENT))
        self.data_shape, self.told = (D,), told_noise
        self.families = [Number()] * D

    def encode(self, x):
        return Normal(torch.zeros(*x.shape[:-1], LATENT), torch.ones(LATENT), event_dims=1)

    def decode(self, z):
        return Columns(self.families, z @ self.w.T, torch.full((D,), float(np.log(self.told))))


def schema():
    return TableSchema(tuple(NumberKind(name=f"x{i}") for i in range(D)))


def drawn(n, seed=0):
    torch.manual_seed(seed)
    model = Linear()
    return (torch.randn(n, LATENT) @ model.w.T + NOISE * torch.randn(n, D)).detach()


@pytest.fixture(scope="module")
def found():
    return calibration(Linear(), schema(), drawn(600), codes=900)


def test_the_transform_is_that_of_the_known_conditional():
    """Of the first 40 rows, from many codes, beside the normal's conditional in closed form."""
    x = drawn(40)
    values = calibration(Linear(), schema(), x, codes=30_000).values
    w = Linear().w.detach().numpy().astype(float)
    cov, given = w @ w.T + NOISE**2 * np.eye(D), x.numpy().astype(float)
    exact = np.empty((40, D))
    for j in range(D):
        rest = [i for i in range(D) if i != j]
        slope = np.linalg.solve(cov[np.ix_(rest, rest)], cov[rest, j])
        spread = np.sqrt(cov[j, j] - cov[j, rest] @ slope)
        exact[:, j] = stats.norm.cdf((given[:, j] - given[:, rest] @ slope) / spread)
    # rows were taken in an order of their own
    np.testing.assert_allclose(np.sort(values, 0), np.sort(exact, 0), atol=0.03)


def test_a_right_model_is_uniform_and_covers_what_it_says(found):
    assert min(found.uniform(at)[1] for at in range(D)) > 1e-3
    share, error = found.coverage
    assert abs(share - 0.9) < 4 * error
    assert np.mean([found.uniform(at)[0] for at in range(D)]) < 3 * expected_distance(len(found.values))
    assert found.unsure < 0.1


def test_a_model_that_is_too_sure_or_not_sure_enough_is_found_out():
    sure, unsure = (calibration(Linear(noise), schema(), drawn(600)).coverage for noise in (0.25, 1.5))
    assert sure[0] + 4 * sure[1] < 0.9 < unsure[0] - 4 * unsure[1]


def test_the_expected_distance_is_that_of_simulation():
    rng = np.random.default_rng(0)
    simulated = np.mean([stats.kstest(rng.random(400), "uniform").statistic for _ in range(1000)])
    assert expected_distance(400) == pytest.approx(simulated, rel=0.03)


@pytest.mark.parametrize("owns", [(True, True), (False, True), (False, False)])
def test_sums_of_whole_numbers_are_those_of_their_probabilities(owns):
    family = Integer(low=-1, high=6, scale=2.0, offset=1.0, owns_below=owns[0], owns_above=owns[1])
    p = Columns([family], torch.tensor([0.4]), torch.tensor([-0.3]))
    u = ((torch.arange(-1, 7) - 1.0) / 2)[:, None]
    chances = p.log_prob(u).exp().double()
    below, up_to = cumulative(p, 0, u)
    torch.testing.assert_close(up_to, chances.cumsum(0), atol=1e-6, rtol=0)
    torch.testing.assert_close(up_to - below, chances, atol=1e-6, rtol=0)


def test_sums_of_words_and_rounded_numbers_are_what_they_should_be():
    p = Columns([Category(levels=3, missing=True), Number(step=0.2)], torch.tensor([0.0, 1.0, 2.0, 5.0, 0.3]),
                torch.tensor([0.5]))  # fmt: skip
    chances = torch.tensor([0.0, 1.0, 2.0]).double().softmax(0)
    below, up_to = cumulative(p, 0, torch.eye(3))
    torch.testing.assert_close(up_to, chances.cumsum(0))
    torch.testing.assert_close(up_to - below, chances)
    ends = [end.item() for end in cumulative(p, 1, torch.tensor([1.0]))]
    assert ends == pytest.approx(stats.norm.cdf([0.9, 1.1], 0.3, np.exp(0.5)), abs=1e-6)
