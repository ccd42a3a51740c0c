import math

import pytest
import torch

from catalogue import CATALOGUE, capable
from oracles import LinearGaussian
from reparam.distributions import Distribution
from reparam.kinds import KINDS, VAEConfig, build_model
from reparam.models import ELBO, VAE, Autoencoder, Batch, FullNormal, StandardNormal, Turn
from reparam.models.protocols import (
    Chooses,
    Conditional,
    Decodes,
    Encodes,
    Evaluates,
    HasPrior,
    Means,
    Samples,
    Watches,
    can,
    mean_draws,
)
from reparam.models.traits import Traits
from reparam.networks import MLP
from reparam.randomness import noise
from reparam.training.optimizers import moving_parameters

EVERY = pytest.mark.parametrize("entry", CATALOGUE, ids=str)


def each(*capabilities):
    return pytest.mark.parametrize("entry", capable(*capabilities), ids=str)


@EVERY
def test_every_turn_has_a_finite_loss_that_reaches_each_parameter_it_moves(entry):
    model = entry.build()
    turns = list(model.turns())
    assert turns
    assert len({turn.name for turn in turns}) == len(turns)
    for turn in turns:
        assert isinstance(turn, Turn)
        terms = turn.loss(entry.batch(model))
        assert all(value.shape == () and torch.isfinite(value) for value in terms.values())
        parameters = moving_parameters(turn.moves)
        for gradient in torch.autograd.grad(terms["loss"], parameters):
            assert torch.isfinite(gradient).all()


@each(Samples)
def test_samples_and_means_have_the_datas_shape_and_follow_the_noise(entry):
    model = entry.build()
    draws = []
    for seed in (0, 0, 1):
        with noise(seed):
            draws.append(model.sample(4))
    assert draws[0].shape == (4, *model.data_shape)
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    with noise(0):
        means = mean_draws(model, 4)
    assert means.shape == (4, *model.data_shape)
    assert can(model, Means) != torch.equal(means, draws[0])
    if entry.binary:
        assert set(draws[0].unique().tolist()) <= {0.0, 1.0}


@each(Evaluates)
def test_evaluation_is_per_example_and_its_means_are_the_terms_of_a_turn(entry):
    model = entry.build()
    batch = entry.batch(model)
    with noise(0):
        terms = model.evaluate(batch)
    assert {model.monitor or model.curve} <= terms.keys()
    assert all(values.shape == (6,) for values in terms.values())
    *_, turn = model.turns()
    with noise(0):
        scalars = turn.loss(batch)
    assert (model.monitor or model.curve) in scalars
    for name in terms.keys() & scalars.keys():
        torch.testing.assert_close(scalars[name], terms[name].mean(), rtol=1e-4, atol=1e-4)


@EVERY
def test_moving_to_float64_and_back_through_a_state_dict(entry):
    model, twin = entry.build().double(), entry.build().double()
    twin.load_state_dict(model.state_dict())
    batch = entry.batch(model)
    batch = Batch(batch.x.double(), batch.y)
    results = []
    for one in (model, twin):
        with noise(0):
            evaluated = one.evaluate(batch) if can(one, Evaluates) else {"judged": one.judge(*parts_of(batch))}
            results.append(dict(evaluated) | {"sample": one.sample(3)})
    for name, values in results[0].items():
        assert values.dtype == torch.float64
        assert torch.equal(values, results[1][name])


def parts_of(batch):
    return batch.x, batch.y


@each(Watches)
def test_watching_gives_finite_scalars_and_changes_no_weight(entry):
    model = entry.build()
    before = {name: p.clone() for name, p in model.named_parameters()}
    readings = model.watch(entry.batch(model))
    assert readings
    assert all(value.shape == () and torch.isfinite(value) for value in readings.values())
    assert all(torch.equal(p, before[name]) for name, p in model.named_parameters())


@each(Encodes, Decodes)
def test_a_code_is_a_distribution_that_decodes_to_one_over_the_data(entry):
    model = entry.build()
    q = model.encode(entry.batch(model).x)
    assert (isinstance(q, Distribution), q.batch_shape) == (True, (6,))
    assert q.sample().shape == (6, *q.event_shape)
    for z in (q.sample(), q.center):
        p = model.decode(z)
        assert (isinstance(p, Distribution), p.batch_shape, p.event_shape) == (True, (6,), model.data_shape)
        assert torch.isfinite(p.log_prob(entry.batch(model).x)).all()


