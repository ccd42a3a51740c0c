"""Our fused Adam is PyTorch's, to the bit, and takes its states."""

import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from reparam.training.adam import FusedAdam, serves

OURS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
SETTINGS = [{}, {"betas": (0.5, 0.99), "eps": 1e-6}, {"weight_decay": 0.03}]


def parameters():
    torch.manual_seed(3)
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


@pytest.mark.parametrize("kind", OURS)
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_it_moves_as_torchs_does(kind, settings):
    ours, theirs = parameters(), parameters()
    play(FusedAdam(kind, groups(ours), **settings), ours, 30)
    # AdamW decays unless told otherwise, and ours does what it is told
    play(OURS[kind](groups(theirs), fused=True, **{"weight_decay": 0.0} | settings), theirs, 30)
    assert equal(ours, theirs)


@pytest.mark.parametrize("to_ours", [True, False])
def test_either_goes_on_from_the_others_state(to_ours):
    one, other = parameters(), parameters()
    ours, theirs = FusedAdam("adam", groups(one)), torch.optim.Adam(groups(other), fused=True)
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


def test_a_training_starts_without_the_compiler(tmp_path):
    code = (
        "import sys; from reparam.cli.main import main; "
        f"main(['train', 'vae', '--data', 'ring', '--steps', '2', '--quiet', '--out', {str(tmp_path / 'run')!r}]); "
        "print([name for name in ('torch._dynamo', 'sympy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"
