"""A model written down as a tree is built again the same, and a tree from a hostile file builds nothing."""

import json

import pytest
import torch
from torch import nn

from catalogue import CATALOGUE
from reparam.errors import UserError
from reparam.models import VAE, StandardNormal
from reparam.models.composition import MOST_DEPTH, MOST_NODES, build, describe, own
from reparam.networks import MLP
from reparam.randomness import noise


def small_vae():
    return VAE(MLP(3, [4], 2), MLP(1, [4], 3), StandardNormal(1))


@pytest.mark.parametrize("entry", CATALOGUE, ids=str)
def test_every_model_survives_json_and_samples_the_same_with_its_weights(entry):
    model = entry.build()
    tree = json.loads(json.dumps(describe(model), allow_nan=False))
    assert own(tree) == ()
    again = build(tree)
    again.load_state_dict(model.state_dict())
    assert describe(again) == describe(model)
    draws = []
    for each in (model.eval(), again.eval()):
        with noise(3):
            draws.append(each.sample(4))
    assert torch.equal(*draws)
    assert [turn.name for turn in again.turns()] == [turn.name for turn in model.turns()]
    assert [turn.optimizer for turn in again.turns()] == [turn.optimizer for turn in model.turns()]


def test_every_argument_is_written_down_with_what_the_constructor_decided():
    """Nothing is left to a default, which another version may have another of."""
    tree = describe(small_vae())
    assert tree["arguments"]["encoder"] == {
        "class": "MLP",
        "arguments": {"inputs": 3, "hidden": [4], "outputs": 2, "activation": "relu"},
    }
    assert tree["arguments"]["posterior"]["class"] == "DiagonalNormal"
    assert tree["arguments"]["likelihood"] == {"class": "BernoulliLikelihood", "arguments": {"data_shape": [3]}}
    assert tree["arguments"]["objective"]["arguments"]["kl"] == {"function": "analytic_kl"}


def test_building_leaves_the_noise_alone():
    tree = describe(small_vae())
    torch.manual_seed(0)
    undisturbed = torch.rand(3)
    torch.manual_seed(0)
    build(tree)
    assert torch.equal(torch.rand(3), undisturbed)


def test_plain_layers_of_torch_and_shared_ones_are_parts_too():
    shared = nn.Linear(3, 4)
    encoder = nn.Sequential(
        shared, nn.LayerNorm(4), nn.Dropout(0.1), nn.PReLU(), nn.Linear(4, 3), shared, nn.Linear(4, 2)
    )
    model = VAE(encoder, nn.Sequential(nn.Linear(1, 3)), StandardNormal(1))
    again = build(json.loads(json.dumps(describe(model))))
    assert again.encoder[0] is again.encoder[5]
    assert str(again) == str(model)


class Mine(nn.Module):
    """A user's own encoder, its argument in an attribute of its name."""

    def __init__(self, width):
        super().__init__()
        self.width = width
        self.layer = nn.Linear(3, width)

    def forward(self, x):
        return self.layer(x)


class Secretive(nn.Module):
    """One that does not say what it was made with."""

    def __init__(self, width):
        super().__init__()
        self.layer = nn.Linear(3, width)

    def forward(self, x):
        return self.layer(x)


def test_a_users_own_module_is_built_from_the_class_that_is_given():
    tree = json.loads(json.dumps(describe(VAE(Mine(2), MLP(1, [4], 3), StandardNormal(1)))))
    assert own(tree) == ("Mine",)
    assert isinstance(build(tree, [Mine]).encoder, Mine)
    with pytest.raises(UserError, match=r"'Mine', a class of your own"):
        build(tree)


def test_one_that_does_not_say_its_arguments_asks_for_the_model():
    tree = describe(VAE(Secretive(2), MLP(1, [4], 3), StandardNormal(1)))
    with pytest.raises(UserError, match="model="):
        build(tree, [Secretive])


def test_a_model_changed_after_it_was_made_is_not_taken_for_what_its_constructors_say():
    model = small_vae()
    model.encoder.append(nn.Linear(2, 2))
    assert own(describe(model)) == ("VAE",)


class Centred(nn.Module):
    """Holds a tensor that no checkpoint brings, and whatever else it is given."""

    def __init__(self, mean, also=None):
        super().__init__()
        self.mean, self.also, self.layer = mean, also, nn.Linear(3, 2)

    def forward(self, x):
        return self.layer(x - self.mean)


class Kept(nn.Module):
    """Holds the same as a buffer, which a checkpoint brings."""

    def __init__(self, mean):
        super().__init__()
        self.layer = nn.Linear(3, 2)
        self.register_buffer("mean", mean)

    def forward(self, x):
        return self.layer(x - self.mean)


