import math
import os
import signal
from contextlib import suppress

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from helpers import quiet_fit, same, small_data, weights
from reparam.adversarial import EQUILIBRIUM, LOSSES, value
from reparam.data import Dataset
from reparam.errors import UserError
from reparam.kinds import GANConfig, WGANConfig, build_model
from reparam.models import GAN, WGAN, Batch, GradientPenalty, InstanceNoise
from reparam.models.gan.unrolling import look_ahead
from reparam.models.gan.watching import duplicate_rate
from reparam.models.traits import Traits
from reparam.networks.players import Conditional, mlp_discriminator, mlp_generator
from reparam.randomness import noise
from reparam.runs.snapshots import read_snapshots
from reparam.training import Interrupted, Silent, fit, load
from reparam.training.diagnosis import diagnose

SHAPE = (1, 6, 6)


def small_gan(kind=GAN, **settings):
    generator = mlp_generator(4, [12, 12], SHAPE, 0.0, 1.0)
    plain = {"average": 0.0} | ({"loss": "non-saturating"} if kind is GAN else {})
    return kind(generator, mlp_discriminator(SHAPE, [12]), 4, SHAPE, **plain | settings)


def twins(*models):
    """The same weights for all."""
    for model in models[1:]:
        model.load_state_dict(models[0].state_dict(), strict=False)
    return models


def test_with_no_steps_looking_ahead_is_the_plain_game_exactly():
    data = small_data()
    plain, unrolled = twins(small_gan(), small_gan(unroll=0))
    for model in (plain, unrolled):
        quiet_fit(model, data, steps=7)
    assert same(weights(plain), weights(unrolled))

    network = nn.Linear(3, 1)
    x = torch.randn(5, 3)
    assert torch.equal(look_ahead(network, lambda n: n(x).mean(), 0, 1.0)(x), network(x))


@pytest.mark.parametrize("steps", [1, 3])
def test_looking_ahead_is_gradient_descent_and_differentiable_through_it(steps):
    """The opponent's weights after some updates, and the derivative through them by central differences (float64)."""
    torch.manual_seed(steps)
    network = nn.Linear(2, 1).double()
    real = torch.randn(6, 2, dtype=torch.float64)
    game = LOSSES["non-saturating"]

    def outcome(shift):
        fake = shift * torch.ones(6, 2, dtype=torch.float64)
        ahead = look_ahead(network, lambda n: game.discriminator(n(real), n(fake)), steps, 0.3)
        return game.generator(ahead(real), ahead(fake))

    by_hand = nn.Linear(2, 1).double()
    by_hand.load_state_dict(network.state_dict())
    optimizer = torch.optim.SGD(by_hand.parameters(), lr=0.3)
    fake = 0.4 * torch.ones(6, 2, dtype=torch.float64)
    for _ in range(steps):
        optimizer.zero_grad()
        game.discriminator(by_hand(real), by_hand(fake)).backward()
        optimizer.step()
    torch.testing.assert_close(outcome(torch.tensor(0.4)), game.generator(by_hand(real), by_hand(fake)))

    shift = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(outcome(shift), shift)
    difference = (outcome(torch.tensor(0.4 + 1e-5)) - outcome(torch.tensor(0.4 - 1e-5))) / 2e-5
    assert gradient.item() == pytest.approx(difference.item(), rel=1e-3)


def normal_pdf(x, mean):
    return torch.exp(-0.5 * (x - mean) ** 2) / math.sqrt(2 * math.pi)


