"""Running means that have shrunk to nothing: set to zero before they are denormal, and no weight knows of it."""

from functools import partial

import pytest
import torch
from torch import nn

from reparam.data import Batches, as_dataset
from reparam.models.model import Turn
from reparam.settings import TrainingConfig
from reparam.training import loop as loops
from reparam.training.adam import FusedAdam
from reparam.training.denormals import BOUNDS, EVERY, forget_denormals
from reparam.training.optimizers import build_optimizer

TINY = torch.finfo(torch.float32).tiny
KINDS = [
    {"optimizer": "adam"},
    {"optimizer": "adamw", "weight_decay": 0.01},
    {"optimizer": "adam", "amsgrad": True},
    {"optimizer": "rmsprop"},
    {"optimizer": "rmsprop", "momentum": 0.9, "centered": True},
    {"optimizer": "sgd", "momentum": 0.9},
]


def denormal(tensor):
    return (tensor != 0) & (tensor.abs() < TINY)


def after_one_gradient(steps, every):
    """Adam's mean where a gradient was there once and never again, and whether it was denormal at any step."""
    weight = nn.Parameter(torch.ones(3))
    optimizer, ever = FusedAdam("adam", [{"params": [weight], "lr": 0.001}]), False
    weight.grad = torch.tensor([1.0, -1e-3, 1e3])
    for step in range(steps):
        optimizer.step()
        weight.grad = torch.zeros(3)
        if step % every == every - 1:
            forget_denormals(optimizer)
        mean = optimizer.state_dict()["state"][0]["exp_avg"]
        ever = ever or bool(denormal(mean).any())
    return mean, ever, weight.detach()


def test_a_mean_that_nothing_adds_to_is_stuck_at_a_denormal_number_without():
    left, ever, as_it_is = after_one_gradient(5000, 10**9)
    assert ever
    assert denormal(left).all(), "rounding to the nearest takes nothing more away"
    cleared, ever, weight = after_one_gradient(5000, EVERY)
    assert not ever
    assert not cleared.any()
    assert torch.equal(weight, as_it_is)


def test_between_two_looks_nothing_above_the_bounds_becomes_denormal():
    for name, decay in {"exp_avg": 0.9, "exp_avg_sq": 0.999, "square_avg": 0.99, "momentum_buffer": 0.9}.items():
        assert BOUNDS[name] * decay**EVERY > TINY


def test_what_is_below_the_bounds_moves_no_weight():
    """At the largest rate and the first step, where Adam's corrections are largest."""
    eps, first = 1e-8, {"mean": 1 - 0.9, "square": 1 - 0.999}
    move = 1.0 * BOUNDS["exp_avg"] / first["mean"] / eps
    assert torch.tensor(1e-12) + torch.tensor(move) == torch.tensor(1e-12)
    root = (BOUNDS["exp_avg_sq"] / first["square"]) ** 0.5
    assert torch.tensor(eps) + torch.tensor(root) == torch.tensor(eps)


@pytest.mark.parametrize("settings", KINDS, ids=str)
def test_every_update_rule_has_what_it_keeps_looked_at(settings):
    model = nn.Linear(2, 2)
    turn = Turn("one", model, dict, optimizer={**settings, "learning_rate": 0.1})
    optimizer = build_optimizer(turn, TrainingConfig())
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 1e-38)
    optimizer.step()
    states = optimizer.state_dict()["state"].values()
    assert {name for state in states for name in state} - {"step", "max_exp_avg_sq"} <= BOUNDS.keys()
    forget_denormals(optimizer)
    assert not any(state[name].any() for state in states for name in BOUNDS if name in state)


def test_what_is_no_number_stays_for_the_log_to_name():
    weight = nn.Parameter(torch.ones(3))
    weight.grad = torch.tensor([float("nan"), float("inf"), 1e-38])
    optimizer = FusedAdam("adam", [{"params": [weight], "lr": 0.1}])
    optimizer.step()
    forget_denormals(optimizer)
    mean = optimizer.state_dict()["state"][0]["exp_avg"]
    assert mean.isnan()[0]
    assert mean.isinf()[1]
    assert mean[2] == 0


def played(monkeypatch, every):
    """A training whose examples are black but for one pixel that is grey in the first batches alone."""
    monkeypatch.setattr(loops, "EVERY", every)
    torch.manual_seed(0)
    images = torch.zeros(40, 6)
    images[:, 0] = torch.rand(40)
    model = nn.Sequential(nn.Linear(6, 3), nn.Tanh(), nn.Linear(3, 6))
    batches = Batches(as_dataset(images).train, as_dataset(images), 8, 0)

    def loss(batch):
        x = batch.x.clone()
        x[:, 1] = float(batch.step < 5)
        return {"loss": (model(x) - x).square().mean()}

    loop = loops.Loop([Turn("one", model, loss)], batches, TrainingConfig(batch_size=8), 2000)
    for step in range(2000):
        loop.play(step)
    (optimizer,) = loop.optimizers.values()
    kept = [state[name] for state in optimizer.state_dict()["state"].values() for name in BOUNDS if name in state]
    return [parameter.detach().clone() for parameter in model.parameters()], sum(int(denormal(k).sum()) for k in kept)


def test_a_training_has_the_same_weights_and_no_denormal_numbers(monkeypatch):
    of = partial(played, monkeypatch)
    (cleared, none), (left, some) = of(EVERY), of(10**9)
    assert none == 0 < some
    assert all(map(torch.equal, cleared, left))