def with_encoder(encoder):
    return VAE(encoder, MLP(1, [4], 3), StandardNormal(1))


def test_a_tensor_that_no_checkpoint_brings_is_written_down_with_its_values():
    mean = torch.tensor([1.5, -2.0, 3.25])
    tree = json.loads(json.dumps(describe(with_encoder(Centred(mean)))))
    assert torch.equal(build(tree, [Centred]).encoder.mean, mean)
    assert "values" not in describe(with_encoder(Kept(mean)))["arguments"]["encoder"]["arguments"]["mean"]["tensor"]


@pytest.mark.parametrize("value", [{1, 2}, b"x", {1: 2}, nn.ReLU, range], ids=repr)
def test_an_argument_that_json_cannot_hold_is_never_built_as_something_else(value):
    tree = json.loads(json.dumps(describe(with_encoder(Centred(torch.zeros(3), value)))))
    assert len(own(tree)) == 2
    with pytest.raises(UserError, match="model="):
        build(tree, [Centred])


class Doubled(nn.Sequential):
    """Takes its layers as they come, by no name."""


class Wider(MLP):
    """Its constructor's arguments are not those that it passes on."""

    def __init__(self, width):
        super().__init__(3, [width], 2)


@pytest.mark.parametrize("part", [Doubled(nn.Linear(3, 2)), Wider(7)], ids=["Doubled", "Wider"])
def test_a_subclass_whose_arguments_are_not_known_asks_for_the_model(part):
    tree = describe(with_encoder(part))
    with pytest.raises(UserError, match=f"{type(part).__name__!r} does not keep .* model="):
        build(tree, [type(part)])


def hooked():
    layer = MLP(3, [4], 2)
    layer.register_forward_hook(lambda module, given, made: made * 2)
    return layer


def patched():
    layer = MLP(3, [4], 2)
    layer.forward = lambda x: MLP.forward(layer, x) * 2
    return layer


@pytest.mark.parametrize("part", [hooked, patched])
def test_a_part_that_computes_something_else_than_its_class_is_a_change(part):
    assert describe(with_encoder(part())) == {"class": "VAE", "own": True, "changed": True}


def nested(depth):
    tree: dict = {"class": "Linear", "arguments": {"in_features": 1, "out_features": 1}}
    for _ in range(depth):
        tree = {"class": "Sequential", "children": [tree]}
    return tree


WIDE = {"class": "MLP", "arguments": {"inputs": 10**7, "hidden": [10**7], "outputs": 1}}
HOSTILE = {
    "an unknown class": {"class": "os.system", "arguments": {"command": "true"}},
    "a dunder": {"class": "__import__", "arguments": {"name": "os"}},
    "a class of torch that is no plain layer": {"class": "Module", "arguments": {}},
    "an argument that there is not": {"class": "StandardNormal", "arguments": {"latent_dim": 1, "__class__": 2}},
    "an argument of the wrong type": {"class": "StandardNormal", "arguments": {"latent_dim": "one"}},
    "too few arguments": {"class": "VAE", "arguments": {}},
    "no model": {"class": "Linear", "arguments": {"in_features": 1, "out_features": 1}},
    "a list": [1, 2],
    "a number": 3,
    "nothing": None,
    "an empty table": {},
    "a function of somebody else": {"function": "system"},
    "a part that it does not hold": {"same": 7},
    "a million layers": {"class": "Sequential", "children": [nested(0)] * (MOST_NODES + 1)},
    "as many layers deep": nested(MOST_DEPTH + 1),
    "children that are none": {"class": "Sequential", "children": 3},
    "arguments that are none": {"class": "StandardNormal", "arguments": 3},
    "a width that no machine holds": {"class": "VAE", "arguments": {"encoder": WIDE, "decoder": WIDE, "prior": WIDE}},
    "a number format that there is not": {"tensor": {"shape": [2], "dtype": "load"}},
    "a tensor that no machine holds": {"tensor": {"shape": [10**14], "dtype": "float32"}},
    "a tensor without a shape": {"tensor": {"dtype": "float32"}},
    "a negative shape": {"tensor": {"shape": [-3], "dtype": "float32"}},
    "unhashable": {"class": ["VAE"]},
    "a mapping that is none": {"mapping": 3},
    "a number that is none": {"number": "x"},
}


@pytest.mark.parametrize("tree", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_tree_is_refused_in_a_sentence(tree):
    with pytest.raises(UserError):
        build(tree)
