"""Our update rules are PyTorch's, to the bit or to its rounding, and take its states."""

import copy
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from reparam.models.model import Turn
from reparam.settings import ResolvedTraining, TrainingConfig
from reparam.training import rmsprop
from reparam.training.adam import FusedAdam, serves
from reparam.training.optimizers import build_optimizer, optimizer_settings
from reparam.training.rmsprop import RMSprop

OURS = {
    "adam": partial(FusedAdam, "adam"),
    "adamw": partial(FusedAdam, "adamw"),
    "rmsprop": RMSprop,
}
# AdamW decays unless told otherwise, and ours does what it is told
THEIRS = {
    "adam": partial(torch.optim.Adam, fused=True),
    "adamw": partial(torch.optim.AdamW, fused=True, weight_decay=0.0),
    "rmsprop": torch.optim.RMSprop,
}
ADAM = [{}, {"betas": (0.5, 0.99), "eps": 1e-6}, {"weight_decay": 0.03}]
RMSPROP = [
    {},
    {"weight_decay": 0.03, "eps": 1e-6},
    {"momentum": 0.9},
    {"centered": True, "alpha": 0.9},
    {"momentum": 0.5, "centered": True, "weight_decay": 0.03},
    {"alpha": 1.0, "fused": True},
    {"momentum": 0.5, "fused": True},
]
CASES = [(kind, settings) for kind in ("adam", "adamw") for settings in ADAM] + [("rmsprop", one) for one in RMSPROP]

NAMES = ("alpha", "eps", "weight_decay")


def many_digits(tensor):
    return tensor.detach().numpy().astype(np.longdouble)


def parameters(seed=3):
    torch.manual_seed(seed)
    shapes = [(4, 5), (7,), (), (2, 3, 3, 3)]
    found = [nn.Parameter(torch.randn(shape)) for shape in shapes]
    found[3] = nn.Parameter(found[3].detach().contiguous(memory_format=torch.channels_last))
    return [*found, nn.Parameter(torch.randn(3, dtype=torch.float64))]


def groups(found):
    return [{"params": found[:2], "lr": 0.02}, {"params": found[2:], "lr": 0.005}]


def play(optimizer, found, steps, first=0):
    for step in range(first, first + steps):
        torch.manual_seed(step)
        for i, parameter in enumerate(found):
            gradient = torch.empty_like(parameter).copy_(torch.randn(parameter.shape, dtype=parameter.dtype))
            parameter.grad = None if (i + step) % 4 == 0 else gradient
        for group in optimizer.param_groups:
            group["lr"] *= 0.9
        optimizer.step()


