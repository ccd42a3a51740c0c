"""What a step is made of beside its losses and updates, counted in operations that torch dispatches, not in time."""

from collections import Counter

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from catalogue import CATALOGUE
from reparam.models import Batch
from reparam.networks.products import has_onednn, multiplied_by
from reparam.randomness import noise
from reparam.settings import TrainingConfig
from reparam.training.loop import Loop

COPIES = {"clone", "copy_", "as_strided", "new_empty_strided"}
"""What autograd does to the gradient of a view that was written into."""


class Counts(TorchDispatchMode):
    """How often each operation is dispatched."""

    def __init__(self):
        super().__init__()
        self.found = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.found[function.overloadpacket.__name__] += 1
        return function(*args, **(kwargs or {}))


def of_a_step(entry, **settings):
    """The operations of a step of the loop, and of its losses, gradients and updates alone."""
    model = entry.build()
    drawn = entry.batch(model, 8)
    config = TrainingConfig(precision="fp32", **settings)
    loop = Loop(model.turns(), lambda index: (drawn.x, drawn.y), config, 9, within=model)
    with noise(0):
        loop.play(0)  # optimizers make their state
        with Counts() as whole:
            loop.play(1)
        with Counts() as bare:
            shared = {}
            for turn in loop.turns:
                for _ in range(turn.repeats):
                    loss = turn.loss(Batch(drawn.x, drawn.y, 1, 1 / 9, 1 / 9, shared))["loss"]
                    gradients = torch.autograd.grad(loss, loop.parameters[turn.name], allow_unused=True)
                    for parameter, gradient in zip(loop.parameters[turn.name], gradients, strict=True):
                        parameter.grad = gradient
                    loop.optimizers[turn.name].step()
                    (turn.after or (lambda: None))()
    turns = sum(turn.repeats for turn in loop.turns)
    return whole.found, bare.found, turns


@pytest.mark.parametrize("entry", [entry for entry in CATALOGUE if "conv" not in entry.name], ids=str)
def test_the_loop_adds_three_operations_a_turn_whatever_there_is_to_read(entry):
    """The gradients' norms, these in one vector, and the terms in another."""
    whole, bare, turns = of_a_step(entry)
    added = whole - bare
    # gradients of another layout than their parameters' are copied, and one without a gradient has the norm 0
    laid_out = {name: added.pop(name, 0) for name in ("empty_like", "copy_")}
    assert added.pop("new_zeros", 0) <= turns
    assert len(set(laid_out.values())) == 1
    assert added == {"_foreach_norm": turns, "stack": 2 * turns}
    assert not bare - whole


@pytest.mark.skipif(not has_onednn(), reason="this PyTorch cannot be asked for oneDNN's products")
@pytest.mark.parametrize("bias", [True, False])
def test_what_is_rectified_in_place_is_not_copied_on_the_way_back(bias):
    """As players of games are: the rows that oneDNN's product gives are no view of others."""
    layers = nn.Sequential(nn.Linear(70, 80, bias=bias), nn.LeakyReLU(0.2, inplace=True), nn.Linear(80, 90, bias=bias))
    with multiplied_by("onednn", layers), Counts() as counts:
        torch.autograd.grad(layers(torch.randn(96, 70)).square().sum(), list(layers.parameters()))
    assert not COPIES & set(counts.found)
