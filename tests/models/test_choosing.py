"""Choosing samples by the discriminator's density ratio: the law of the choice, and which games know the ratio."""

import itertools
import math

import pytest
import torch
from torch import nn

from reparam.adversarial import LOSSES
from reparam.adversarial.optimal import optimal_logits
from reparam.errors import UserError
from reparam.kinds import GANConfig, build_model
from reparam.models import GAN, WGAN
from reparam.models.gan.choosing import resample
from reparam.models.traits import Traits

DRAWS = 200_000


def law_of_the_choice(q, ratio, candidates):
    """The chosen atom's exact probabilities, over all groups of candidates there are."""
    law = torch.zeros_like(q)
    for group in itertools.product(range(len(q)), repeat=candidates):
        drawn, weights = q[list(group)].prod(), ratio[list(group)]
        for atom, weight in zip(group, weights / weights.sum(), strict=True):
            law[atom] += drawn * weight
    return law


@pytest.mark.parametrize("candidates", [1, 2, 3, 5])
def test_the_choice_has_the_law_that_enumeration_gives(candidates):
    q, ratio = torch.rand(4).softmax(0), (2 * torch.randn(4)).exp()
    chosen = resample(lambda: q.multinomial(DRAWS, replacement=True), lambda x: ratio.log()[x] + 3.0, candidates)
    law = law_of_the_choice(q, ratio, candidates)
    frequency = chosen.bincount(minlength=4) / DRAWS
    assert torch.all((frequency - law).abs() < 5 * (law * (1 - law) / DRAWS).sqrt())


def test_many_candidates_reach_the_distribution_whose_ratio_it_is():
    """From N(0, 1) to N(0.5, 0.8²) by the exact ratio, up to a constant; alone they differ by half a deviation."""
    model, data = torch.distributions.Normal(0.0, 1.0), torch.distributions.Normal(0.5, 0.8)
    n = 20_000
    x = resample(
        lambda: model.sample((n, 1)), lambda x: optimal_logits(data.log_prob(x), model.log_prob(x))[:, 0] - 7, 200
    )
    grid = torch.linspace(0.02, 0.98, 49)
    reached = (x <= data.icdf(grid)).float().mean(0)
    # 4.5 standard errors, and the bias of 200 candidates, which is of the order of 1/200
    assert torch.all((reached - grid).abs() < 4.5 * (grid * (1 - grid) / n).sqrt() + 0.005)


@pytest.mark.parametrize("name", LOSSES)
def test_the_games_that_promise_a_ratio_learn_it_and_the_others_do_not(name):
    """Each game's discriminator loss minimized over a free logit per atom, in exact expectation over all pairs."""
    counts = torch.tensor([[1, 2, 3, 6], [4, 4, 3, 1]])
    real, fake = (torch.arange(4).repeat_interleave(row) for row in counts)
    pairs = torch.cartesian_prod(real, fake).T
    logits = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([logits], lr=1.0)
    for _ in range(3000):
        optimizer.zero_grad()
        LOSSES[name].discriminator(logits[pairs[0]], logits[pairs[1]]).backward()
        optimizer.step()
    learned, ratio = logits.detach(), (counts[0] / counts[1]).double().log()
    agrees = torch.allclose(learned - learned.mean(), ratio - ratio.mean(), atol=1e-3)
    assert agrees == LOSSES[name].ratio


class Told(nn.Module):
    """Draws around ten times the class, with an example's own mistake: every other draw is 5 too far."""

    def __init__(self):
        super().__init__()
        self.mistake = nn.Parameter(torch.tensor(5.0))

    def forward(self, z, y):
        return z + 10.0 * y[:, None] + self.mistake * (z > 0)


class Sure(nn.Module):
    """The log ratio that knows the mistake."""

    def forward(self, x, y):
        return -100.0 * ((x - 10.0 * y[:, None]) > 4.0)


def game(**settings):
    return GAN(nn.Linear(2, 2), nn.Linear(2, 1), 2, (2,), **{"average": 0.0, **settings})


def test_a_conditional_game_chooses_within_the_class():
    model = GAN(Told(), Sure(), 1, (1,), classes=3, candidates=20, loss="non-saturating", average=0.0)
    y = torch.arange(3).repeat_interleave(300)
    far = model.sample(900, y)[:, 0] - 10 * y
    assert far.abs().max() < 4.9  # nobody else's class
    assert (far > 4).float().mean() < 0.01  # of half of the generator's own


def test_one_candidate_is_the_generator_itself_and_weights_are_shared():
    model = game(candidates=4)
    alone = model.choosing(1)
    torch.manual_seed(1)
    z = torch.randn(5, 2)
    torch.manual_seed(1)
    assert torch.equal(alone.sample(5), model.decode(z).value)
    with torch.no_grad():
        model.generator.weight.zero_()
    assert torch.equal(alone.decode(z).value, model.generator.bias.expand(5, 2))
    assert model.candidates == 4


@pytest.mark.parametrize(
    "build",
    [
        lambda: game(loss="hinge", candidates=2),
        lambda: game(loss="least-squares").choosing(2),
        lambda: game(loss="minimax", smoothing=0.1, candidates=2),
        lambda: WGAN(nn.Linear(2, 2), nn.Linear(2, 1), 2, (2,)).choosing(4),
    ],
)
def test_a_game_without_a_ratio_refuses_to_choose(build):
    with pytest.raises(UserError, match="no density ratio"):
        build()


def test_no_candidate_is_refused():
    with pytest.raises(UserError, match="at least 1"):
        game().choosing(0)


def test_a_discriminator_that_is_not_a_number_still_gives_samples():
    model = game(candidates=3)
    with torch.no_grad():
        model.discriminator.weight.fill_(math.nan)
    assert torch.isfinite(model.sample(7)).all()


def test_points_are_chosen_by_default_and_images_are_not():
    traits = Traits()
    candidates = {
        (name, shape): build_model(GANConfig(loss=name), shape, traits).candidates
        for name in ("relativistic", "minimax")
        for shape in ((2,), (1, 8, 8))
    }
    assert candidates == {
        ("relativistic", (2,)): 4,
        ("relativistic", (1, 8, 8)): 1,
        ("minimax", (2,)): 1,
        ("minimax", (1, 8, 8)): 1,
    }
    assert build_model(GANConfig(candidates=2), (1, 8, 8), traits).candidates == 2
