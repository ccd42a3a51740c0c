"""The rate of each layer."""

import pytest
import torch
from torch import nn

from reparam.models.model import Turn
from reparam.networks import MLP
from reparam.settings import TrainingConfig
from reparam.training.optimizers import build_optimizer, peak_rates, set_rate


def turn_of(module):
    return Turn("all", module, lambda batch: {})


def test_layers_of_many_inputs_learn_slower_in_proportion_and_no_others():
    network = MLP(2000, [500, 1000], 3)
    rates = peak_rates(network, 0.01, reach=5.0)
    first, _, second, _, third = network
    found = [[rates[layer.weight], rates[layer.bias]] for layer in (first, second, third)]
    assert found == [[0.0025, 0.01], [0.01, 0.01], [0.005, 0.01]]
    assert set(peak_rates(network, 0.01, reach=None).values()) == {0.01}


def test_convolutions_keep_their_rate():
    network = nn.Sequential(nn.Conv2d(64, 64, 5), nn.Flatten(), nn.Linear(10, 2))
    assert set(peak_rates(network, 0.01, reach=1.0).values()) == {0.01}


@pytest.mark.parametrize("optimizer", ["adam", "adamw", "rmsprop"])
def test_the_first_step_moves_each_weight_by_its_layers_rate(optimizer):
    """Their first step is the rate times the gradient's sign (RMSprop's ten times that)."""
    network = MLP(2000, [8], 1)
    before = [layer.weight.detach().clone() for layer in (network[0], network[2])]
    settings = TrainingConfig(optimizer=optimizer, learning_rate=1e-3, reach=0.5)
    built = build_optimizer(turn_of(network), settings)
    set_rate([built], 0.1)  # the schedule scales all alike
    network(torch.rand(4, 2000) + 1).sum().backward()
    built.step()
    factor = 10 if optimizer == "rmsprop" else 1
    for layer, old, rate in zip((network[0], network[2]), before, (0.5 / 2000, 1e-3), strict=True):
        moved = (layer.weight - old).abs()[layer.weight.grad != 0]
        torch.testing.assert_close(moved, torch.full_like(moved, factor * 0.1 * rate), rtol=1e-2, atol=1e-6)


def test_sgd_moves_by_the_gradient_and_needs_no_reach():
    settings = TrainingConfig(optimizer="sgd", learning_rate=1e-3, reach=0.5)
    groups = build_optimizer(turn_of(MLP(2000, [8], 1)), settings).param_groups
    assert [group["peak_rate"] for group in groups] == [1e-3]
