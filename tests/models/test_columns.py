"""The likelihood of a table's rows, trained: to what is best in closed form, and near the entropy of a known law."""

import json
import math

import numpy as np
import pytest
import torch
from scipy import optimize, stats
from torch import nn

from oracles import MixedLaw
from reparam.distributions.columns import Category, Integer, Number
from reparam.errors import UserError
from reparam.evaluation.likelihood.importance import importance_estimate
from reparam.kinds import KINDS, AVBConfig, GANConfig, VAEConfig, build_model
from reparam.models import VAE, Batch, ColumnsLikelihood, StandardNormal, Turn
from reparam.models.composition import build, describe
from reparam.models.traits import Traits
from reparam.networks import MLP, ColumnsHead
from reparam.randomness import noise
from reparam.training import minimize

SMALL = GANConfig(generator_hidden=(16,), discriminator_hidden=(16,))


class Constant(nn.Module):
    """A decoder that says the same whatever z is."""

    def __init__(self, width):
        super().__init__()
        self.output = nn.Parameter(torch.zeros(width, dtype=torch.float64))


def fitted(families, x, steps=200):
    """The likelihood and the constant output that are best for rows, by a method that converges to all digits."""
    likelihood, constant = ColumnsLikelihood(families).double(), Constant(x.shape[1])
    optimizer = torch.optim.LBFGS(
        [*likelihood.parameters(), constant.output],
        max_iter=steps,
        tolerance_grad=1e-12,
        tolerance_change=1e-16,
        line_search_fn="strong_wolfe",
    )

    def closure():
        optimizer.zero_grad()
        loss = -likelihood(constant.output).log_prob(x).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    return likelihood, constant.output.detach()


# what is best


def test_maximum_likelihood_is_moments_shares_and_what_scipy_finds():
    """Of a decoder that is constant: by column, closed forms of numbers, categories and missing cells."""
    families = [Number(scale=3.0, offset=1.0, missing=True), Category(levels=3), Integer(low=0, high=8, scale=2.0)]
    rng = np.random.default_rng(0)
    n = 500
    u, gone, level = rng.normal(0.4, 0.7, n), rng.uniform(size=n) < 0.3, rng.choice(3, n, p=[0.2, 0.5, 0.3])
    k = rng.binomial(8, 0.3, n)
    rows = np.column_stack([np.where(gone, 0, u), gone, np.eye(3)[level], k / 2])
    likelihood, output = fitted(families, torch.from_numpy(rows))
    seen = u[~gone]
    assert output[0].item() == pytest.approx(seen.mean(), abs=1e-6)
    assert likelihood.log_scale[0].exp().item() == pytest.approx(seen.std(), abs=1e-6)
    assert output[1].sigmoid().item() == pytest.approx(gone.mean(), abs=1e-6)
    np.testing.assert_allclose(output[2:5].softmax(0), np.bincount(level) / n, atol=1e-6)

    def cost(parameters):
        location, log_scale = parameters
        edges = stats.logistic(2 * location, 2 * np.exp(log_scale)).cdf(np.arange(-0.5, 9.5))
        edges[[0, -1]] = 0, 1
        return -np.log(np.diff(edges))[k].mean()

    best = optimize.minimize(cost, [1.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13})
    assert output[5].item() == pytest.approx(best.x[0], abs=1e-5)
    assert likelihood.log_scale[1].item() == pytest.approx(best.x[1], abs=1e-5)
    # in the column's own units, as numpy computes it
    own = stats.norm(1 + 3 * seen.mean(), 3 * seen.std()).logpdf(1 + 3 * seen).sum() / n
    coin = stats.bernoulli(gone.mean()).entropy()
    shares = stats.entropy(np.bincount(level) / n)
    total = likelihood(output).log_prob(torch.from_numpy(rows)).mean().item()
    assert total == pytest.approx(own - coin - shares - best.fun, abs=1e-7)


