"""Samples that both turns share: gradients as plainly computed with the same noise, and what the sharing costs."""

from contextlib import nullcontext

import pytest
import torch
from torch import nn
from torch.func import functional_call

from helpers import quiet_fit, same, small_data, weights
from reparam.adversarial import LOSSES, gradient_norms, half_mean_square, interpolates
from reparam.data import Batches, Dataset, Split
from reparam.models import GAN, Batch
from reparam.models.gan.constraints import Constraint, GradientPenalty, ZeroCentred
from reparam.networks.players import Conditional, mlp_discriminator, mlp_generator
from reparam.randomness import noise
from reparam.settings import TrainingConfig
from reparam.training import Callback, fit
from reparam.training.fits import needed
from reparam.training.loop import Loop
from reparam.training.resolve import settle
from reparam.training.sharding import Sharding

SHAPE, ROWS, LATENT, RATE = (1, 6, 6), 8, 4, 0.3
PLAIN = {"optimizer": "sgd", "learning_rate": RATE, "schedule": "constant", "warmup": 0.0, "gradient_clip": None}


def game(loss="non-saturating", classes=0, **more):
    """A generator with batch norms, whose buffers the graph holds."""
    generator = mlp_generator(LATENT + classes, [12, 12], SHAPE, 0.0, 1.0)
    discriminator = mlp_discriminator((1 + classes, *SHAPE[1:]), [12])
    if classes:
        generator, discriminator = Conditional(generator, classes), Conditional(discriminator, classes)
    return GAN(generator, discriminator, LATENT, SHAPE, loss=loss, average=0.0, classes=classes, **more)


def slopes_of(discriminator, x):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(x).sum(), x, create_graph=True)
    return slope


def penalty_of(constraint, discriminator, real, fake):
    """Of the plain computation; draws as the game does, after z."""
    if isinstance(constraint, GradientPenalty):
        norms = gradient_norms(discriminator, interpolates(real, fake))
        return constraint.weight * (norms - 1).square().mean()
    if isinstance(constraint, ZeroCentred):
        sides = ((constraint.r1, real), (constraint.r2, fake))
        return sum(gamma * half_mean_square(slopes_of(discriminator, x)) for gamma, x in sides)
    return 0.0


def by_hand(model, parts, seeds, context=nullcontext):
    """Gradients of both players: each part's discriminator moves on G(z), the generator on the same z anew."""
    critic, generator = (
        {name: p.detach().clone().requires_grad_() for name, p in m.named_parameters()}
        for m in (model.discriminator, model.generator)
    )
    drawn, of_critic, of_generator = [], [], []
    for (real, y), seed in zip(parts, seeds, strict=True):
        condition = () if y is None else (y,)
        judge = lambda x, c=condition: functional_call(model.discriminator, critic, (x, *c)).squeeze(1).to(x)  # noqa: E731
        with noise(0, *seed), context():
            z = torch.randn(len(real), LATENT, dtype=next(model.parameters()).dtype)
            fake = functional_call(model.generator, generator, (z, *condition)).detach().to(real)
            loss = model.game.discriminator(judge(real), judge(fake))
            loss = loss + penalty_of(model.constraint, judge, real, fake)
        of_critic.append(torch.autograd.grad(loss, list(critic.values())))
        drawn.append((real, condition, z))
    mean = [torch.stack(some).mean(0) for some in zip(*of_critic, strict=True)]
    moved = {name: p.detach() - RATE * g for (name, p), g in zip(critic.items(), mean, strict=True)}
    for real, condition, z in drawn:
        with context():
            fake = functional_call(model.generator, generator, (z, *condition)).to(real)
            on = [
                functional_call(model.discriminator, moved, (x, *condition)).squeeze(1).to(real) for x in (real, fake)
            ]
            loss = model.game.generator(*on)
        of_generator.append(torch.autograd.grad(loss, list(generator.values())))
    return mean, [torch.stack(some).mean(0) for some in zip(*of_generator, strict=True)]


