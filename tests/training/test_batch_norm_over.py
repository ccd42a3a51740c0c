"""Batch norm over all shards of a batch: right to the second derivative, recorded, and refused where it cannot be."""

import math
import threading

import pytest
import torch
from torch import nn

from helpers import quiet_fit, same, small_data, weights
from normed_helpers import MODELS, NormedGame, numbers_of
from reparam.errors import UserError
from reparam.models import GAN
from reparam.networks.batch_norm import normed_over_all, norms_of
from reparam.networks.players import mlp_discriminator, mlp_generator
from reparam.randomness import noise
from reparam.runs.folder import RunFolder
from reparam.training import Callback
from reparam.training.interrupt import Interrupted
from reparam.training.processes import ALONE
from reparam.training.start import resume
from reparam.training.strands import Strands

CPU = torch.device("cpu")


def dealt(network, work, parts):
    """What a work gives for each part, computed side by side, norms being over all of them."""
    strands = Strands([network], ALONE, CPU)
    with normed_over_all(strands.total, norms_of(network)):
        return strands.run([lambda part=part: work(part) for part in parts])


def network():
    """Two kinds of norm, one without weights or averages of its own."""
    torch.manual_seed(3)
    norm = nn.BatchNorm1d(4, affine=False, track_running_stats=False)
    return nn.Sequential(nn.Conv1d(2, 3, 2), nn.BatchNorm1d(3), nn.Tanh(), nn.Flatten(), nn.Linear(6, 4), norm).double()


def squares(f, x):
    """A loss, and the mean square of its inner gradient: what R1 adds."""
    x = x.detach().requires_grad_()
    out = f(x).square().sum()
    (inner,) = torch.autograd.grad(out, x, create_graph=True)
    loss = out + inner.square().sum()
    return loss.detach(), torch.autograd.grad(loss, x)[0]


class Dealt(torch.autograd.Function):
    """The sum of all parts' losses as a function of the whole batch."""

    @staticmethod
    def forward(ctx, x, f):
        """By shards, and their gradients with it."""
        found = dealt(f, lambda part: squares(f, part), x.chunk(4))
        ctx.gradient = torch.cat([gradient for _, gradient in found])
        return sum(loss for loss, _ in found)

    @staticmethod
    def backward(ctx, gradient):
        """What was found."""
        return gradient * ctx.gradient, None


def test_second_derivatives_through_the_sums_are_those_of_finite_differences():
    """gradcheck of a loss that holds the square of its own gradient, which goes back and forth through every norm."""
    f = network()
    x = torch.randn(8, 2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: Dealt.apply(x, f), x, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_values_and_averages_are_those_of_torch_and_a_large_mean_costs_no_digits(scale):
    torch.manual_seed(0)
    x = torch.randn(8, 3, 5) + torch.tensor([0.0, 10.0, -1.0])[:, None] * scale
    layer, exact = nn.BatchNorm1d(3), nn.BatchNorm1d(3).double()
    averages = ("running_mean", "running_var", "num_batches_tracked")

    def work(part):
        return layer(part).detach(), [getattr(layer, name).clone() for name in averages]

    found = dealt(layer, work, x.chunk(4))
    torch.testing.assert_close(torch.cat([y for y, _ in found]), exact(x.double()).float(), rtol=1e-5, atol=1e-5)
    for _, values in found:
        for name, value in zip(averages, values, strict=True):
            torch.testing.assert_close(value, getattr(exact, name).to(value.dtype), rtol=1e-6, atol=0)
    assert layer.num_batches_tracked == 1


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("shards", [2, 16])
def test_gradients_of_any_number_of_shards_are_those_of_one_piece(name, shards):
    whole = numbers_of(name, 1)
    for parameter, values in numbers_of(name, shards).items():
        assert values == pytest.approx(whole[parameter], rel=1e-10, abs=1e-12), parameter
    others = numbers_of(name, shards, over="shard")
    assert max(math.dist(others[parameter], whole[parameter]) for parameter in whole) > 1e-3, "the test would see it"


def test_with_one_shard_or_without_norms_nothing_changes():
    data, found = small_data(), []
    for norms, shards in ((True, 1), (False, 4)):
        for over in ("shard", "batch"):
            with noise(0, "weights"):
                generator = mlp_generator(3, [8, 8], (1, 6, 6), 0.0, 1.0, batch_norm=norms)
                model = GAN(generator, mlp_discriminator((1, 6, 6), [8]), 3, (1, 6, 6))
            found.append(weights(quiet_fit(model, data, steps=3, shards=shards, batch_norm_over=over).model))
    assert same(found[0], found[1])
    assert same(found[2], found[3])


class Breaks(Callback):
    """Interrupts after a step."""

    def step(self, session):
        """Ask."""
        session.interruption.asked = session.step == 3


def test_it_is_recorded_and_a_run_goes_on_with_it(tmp_path):
    data, runs = small_data(), []
    for name, callbacks in (("whole", ()), ("halved", (Breaks(),))):
        with noise(0, "weights"):
            model = NormedGame()
        settings = {"steps": 6, "shards": 4, "batch_norm_over": "batch", "callbacks": callbacks}
        try:
            quiet_fit(model, data, tmp_path / name, **settings)
        except Interrupted:
            resume(tmp_path / name, quiet=True, model=NormedGame(), data=data)
        runs.append(RunFolder(tmp_path / name))
        assert runs[-1].record().training.batch_norm_over == "batch"
    whole, halved = (run.last.read_bytes() for run in runs)
    assert whole == halved
    with pytest.raises(UserError, match="goes on as it was begun, with batch_norm_over='batch'"):
        resume(tmp_path / "whole", settings={"batch_norm_over": "shard"})


class Uneven(NormedGame):
    """Normalizes or not, as its examples are."""

    def judge(self, x):
        """One output each."""
        return self.critic(x).flatten() if x.flatten()[0] > 0 else x.flatten(1).mean(1) * self.critic[1][0].weight.sum()


class Own(nn.BatchNorm1d):
    """Somebody's."""


def player(layer):
    """A discriminator with a norm."""
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 4), layer, nn.Tanh(), nn.Linear(4, 1))


