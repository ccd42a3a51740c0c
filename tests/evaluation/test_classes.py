"""Classes of what a conditional model draws: told with the draws, which are what they are without being told."""

import numpy as np
import pytest
import torch

import reparam
from helpers import quiet_fit
from reparam.data import Dataset
from reparam.evaluation import drawing, sample
from reparam.models import GAN
from reparam.networks import MLP
from reparam.networks.players import Conditional
from reparam.randomness import noise


@pytest.fixture(scope="module")
def run():
    generator = torch.Generator().manual_seed(5)
    y = torch.multinomial(torch.tensor([0.7, 0.2, 0.1]), 400, replacement=True, generator=generator)
    x = torch.randn(400, 2, generator=generator) + 3 * y.unsqueeze(1)
    players = [Conditional(MLP(2 + 3, [8], out), 3) for out in (2, 1)]
    return quiet_fit(GAN(*players, 2, (2,), classes=3), Dataset.of(x, labels=y), steps=3, device="cpu")


def test_draws_are_those_of_the_model_and_their_classes_are_told(run):
    drawn = sample(run, 500, seed=4)
    with torch.no_grad(), noise(4, "sample", 0):
        alone = run.model.sample(500)
    assert np.allclose(run.record.given_back(alone.numpy()), drawn.x)
    with torch.no_grad(), noise(4, "sample", 0):
        y = torch.multinomial(torch.tensor(run.model.shares), 500, replacement=True)
        again = run.model.sample(500, torch.from_numpy(drawn.y))
    assert np.array_equal(drawn.y, y.numpy())
    assert again.shape == alone.shape


def test_a_class_that_is_asked_for_is_told(run):
    name = run.record.classes[2]
    assert set(sample(run, 20, label=name).y.tolist()) == {2}
    assert drawing(run, 20, label=name).samples(5).y.tolist() == [2] * 5


def test_models_without_classes_tell_none():
    free = quiet_fit(GAN(MLP(2, [4], 2), MLP(2, [4], 1), 2, (2,)), torch.randn(50, 2), steps=2)
    drawn = reparam.sample(free, 5)
    assert drawn.y is None
    assert set(drawn.numbers) == {"x", "mean"}