def played(model, x, y=None, **more):
    """The same, by a step of the loop."""
    loop = Loop(
        model.turns(), lambda number: (x, y), TrainingConfig(**PLAIN | {"precision": "fp32"} | more), 9, within=model
    )
    loop.play(0)
    return [[p.grad for p in player.parameters()] for player in (model.discriminator, model.generator)]


CONSTRAINTS = [Constraint(), GradientPenalty(3.0), ZeroCentred(0.7, 0.4)]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("constraint", CONSTRAINTS, ids=lambda one: type(one).__name__)
def test_both_gradients_are_those_of_the_plain_computation_with_the_same_noise(loss, constraint):
    model = game(loss, constraint=constraint, shared_samples=True).double()
    x = torch.rand(ROWS, *SHAPE, dtype=torch.float64)
    expected = by_hand(model, [(x, None)], [("step", 0)])
    for found, true in zip(played(model, x), expected, strict=True):
        for one, other in zip(found, true, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-13)


def test_without_sharing_the_generator_moves_by_other_noise():
    model = game().double()
    x = torch.rand(ROWS, *SHAPE, dtype=torch.float64)
    expected = by_hand(model, [(x, None)], [("step", 0)])
    found = played(model, x)
    torch.testing.assert_close(found[0], expected[0], rtol=1e-10, atol=1e-13)
    assert not torch.allclose(found[1][0], expected[1][0], rtol=1e-2)


def test_in_bf16_too():
    model = game("relativistic", shared_samples=True)
    x = torch.rand(ROWS, *SHAPE)
    expected = by_hand(model, [(x, None)], [("step", 0)], lambda: torch.autocast("cpu", torch.bfloat16))
    for found, true in zip(played(model, x, precision="bf16"), expected, strict=True):
        one, other = (torch.cat([gradient.flatten() for gradient in side]) for side in (found, true))
        # a rounding of bf16 is 1/256 at most, and there are some on the way
        assert (one - other).norm() <= 0.03 * other.norm()


def test_each_shard_shares_its_own():
    """Batch norms of the generator and all: the graph of one shard lives while the next ones are computed."""
    model = game("relativistic", shared_samples=True).double()
    x = torch.randint(0, 2, (64, *SHAPE), dtype=torch.uint8)
    data = Dataset("coins", *(Split(x) for _ in range(3)), data_shape=SHAPE, binary=True)
    batches = Batches(data.train, data, 16, seed=0)
    seeds = [("step", 0, "discriminator", 0, shard) for shard in range(4)]
    parts = [(batches.shard(0, shard, 4)[0].double(), None) for shard in range(4)]
    expected = by_hand(model, parts, seeds)
    before = {name: buffer.clone() for name, buffer in model.generator.named_buffers()}
    held = dict(model.generator.named_buffers())
    loop = Loop(
        model.turns(), batches, TrainingConfig(**PLAIN, precision="fp32"), 9, within=model, sharding=Sharding(4)
    )
    loop.shard = lambda number, shard, shards: tuple(
        t.double() if t is not None else t for t in batches.shard(number, shard, shards)
    )
    loop.play(0)
    for player, true in zip((model.discriminator, model.generator), expected, strict=True):
        for parameter, other in zip(player.parameters(), true, strict=True):
            torch.testing.assert_close(parameter.grad, other, rtol=1e-9, atol=1e-12)
    now = dict(model.generator.named_buffers())
    assert all(now[name] is held[name] for name in held), "a model has its own buffers back"
    assert any(not torch.equal(now[name], before[name]) for name in before)


@pytest.mark.parametrize(("shared", "turns", "passes"), [(False, 1, 2), (True, 1, 1), (False, 3, 4), (True, 3, 3)])
def test_a_step_passes_through_the_generator_once_less(shared, turns, passes):
    model, calls = game(shared_samples=shared, discriminator_turns=turns), []
    model.generator.register_forward_hook(lambda *_: calls.append(1))
    played(model, torch.rand(ROWS, *SHAPE))
    assert len(calls) == passes


