"""The one loop without a run: what it does to weights is known in closed form, and nothing else optimizes."""

import ast
import math
from pathlib import Path

import pytest
import torch
from torch import nn

import reparam
from reparam.errors import UserError
from reparam.models import Turn
from reparam.randomness import noise
from reparam.training import NotFinite, each_step, minimize

STEADY = {"optimizer": "sgd", "schedule": "constant", "learning_rate": 0.1}


def nothing(number):
    return torch.empty(0)


def point(start, dtype=torch.float64):
    return nn.ParameterList([torch.tensor(start, dtype=dtype)])


def bowl(at, name="bowl", **more):
    return Turn(name, at, lambda batch: {"loss": 0.5 * at[0].square().sum()}, **more)


def test_gradient_descent_on_a_bowl_is_the_geometric_sequence():
    """x falls to (1 - rate)^n x; the rows' losses are means of its half squares."""
    at = point([3.0, -2.0])
    rows = minimize([bowl(at)], nothing, 20, log_every=8, **STEADY)
    torch.testing.assert_close(at[0].detach(), 0.9**20 * torch.tensor([3.0, -2.0], dtype=torch.float64))
    assert [row["step"] for row in rows] == [8, 16, 20]
    losses = [0.5 * 13 * 0.81**i for i in range(20)]
    means = [sum(part) / len(part) for part in (losses[:8], losses[8:16], losses[16:])]
    assert [row["loss"] for row in rows] == pytest.approx(means, rel=1e-6)


def test_the_rate_falls_as_a_cosine_unless_told_otherwise():
    at = point([1.0])
    minimize([bowl(at)], nothing, 10, optimizer="sgd", learning_rate=0.1)
    factors = [1 - 0.1 * 0.5 * (1 + math.cos(math.pi * (i + 1) / 10)) for i in range(10)]
    assert at[0].item() == pytest.approx(math.prod(factors), rel=1e-12)


def test_one_step_at_a_time_is_the_same_and_may_be_left():
    whole, watched = point([3.0]), point([3.0])
    minimize([bowl(whole)], nothing, 7, **STEADY)
    seen = [(step, watched[0].item()) for step in each_step([bowl(watched)], nothing, 7, **STEADY)]
    assert seen == [(i, pytest.approx(3 * 0.9**i)) for i in range(1, 8)]
    assert torch.equal(whole[0], watched[0])
    left = point([3.0])
    for step in each_step([bowl(left)], nothing, 7, **STEADY):
        if step == 3:
            break
    assert left[0].item() == pytest.approx(3 * 0.9**3)


def test_turns_share_a_steps_batches_and_each_number_is_drawn_once():
    asked, seen = [], []

    def batch(number):
        asked.append(number)
        return torch.randn(4, 1), torch.full((4,), number)

    def turn(name, **more):
        at = point([1.0], torch.float32)

        def loss(given):
            seen.append((name, given.y[0].item(), given.x.sum().item(), given.epoch, given.progress))
            return {"loss": (at[0] * given.x).square().mean()}

        return Turn(name, at, loss, **more)

    minimize([turn("many", repeats=2), turn("one")], batch, 2, **STEADY)
    assert asked == [0, 1, 2, 3]
    assert [(name, number) for name, number, *_ in seen] == [
        ("many", 0), ("many", 1), ("one", 0), ("many", 2), ("many", 3), ("one", 2),
    ]  # fmt: skip
    assert seen[0][2] == seen[2][2], "the same draw"
    assert [(epoch, progress) for *_, epoch, progress in seen] == [(0.0, 0.0)] * 3 + [(0.5, 0.5)] * 3


def draws(seed=None, between=lambda: None):
    """The batches that a training of four steps sees, and a number drawn after it."""
    seen, at = [], point([1.0], torch.float32)

    def batch(number):
        seen.append(torch.randn(3))
        return seen[-1]

    for _ in each_step([bowl(at)], batch, 4, **STEADY, **({} if seed is None else {"seed": seed})):
        between()
    return torch.stack(seen), torch.rand(1)


def test_noise_is_that_of_torchs_seed_or_of_ones_own_and_of_nothing_else():
    def under(global_seed, **settings):
        with noise(global_seed):
            return draws(**settings)

    first, again, other = under(0), under(0), under(1)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])
    assert len(first[0].unique()) == 12, "each step has its own"
    assert torch.equal(under(0, seed=5)[0], under(1, seed=5)[0])
    assert torch.equal(first[0], under(0, between=lambda: torch.randn(9))[0]), "looking changes nothing"
    with noise(3):
        expected = torch.rand(1)
    assert torch.equal(under(3, seed=5)[1], expected), "a training under a seed of its own draws nothing"


def test_double_precision_stays_whatever_the_hardware_multiplies_fast():
    layer = nn.Linear(2, 1).double()
    dtypes = []

    def loss(batch):
        output = layer(batch.x)
        dtypes.append(output.dtype)
        return {"loss": output.mean()}

    minimize([Turn("layer", layer, loss)], lambda number: torch.randn(3, 2, dtype=torch.float64), 2)
    layer.float()
    minimize([Turn("layer", layer, loss)], lambda number: torch.randn(3, 2), 1)
    assert dtypes == [torch.float64, torch.float64, torch.float32]


@pytest.mark.parametrize("way", [minimize, lambda *args: list(each_step(*args))])
def test_a_loss_that_is_not_finite_stops_with_the_parameters_name(way):
    layer = nn.Linear(1, 1)
    turn = Turn("layer", layer, lambda batch: {"loss": (layer(batch.x) * math.inf).sum()})
    with pytest.raises(NotFinite, match=r"turn 'layer' at step 0: term 'loss' is .*inf.*parameter 'weight'"):
        way([turn], lambda number: torch.ones(1, 1), 3)


@pytest.mark.parametrize(
    ("turns", "settings", "words"),
    [
        (1, {"epochs": 3}, "epochs has no effect on a loop without a run: there are"),
        (1, {"learning_rate": -1.0}, "learning_rate: -1.0 will not do"),
        (0, {}, "there is nothing to train"),
        (2, {}, "two turns are called 'bowl'"),
    ],
)
def test_what_will_not_do_is_refused_in_words(turns, settings, words):
    with pytest.raises(UserError, match=words):
        minimize([bowl(point([1.0])) for _ in range(turns)], nothing, 3, **settings)


def test_nothing_else_in_the_house_optimizes():
    """But for four points, whose bound in 16 numbers is maximized by L-BFGS."""
    room = Path(reparam.__file__).parent
    loops = set()
    for path in room.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("zero_grad", "backward"):
                loops.add(str(path.relative_to(room)))
    assert {path for path in loops if not path.startswith("audit")} == {"labs/four_points.py"}
