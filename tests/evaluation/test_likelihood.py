"""Estimates of log p(x) on linear-Gaussian models, where it is known: each within its own error bar."""

import math

import numpy as np
import pytest
import torch

from oracles import LinearGaussian, MixedLaw
from reparam.data import Dataset, Split
from reparam.distributions import Normal
from reparam.errors import UserError
from reparam.evaluation.likelihood.annealed import (
    Annealing,
    annealed_estimate,
    bidirectional_gap,
    reverse_annealed_estimate,
)
from reparam.evaluation.likelihood.estimate import LogLikelihood, log_likelihood, observed
from reparam.evaluation.likelihood.importance import Accumulator, importance_estimate
from reparam.kinds import AutoencoderConfig, AVBConfig, GANConfig, VAEConfig, build_model
from reparam.models import Batch
from reparam.models.traits import Traits
from reparam.randomness import noise
from reparam.runs.config import RunConfig
from reparam.runs.run import Run
from reparam.training.resolve import traits_of


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

    @property
    def prior(self):
        return self.vae.prior


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
    monkeypatch.setattr("reparam.evaluation.likelihood.importance.AT_ONCE", 700)
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
        (annealed_estimate(x, exact.prior, exact.decode, settings), 1),
        (reverse_annealed_estimate(x, z, exact.prior, exact.decode, settings), -1),
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
        effective.append(annealed_estimate(x, exact.prior, exact.decode, settings).effective.mean().item())
    assert effective[0] < effective[1] < effective[2]


def test_the_bidirectional_gap_brackets_the_truth_and_closes(problem):
    model, _ = problem
    exact = Exact(model)
    widths = []
    for steps in (3, 200):
        torch.manual_seed(0)
        gap = bidirectional_gap(exact.prior, exact.decode, 40, Annealing(steps=steps, chains=8, step_size=0.3))
        widths.append(gap.width)
    assert widths[0] > 0.3
    assert abs(widths[1]) < 0.1


def small_run(**settings):
    config = VAEConfig(**{"latent_dim": 2, "hidden": (8,), "likelihood": "bernoulli", **settings})
    data = small_data()
    with noise(0, "weights"):
        model = build_model(config, data.data_shape, traits_of(data))
    return Run(model.eval(), RunConfig(model=config), dataset=data, step=0)


def small_data():
    g = torch.Generator().manual_seed(0)
    splits = [
        Split((torch.rand(n, 1, 8, 8, generator=g) > 0.5).to(torch.uint8), None, binarized=True) for n in (300, 50, 230)
    ]
    return Dataset("small", *splits, data_shape=(1, 8, 8), classes=(), scale=1.0, binary=True, fingerprint="x")


def test_a_runs_log_likelihood_is_the_estimators_over_the_split_and_lies_above_the_bound():
    run = small_run()
    told = []
    result = log_likelihood(run, 200, step=told.append)
    assert (result.examples, result.samples, result.proposal, result.split) == (230, 200, "posterior", "test")
    assert result.values.shape == (230,)
    assert result.mean == pytest.approx(result.values.mean())
    assert result.standard_error == pytest.approx(result.values.std(ddof=1) / math.sqrt(230))
    assert told[-1] >= 1.0
    with torch.no_grad():
        x = run.data.test.x.float()
        elbo = torch.stack([run.model.evaluate(Batch(x))["elbo"] for _ in range(50)]).mean()
    assert result.mean > elbo.item()
    again = log_likelihood(run, 200)
    assert again.values.tolist() == result.values.tolist()
    part = log_likelihood(run, 50, images=40)
    assert part.examples == 40
    assert part.bits_per_dimension is None


def test_a_single_example_has_no_error_that_is_told():
    """Its spread is not known: no infinity is printed for it."""
    from reparam.studies.scores import likelihood_text

    found = log_likelihood(small_run(), 5, images=1)
    assert found.standard_error == float("inf")
    assert "inf" not in str(found)
    assert "inf" not in likelihood_text({"one": found})