@pytest.mark.parametrize(("step", "floor"), [(0.0, 1e-3), (0.5, 0.5 / 12**0.5)])
def test_a_bound_has_a_top_where_a_column_is_certain(step, floor):
    """A constant column: its density rises to that of the smallest scale and no further, and the column is named."""
    families = [Number(), Number(scale=10.0, step=step), Integer(low=0, high=9, scale=3.0)]
    x = torch.randn(200, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    x[:, 1], x[:, 2] = 0.25, 4 / 3
    likelihood, output = fitted(families, x)
    assert likelihood.at_floor() == (1,)
    top = stats.norm(0, 10 * floor).logpdf(0)
    number, certain = likelihood(output).log_prob_columns(x)[0, 1:].tolist()
    assert top - math.log(1.5) < number <= top + 1e-6  # the floor is a float32
    assert -1e-3 < certain < 0


def test_a_flat_column_of_whole_numbers_is_fitted_where_what_lies_beyond_is_cut_off():
    """To the last digit of its entropy; ends that own what lies beyond them would have to be met more often."""
    k = torch.arange(18, 91).repeat(4).double()
    found = []
    for owns in (False, True):
        family = Integer(low=18, high=90, scale=21.0, offset=54.0, owns_below=owns, owns_above=owns)
        x = ((k - 54) / 21).unsqueeze(1)
        likelihood, output = fitted([family], x)
        found.append(likelihood(output).log_prob(x).mean().item() + math.log(73))
    assert found[0] == pytest.approx(0, abs=1e-4)
    assert found[1] < -0.02


def test_a_scale_begins_at_the_spread_and_is_never_below_its_floor():
    families = [Number(), Number(step=30.0), Integer(low=0, high=3), Category(), Integer(low=0, high=10**6, scale=1e5)]
    likelihood = ColumnsLikelihood(families)
    scales = likelihood.log_scale.exp()
    assert scales[0].item() == pytest.approx(1, rel=1e-5)
    assert scales[2].item() * math.pi / 3**0.5 == pytest.approx(1, rel=1e-5)
    assert (scales[1] > 30 / 12**0.5).item()
    nn.init.constant_(likelihood.excess, -50.0)
    assert torch.allclose(likelihood.log_scale, likelihood.floor)
    assert likelihood.at_floor() == (0, 1)
    certain = likelihood(torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0, 2.0]))
    # of a bin, one tail on either side is left: 2 (1 - sigmoid(10)); the longest columns have bins a float32 long
    one = torch.tensor([0.0, 0.0, 1.0, 1.0, 0.0, 2.0])
    assert certain.log_prob_columns(one)[2].item() == pytest.approx(-2 / math.exp(10), rel=1e-2)
    assert certain.log_prob_columns(one)[4] > -0.1


def test_words_alone_have_no_scale_to_learn():
    likelihood = ColumnsLikelihood([Category(levels=3), Category(missing=True)])
    assert (list(likelihood.parameters()), likelihood.at_floor(), likelihood.output_shape) == ([], (), (6,))


# a law that is known


def test_the_laws_entropy_is_what_its_draws_say():
    law = MixedLaw()
    rows, weights = law.whole()
    assert (weights * law.log_prob(rows).exp()).sum().item() == pytest.approx(1, abs=1e-9)
    surprise = -law.log_prob(law.sample(20_000, seed=1))
    assert surprise.mean().item() == pytest.approx(law.entropy, abs=4.5 * surprise.std().item() / 20_000**0.5)


@pytest.fixture(scope="module")
def trained():
    """A VAE of the law, as its kind composes it for a table."""
    law = MixedLaw()
    x = law.sample(4000, seed=0).float()
    traits = Traits(columns=law.families, examples=len(x))
    with noise(0, "weights"):
        model = build_model(VAEConfig(latent_dim=4, hidden=(64, 64)), (x.shape[1],), traits)
    pick = torch.Generator().manual_seed(0)
    minimize(
        model.turns(),
        lambda number: x[torch.randint(len(x), (128,), generator=pick)],
        steps=1500,
        learning_rate=6e-3,
        gradient_clip=10.0,
        seed=0,
    )
    return law, model.eval()


@pytest.mark.slow
def test_a_trained_vae_comes_near_the_entropy_from_below_and_beats_independent_columns(trained):
    law, model = trained
    x = law.sample(2000, seed=5).float()
    with noise(0, "importance"):
        found = importance_estimate(model, x, 200).log_mean
    exact, apart = law.log_prob(x), law.log_prob_apart(x)
    behind = exact - found
    error = behind.std().item() / len(x) ** 0.5
    assert behind.mean().item() > -3 * error
    assert behind.mean().item() < 0.12
    assert (exact - apart).mean().item() > 0.9
    columns = model.decode(model.encode(x).center).log_prob_columns(x)
    torch.testing.assert_close(columns.sum(-1), model.decode(model.encode(x).center).log_prob(x))


@pytest.mark.slow
def test_its_samples_and_means_are_rows_that_can_be_and_have_the_laws_shares(trained):
    law, model = trained
    with noise(0, "samples"):
        x, means = model.sample(20_000), model.mean(1000)
    assert torch.isfinite(law.log_prob(x)).all()
    assert torch.isfinite(law.log_prob(means)).all()
    # what is missing, and the category, go together as they do in the law: the three kinds of rows
    rows, weights = law.whole()
    mass = weights * law.log_prob(rows).exp()
    for gone in (0, 1):
        for level in range(3):
            exact = mass[(rows[:, 1] == gone) & (rows[:, 3 + level] == 1)].sum().item()
            share = ((x[:, 1] == gone) & (x[:, 3 + level] == 1)).double().mean().item()
            assert share == pytest.approx(exact, abs=0.05)


# composed


FAMILIES = (
    Number(missing=True, scale=2.0, step=0.1),
    Number(transform="quantile", knots=tuple((float(i), i / 10) for i in range(300))),
    Integer(low=-(10**7), high=10**7, scale=10.0),
    Category(levels=4, missing=True),
)


def composed():
    width = ColumnsLikelihood(FAMILIES).output_shape[0]
    return VAE(MLP(width, [4], 2), MLP(1, [4], width), StandardNormal(1), likelihood=ColumnsLikelihood(FAMILIES))


