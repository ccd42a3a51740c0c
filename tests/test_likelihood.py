"""Estimates of log p(x) on linear-Gaussian models, where it is known: each within its own error bar."""

import math

import pytest
import torch

from oracles import LinearGaussian
from reparam.distributions import Normal
from reparam.errors import UserError
from reparam.evaluation.annealed import Annealing, annealed_estimate, bidirectional_gap, reverse_annealed_estimate
from reparam.evaluation.importance import Accumulator, importance_estimate


@pytest.fixture
def problem():
    torch.manual_seed(0)
    model = LinearGaussian.random(data_dim=5, latent_dim=2, seed=3, scale=0.7)
    x = model.sample(20, 0)
    return model, x


class Exact:
    """A linear-Gaussian model whose posterior is exact, or wider by a factor."""

    def __init__(self, model, widen=1.0):
        self.model, self.vae, self.widen = model, model.vae(), widen

    def encode(self, x):
        mean, covariance = self.model.posterior(x)
        return Normal(mean, self.widen * covariance.diagonal().sqrt().expand_as(mean))

    def decode(self, z):
        return self.vae.decode(z)

    def p_z(self):
        return self.vae.p_z()


@torch.no_grad()
@pytest.mark.parametrize(("proposal", "widen", "samples"), [("posterior", 1.5, 4000), ("prior", 1.0, 40_000)])
def test_importance_sampling_finds_the_evidence_within_its_own_error(problem, proposal, widen, samples):
    model, x = problem
    estimate = importance_estimate(Exact(model, widen), x, samples, proposal)
    error = (1 / estimate.effective - 1 / samples).clamp(min=0).sqrt()  # of a log-mean, by the delta method
    standardized = (estimate.log_mean - model.evidence(x)) / error
    assert standardized.abs().max() < 4.5
    assert 0.3 < standardized.std() < 2.0  # an error bar that is far too wide would be no error bar
    assert (estimate.effective <= samples).all()


@torch.no_grad()
def test_the_parts_in_which_draws_come_change_nothing(problem, monkeypatch):
    model, x = problem
    whole = Accumulator(20)
    log_weights = torch.randn(37, 20, dtype=torch.float64)
    whole.add(log_weights)
    parts = Accumulator(20)
    for part in log_weights.split(5):
        parts.add(part)
    torch.testing.assert_close(whole.log_mean, log_weights.logsumexp(0) - math.log(37))
    torch.testing.assert_close(parts.log_mean, whole.log_mean)
    torch.testing.assert_close(parts.effective, whole.effective)
    seen = []
    monkeypatch.setattr("reparam.evaluation.importance.AT_ONCE", 700)
    importance_estimate(Exact(model), x, 30, step=seen.append)
    assert seen == [140, 140, 140, 140, 40]  # seven draws of twenty examples at a time, whatever K
    with pytest.raises(UserError, match="at least 1"):
        importance_estimate(Exact(model), x, 0)


@torch.no_grad()
def test_the_prior_is_a_worse_proposal_the_larger_the_latent():
    torch.manual_seed(0)
    shares = []
    for latent_dim in (1, 4, 16):
        model = LinearGaussian.random(20, latent_dim, seed=1, scale=1.0)
        estimate = importance_estimate(Exact(model), model.sample(20, 0), 2000, "prior")
        shares.append((estimate.effective / 2000).mean().item())
    assert shares[0] > 3 * shares[1] > 9 * shares[2]


def test_annealing_finds_the_evidence_within_its_own_error_from_both_sides(problem):
    model, x = problem
    exact = Exact(model)
    settings = Annealing(steps=120, leapfrog=5, chains=64, step_size=0.5)
    mean, covariance = model.posterior(x)
    z = mean + torch.randn(64, 20, 2, dtype=torch.float64) @ torch.linalg.cholesky(covariance).T
    evidence = model.evidence(x)
    for estimate, sign in (
        (annealed_estimate(x, exact.p_z(), exact.decode, settings), 1),
        (reverse_annealed_estimate(x, z, exact.p_z(), exact.decode, settings), -1),
    ):
        error = (1 / estimate.effective - 1 / 64).sqrt()
        standardized = (estimate.log_mean - sign * evidence) / error
        assert 0.4 < estimate.acceptance < 0.95
        assert standardized.abs().max() < 4.5
        assert error.median() < 0.15


def test_one_temperature_is_naive_monte_carlo_and_more_are_better(problem):
    model, x = problem
    exact = Exact(model)
    effective = []
    for steps in (1, 10, 80):
        torch.manual_seed(0)
        settings = Annealing(steps=steps, leapfrog=5, chains=32, step_size=0.3)
        effective.append(annealed_estimate(x, exact.p_z(), exact.decode, settings).effective.mean().item())
    assert effective[0] < effective[1] < effective[2]


def test_the_bidirectional_gap_brackets_the_truth_and_closes(problem):
    model, _ = problem
    exact = Exact(model)
    widths = []
    for steps in (3, 200):
        torch.manual_seed(0)
        gap = bidirectional_gap(exact.p_z(), exact.decode, 40, Annealing(steps=steps, chains=8, step_size=0.3))
        widths.append(gap.width)
    assert widths[0] > 0.3
    assert abs(widths[1]) < 0.1
