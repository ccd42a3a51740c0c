"""What a run says of examples it is given, against a model whose posterior and evidence are known exactly."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch import nn

import reparam
from helpers import small_data, small_vae
from reparam.data import DataRecord, Dataset, Split
from reparam.errors import UserError
from reparam.models import GAN, VAE, WGAN, Autoencoder, Model, NormalLikelihood, StandardNormal
from reparam.networks import MLP
from reparam.networks.players import Conditional
from reparam.runs.config import RunConfig
from reparam.training import Run

D = 3
X = np.random.default_rng(0).normal(size=(2500, D)).astype(np.float32)  # more than one batch of codes


def exact_run():
    """Z ~ N(0, I), x ~ N(z, I): q(z|x) = N(x/2, I/2) is the posterior, and p(x) = N(0, 2 I)."""
    encoder, decoder = nn.Linear(D, 2 * D), nn.Linear(D, D)
    with torch.no_grad():
        for layer in (encoder, decoder):
            layer.weight.zero_()
            layer.bias.zero_()
        encoder.weight[:D].copy_(torch.eye(D) / 2)
        encoder.bias[D:].fill_(math.log(0.5))
        decoder.weight.copy_(torch.eye(D))
    model = VAE(encoder, decoder, StandardNormal(D), likelihood=NormalLikelihood((D,), learned=False))
    return run_of(model)


def run_of(model):
    split = Split(torch.from_numpy(X))
    return Run(model.eval(), RunConfig(), dataset=Dataset("points", split, split, split, data_shape=(D,)), step=7)


def test_codes_are_the_posteriors_centres():
    z = exact_run().encode(X)
    np.testing.assert_array_equal(z, X / 2)
    np.testing.assert_array_equal(exact_run().encode(torch.from_numpy(X[:2])), X[:2] / 2)


def test_log_p_of_x_is_exact_where_the_posterior_is():
    """Then every weight is p(x) itself, whatever was drawn: float32 sums of a few terms."""
    values = exact_run().log_prob(X[:300], samples=3)
    np.testing.assert_allclose(values, norm(0, math.sqrt(2)).logpdf(X[:300]).sum(1), rtol=0, atol=1e-5)
    assert values.dtype == np.float64


def test_log_p_of_the_test_split_is_what_log_likelihood_estimates():
    run = exact_run()
    run.model.encoder.bias.data[D:] = 0.0  # a posterior too wide, so that draws matter
    np.testing.assert_array_equal(run.log_prob(X, samples=4), reparam.log_likelihood(run, 4).values)


def test_reconstructions_are_of_the_examples_given():
    found = exact_run().reconstruct(X[:5])
    np.testing.assert_array_equal(found.x, X[:5])
    np.testing.assert_array_equal(found.reconstruction, X[:5] / 2)
    assert len(exact_run().reconstruct(n=4).x) == 4


def test_samples_are_those_of_the_function():
    run = exact_run()
    np.testing.assert_array_equal(run.sample(6, seed=2).x, reparam.sample(run, 6, 2).x)


def test_images_are_taken_in_the_users_own_form():
    """Binary ones here: (n, h, w) and (n, 1, h, w), whole numbers, floats and truths are the same images."""
    run = Run(small_vae().eval(), RunConfig(), dataset=small_data())
    x = run.data.test.x.numpy()
    z = run.encode(x)
    for form in (x[:, 0], x.astype(np.float32), x.astype(bool), torch.from_numpy(x)):
        np.testing.assert_array_equal(run.encode(form), z)


def network(width):
    return MLP(D, [4], width)


def test_a_score_is_log_p_of_x_where_there_is_one():
    run = exact_run()
    scores = run.score(X[:9], samples=5)
    np.testing.assert_array_equal(scores.values, run.log_prob(X[:9], 5))
    assert scores.meaning.startswith("log p(x) in nats by importance sampling, 5 draws each")
    assert scores.meaning in str(scores)
    assert scores.json()["shapes"] == {"values": [9], "errors": [9]}
    again = np.stack([run.score(X[:9], samples=50, seed=seed).values for seed in range(60)])
    told = run.score(X[:9], samples=50).errors
    assert np.median(told) == pytest.approx(np.median(again.std(0)), rel=0.3, abs=1e-6)
    assert scores.figure().axes


@pytest.mark.parametrize(
    ("model", "words"),
    [(GAN, "the discriminator's logit, above 0 where it takes x for data"), (WGAN, "the critic's value, higher where")],
)
def test_a_games_score_is_its_discriminators_logit(model, words):
    run = run_of(model(MLP(2, [4], D), network(1), 2, (D,)))
    scores = run.score(X)
    with torch.no_grad():
        expected = run.model.discriminator(torch.from_numpy(X)).squeeze(1)
    np.testing.assert_allclose(scores.values, expected, atol=1e-6)
    assert scores.meaning.startswith(words)


def test_an_autoencoders_score_is_its_reconstruction():
    run = run_of(Autoencoder(network(2), MLP(2, [4], D), 2, likelihood=NormalLikelihood((D,))))
    with torch.no_grad():
        mean = run.model.decoder(run.model.encoder(torch.from_numpy(X[:8])))
    expected = norm(mean, 1).logpdf(X[:8]).sum(1)
    scores = run.score(X[:8])
    np.testing.assert_allclose(scores.values, expected, atol=1e-5)
    assert "no likelihood of x" in scores.meaning


class Noise(Model):
    data_shape, latent_dim = (D,), D

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(D, D)

    def turns(self):
        yield from ()

    def sample(self, n):
        return self.layer(torch.randn(n, D))


def told_classes():
    generator, discriminator = (Conditional(MLP(n + 3, [4], m), 3) for n, m in ((2, D), (D, 1)))
    return GAN(generator, discriminator, 2, (D,), classes=3)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: run_of(Noise()).score(X), "a Noise has no bound and no discriminator"),
        (lambda: run_of(Noise()).encode(X), "a Noise has no encoder"),
        (lambda: run_of(Noise()).log_prob(X), "a Noise gives no log p"),
        (lambda: run_of(told_classes()).score(X), "judges no x without one"),
        (lambda: exact_run().encode(X[:, :2]), r"x has shape \(2500, 2\)"),
        (lambda: exact_run().log_prob(X * np.inf), "x"),
        (lambda: exact_run().score(X[:3], samples=0), "0 samples estimate nothing"),
    ],
)
def test_what_cannot_be_answered_is_told_in_a_sentence(ask, words):
    with pytest.raises(UserError, match=words):
        ask()


def test_nothing_but_the_record_of_the_data_is_needed():
    run = exact_run()
    gone = Run(run.model, run.config)
    gone.record = DataRecord.of(run.data)
    for ask in (lambda r: r.encode(X), lambda r: r.log_prob(X[:3], 2), lambda r: r.score(X[:3], 2).values):
        np.testing.assert_array_equal(ask(gone), ask(run))
    np.testing.assert_array_equal(gone.sample(3).x, run.sample(3).x)