def test_families_are_written_down_and_built_again():
    tree = json.loads(json.dumps(describe(composed()), allow_nan=False))
    again = build(tree)
    assert again.likelihood.layout.families == FAMILIES
    assert describe(again) == describe(composed())
    assert all(type(knot) is tuple for knot in again.likelihood.layout.families[1].knots)


def test_a_whole_number_of_a_tree_that_does_not_say_owns_what_lies_beyond_its_ends():
    """As it did before there was a choice."""
    tree = json.loads(json.dumps(describe(composed())))
    (whole,) = (family["arguments"] for family in _families(tree) if family["class"] == "Integer")
    del whole["owns_below"], whole["owns_above"]
    family = build(tree).likelihood.layout.families[2]
    assert (family.owns_below, family.owns_above) == (True, True)


def _families(tree):
    return tree["arguments"]["likelihood"]["arguments"]["families"]


HOSTILE = {
    "a scale that is a word": ("Number", {"scale": "2"}),
    "a scale of 0": ("Number", {"scale": 0}),
    "an offset that is no number": ("Number", {"offset": {"number": "nan"}}),
    "a transform that there is not": ("Number", {"transform": "eval"}),
    "knots that are numbers": ("Number", {"transform": "quantile", "knots": [1, 2]}),
    "knots that are words": ("Number", {"transform": "quantile", "knots": [["a", 1], ["b", 2]]}),
    "knots that fall": ("Number", {"transform": "quantile", "knots": [[1, 1], [0, 2]]}),
    "whole numbers that are none": ("Integer", {"low": 0.5}),
    "ends that cross": ("Integer", {"low": 3, "high": 2}),
    "an end of which nothing is said": ("Integer", {"owns_above": "perhaps"}),
    "levels that no machine holds": ("Category", {"levels": 10**15}),
    "levels that are a list": ("Category", {"levels": [3]}),
    "missing that is neither": ("Category", {"missing": "yes"}),
    "an argument that there is not": ("Category", {"embedding": 3}),
    "no family": ("Linear", {"in_features": 1, "out_features": 1}),
}


@pytest.mark.parametrize(("name", "arguments"), HOSTILE.values(), ids=HOSTILE)
def test_families_of_a_hostile_file_build_nothing(name, arguments):
    tree = json.loads(json.dumps(describe(composed())))
    family = tree["arguments"]["likelihood"]["arguments"]["families"][0]
    family["class"], family["arguments"] = name, arguments
    with pytest.raises(UserError):
        build(tree)


def test_a_table_gets_a_likelihood_by_column_and_players_with_a_head():
    traits = Traits(columns=FAMILIES)
    width = ColumnsLikelihood(FAMILIES).output_shape[0]
    for config in (VAEConfig(), AVBConfig()):
        assert isinstance(build_model(config, (width,), traits).likelihood, ColumnsLikelihood)
    game = build_model(GANConfig(), (width,), traits)
    assert isinstance(game.head, ColumnsHead)
    assert game.constraint.unit == 1.0
    assert build_model(GANConfig(), (width,), Traits()).head is None


def test_a_likelihood_by_column_is_for_tables_and_has_no_scale_of_its_own():
    with pytest.raises(UserError, match='likelihood="columns" needs a table, and these data are none'):
        build_model(VAEConfig(likelihood="columns"), (3,))
    kind = VAEConfig(likelihood="columns", scale=0.5)
    with pytest.raises(UserError, match=r"scale=0\.5 has no effect"):
        KINDS["vae"].check(kind)
    assert KINDS["vae"].resolve(VAEConfig(scale=0.5), Traits(columns=FAMILIES)).likelihood == "normal"


# games


def test_a_generators_rows_can_be_and_its_most_probable_ones_too():
    law = MixedLaw()
    with noise(0, "weights"):
        game = build_model(
            GANConfig(generator_hidden=(16,), discriminator_hidden=(16,)), (6,), Traits(columns=law.families)
        )
    with noise(1):
        x, z = game.sample(500), game.prior.sample((500,))
    assert torch.isfinite(law.log_prob(x)).all()
    p = game.decode(z)
    assert not p.has_density
    assert torch.isfinite(law.log_prob(p.mean)).all()
    assert torch.equal(p.mean, game.decode(z).mean)
    assert len(p.sample()[:, 3:].unique(dim=0)) == 3


def test_turns_move_every_weight_of_the_generator_through_its_choices():
    """Where all columns are categories nothing but choices carries the gradient."""
    families = (Category(levels=3), Category(levels=2, missing=True))
    with noise(0, "weights"):
        game = build_model(
            GANConfig(generator_hidden=(16,), discriminator_hidden=(16,)), (6,), Traits(columns=families)
        )
    x = torch.tensor([[1.0, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, 1]]).repeat(32, 1)
    _, turn = game.turns()
    assert isinstance(turn, Turn)
    with noise(0, "z"):
        loss = turn.loss(Batch(x))["loss"]
    for gradient in torch.autograd.grad(loss, list(game.generator.parameters())):
        assert gradient.abs().max() > 0