def test_of_several_turns_the_last_ones_samples_are_taken_with_their_labels_and_examples():
    model = game("relativistic", classes=3, discriminator_turns=2, shared_samples=True).double()
    batches = [(torch.rand(ROWS, *SHAPE, dtype=torch.float64), torch.randint(3, (ROWS,))) for _ in range(2)]
    seen, judge = [], model.discriminator.forward
    model.discriminator.forward = lambda x, y: seen.append((x, y)) or judge(x, y)
    made, make = [], model.generator.forward
    model.generator.forward = lambda z, y: made.append(make(z, y)) or made[-1]
    Loop(model.turns(), lambda number: batches[number % 2], TrainingConfig(**PLAIN, precision="fp32"), 9).play(0)
    (fake, y), (real, other) = seen[-2:]
    assert torch.equal(fake, made[-1])
    assert len(made) == 2
    assert y is other is batches[1][1]
    assert torch.equal(real, batches[1][0])


def test_a_turn_by_itself_makes_its_own():
    model = game(shared_samples=True)
    batch = Batch(torch.rand(ROWS, *SHAPE))
    assert torch.isfinite(model.generator_loss(batch)["loss"])
    model.discriminator_loss(batch)
    assert set(batch.shared) == {"samples"}
    model.generator_loss(batch)
    assert not batch.shared, "what is taken is let go, with its graph"
    assert not Batch(batch.x).shared


def test_a_run_goes_on_bit_for_bit(tmp_path):
    class Breaks(Callback):
        def step(self, session):
            if session.step == 5:
                raise KeyboardInterrupt

    data, models = small_data(), [game(shared_samples=True, discriminator_turns=2) for _ in range(3)]
    for model in models[1:]:
        model.load_state_dict(models[0].state_dict())
    whole = quiet_fit(models[0], data, tmp_path / "whole", batch_size=16, epochs=3)
    with pytest.raises(KeyboardInterrupt):
        quiet_fit(models[1], data, tmp_path / "broken", batch_size=16, epochs=3, callbacks=[Breaks()])
    again = fit(models[2], data, tmp_path / "broken", resume=True)
    assert same(weights(whole.model), weights(again.model))
    assert whole.rows == again.rows


class Shift(nn.Module):
    """G(z) = theta + z."""

    def __init__(self):
        super().__init__()
        self.theta = nn.Parameter(torch.ones(1))

    def forward(self, z):
        return self.theta + z


class Square(nn.Module):
    """D(x) = w x²."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.weight * x.square()


@pytest.mark.parametrize("shared", [True, False])
def test_the_bias_of_a_discriminator_that_has_just_seen_the_samples_is_what_theory_says(shared):
    """A Wasserstein game of D(x) = w x², G(z) = theta + z, rate r, batches of B: the gradient is off by 4 r theta / B.

    w moves by r (mean x² - mean (theta + z)²), the generator's gradient is -2 w' mean(theta + z), and the covariance of
    mean (theta + z)² and mean(theta + z) is 2 theta / B.
    """
    size, steps = 2, 4000
    model = GAN(Shift(), Square(), 1, (1,), loss="wasserstein", average=0.0, shared_samples=shared)
    x = torch.zeros(size, 1)
    loop = Loop(model.turns(), lambda number: (x, None), TrainingConfig(**PLAIN, precision="fp32"), steps, within=model)
    found = []
    for step in range(steps):
        with torch.no_grad():
            model.generator.theta.fill_(1.0)
            model.discriminator.weight.fill_(1.0)
        loop.play(step)
        found.append(model.generator.theta.grad.clone())
    found = torch.cat(found)
    error = found.std().item() / steps**0.5
    # E[-2 w' m] with independent factors: E w' = 1 - r E (theta + z)², E m = theta
    independent = -2 * (1 - RATE * 2)
    bias = 4 * RATE / size if shared else 0.0
    assert found.mean().item() == pytest.approx(independent + bias, abs=5 * error)
    assert bias == 0 or bias > 10 * error


def test_all_shards_graphs_are_counted_where_memory_is():
    data = small_data()
    needs = {}
    for shared in (True, False):
        model = game(shared_samples=shared)
        training = settle(TrainingConfig(batch_size=64, shards=4, steps=1), model, data)
        needs[shared] = needed(model, data, training, torch.device("cpu"))
    assert needs[True].left
    assert not needs[False].left
