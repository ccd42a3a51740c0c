"""Models say what they can do: maps and integers as codes, an encoder and a decoder alone, and words for the rest."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from catalogue import CATALOGUE, capable, example
from helpers import quiet_fit, small_data
from reparam import bounds, evaluation
from reparam.cli.figures import COMMANDS
from reparam.distributions import Bernoulli, Delta, Distribution, Normal
from reparam.errors import UserError
from reparam.evaluation.codes.latent_usage import latent_usage
from reparam.evaluation.likelihood.annealed import Annealing
from reparam.models import (
    AVB,
    ELBO,
    GAN,
    VAE,
    WGAN,
    Autoencoder,
    Batch,
    MixturePrior,
    Model,
    StandardNormal,
    Turn,
    protocols,
)
from reparam.models.protocols import (
    Chooses,
    Conditional,
    Decodes,
    Encodes,
    Evaluates,
    HasLikelihood,
    HasPrior,
    Judges,
    Means,
    Samples,
    Watches,
    can,
    decoded,
    encoded,
    mean_draws,
    prior_of,
    require,
)
from reparam.networks import MLP
from reparam.randomness import noise
from reparam.runs.config import RunConfig
from reparam.runs.run import Run

ALL = (
    Samples, Means, Encodes, Decodes, HasPrior, Evaluates, Watches, Conditional, HasLikelihood, Judges, Chooses
)  # fmt: skip


class UniformCodes(Distribution):
    """Every map of indices into a codebook is as likely."""

    def __init__(self, entries, shape):
        super().__init__(event_dims=len(shape))
        self.entries, self._event = entries, torch.Size(shape)

    @property
    def mean(self):
        raise self.no_closed_form("mean")

    @property
    def shape(self):
        return self._event

    def sample(self, sample_shape=()):
        return torch.randint(self.entries, (*sample_shape, *self._event))

    def log_prob(self, value):
        return -self.entropy().expand(value.shape[: value.dim() - self.event_dims])

    def entropy(self):
        return self._event.numel() * torch.tensor(float(self.entries)).log()


class Codebook(Model):
    """A VQ-VAE (van den Oord et al. 2017): x → a 3 × 3 map of indices into a codebook → coins."""

    monitor = "reconstruction"
    data_shape = (1, 6, 6)

    def __init__(self, entries=8, width=4):
        super().__init__()
        self.entries = entries
        self.encoder = nn.Conv2d(1, width, 2, stride=2)
        self.book = nn.Parameter(torch.randn(entries, width))
        self.decoder = nn.Sequential(nn.ConvTranspose2d(width, 16, 2, stride=2), nn.ReLU(), nn.Conv2d(16, 1, 1))

    def nearest(self, h):
        return torch.cdist(h.movedim(1, -1).flatten(1, 2), self.book.unsqueeze(0)).argmin(-1).unflatten(1, (3, 3))

    def look_up(self, z):
        return self.book[z].movedim(-1, -3)

    def encode(self, x):
        return Delta(self.nearest(self.encoder(x)), 2)

    def decode(self, z):
        h = self.look_up(z)
        return Bernoulli(self.decoder(h.flatten(0, -4)).unflatten(0, h.shape[:-3]), 3)

    @property
    def prior(self):
        return UniformCodes(self.entries, (3, 3))

    def sample(self, n):
        return self.decode(self.prior.sample((n,))).sample()

    def loss(self, batch):
        h = self.encoder(batch.x)
        e = self.look_up(self.nearest(h))
        straight_through = h + (e - h).detach()
        reconstruction = Bernoulli(self.decoder(straight_through), 3).log_prob(batch.x).mean()
        apart = (e - h.detach()).square().sum(1).mean() + 0.25 * (h - e.detach()).square().sum(1).mean()
        return {"loss": apart - reconstruction, "reconstruction": reconstruction}

    def turns(self):
        yield Turn("codebook", self, self.loss)

    def evaluate(self, batch):
        return {"reconstruction": self.decode(self.encode(batch.x).value).log_prob(batch.x)}


class Maps(Model):
    """An encoder and a decoder and nothing else; a code is a 1 × 4 × 4 map of real numbers."""

    data_shape = (1, 6, 6)

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Conv2d(1, 1, 3), nn.ConvTranspose2d(1, 1, 3)

    def encode(self, x):
        return Delta(self.encoder(x), 3)

    def decode(self, z):
        return Bernoulli(self.decoder(z.flatten(0, -4)).unflatten(0, z.shape[:-3]), 3)

    def turns(self):
        yield Turn(
            "maps", self, lambda batch: {"loss": -self.decode(self.encode(batch.x).value).log_prob(batch.x).mean()}
        )


class NormalMaps(Maps):
    """The same with noise on the codes and a prior: a VAE of maps."""

    monitor = "elbo"

    def encode(self, x):
        return Normal.from_log_scale(self.encoder(x), torch.full((1, 4, 4), -1.0, device=x.device), 3)

    @property
    def prior(self):
        where = next(self.parameters()).device
        return Normal(torch.zeros(1, 4, 4, device=where), torch.ones(1, 4, 4, device=where), 3)

    def sample(self, n):
        return self.decode(self.prior.sample((n,))).sample()

    def evaluate(self, batch):
        bound = bounds.elbo(batch.x, self.encode(batch.x), self.prior, self.decode)
        return {"elbo": bound.elbo, "kl": bound.kl}

    def turns(self):
        yield Turn("maps", self, lambda batch: {"loss": -self.evaluate(batch)["elbo"].mean()})


class Plane(Model):
    """A decoder of two numbers, whose prior is no standard normal."""

    data_shape = (1, 6, 6)

    def __init__(self):
        super().__init__()
        self.decoder = nn.Linear(2, 36)

    @property
    def prior(self):
        return Normal(torch.tensor([0.0, 5.0]), torch.tensor([1.0, 3.0]))

    def decode(self, z):
        return Bernoulli(self.decoder(z).unflatten(-1, self.data_shape), 3)

    def turns(self):
        yield Turn("plane", self, lambda batch: {"loss": self.decoder.weight.sum()})


class Runner(Model):
    """Turns and no more."""

    data_shape = (1, 6, 6)

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(36, 1)

    def turns(self):
        yield Turn("runner", self, lambda batch: {"loss": self.layer(batch.x.flatten(1)).square().mean()})


@pytest.fixture(scope="module")
def trained():
    """Each of the models above, trained for some steps."""
    runs = {}
    for build in (Codebook, Maps, NormalMaps, Runner):
        torch.manual_seed(0)
        runs[build] = quiet_fit(build(), small_data(), epochs=12, learning_rate=1e-2)
        runs[build].model.eval()
    return runs


def untrained(model):
    return Run(model.eval(), RunConfig(), dataset=small_data())


def ask(command, run, **options):
    """What a drawing command asks of a run."""
    return COMMANDS[command].ask(COMMANDS[command].options(run=None, **options), run)


# --- the asking -----------------------------------------------------------------------------------------------------

HAVE = {
    Samples: (VAE, AVB, Autoencoder, GAN, WGAN),
    Means: (VAE, AVB, Autoencoder),
    Encodes: (VAE, AVB, Autoencoder),
    Decodes: (VAE, AVB, Autoencoder, GAN, WGAN),
    HasPrior: (VAE, AVB, GAN, WGAN),
    Evaluates: (VAE, AVB, Autoencoder),
    HasLikelihood: (VAE, AVB, Autoencoder),
    Watches: (GAN, WGAN),
    Judges: (GAN, WGAN),
    Chooses: (GAN, WGAN),
}


@pytest.mark.parametrize("capability", HAVE, ids=lambda capability: capability.__name__)
def test_each_kind_of_model_has_its_capabilities_and_no_other(capability):
    assert {type(example(entry)) for entry in capable(capability)} == set(HAVE[capability])
    for entry in CATALOGUE:
        assert can(example(entry), capability) == isinstance(example(entry), HAVE[capability])


def test_a_model_is_conditional_where_it_has_classes():
    told = capable(Conditional)
    assert {entry.name for entry in told} == {entry.name for entry in CATALOGUE if "conditional=True" in entry.name}
    assert told


@pytest.mark.parametrize("capability", ALL, ids=lambda capability: capability.__name__)
def test_what_is_missing_is_said_in_words(capability):
    assert not can(Runner(), capability)
    with pytest.raises(UserError, match=r"^a Runner (has|was) .*: this needs a model that (has|was) .* such as a "):
        require(Runner(), capability)


@pytest.mark.parametrize("capability", [c for c in ALL if c not in (Conditional, HasLikelihood)], ids=str)
def test_python_itself_can_ask_too(capability):
    """The protocols are runtime-checkable, for code that asks with isinstance."""
    for model in (VAE(MLP(5, [6], 4), MLP(2, [6], 5), StandardNormal(2)), GAN(MLP(2, [4], 5), MLP(5, [4], 1), 2, (5,))):
        assert isinstance(model, capability) == can(model, capability)


def test_a_model_is_asked_without_anything_of_it_being_called():
    class Costly(Runner):
        @property
        def prior(self):
            raise AssertionError("asked")

    assert can(Costly(), HasPrior)


def test_what_was_given_as_an_attribute_counts_and_none_does_not():
    model = Runner()
    model.prior = Normal(torch.zeros(2), torch.ones(2))
    assert prior_of(model) is model.prior
    model.prior = None
    assert not can(model, HasPrior)
    model.likelihood = nn.Identity()
    assert can(model, HasLikelihood)


def test_what_is_no_distribution_is_refused_where_it_is_asked_for():
    model = Runner()
    model.prior = StandardNormal(2)
    with pytest.raises(UserError, match=r"'prior' of a Runner gives a StandardNormal and no distribution: .*Delta"):
        prior_of(model)
    model.encode = model.decode = lambda x: x
    for made in (lambda: encoded(model, torch.zeros(1)), lambda: decoded(model, torch.zeros(1))):
        with pytest.raises(UserError, match=r"code' of a Runner gives a Tensor and no distribution"):
            made()
    with pytest.raises(UserError, match="'encode' of a Runner gives a Tensor"):
        evaluation.reconstruct(untrained(model))


def test_old_checkpoints_find_their_prior_and_it_is_read_as_a_distribution():
    sampled = ELBO(kl=bounds.sampled_kl)
    vae = VAE(MLP(5, [6], 4), MLP(2, [6], 5), MixturePrior(2, components=3), objective=sampled)
    names = {name for name in vae.state_dict() if name.startswith("prior.")}
    assert names == {"prior.logits", "prior.means", "prior.log_scales"}
    assert vae.prior_module.means in set(vae.parameters())
    twin = copy.deepcopy(vae)
    with torch.no_grad():
        twin.prior_module.means.add_(1.0)
    torch.testing.assert_close(twin.prior.mean, vae.prior.mean + 1)
    vae.load_state_dict(twin.state_dict())
    assert torch.equal(twin.prior.mean, vae.prior.mean)
    z = torch.randn(4, 2)
    assert torch.equal(vae.prior.log_prob(z), vae.prior_module(vae.encode).log_prob(z))


def test_a_games_prior_is_what_its_generator_is_given():
    gan = GAN(nn.Linear(3, 5), nn.Linear(5, 1), 3, (5,))
    with noise(0):
        x = gan.sample(4)
    with noise(0):
        z = gan.prior.sample((4,))
    assert torch.equal(gan.decode(z).value, x)
    with noise(0):
        assert torch.equal(mean_draws(gan, 4), x)


# --- a map of integers ----------------------------------------------------------------------------------------------


def test_a_map_of_discrete_codes_trains_samples_and_reconstructs(trained):
    run = trained[Codebook]
    fresh = untrained(Codebook())
    assert (
        run.test["reconstruction"] > fresh.model.evaluate(Batch(run.data.test.x.float()))["reconstruction"].mean() + 3
    )
    assert len(run.model.encode(run.data.test.x.float()).value.unique()) > 1
    for made in (evaluation.sample(run, 5), ask("sample", run, n=5).samples()):
        assert made.x.shape == (5, 1, 6, 6)
        assert set(np.unique(made.x)) <= {0.0, 1.0}
        assert np.array_equal(made.x, made.mean)
    for made in (evaluation.reconstruct(run, 4), ask("reconstruct", run, n=4)):
        assert (made.z.shape, made.z.dtype) == ((4, 3, 3), np.int64)
        assert made.reconstruction.shape == made.x.shape
    assert run.encode(run.data.test.x[:3]).shape == (3, 3, 3)


@pytest.mark.parametrize("command", ["interpolate", "manifold", "latents"])
def test_what_makes_no_sense_of_integers_is_refused_in_words(trained, command):
    words = "the codes of a Codebook are 3×3 integers, "
    with pytest.raises(UserError, match=words):
        getattr(evaluation, command)(trained[Codebook])
    with pytest.raises(UserError, match=words):
        ask(command, trained[Codebook])


def test_the_measures_of_such_a_model_leave_the_use_of_its_codes_out(trained):
    assert evaluation.measures(trained[Codebook], 100).latents is None
    with pytest.raises(UserError, match="the codes of a Codebook are 3×3 integers"):
        latent_usage(trained[Codebook])


def test_the_likelihood_of_integers_is_estimated_from_the_prior_alone(trained):
    run = trained[Codebook]
    with pytest.raises(UserError, match="no posterior whose density is known"):
        evaluation.log_likelihood(run, 10)
    with pytest.raises(UserError, match=r"moves codes by gradients: use proposal=.prior."):
        evaluation.log_likelihood(run, 2, "annealed", annealing=Annealing(steps=2))


def test_naive_monte_carlo_finds_the_evidence_of_the_only_code():
    """A codebook of one entry has one code: log p(x) is log p(x|z) of it, whatever is drawn."""
    run = untrained(Codebook(entries=1))
    found = evaluation.log_likelihood(run, 3, "prior")
    only = torch.zeros(1, 3, 3, dtype=torch.int64)
    exact = run.model.decode(only.expand(100, 3, 3)).log_prob(run.data.test.x.float())
    np.testing.assert_allclose(found.values, exact.detach().numpy(), rtol=1e-5)


# --- maps of real numbers, with an encoder and a decoder alone ------------------------------------------------------


def test_an_encoder_and_a_decoder_are_enough_to_reconstruct_walk_and_see_the_codes(trained):
    run = trained[Maps]
    for made in (evaluation.reconstruct(run, 4), ask("reconstruct", run, n=4)):
        assert made.z.shape == (4, 1, 4, 4)
    for codes in (evaluation.latents(run, 50), ask("latents", run, n=50)):
        assert codes.z.shape == (50, 2)
        assert 0 < codes.explained.sum() <= 1
    for walk in (evaluation.interpolate(run, 3), ask("interpolate", run, steps=3)):
        assert (walk.z.shape, walk.x.shape) == ((5, 1, 4, 4), (5, 1, 6, 6))
    assert latent_usage(run).prior == "N(0, I)"
    assert len(latent_usage(run).signal) == 16


def test_a_walk_between_maps_is_the_walk_between_vectors(trained):
    run = trained[Maps]
    walk = evaluation.interpolate(run, 3)
    lengths = np.linalg.norm(walk.z.reshape(5, -1), axis=1)
    np.testing.assert_allclose(lengths, np.linspace(lengths[0], lengths[-1], 5), rtol=1e-5)  # a great circle
    straight = evaluation.interpolate(run, 3, "linear").z
    np.testing.assert_allclose(straight[2], (straight[0] + straight[-1]) / 2, rtol=1e-5, atol=1e-6)
    decoded_ends = run.model.decode(torch.from_numpy(walk.z[[0, -1]])).mean.detach().numpy()
    np.testing.assert_allclose(walk.x[[0, -1]], decoded_ends, rtol=1e-5, atol=1e-6)


def test_what_such_a_model_lacks_is_said(trained):
    run = trained[Maps]
    for command, words in {
        "sample": "a Maps has no samples: this needs a model that has one, such as a vae or a gan",
        "manifold": "a manifold needs 2 latent dimensions and this model has 1×4×4",
    }.items():
        with pytest.raises(UserError, match=words):
            ask(command, run)
    with pytest.raises(UserError, match="no prior and so no likelihood"):
        evaluation.log_likelihood(run, 10)
    with pytest.raises(UserError, match="no samples"):
        evaluation.measures(run, 60)


def test_a_prior_over_maps_gives_everything_that_one_over_vectors_does(trained):
    run = trained[NormalMaps]
    assert run.test["elbo"] > untrained(NormalMaps()).model.evaluate(Batch(run.data.test.x.float()))["elbo"].mean()
    found = evaluation.log_likelihood(run, 200, images=20)
    assert found.mean > run.test["elbo"] - 1  # above the bound but for the choice of 20 examples
    annealed = evaluation.log_likelihood(run, 4, "annealed", images=20, annealing=Annealing(steps=60))
    assert annealed.mean > run.test["elbo"] - 1
    assert evaluation.sample(run, 5).x.shape == (5, 1, 6, 6)
    assert evaluation.interpolate(run, 3).z.shape == (5, 1, 4, 4)
    assert latent_usage(run).prior == "N(0, I)"
    assert evaluation.measures(run, 100).latents is not None


def test_turns_alone_are_enough_to_be_trained(trained):
    run = trained[Runner]
    assert run.test == {"finished": 1.0}
    for command in ("sample", "reconstruct", "manifold", "latents", "interpolate"):
        with pytest.raises(UserError, match="a Runner has no "):
            ask(command, run)
    with pytest.raises(UserError, match="a Runner has no bound and no discriminator"):
        run.score(run.data.test.x[:2])


def test_a_run_folder_of_a_model_that_cannot_sample_keeps_no_samples(tmp_path):
    run = quiet_fit(Maps(), small_data(), tmp_path / "run", epochs=1)
    with pytest.raises(UserError, match="kept no samples"):
        evaluation.snapshots(run)


def test_the_plane_of_a_game_is_decoded_too():
    gan = GAN(MLP(2, [8], (1, 6, 6)), MLP((1, 6, 6), [8], 1), 2, (1, 6, 6))
    plane = evaluation.manifold(untrained(gan), 3)
    z = torch.tensor([[x, y] for y in plane.z2 for x in plane.z1]).float()
    np.testing.assert_allclose(
        plane.images.reshape(9, 1, 6, 6), gan.decode(z).value.detach().numpy(), rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(plane.z1, [-0.9674, 0, 0.9674], atol=1e-4)  # quantiles of sixths
    wide = evaluation.manifold(untrained(Plane()), 3)
    np.testing.assert_allclose(wide.z2, [5 - 3 * 0.9674, 5, 5 + 3 * 0.9674], atol=1e-3)  # of the prior that it has


@pytest.mark.parametrize("command", ["manifold", "interpolate"])
def test_a_game_that_is_told_its_class_decodes_no_code_without_one(command):
    (entry, *_) = (e for e in capable(Conditional) if "gan-1x8x8" in e.name and "network=conv" not in e.name)
    gan = entry.build()
    words = {"interpolate": "no path between classes", "manifold": "needs 2 latent dimensions"}[command]
    with pytest.raises(UserError, match=words):
        getattr(evaluation, command)(untrained(gan))
    with pytest.raises(UserError, match="told its class decodes no code without one"):
        decoded(gan, gan.prior.sample((2,)))


def test_every_capability_has_its_words():
    made = {name for name, value in vars(protocols).items() if getattr(value, "_is_protocol", False)}
    assert made - {"Protocol"} == {capability.__name__ for capability in ALL}