def game(layer, **more):
    return GAN(mlp_generator(3, [8], (1, 6, 6), 0.0, 1.0), player(layer), 3, (1, 6, 6), **more)


REFUSED = {
    "normalizes alike in all parts": (Uneven, {}),
    "discriminator.2 is Own": (lambda: game(Own(4)), {}),
    "unroll=": (lambda: game(nn.BatchNorm1d(4), loss="non-saturating", unroll=1), {}),
    "compile=True": (NormedGame, {"compile": True}),
    "to train on batches of 64 examples takes": (NormedGame, {"memory": 1e-5}),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_it_does_not_go_with_is_refused_in_a_sentence(words):
    make, settings = REFUSED[words]
    with pytest.raises(UserError, match=words):
        quiet_fit(make(), small_data(), steps=3, shards=4, batch_norm_over="batch", **settings)
    if words.startswith("discriminator"):
        quiet_fit(make(), small_data(), steps=1, shards=4)


def test_shards_of_one_example_are_refused_unless_norms_are_over_the_batch():
    with pytest.raises(UserError, match=r'shards=64 leave 1 example .* batch_norm_over="batch"'):
        quiet_fit(game(nn.BatchNorm1d(4)), small_data(), steps=1, shards=64)
    quiet_fit(game(nn.BatchNorm1d(4)), small_data(), steps=1, batch_size=8, shards=8, batch_norm_over="batch")


def test_an_error_in_a_shard_ends_all_of_them_and_leaves_the_model_as_it_was():
    f = network()
    before, threads = dict(f.named_buffers()), set(_threads())

    def work(part):
        f(part)
        if part is parts[2]:
            raise ZeroDivisionError
        return f(part)

    parts = torch.randn(8, 2, 3, dtype=torch.float64).chunk(4)
    with pytest.raises(ZeroDivisionError):
        dealt(f, work, parts)
    assert all(buffer is before[name] for name, buffer in f.named_buffers())
    assert set(_threads()) <= threads


def _threads():
    return [thread.name for thread in threading.enumerate()]


def test_shards_compute_with_the_threads_and_the_rounding_of_the_training():
    """A thread that is started has them from the one that starts it."""
    before, tiny = torch.get_num_threads(), torch.tensor([1e-40])
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        strands = Strands([network()], ALONE, CPU)
        found = strands.run([lambda: (torch.get_num_threads(), (tiny * 0.5).item(), torch.is_grad_enabled())] * 2)
    finally:
        torch.set_flush_denormal(False)
        torch.set_num_threads(before)
    assert found == [(1, 0.0, True)] * 2