@pytest.mark.parametrize("proposal", ["posterior", "prior", "annealed"])
def test_what_is_advised_where_few_draws_carry_the_weight_is_not_what_was_done(proposal):
    from reparam.studies.scores import likelihood_text

    poor = LogLikelihood(-90.0, 1.0, 1.0, (2.0, 1.0), None, 22, 1000, proposal, "test", 0, 1.0, np.zeros(22))
    told = " ".join(likelihood_text({"one": poor}).split())
    assert "take" in told
    assert f'proposal="{proposal}"' not in told


def test_all_three_proposals_agree_where_all_can():
    run = small_run()
    results = [
        log_likelihood(run, samples, proposal, images=30, annealing=Annealing(steps=60, leapfrog=5, step_size=0.3))
        for proposal, samples in (("posterior", 2000), ("prior", 5000), ("annealed", 16))
    ]
    for result in results[1:]:
        assert result.mean == pytest.approx(results[0].mean, abs=0.05)


def test_bits_per_dimension_are_given_for_eight_bit_likelihoods():
    result = log_likelihood(small_run(likelihood="discretized-logistic"), 20)
    assert result.bits_per_dimension == pytest.approx(-result.mean / (64 * math.log(2)))


def test_what_cannot_be_estimated_is_refused_in_words():
    run = small_run()
    with pytest.raises(UserError, match="at least 1"):
        log_likelihood(run, 0)
    with pytest.raises(UserError, match="likelihood of its own"):
        log_likelihood(run, 10, scale=0.1)
    avb = AVBConfig(latent_dim=2, hidden=(8,), likelihood="bernoulli", context=4, posterior_hidden=(4,))
    run.model = build_model(avb, (1, 8, 8)).eval()
    with pytest.raises(UserError, match=r"proposal=.annealed"):
        log_likelihood(run, 10)
    assert math.isfinite(log_likelihood(run, 4, "annealed", images=5, annealing=Annealing(steps=5)).mean)
    run.model = build_model(GANConfig(latent_dim=2, generator_hidden=(8,), discriminator_hidden=(8,)), (1, 8, 8)).eval()
    with pytest.raises(UserError, match=r"scale=0\.1"):
        log_likelihood(run, 10, "annealed")
    with pytest.raises(UserError, match=r"proposal=.annealed"):
        log_likelihood(run, 10, scale=0.3)
    assert math.isfinite(log_likelihood(run, 4, "annealed", images=5, scale=0.3, annealing=Annealing(steps=5)).mean)
    run.model = build_model(AutoencoderConfig(latent_dim=2, hidden=(8,), likelihood="bernoulli"), (1, 8, 8)).eval()
    with pytest.raises(UserError, match="no prior"):
        log_likelihood(run, 10)


@torch.no_grad()
def test_codes_that_are_maps_are_annealed_as_the_same_numbers_in_a_row_are():
    vae = LinearGaussian.random(data_dim=5, latent_dim=6, seed=2).vae()
    rows, maps = Normal(torch.zeros(6).double(), torch.ones(6).double()), torch.zeros(2, 3).double()
    x = vae.sample(4)
    z, settings = rows.sample((4,)), Annealing(steps=5, chains=3)
    found = []
    for prior, decode, codes in (
        (rows, vae.decode, z),
        (Normal(maps, maps + 1, 2), lambda z: vae.decode(z.flatten(-2)), z.unflatten(-1, (2, 3))),
    ):
        torch.manual_seed(0)
        found.append(annealed_estimate(x, prior, decode, settings).log_weights)
        found.append(reverse_annealed_estimate(x, codes, prior, decode, settings).log_weights)
    assert torch.equal(found[0], found[2])
    assert torch.equal(found[1], found[3])


@pytest.mark.parametrize("scale", [None, 0.1])
def test_a_games_rows_of_a_table_have_no_likelihood_through_noise(scale):
    """What it makes of a code is drawn: a normal around one draw says nothing of words."""
    game = build_model(GANConfig(), (6,), Traits(columns=MixedLaw().families))
    with pytest.raises(UserError, match="a GAN of a table draws what it makes of a code"):
        observed(game, scale)
