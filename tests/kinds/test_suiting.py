"""The rules that suit training to sizes: what they leave alone, and what they say elsewhere."""

import pytest
import torch

from reparam.data import Dataset, Split
from reparam.errors import UserError
from reparam.kinds import KINDS, suiting
from reparam.models.traits import Traits
from reparam.settings import TrainingConfig
from reparam.training.resolve import settle, traits_of

MNIST = (1, 28, 28)


def test_the_measured_case_is_left_alone():
    assert suiting.network(MNIST) == "mlp"
    assert suiting.learning_rate(convolutional=False) == 6e-3
    assert suiting.gradient_clip(MNIST, normal=False) is None
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


def test_only_a_normal_needs_its_gradients_bounded():
    assert suiting.gradient_clip((3, 64, 64), normal=True) == pytest.approx(0.3 * 12_288)
    assert suiting.gradient_clip((2,), normal=True) == 10
    assert suiting.gradient_clip((3, 64, 64), normal=False) is None


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
    assert epochs * steps >= 2000
    assert epochs == 12 or (epochs - 1) * steps < 2000, "no more than asked for"


@pytest.mark.parametrize("examples", [3, 48, 240, 999])
def test_trainings_on_little_data_stop_when_they_get_no_better(examples):
    """After a quarter of the training, 500 steps at least; not where that is never reached, nor of much data."""
    batch = suiting.batch_size(examples)
    per_epoch = max(1, examples // batch)
    epochs = suiting.epochs(examples, batch)
    waits = suiting.patience(examples, batch, epochs)
    assert 500 <= waits * per_epoch < 500 + per_epoch
    assert suiting.patience(examples, batch, epochs, steps=8000) * per_epoch >= 2000
    assert suiting.patience(examples, batch, 5) is None
    assert suiting.patience(0, batch, epochs) is None
    assert suiting.patience(examples + 1000, batch, epochs) is None


def test_the_number_of_examples_may_be_unknown():
    assert suiting.batch_size(0) == 256
    assert suiting.epochs(0, 256, least=30) == 30


def data_of(shape, n, dtype=torch.float32, scale=1.0):
    x = (torch.rand(n, *shape) * 255).to(dtype) if dtype == torch.uint8 else torch.randn(n, *shape)
    return Dataset("made", Split(x), Split(x[:10]), Split(x[:10]), data_shape=shape, scale=scale)


def settled(kind, data, training=None, **model):
    """How the kind is trained on data, as the command decides it."""
    traits = traits_of(data)
    settings = KINDS[kind].resolve(KINDS[kind].settings(**model), traits)
    return settle(training or KINDS[kind].training, KINDS[kind].build(settings, traits), data)


@pytest.mark.parametrize(
    ("kind", "batch", "epochs", "of_few", "patience"),
    [("vae", 256, 12, 134, 34), ("autoencoder", 256, 12, 134, 34), ("avb", 128, 30, 34, None)],
)
def test_kinds_train_by_the_rules(kind, batch, epochs, of_few, patience):
    """Many examples as they were before there were rules; few in small batches, wide ones with slower layers."""
    many = settled(kind, data_of((4,), 50_000))
    assert (many.batch_size, many.steps) == (batch, epochs * (50_000 // batch))
    assert many.gradient_clip == 10
    assert many.reach == suiting.REACH
    few = settled(kind, data_of((3, 8, 8), 240, torch.uint8, 255.0))
    assert (few.batch_size, few.steps) == (16, of_few * 15)
    assert (few.patience, many.patience) == (patience, None)
    binary = settled(kind, data_of((1, 8, 8), 240), likelihood="bernoulli")
    assert binary.gradient_clip is None


def test_what_is_asked_for_goes_before_what_suits():
    data = data_of((4,), 240)
    asked = TrainingConfig(batch_size=120, gradient_clip=7.0, reach=1.0, learning_rate=0.5)
    training = settled("vae", data, asked)
    assert (training.batch_size, training.gradient_clip, training.reach) == (120, 7.0, 1.0)
    assert training.optimizers["vae"]["learning_rate"] == 0.5
    assert training.steps == 2000, "suited to the batch that was asked for"
    assert settled("vae", data, TrainingConfig(patience=0)).patience == 0
    assert settled("vae", data, TrainingConfig(epochs=3)).steps == 3 * 15
    assert settled("vae", data, TrainingConfig(steps=7)).steps == 7


@pytest.mark.parametrize(
    ("shape", "model", "network"),
    [
        ((1, 28, 28), {}, "mlp"),
        ((3, 128, 128), {}, "conv"),
        ((3, 128, 128), {"hidden": (5,)}, "mlp"),
        ((1, 28, 28), {"width": 8}, "conv"),
        ((1, 28, 28), {"network": "residual", "width": 8}, "residual"),
        ((20_000,), {}, "mlp"),
    ],
)
def test_the_network_is_one_whose_widths_were_given_else_suits_the_size(shape, model, network):
    settings = KINDS["vae"].settings(**model)
    KINDS["vae"].check(settings)
    assert KINDS["vae"].resolve(settings, Traits(data_shape=shape)).network == network


@pytest.mark.parametrize("model", [{"hidden": (5,), "width": 8}, {"network": "mlp", "width": 8}])
def test_widths_of_two_networks_are_refused(model):
    with pytest.raises(UserError, match="width=8 has no effect"):
        KINDS["vae"].check(KINDS["vae"].settings(**model))


def test_games_are_left_alone():
    """Their turns say at what rate, and nothing bounds or slows it."""
    for kind, batch in (("gan", 128), ("wgan", 64)):
        training = settled(kind, data_of((4,), 2000))
        assert (training.batch_size, training.reach, training.gradient_clip) == (batch, None, None)
        assert training.patience is None


@pytest.mark.parametrize(
    ("kind", "shape", "n", "steps"),
    [
        ("gan", (4,), 50_000, 36 * 390),
        ("gan", (1, 28, 28), 50_000, 16 * 390),
        ("gan", (4,), 30, 2000),
        ("gan", (4,), 300, 2000),
        ("wgan", (4,), 50_000, 60 * 156),
        ("wgan", (4,), 30, 2000),
        ("wgan", (4,), 700, 2000),
    ],
)
def test_games_have_as_many_steps_of_few_examples(kind, shape, n, steps):
    assert settled(kind, data_of(shape, n)).steps == steps


@pytest.mark.parametrize("kind", ["gan", "wgan"])
@pytest.mark.parametrize(
    ("shape", "model", "network"),
    [
        ((1, 32, 32), {}, "mlp"),
        ((1, 33, 32), {}, "conv"),
        ((3, 32, 32), {}, "conv"),
        ((3, 4, 512), {}, "mlp"),
        ((3, 64, 64), {"generator_hidden": (5,)}, "mlp"),
        ((3, 64, 64), {"network": "mlp"}, "mlp"),
        ((1, 28, 28), {"width": 8}, "conv"),
        ((20_000,), {}, "mlp"),
    ],
)
def test_the_players_are_convolutions_for_images_beyond_32_by_32_in_grey(kind, shape, model, network):
    settings = KINDS[kind].settings(**model)
    KINDS[kind].check(settings)
    assert KINDS[kind].resolve(settings, Traits(data_shape=shape)).network == network


@pytest.mark.parametrize("model", [{"generator_hidden": (5,), "width": 8}, {"network": "conv", "fourier_features": 8}])
def test_widths_of_two_sorts_of_players_are_refused(model):
    with pytest.raises(UserError, match="=8 has no effect"):
        KINDS["gan"].check(KINDS["gan"].settings(**model))
