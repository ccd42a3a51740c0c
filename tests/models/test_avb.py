"""Adversarial variational Bayes: its KL against exact ones, its games' gradients, the four-point toy."""

import math

import pytest
import torch
from torch import nn

from reparam.distributions import Normal
from reparam.errors import UserError
from reparam.models import Batch, NormalLikelihood, StandardNormal
from reparam.models.vae.avb import AVB, PairDiscriminator
from reparam.models.vae.implicit import Implicit, ImplicitPosterior
from reparam.networks import MLP


class LinearNormalPosterior(nn.Module):
    """z = m(x) + s e as an implicit posterior: its density is known after all."""

    def __init__(self, shift, scale):
        super().__init__()
        self.shift, self.scale = shift, nn.Parameter(torch.tensor(scale))

    def forward(self, context):
        return Implicit(_Affine(self.shift, self.scale), context, noise_dim=1)


class _Affine(nn.Module):
    def __init__(self, shift, scale):
        super().__init__()
        self.shift, self.scale = shift, scale

    def forward(self, joined):
        context, noise = joined[..., :1], joined[..., 1:]
        return self.shift * context + self.scale * noise


class OptimalDiscriminator(nn.Module):
    """log q(z|x) - log p(z), or against q's own moments (zero for a normal q), in closed form."""

    def __init__(self, posterior, adaptive):
        super().__init__()
        self.posterior, self.adaptive, self.unused = posterior, adaptive, nn.Parameter(torch.zeros(()))

    def forward(self, x, z):
        if self.adaptive:
            return z.sum(-1) * 0
        q = Normal(self.posterior.shift * x, self.posterior.scale.expand_as(x).detach())
        return q.log_prob(z) - Normal(torch.zeros_like(z), torch.ones_like(z)).log_prob(z)


def small(contrast_samples=0, adaptive=False, latent_dim=1):
    posterior = LinearNormalPosterior(1.3, 0.4)
    decoder = nn.Linear(latent_dim, 1)
    likelihood = NormalLikelihood((1,), 0.5, learned=False)
    return AVB(
        nn.Identity(), posterior, decoder, OptimalDiscriminator(posterior, adaptive), StandardNormal(latent_dim),
        likelihood=likelihood, contrast_samples=contrast_samples,
    )  # fmt: skip


@pytest.mark.parametrize(("contrast_samples", "adaptive"), [(0, False), (4000, True)])
def test_with_an_optimal_discriminator_the_kl_is_the_exact_one(contrast_samples, adaptive):
    torch.manual_seed(0)
    model = small(contrast_samples, adaptive)
    x = torch.tensor([[0.0], [1.0], [-2.0]])
    exact = Normal(1.3 * x, torch.full_like(x, 0.4)).kl(Normal(torch.zeros(1), torch.ones(1)))
    with torch.no_grad():  # each example many times: every repetition draws its own z
        draws = model.terms(x.repeat(3000, 1))[1].reshape(3000, 3)
    error = draws.std(0) / math.sqrt(3000)
    slack = 0.02 if adaptive else 0.0  # q's moments are estimated
    assert ((draws.mean(0) - exact).abs() < 4.5 * error + slack).all()


def test_the_gradient_of_the_kl_with_an_optimal_discriminator_is_the_exact_one():
    """d KL / d scale = scale - 1/scale: T's own dependence on q adds nothing in expectation (proposition 2)."""
    torch.manual_seed(0)
    model = small()
    posterior = model.autoencoder["posterior"]
    x = torch.zeros(20_000, 1)
    gradients = []
    for _ in range(20):
        _, divergence = model.terms(x)
        gradients.append(torch.autograd.grad(divergence.mean(), posterior.scale)[0])
    gradients = torch.stack(gradients)
    error = gradients.std() / math.sqrt(20)
    assert abs(gradients.mean().item() - (0.4 - 1 / 0.4)) < 4.5 * error.item() + 1e-3


@pytest.mark.parametrize("contrast_samples", [0, 64])
def test_a_learned_discriminator_finds_the_kl_of_a_known_posterior(contrast_samples):
    torch.manual_seed(0)
    posterior = LinearNormalPosterior(1.0, 0.5)
    discriminator = PairDiscriminator(nn.Identity(), MLP(2, (64, 64), 1))
    model = AVB(
        nn.Identity(), posterior, nn.Linear(1, 1), discriminator, StandardNormal(1),
        likelihood=NormalLikelihood((1,), learned=False), contrast_samples=contrast_samples,
    )  # fmt: skip
    optimizer = torch.optim.Adam(discriminator.parameters(), lr=3e-3)
    steps = 1500
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * (1 - step / steps)
        optimizer.zero_grad()
        model.discriminator_loss(Batch(torch.randn(512, 1)))["loss"].backward()
        optimizer.step()
    x = torch.randn(20_000, 1)
    exact = Normal(x, torch.full_like(x, 0.5)).kl(Normal(torch.zeros(1), torch.ones(1))).mean().item()
    with torch.no_grad():
        found = model.terms(x)[1].mean().item()
    assert found == pytest.approx(exact, abs=0.08)


def test_an_implicit_distribution_refuses_its_density_in_words():
    q = ImplicitPosterior(2, context=3, noise_dim=2, hidden=(4,))(torch.zeros(5, 3))
    assert q.sample((7,)).shape == (7, 5, 2)
    assert q.center.shape == (5, 2)
    for refuse in (lambda: q.mean, q.entropy, lambda: q.log_prob(torch.zeros(5, 2))):
        with pytest.raises(UserError, match="no closed form"):
            refuse()


def test_each_turn_moves_its_own_player():
    torch.manual_seed(0)
    posterior = ImplicitPosterior(2, context=3, noise_dim=2, hidden=(4,))
    discriminator = PairDiscriminator(nn.Linear(5, 3), MLP(5, (8,), 1))
    model = AVB(nn.Linear(5, 3), posterior, nn.Linear(2, 5), discriminator, StandardNormal(2), contrast_samples=8)
    batch = Batch((torch.rand(6, 5) > 0.5).float())
    for turn in model.turns():
        own = [p for p in turn.moves.parameters() if p.requires_grad]
        assert all(g is not None for g in torch.autograd.grad(turn.loss(batch)["loss"], own))