@each(HasPrior, Decodes)
def test_a_draw_of_the_prior_decodes_to_data(entry):
    model = entry.build()
    z = model.prior.sample((5,))
    assert z.shape == (5, *model.prior.event_shape)
    assert torch.isfinite(model.prior.log_prob(z)).all()
    told = (torch.arange(5) % entry.classes,) if can(model, Conditional) else ()
    p = model.decode(z, *told)
    assert (isinstance(p, Distribution), p.batch_shape, p.event_shape) == (True, (5,), model.data_shape)


@each(HasPrior, Encodes)
def test_codes_look_like_draws_of_the_prior(entry):
    model = entry.build()
    assert model.encode(entry.batch(model).x).event_shape == model.prior.event_shape


@each(Conditional)
def test_a_conditional_model_samples_the_classes_it_is_told(entry):
    model = entry.build().eval()
    draws = []
    for y in (0, 0, 1):
        with noise(0):
            draws.append(model.sample(4, torch.full((4,), y)))
    assert draws[0].shape == (4, *model.data_shape)
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


@each(Chooses)
def test_a_model_that_chooses_does_so_among_as_many_as_it_is_told(entry):
    model = entry.build()
    alone = model.choosing(1)
    assert (alone.candidates, alone.sample(2).shape) == (1, (2, *model.data_shape))


def test_every_kind_of_settings_is_in_the_catalogue():
    built = {type(entry.build()) for entry in CATALOGUE}
    for kind in KINDS.values():
        model = build_model(kind.settings(), (1, 8, 8))
        assert type(model) is kind.model
        assert type(model) in built


def test_a_fresh_vae_is_worth_784_coin_flips():
    """Random weights predict about one half for every pixel: -784 log 2 = -543.4 nats.

    Their logits' spread costs 784/8 times its variance besides, of about 0.065: over 60 seeds the bound is -549.9 on
    average, with a standard deviation of 1.25, of which six are allowed.
    """
    model = build_model(VAEConfig(likelihood="bernoulli"), (1, 28, 28))
    x = (torch.rand(500, 1, 28, 28) > 0.8).float()
    assert model.evaluate(Batch(x))["elbo"].mean().item() == pytest.approx(-784 * math.log(2) - 6.4, abs=6 * 1.25)


def test_terms_are_summed_over_dimensions_and_averaged_over_examples():
    """Twice the pixels make twice the reconstruction; twice the examples change nothing."""
    vae = VAE(MLP((1, 4, 4), [8], 4), MLP(2, [8], (1, 4, 4)), StandardNormal(2))
    with torch.no_grad():
        for parameter in vae.decoder.parameters():
            parameter.zero_()
    x = (torch.rand(50, 1, 4, 4) > 0.5).float()
    assert vae.loss(Batch(x))["reconstruction"].item() == pytest.approx(-16 * math.log(2), rel=1e-5)
    assert vae.loss(Batch(x.repeat(2, 1, 1, 1)))["reconstruction"].item() == pytest.approx(-16 * math.log(2), rel=1e-5)


def test_the_kl_weight_touches_the_loss_and_not_the_reported_bound():
    def terms(objective, epoch=0.0):
        with noise(0):
            vae = VAE(MLP(4, [8], 4), MLP(2, [8], 4), StandardNormal(2), objective=objective)
            return vae.loss(Batch(torch.ones(5, 4), epoch=epoch))

    plain, heavy = terms(ELBO()), terms(ELBO(kl_weight=3.0))
    assert plain["elbo"] == heavy["elbo"]
    torch.testing.assert_close(plain["loss"], -plain["elbo"])
    torch.testing.assert_close(heavy["loss"], 3 * plain["kl"] - plain["reconstruction"])
    early, late = (terms(ELBO(kl_warmup=2.0), epoch) for epoch in (0.5, 5.0))
    torch.testing.assert_close(early["loss"], 0.25 * plain["kl"] - plain["reconstruction"])
    assert late["loss"] == plain["loss"]