def train_to_optimum(p, q, x, dx):
    """Maximize V over a free logit per grid point by exact expectations: convex, so it has one optimum."""
    logits = torch.zeros_like(x, requires_grad=True)
    optimizer = torch.optim.LBFGS([logits], max_iter=2000, tolerance_grad=1e-12, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        total = (p * nn.functional.softplus(-logits) + q * nn.functional.softplus(logits)).sum() * dx
        (total * 1e3).backward()
        return total * 1e3

    optimizer.step(loss)
    return logits.detach()


@pytest.mark.parametrize("mean", [0.0, 0.7, 2.0])
def test_a_discriminator_trained_to_convergence_is_the_density_ratio_and_its_value_is_the_divergence(mean):
    """D = p/(p + q), and V(D*, G) = 2 JSD - log 4 by quadrature (Goodfellow et al. 2014, proposition 1, theorem 1)."""
    x = torch.linspace(-8, 10, 601, dtype=torch.float64)
    dx = (x[1] - x[0]).item()
    p, q = normal_pdf(x, 0.0), normal_pdf(x, mean)
    logits = train_to_optimum(p, q, x, dx)
    seen = (p + q) > 1e-3
    torch.testing.assert_close(logits.sigmoid()[seen], (p / (p + q))[seen], atol=1e-3, rtol=0)
    reached = -(p * nn.functional.softplus(-logits) + q * nn.functional.softplus(logits)).sum() * dx
    m = 0.5 * (p + q)
    divergence = 0.5 * ((p * (p / m).log()).sum() + (q * (q / m).log()).sum()) * dx
    assert reached.item() == pytest.approx((2 * divergence + EQUILIBRIUM).item(), abs=1e-5)


@pytest.mark.slow
def test_a_network_discriminator_learns_the_density_ratio_from_samples():
    """The game's own discriminator turn on samples of N(0, 1) and N(1, 1): log D/(1 - D) is 1/2 - x."""

    class Shifted(nn.Module):
        def __init__(self):
            super().__init__()
            self.shift = nn.Parameter(torch.ones(1))

        def forward(self, z):
            return z + self.shift

    gan = GAN(Shifted(), mlp_discriminator((1,), [32]), 1, (1,), loss="non-saturating", average=0.0)
    optimizer = torch.optim.Adam(gan.discriminator.parameters(), lr=5e-3)
    for step in range(1500):
        for group in optimizer.param_groups:
            group["lr"] = 5e-3 * (1 - step / 1500)
        optimizer.zero_grad()
        gan.discriminator_loss(Batch(torch.randn(2000, 1)))["loss"].backward()
        optimizer.step()
    x = torch.linspace(-1.5, 2.5, 41).unsqueeze(1)
    torch.testing.assert_close(gan.judge(x).sigmoid(), torch.sigmoid(0.5 - x.squeeze(1)), atol=0.03, rtol=0)


@pytest.mark.parametrize("config", [GANConfig, WGANConfig])
@pytest.mark.parametrize(("shape", "width"), [((2,), 2), ((6,), 6), ((1, 8, 8), 100)])
def test_noise_is_as_wide_as_vectors_are(config, shape, width):
    model = build_model(config(), shape, Traits())
    assert model.latent_dim == width
    assert model.sample(3).shape == (3, *shape)


def test_players_move_only_in_their_own_turns():
    gan = small_gan()
    turns = {turn.name: turn for turn in gan.turns()}
    loss = turns["discriminator"].loss(Batch(torch.rand(8, *SHAPE)))["loss"]
    gradients = torch.autograd.grad(loss, list(gan.generator.parameters()), allow_unused=True)
    assert all(gradient is None for gradient in gradients), "the discriminator's loss does not reach the generator"
    assert [turn.repeats for turn in small_gan(WGAN).turns()] == [5, 1]


def test_clipping_bounds_every_weight_after_every_update():
    model = small_gan(WGAN)
    seen = []
    original = model._after_discriminator

    def after():
        original()
        seen.append(max(parameter.abs().max().item() for parameter in model.discriminator.parameters()))

    model._after_discriminator = after
    quiet_fit(model, small_data(), steps=4)
    assert len(seen) == 20
    assert max(seen) <= 0.01


def test_a_gradient_penalty_drives_the_lipschitz_constant_to_one():
    """The critic of two shifted clouds: unbounded without the penalty, near 1 with it."""
    readings = {}
    for weight in (0.0, 10.0):
        torch.manual_seed(0)
        generator = mlp_generator(4, [12], (2,), -math.inf, math.inf)
        constraint = GradientPenalty(weight)
        model = WGAN(generator, mlp_discriminator((2,), [32]), 4, (2,), constraint=constraint)
        optimizer = torch.optim.Adam(model.discriminator.parameters(), lr=1e-2)
        real = torch.randn(256, 2) + 3
        for _ in range(200):
            optimizer.zero_grad()
            model.discriminator_loss(Batch(real))["loss"].backward()
            optimizer.step()
        readings[weight] = model.watch(Batch(real))["lipschitz"].item()
    assert readings[0.0] > 5
    assert readings[10.0] == pytest.approx(1, abs=0.3)


def test_instance_noise_decays_to_nothing():
    schedule = InstanceNoise(0.5, epochs=4)
    assert [schedule.at(epoch) for epoch in (0, 2, 4, 9)] == [0.5, 0.25, 0.0, 0.0]
    x = torch.zeros(20_000, 1)
    assert schedule.add(x, 2).std().item() == pytest.approx(0.25, rel=0.03)
    assert schedule.add(x, 9) is x


def test_the_average_follows_the_generator_and_is_what_is_sampled():
    model = small_gan(average=0.9)
    kept = {name: p.clone() for name, p in model.averaged.named_parameters()}
    with torch.no_grad():
        for parameter in model.generator.parameters():
            parameter.add_(1.0)
    after = {turn.name: turn for turn in model.turns()}["generator"].after
    left = 1.0  # of the start
    for update in range(1, 101):
        after()
        left *= min(0.9, (1 + update) / (10 + update))
        if update in (1, 2, 100):
            for name, parameter in model.averaged.named_parameters():
                torch.testing.assert_close(parameter, kept[name] + 1 - left)
    assert left < 1e-3, "a random start is forgotten soon"
    model.eval()
    with noise(0):
        x = model.sample(3)
    with noise(0):
        torch.testing.assert_close(x, model.averaged(torch.randn(3, 4)))


def test_the_value_of_a_fresh_game_is_near_equilibrium_and_what_is_logged():
    model = small_gan()
    with torch.no_grad():
        for parameter in model.discriminator.parameters():
            parameter.zero_()
    terms = model.discriminator_loss(Batch(torch.rand(8, *SHAPE)))
    assert terms["value"].item() == pytest.approx(EQUILIBRIUM)
    assert terms["output_real"].item() == terms["output_fake"].item() == 0.5
    assert value(torch.zeros(2), torch.zeros(2)).item() == pytest.approx(-math.log(4))


def test_the_gradient_under_the_other_loss_shows_saturation():
    """Where D is sure of the fake, minimax sends back D(G(z)) / (1 - D(G(z))) times what non-saturating does."""
    model = small_gan()
    with torch.no_grad():
        model.discriminator[-1].bias.fill_(-8.0)
    reading = model.watch(Batch(torch.rand(16, *SHAPE)))
    expected = 1 / math.exp(-8.0)
    assert reading["gradient_ratio"].item() == pytest.approx(expected, rel=0.5)


def test_twins_are_counted():
    real = torch.randn(40, 5)
    fake = torch.cat([torch.randn(20, 5), torch.zeros(20, 5)])
    assert duplicate_rate(fake, real).item() == pytest.approx(0.5)
    assert duplicate_rate(real, real).item() == 0


@pytest.mark.parametrize(("kind", "more"), [(GAN, {}), (GAN, {"candidates": 3}), (WGAN, {})])
def test_a_stopped_game_resumes_bit_for_bit_average_and_all_optimizers_included(tmp_path, kind, more):
    from safetensors.torch import load_file

    data = small_data()
    settings = {"average": 0.9, "noise": InstanceNoise(0.2, 3), **more}
    whole, stopped, resumed = twins(*(small_gan(kind, **settings) for _ in range(3)))
    original, count = stopped.generator_loss, [0]

    def loss(batch):
        count[0] += 1
        if count[0] == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return original(batch)

    stopped.generator_loss = loss
    a = quiet_fit(whole, data, tmp_path / "whole", batch_size=16, epochs=2)
    with pytest.raises(Interrupted):
        quiet_fit(stopped, data, tmp_path / "stopped", batch_size=16, epochs=2)
    b = quiet_fit(resumed, data, tmp_path / "stopped", batch_size=16, epochs=2, resume=True)
    assert a.rows == b.rows
    first, second = (load_file(tmp_path / run / "checkpoints/last.safetensors") for run in ("whole", "stopped"))
    assert same(first, second)
    frames = [read_snapshots(tmp_path / run / "figures", SHAPE) for run in ("whole", "stopped")]
    assert len(frames[0]) == 3
    assert all(step == later and np.array_equal(x, y) for (step, x), (later, y) in zip(*frames, strict=True))
    assert any(name.startswith("model/averaged") for name in first)
    assert {name.split("/")[1] for name in first if name.startswith("optimizer/")} == {"discriminator", "generator"}


def test_watching_does_not_change_the_run(tmp_path):
    data = small_data()
    often, seldom = twins(small_gan(), small_gan())
    quiet_fit(often, data, epochs=1, log_every=1)
    quiet_fit(seldom, data, epochs=1, log_every=1000)
    assert same(weights(often), weights(seldom))


def reading(**changes):
    calm = {"output_real": 0.6, "output_fake": 0.4, "gradient_ratio": 1.0, "margin": 1.0, "lipschitz": 1.0}
    return {"split": "train", "step": 7, "duplicates": 0.0, **calm, **changes}


@pytest.mark.parametrize(
    ("name", "changes", "evidence"),
    [
        ("mode collapse", {"duplicates": 0.8}, "80% of a generated batch"),
        ("saturation", {"output_real": 0.999, "output_fake": 1e-4, "gradient_ratio": 1e-3}, "0.001 times"),
        (
            "overpowered discriminator",
            {"output_real": 0.999, "output_fake": 1e-4, "gradient_ratio": 99},
            "0.999 on real",
        ),
        ("dead discriminator", {"margin": 0.0, "lipschitz": 1e-6}, "differ by 0"),
    ],
)
def test_a_disease_is_named_with_evidence_once_it_lasts(name, changes, evidence):
    calm, ill = reading(), reading(**changes)
    assert diagnose([calm] * 9) == {}
    assert diagnose([ill, ill, calm] * 5) == {}, "a reading that comes and goes is no disease"
    found = diagnose([calm, ill, ill, ill, calm])
    assert list(found) == [name]
    assert evidence in found[name]
    assert "try " in found[name]


class StopAfter(Silent):
    """Asks for a stop at a step, and hands notes on."""

    def __init__(self, step, heard):
        self.at, self.heard = step, heard

    def row(self, session, row):
        if row["step"] == self.at and row["split"] == "train":
            os.kill(os.getpid(), signal.SIGINT)

    def note(self, session, text):
        self.heard.append(text)


def test_a_warning_is_given_once_and_not_again_after_resuming(tmp_path):
    def constant():
        """A generator that makes one image whatever the noise."""
        model = small_gan()
        with torch.no_grad():
            model.generator[0].weight.zero_()
        model.generator[0].weight.requires_grad_(False)
        return model

    heard = []
    for resume, steps in ((False, 8), (True, 16)):
        said = []
        with suppress(Interrupted):
            fit(
                constant(),
                small_data(),
                tmp_path / "run",
                steps=16,
                log_every=1,
                progress=StopAfter(steps, said),
                resume=resume,
            )
        heard.append([text for text in said if text.startswith("warning: mode collapse")])
    assert [len(warnings) for warnings in heard] == [1, 0]


@pytest.mark.parametrize("loss", sorted(set(LOSSES) - {"minimax", "non-saturating"}))
def test_smoothing_labels_that_a_game_does_not_have_is_refused(loss):
    with pytest.raises(UserError, match=r'label_smoothing=0\.1 needs .* loss="non-saturating"'):
        small_gan(loss=loss, smoothing=0.1)


def conditional_gan():
    generator = Conditional(mlp_generator(4 + 3, [12], (2,), -math.inf, math.inf), 3)
    return GAN(generator, Conditional(mlp_discriminator((2 + 3,), [12]), 3), 4, (2,), classes=3)


def test_a_conditional_game_needs_labels():
    with pytest.raises(UserError, match="conditional=True"):
        conditional_gan().discriminator_loss(Batch(torch.rand(4, 2)))


class TellsItsClass(nn.Module):
    """A generator whose samples are the class that it is told."""

    def __init__(self):
        super().__init__()
        self.nothing = nn.Parameter(torch.zeros(()))

    def forward(self, z, y):
        return y[:, None].float().expand(-1, 2) + self.nothing


def counted(samples):
    return np.bincount(np.asarray(samples)[:, 0].round().astype(int), minlength=3)


def test_random_classes_come_as_often_as_in_training(tmp_path):
    """95 to 5 to none: exactly multinomial, in memory, from the folder without the data, and in snapshots' samples."""
    generator = torch.Generator().manual_seed(3)
    y = (torch.rand(2000, generator=generator) < 0.05).long()
    data = Dataset.of(torch.randn(2000, 2), labels=y, classes=["well", "ill", "unseen"], name="patients")
    game = GAN(TellsItsClass(), Conditional(mlp_discriminator((2 + 3,), [4]), 3), 4, (2,), classes=3, average=0.0)
    told = np.array([1 / 3] * 3)
    assert stats.chisquare(counted(game.sample(3000).detach()), 3000 * told).pvalue > 1e-4, "untrained: all alike"
    run = quiet_fit(game, data, tmp_path / "run", steps=1, learning_rate=1e-9)
    ill = float((data.train.y == 1).float().mean())
    assert run.record.shares == pytest.approx((1 - ill, ill, 0.0))
    again = load(tmp_path / "run", classes=[TellsItsClass])
    assert again.record.shares == run.record.shares
    for one in (run, again):
        counts = counted(one.sample(4000, seed=5).x)
        assert counts[2] == 0
        assert stats.binomtest(int(counts[1]), 4000, ill).pvalue > 1e-4
        assert (counted(one.sample(50, label="unseen").x) == [0, 0, 50]).all()
