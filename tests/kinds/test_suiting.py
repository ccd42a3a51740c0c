"""The rules that suit training to sizes: what they leave alone, and what they say elsewhere."""

import pytest
import torch

from reparam.kinds import suiting

MNIST = (1, 28, 28)


def test_the_measured_case_is_left_alone():
    assert suiting.network(MNIST) == "mlp"
    assert suiting.learning_rate(convolutional=False) == 6e-3
    assert suiting.gradient_clip(MNIST, "bernoulli") is None
    assert suiting.batch_size(50_000) == 256
    assert suiting.epochs(50_000, 256) == 12
    # to the bit: a layer of 784 inputs learns at the full rate
    assert suiting.reach(convolutional=False) == 6e-3 * 784


def test_one_step_of_adam_moves_a_layer_by_rate_times_inputs():
    """What the reach bounds: inputs that go together move the output by the rate for each of them."""
    layer = torch.nn.Linear(5000, 1)
    before = layer(torch.ones(5000)).item()
    optimizer = torch.optim.Adam([layer.weight], lr=suiting.REACH / 5000)
    layer(torch.ones(5000)).backward()
    optimizer.step()
    assert before - layer(torch.ones(5000)).item() == pytest.approx(suiting.REACH, rel=1e-3)


@pytest.mark.parametrize("likelihood", ["bernoulli", "continuous-bernoulli", "discretized-logistic", "categorical"])
def test_only_a_normal_needs_its_gradients_bounded(likelihood):
    assert suiting.gradient_clip((3, 64, 64), likelihood) is None
    assert suiting.gradient_clip((3, 64, 64), "normal") == pytest.approx(0.3 * 12_288)


def test_convolutions_are_for_images_alone():
    assert suiting.network((100_000,)) == "mlp"
    assert suiting.network((3, 64, 64)) == "mlp"
    assert suiting.network((3, 65, 64)) == "conv"
    assert suiting.network((1, 256, 256)) == "conv"


@pytest.mark.parametrize("examples", [1, 3, 15, 48, 127, 128, 240, 1600, 2047, 2048, 50_000])
@pytest.mark.parametrize("most", [64, 128, 256])
def test_few_examples_are_seen_in_small_batches_and_often_enough(examples, most):
    batch = suiting.batch_size(examples, most)
    assert 16 <= batch <= most
    assert batch == most or examples < 8 * 2 * batch, "no smaller than eight batches an epoch need"
    assert batch == 16 or examples >= 8 * batch
    epochs = suiting.epochs(examples, batch)
    steps = max(1, examples // batch)
    assert epochs >= 12
    assert epochs * steps >= 500
    assert epochs == 12 or (epochs - 1) * steps < 500, "no more than asked for"


def test_the_number_of_examples_may_be_unknown():
    assert suiting.batch_size(0) == 256
    assert suiting.epochs(0, 256, least=30) == 30
