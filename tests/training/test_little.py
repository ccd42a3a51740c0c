"""Little data are called little, with what they can show: in words that a test can check by arithmetic."""

import math

import numpy as np
import pytest
import torch

from helpers import quiet_fit, small_data, small_vae
from reparam.data import Dataset
from reparam.models import GAN
from reparam.networks.players import mlp_discriminator, mlp_generator
from reparam.training.little import amounts
from reparam.training.validation import average, standard_errors


def heard(run):
    return [remark["note"] for remark in run.folder.remarks()]


def data_of(train, validation, test):
    x = (torch.rand(train + validation + test, 1, 6, 6) < 0.4).float()
    parts = x.split([train, validation, test])
    return Dataset.of(*parts, name="little", seed=0)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((499, 100, 100), ["little to train on: 499 examples"]),
        ((500, 99, 99), ["little to test by: 99 examples, whose mean is uncertain by 10% of the spread"]),
        (
            (16, 2, 4),
            ["little to train on: 16 examples", "little to test by: 4 examples, whose mean is uncertain by 50%"],
        ),
        (
            (500, 2, 1),
            ["little to test by: 1 example, which tells nothing of how others differ"],
        ),
        ((500, 100, 100), []),
    ],
)
def test_it_is_said_where_there_is_little(sizes, words):
    found = list(amounts(data_of(*sizes)))
    assert len(found) == len(words)
    assert all(text.startswith(expected) for text, expected in zip(found, words, strict=True))


def test_the_standard_error_is_that_of_the_examples_values():
    data, model = data_of(20, 70, 70), small_vae()
    found = standard_errors(model, data.test, data, seed=3)
    assert found.keys() == average(model, data.test, data, seed=3).keys()
    from reparam.models.model import Batch
    from reparam.randomness import noise

    model.eval()
    with torch.no_grad(), noise(3, "evaluation"):
        values = {name: v.double().numpy() for name, v in model.evaluate(Batch(data.test.x)).items()}
    for name, v in values.items():
        assert found[name] == pytest.approx(np.std(v, ddof=1) / math.sqrt(70), rel=1e-6)
        assert average(model, data.test, data, seed=3)[name] == pytest.approx(v.mean(), rel=1e-6)


def test_in_the_end_the_test_bound_has_its_error(tmp_path):
    data = data_of(60, 20, 20)
    run = quiet_fit(small_vae(), data, tmp_path / "run", steps=120)
    error = standard_errors(run.model, data.test, data, 0)["elbo"]
    (sentence,) = [note for note in heard(run) if note.startswith("test elbo")]
    assert sentence.startswith(f"test elbo {run.test['elbo']:.2f} ± {error:.2f}, the standard error over 20 examples")
    assert [note for note in heard(run) if "little to" in note] == list(amounts(data))
    again = quiet_fit(small_vae(), data, tmp_path / "run", resume=True, steps=120)
    assert heard(again) == heard(run)


def test_that_examples_were_learned_by_heart_is_said(tmp_path):
    """Noise has nothing in common: the bound of what was seen rises, that of what was not falls."""
    data = data_of(40, 40, 40)
    run = quiet_fit(small_vae(), data, tmp_path / "run", steps=300, learning_rate=1e-2, schedule="constant", patience=0)
    assert 0 < run.step < 300
    (sentence,) = [note for note in heard(run) if "learned later held for the training examples alone" in note]
    assert sentence.startswith(f"the weights are those of step {run.step} of 300, where the validation was best")


def test_a_game_says_how_often_it_saw_the_few(tmp_path):
    shape = (1, 6, 6)
    game = GAN(mlp_generator(4, [12], shape, 0.0, 1.0), mlp_discriminator(shape, [12]), 4, shape, average=0.0)
    run = quiet_fit(game, data_of(16, 2, 2), tmp_path / "run", steps=100, batch_size=128)
    assert any(note.startswith("the 16 examples were seen about 100 times, and no val") for note in heard(run))


def test_nothing_is_said_where_there_is_plenty(tmp_path):
    run = quiet_fit(small_vae(), small_data(900), tmp_path / "run", steps=100, batch_size=220)
    assert heard(run) == []
