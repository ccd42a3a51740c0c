"""Random convolutions: what PyTorch's own layers give, the same on every call, and a better order than pixels'."""

import pytest
import torch
from torch import nn

import reparam
from reparam.data import Dataset, Split
from reparam.errors import UserError
from reparam.evaluation.samples.features import choose_features
from reparam.evaluation.samples.random_conv import CHANNELS, _filters, random_conv
from reparam.evaluation.samples.yardstick import Yardstick


def images(n=30, channels=3, size=12, seed=0):
    return torch.rand(n, channels, size, size, generator=torch.Generator().manual_seed(seed))


def dataset(x):
    return Dataset("some", Split(x), Split(x), Split(x), data_shape=tuple(x.shape[1:]))


def test_features_are_those_of_pytorchs_layers():
    x = images()
    name, extract = random_conv(x, seed=3)
    layers = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.Conv2d(16, 24, 3, padding=1, bias=False)]
    layers.append(nn.Conv2d(24, 32, 3, padding=1, bias=False))
    for layer, weights in zip(layers, _filters(3, 3), strict=True):
        layer.weight.data.copy_(weights)
    z = (x - x.mean((0, 2, 3), keepdim=True)) / x.std((0, 2, 3), correction=0, keepdim=True)
    parts = []
    for i, layer in enumerate(layers):
        z = nn.functional.relu(layer(nn.AvgPool2d(2)(z) if i else z))
        parts += [z.mean((2, 3)), z.var((2, 3), correction=0).sqrt()]
    parts.append(nn.AdaptiveAvgPool2d(2)(z).flatten(1))
    found = torch.cat(parts, 1)
    dead = found.std(0, correction=0) < 1e-6  # a filter that answers to nothing here
    found = (found - found.mean(0)) / found.std(0, correction=0).masked_fill(dead, 1.0)
    assert dead.sum() < 10
    assert torch.allclose(extract(x), found, atol=1e-4)
    assert found.shape[1] == 2 * sum(CHANNELS) + 4 * 32 == 272
    assert all(words in name for words in ("seed 3", "16-24-32", "272 numbers"))


@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 3, 5), (3, 32, 32)])
def test_any_images_have_finite_features_of_unit_spread(shape):
    x = torch.rand(50, *shape, generator=torch.Generator().manual_seed(0))
    found = choose_features("random-conv", dataset(x), x)(x)
    assert found.shape == (50, 272)
    spread = found.std(0, correction=0)
    assert ((spread - 1).abs() < 1e-3).logical_or(spread < 1e-3).all(), "or they are the same for all"


def test_equal_images_have_finite_features():
    x = torch.full((50, 1, 8, 8), 0.5)
    assert choose_features("random-conv", dataset(x), x)(x + 1).isfinite().all()


def test_seeds_differ_and_repeat():
    x = images()
    one, again, other = (random_conv(x, seed)[1](x) for seed in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.allclose(one, other)


def test_what_is_no_image_is_refused():
    x = torch.rand(60, 5)
    with pytest.raises(UserError, match="random-conv sees images"):
        choose_features("random-conv", dataset(x), x)
    with pytest.raises(
        UserError, match=r"features 'conv' are unknown: give auto, raw, random-conv, self, inception, dinov2"
    ):
        choose_features("conv", dataset(x), x)
    with pytest.raises(UserError, match="features 3 are unknown"):
        choose_features(3, dataset(x), x)


def means(x):
    return x.mean((2, 3))


def test_a_function_of_the_users_gives_features():
    x = images(200)
    by = Yardstick(dataset(x), features=means, neighbours=60)
    assert by.conditions().features == "what means gives"
    assert torch.equal(by.features(x), x.mean((2, 3)))
    assert by.floor().further["authenticity"].name == "AuthPct"
    for bad, words in ((lambda x: x.mean(), r"a tensor of shape \(\)"), (lambda x: 1, "made int")):
        with pytest.raises(UserError, match=words):
            Yardstick(dataset(x), features=bad).floor()


def test_runs_are_evaluated_by_a_function():
    data = dataset(images(200, 1, 4))
    vae = reparam.VAE(
        reparam.networks.MLP(data.data_shape, [8], 4),
        reparam.networks.MLP(2, [8], data.data_shape),
        reparam.models.StandardNormal(2),
        likelihood=reparam.models.NormalLikelihood(data.data_shape),
    )
    run = reparam.fit(vae, data, steps=3, progress=reparam.training.Silent())
    card = reparam.evaluate(run, measures=("quality",), count=60, features=means)["VAE"].card
    assert card.conditions.features == "what means gives"
    assert card.frechet.value > 0