def test_the_encoder_is_reached_through_the_samples_alone():
    """With the KL switched off only the reparameterized sample carries a gradient to the encoder: it must be there."""
    vae = VAE(MLP(4, [8], 4), MLP(2, [8], 4), StandardNormal(2), objective=ELBO(kl_weight=0.0))
    loss = vae.loss(Batch((torch.rand(20, 4) > 0.5).float()))["loss"]
    for gradient in torch.autograd.grad(loss, list(vae.encoder.parameters())):
        assert gradient.abs().max() > 0


def test_ancestral_samples_have_the_models_covariance():
    oracle = LinearGaussian.random(data_dim=3, latent_dim=2, seed=3)
    x = oracle.vae().sample(40_000)
    torch.testing.assert_close(x.mean(0), oracle.bias, atol=0.05, rtol=0)
    torch.testing.assert_close(torch.cov(x.T), oracle.covariance, atol=0.1, rtol=0.03)


def test_samples_are_draws_around_the_means_of_the_same_noise():
    model = build_model(VAEConfig(likelihood="normal", hidden=(8,)), (1, 8, 8))
    with torch.no_grad():
        model.likelihood.log_scale.fill_(-8.0)
    with noise(3):
        x = model.sample(5)
    with noise(3):
        mean = model.mean(5)
    assert not torch.equal(x, mean)
    torch.testing.assert_close(x, mean, atol=5e-3, rtol=0)


def test_an_autoencoders_loss_is_the_squared_error_up_to_constants():
    from reparam.models import NormalLikelihood

    model = Autoencoder(MLP(5, [6], 2), MLP(2, [6], 5), 2, likelihood=NormalLikelihood((5,), learned=False))
    x = torch.randn(7, 5)
    squared = 0.5 * (x - model.decode(model.encode(x).value).mean).square().sum(1).mean() + 2.5 * math.log(2 * math.pi)
    torch.testing.assert_close(model.loss(Batch(x))["loss"], squared)


def test_the_datas_units_change_nothing_but_the_units():
    """In other units the density is that of the change of variable: every column's log scale is subtracted, exactly."""
    mean, deviation = torch.tensor([5.0, -1e4, 0.1]), torch.tensor([2.0, 3e3, 1e-2])
    config = VAEConfig(likelihood="normal", hidden=(8,), latent_dim=2)
    x = torch.randn(20, 3, dtype=torch.float64)
    bounds = []
    for units in ((torch.zeros(3), torch.ones(3)), (mean, deviation)):
        with noise(0, "weights"):
            model = build_model(config, (3,), Traits(*units)).double()
        with noise(0, "z"):
            bounds.append(model.evaluate(Batch(units[1] * x + units[0]))["elbo"])
    torch.testing.assert_close(bounds[0] - deviation.double().log().sum(), bounds[1], rtol=1e-5, atol=1e-4)


def test_a_decoder_in_training_mode_is_not_changed_by_being_measured():
    decoder = torch.nn.Sequential(torch.nn.Linear(2, 5), torch.nn.BatchNorm1d(5))
    before = decoder[1].running_mean.clone()
    vae = VAE(MLP(5, [6], 4), decoder, StandardNormal(2))
    assert vae.data_shape == (5,)
    assert decoder.training
    assert torch.equal(decoder[1].running_mean, before)


def test_a_full_posterior_is_any_normal_and_the_diagonal_one_where_nothing_is_below():
    dim = 4
    posterior, mean, log_variance = FullNormal(dim), torch.randn(3, dim), torch.randn(3, dim)
    plain = posterior(torch.cat([mean, log_variance, torch.zeros(3, 6)], dim=1))
    torch.testing.assert_close(plain.covariance, log_variance.exp().diag_embed())
    wanted = torch.randn(3, dim, dim).tril(-1) + (0.5 * log_variance).exp().diag_embed()
    rows, columns = torch.tril_indices(dim, dim, -1)
    relative = wanted[:, rows, columns] / (0.5 * log_variance).exp()[:, rows] * dim
    found = posterior(torch.cat([mean, log_variance, relative], dim=1))
    torch.testing.assert_close(found.cholesky.tril(), wanted)
    torch.testing.assert_close(found.mean, mean)