def equal(one, other):
    return all(a.equal(b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(("kind", "settings"), CASES, ids=str)
def test_it_moves_as_torchs_does(kind, settings):
    ours, theirs = parameters(), parameters()
    play(OURS[kind](groups(ours), **settings), ours, 30)
    # torch's knows no such word, and these cannot be computed at once
    play(THEIRS[kind](groups(theirs), **{name: settings[name] for name in settings if name != "fused"}), theirs, 30)
    assert equal(ours, theirs)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("settings", [{}, {"alpha": 0.9, "eps": 1e-6}, {"weight_decay": 0.03}], ids=str)
def test_rmsprop_at_once_rounds_as_one_operation_after_the_other_would(seed, settings):
    """Beside the formula in more digits, step by step: a dozen roundings of the update, one of the weight."""
    rates, found = [group["lr"] for group in groups(parameters()) for _ in group["params"]], parameters(seed)
    rule, squares = RMSprop(groups(found), fused=True, **settings), [np.longdouble(0)] * len(found)
    alpha, eps, decay = (settings.get(name, usual) for name, usual in zip(NAMES, (0.99, 1e-8, 0.0), strict=True))
    for _ in range(20):
        before = [many_digits(one) for one in found]
        for one in found:
            one.grad = 1e-3 * torch.randn_like(one)
        gradients = [many_digits(one.grad) for one in found]
        rule.step()
        for i, one in enumerate(found):
            unit, gradient = torch.finfo(one.dtype).eps, gradients[i] + decay * before[i]
            square = alpha * squares[i] + (1 - alpha) * gradient**2
            largest = rates[i] * (np.abs(gradients[i]) + decay * np.abs(before[i])) / (np.sqrt(square) + eps)
            told = before[i] - rates[i] * gradient / (np.sqrt(square) + eps)
            assert (np.abs(many_digits(one) - told) <= unit * (12 * largest + np.abs(told))).all()
            # the next step is from where this one came to
            squares[i] = many_digits(rule.state_dict()["state"][i]["square_avg"])


def test_a_run_from_before_goes_on_by_torchs_rmsprop():
    """What it wrote down has no word of one pass, and what is written today has."""
    turn = Turn("critic", nn.Linear(40, 3), lambda batch: {}, optimizer={"optimizer": "rmsprop", "learning_rate": 5e-5})
    written = optimizer_settings(turn, TrainingConfig())
    assert written.pop("fused") is True
    whole = {"steps": 1, "batch_size": 1, "precision": "fp32", "device": "cpu", "threads": 1}
    assert not build_optimizer(turn, ResolvedTraining(**whole, optimizers={"critic": written})).fused
    assert build_optimizer(turn, TrainingConfig()).fused
    with_momentum = Turn("critic", nn.Linear(40, 3), lambda batch: {}, optimizer={**turn.optimizer, "momentum": 0.9})
    assert "fused" not in optimizer_settings(with_momentum, TrainingConfig())


@pytest.mark.parametrize("to_ours", [True, False])
@pytest.mark.parametrize(
    ("kind", "settings"), [("adam", {}), ("rmsprop", {}), ("rmsprop", {"momentum": 0.5, "centered": True})], ids=str
)
def test_either_goes_on_from_the_others_state(to_ours, kind, settings):
    one, other = parameters(), parameters()
    ours, theirs = OURS[kind](groups(one), **settings), THEIRS[kind](groups(other), **settings)
    play(ours, one, 10)
    play(theirs, other, 10)
    source, target, moved = (theirs, ours, one) if to_ours else (ours, theirs, other)
    state = {"state": source.state_dict()["state"], "param_groups": target.state_dict()["param_groups"]}
    target.load_state_dict(copy.deepcopy(state))
    play(target, moved, 10, first=10)
    play(source, other if to_ours else one, 10, first=10)
    assert equal(one, other)


def test_a_state_of_other_parameters_is_refused():
    optimizer, other = FusedAdam("adam", groups(parameters())), parameters()
    longer = FusedAdam("adam", [{"params": [*other, *parameters()], "lr": 0.1}])
    play(longer, other + longer.param_groups[0]["params"][5:], 2)
    with pytest.raises(ValueError, match="no parameter has the number"):
        optimizer.load_state_dict(longer.state_dict())
    state = FusedAdam("adam", [{"params": other[1:], "lr": 0.1}])
    play(state, other[1:], 2)
    with pytest.raises(ValueError, match="another shape"):
        optimizer.load_state_dict(state.state_dict())


@pytest.mark.parametrize("settings", [{"betas": (1.0, 0.9)}, {"eps": -1.0}, {"weight_decay": -1.0}, {"amsgrad": True}])
def test_what_it_does_not_know_or_is_out_of_range_is_torchs(settings):
    assert not serves("adam", settings)


@pytest.mark.parametrize("settings", [{"alpha": -1.0}, {"momentum": -0.1}, {"weight_decay": -1.0}, {"maximize": True}])
def test_so_it_is_with_rmsprop(settings):
    assert not rmsprop.serves("rmsprop", settings)


def test_a_training_starts_without_the_compiler(tmp_path):
    code = (
        "import sys; from reparam.cli.main import main; "
        "[main(['train', kind, '--data', 'ring', '--steps', '2', '--quiet', '--out', sys.argv[1] + kind]) "
        "for kind in ('vae', 'wgan')]; "
        "print([name for name in ('torch._dynamo', 'sympy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, f"{tmp_path}/"], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
