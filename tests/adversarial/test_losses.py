import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from reparam import adversarial
from reparam.adversarial import LOSSES
from reparam.models.gan.constraints import GradientPenalty, Shown, WeightClipping, ZeroCentred, spectrally_normalized
from reparam.models.gan.gan import GAN
from reparam.models.model import Batch
from reparam.networks.players import mlp_discriminator
from reparam.randomness import noise

SEEDS = st.integers(0, 2**31 - 1)


def logits(seed, n=7):
    g = torch.Generator().manual_seed(seed)
    real, fake = (torch.randn(n, generator=g, dtype=torch.float64).mul(3).requires_grad_() for _ in range(2))
    return real, fake


def sigmoid(x):
    return 1 / (1 + torch.exp(-x))


# for each game the textbook's formula of (discriminator, generator), and hand-derived gradients with respect to each
# logit: of the discriminator's loss (real, fake) and of the generator's (fake), times n
TEXTBOOK = {
    "minimax": (
        lambda r, f: -0.5 * torch.log(sigmoid(r)).mean() - 0.5 * torch.log(1 - sigmoid(f)).mean(),
        lambda r, f: 0.5 * torch.log(sigmoid(r)).mean() + 0.5 * torch.log(1 - sigmoid(f)).mean(),
        lambda r, f: (-0.5 * sigmoid(-r), 0.5 * sigmoid(f)),
        lambda r, f: -0.5 * sigmoid(f),
    ),
    "non-saturating": (
        lambda r, f: -0.5 * torch.log(sigmoid(r)).mean() - 0.5 * torch.log(1 - sigmoid(f)).mean(),
        lambda r, f: -0.5 * torch.log(sigmoid(f)).mean(),
        lambda r, f: (-0.5 * sigmoid(-r), 0.5 * sigmoid(f)),
        lambda r, f: -0.5 * sigmoid(-f),
    ),
    "least-squares": (
        lambda r, f: 0.5 * ((r - 1) ** 2).mean() + 0.5 * (f**2).mean(),
        lambda r, f: 0.5 * ((f - 1) ** 2).mean(),
        lambda r, f: (r - 1, f),
        lambda r, f: f - 1,
    ),
    "hinge": (
        lambda r, f: torch.clamp(1 - r, min=0).mean() + torch.clamp(1 + f, min=0).mean(),
        lambda r, f: -f.mean(),
        lambda r, f: (-(r < 1).double(), (f > -1).double()),
        lambda r, f: -torch.ones_like(f),
    ),
    "wasserstein": (
        lambda r, f: f.mean() - r.mean(),
        lambda r, f: -f.mean(),
        lambda r, f: (-torch.ones_like(r), torch.ones_like(f)),
        lambda r, f: -torch.ones_like(f),
    ),
    "relativistic": (
        lambda r, f: -torch.log(sigmoid(r - f)).mean(),
        lambda r, f: -torch.log(sigmoid(f - r)).mean(),
        lambda r, f: (-sigmoid(f - r), sigmoid(f - r)),
        lambda r, f: -sigmoid(r - f),
    ),
}


def test_every_loss_has_its_textbook():
    assert set(TEXTBOOK) == set(LOSSES)


@pytest.mark.parametrize("name", sorted(LOSSES))
@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_value_and_gradient_are_the_hand_derived_ones(name, seed):
    real, fake = logits(seed)
    discriminator, generator, d_gradient, g_gradient = TEXTBOOK[name]
    loss = LOSSES[name]
    torch.testing.assert_close(loss.discriminator(real, fake), discriminator(real, fake), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(loss.generator(real, fake), generator(real, fake), rtol=1e-9, atol=1e-9)
    n = len(real)
    for ours, hand in zip(
        torch.autograd.grad(loss.discriminator(real, fake), (real, fake)), d_gradient(real, fake), strict=True
    ):
        torch.testing.assert_close(ours * n, hand.detach(), rtol=1e-9, atol=1e-9)
    (ours,) = torch.autograd.grad(loss.generator(real, fake), fake)
    torch.testing.assert_close(ours * n, g_gradient(real, fake).detach(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("size", [1e3, -1e3])
def test_losses_and_gradients_stay_finite_where_a_sigmoid_would_not(name, size):
    real = torch.tensor([size, -size], requires_grad=True)
    fake = torch.tensor([-size, size], requires_grad=True)
    for loss in (LOSSES[name].discriminator(real, fake), LOSSES[name].generator(real, fake)):
        gradients = torch.autograd.grad(loss, (real, fake), allow_unused=True)
        assert torch.isfinite(loss)
        assert all(g is None or torch.isfinite(g).all() for g in gradients)


def test_the_value_is_minus_log_4_at_equilibrium_and_the_game_is_zero_sum():
    zeros = torch.zeros(5)
    assert adversarial.value(zeros, zeros).item() == pytest.approx(-math.log(4))
    real, fake = logits(0)
    minimax = LOSSES["minimax"]
    assert minimax.generator(real, fake).item() == pytest.approx(-minimax.discriminator(real, fake).item())


def test_label_smoothing_is_cross_entropy_with_soft_real_targets():
    real, fake = logits(3)
    ours = adversarial.smoothed(LOSSES["minimax"].discriminator, 0.1)(real, fake)
    entropy = nn.functional.binary_cross_entropy_with_logits
    expected = 0.5 * entropy(real, torch.full_like(real, 0.9)) + 0.5 * entropy(fake, torch.zeros_like(fake))
    torch.testing.assert_close(ours, expected)
    for a, b in zip(torch.autograd.grad(ours, (real, fake)), torch.autograd.grad(expected, (real, fake)), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("shape", [(5,), (2, 4, 3)])
def test_penalties_of_a_linear_critic_are_their_closed_forms(shape):
    """The gradient of <w, x> is w everywhere: (‖w‖ - 1)², ½ ‖w‖², and their derivatives with respect to w."""
    w = torch.randn(shape, dtype=torch.float64, requires_grad=True)

    def critic(x):
        return (x * w).flatten(1).sum(1) + 3.0

    real, fake = (torch.randn(6, *shape, dtype=torch.float64).requires_grad_() for _ in range(2))
    shown, unit = Shown(real, fake, critic(real), critic(fake)), torch.rand(shape, dtype=torch.float64)
    norm = w.norm()
    penalties = {
        adversarial.gradient_penalty(critic, real, fake): (norm - 1) ** 2,
        adversarial.zero_centred_penalty(critic(real), real): 0.5 * norm**2,
        adversarial.zero_centred_penalty(critic(real), real, unit): 0.5 * (unit * w).norm() ** 2,
        GradientPenalty(10.0).penalty(critic, real, fake): 10 * (norm - 1) ** 2,
        ZeroCentred(2.0, 3.0).penalty_as_shown(shown, 0.7): 2.5 * norm**2,
        ZeroCentred(2.0, 3.0, decay=0.01).penalty_as_shown(shown, 0.5): 0.25 * norm**2,
        ZeroCentred(2.0, 3.0, decay=0.01, hold=0.5).penalty_as_shown(shown, 0.75): 0.25 * norm**2,
        ZeroCentred(2.0, 3.0, decay=0.01, hold=0.8).penalty_as_shown(shown, 0.75): 2.5 * norm**2,
        ZeroCentred(2.0, 0.0, unit=unit).penalty_as_shown(shown, 0.5): (unit * w).norm() ** 2,
    }
    for ours, exact in penalties.items():
        torch.testing.assert_close(ours, exact)
        gradients = [torch.autograd.grad(y, w, retain_graph=True)[0] for y in (ours, exact)]
        torch.testing.assert_close(*gradients)
    assert adversarial.lipschitz_estimate(critic, real, fake).item() == pytest.approx(norm.item())


@pytest.mark.parametrize(("r1", "r2"), [(1.0, 0.0), (0.0, 2.0), (1.0, 2.0)])
def test_judging_real_and_generated_examples_in_one_call_changes_nothing(r1, r2):
    """Loss, readings and gradients are those of two calls; a discriminator that may mix a batch is asked twice."""
    torch.manual_seed(0)
    network = mlp_discriminator((3,), [8, 8]).double()
    generator = nn.Linear(2, 3).double()
    batch = Batch(torch.randn(6, 3, dtype=torch.float64), None, 0, 0.0, 0.3)
    results = []
    for discriminator in (network, MaybeMixing(network)):
        game = GAN(generator, discriminator, 2, (3,), loss="relativistic", constraint=ZeroCentred(r1, r2), average=0.0)
        with noise(1, "same"):
            terms = game.discriminator_loss(batch)
        results.append([*terms.values(), *torch.autograd.grad(terms["loss"], list(network.parameters()))])
    games = [
        GAN(generator, discriminator, 2, (3,), loss="non-saturating", average=0.0)
        for discriminator in (network, MaybeMixing(network))
    ]
    calls = []  # from here on, since composing a game tries its players
    network.register_forward_hook(lambda _, inputs, __: calls.append(len(inputs[0])))
    for game in games:
        game.discriminator_loss(batch)
    torch.testing.assert_close(*results)
    assert calls == [12, 6, 6]


class MaybeMixing(nn.Sequential):
    """A network whose type says nothing about what it does with a batch."""


def test_interpolates_lie_on_segments_with_one_epsilon_per_example():
    real, fake = torch.zeros(50, 2, 3), torch.ones(50, 2, 3)
    points = adversarial.interpolates(real, fake)
    assert ((points >= 0) & (points <= 1)).all()
    assert (points.flatten(1) == points[:, :1, :1].flatten(1)).all(), "all pixels of an example share its epsilon"
    assert len(points[:, 0, 0].unique()) == 50


def test_clipping_bounds_every_weight():
    critic = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
    WeightClipping(0.05).after(critic)
    assert all(parameter.abs().max() <= 0.05 for parameter in critic.parameters())


def test_spectral_normalization_gives_each_layer_norm_one():
    network = nn.Sequential(nn.Linear(12, 9), nn.Unflatten(1, (1, 3, 3)), nn.Conv2d(1, 4, 2), nn.Flatten())
    spectrally_normalized(network)
    for _ in range(100):
        network(torch.randn(2, 12))
    for layer in (network[0], network[2]):
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2)
        assert largest.item() == pytest.approx(1, abs=1e-3)
