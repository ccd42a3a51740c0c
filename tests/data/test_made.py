"""Data sets that were made by hand, and models that are none, are refused in a sentence before anything is trained."""

import numpy as np
import pytest
import torch

import reparam
from reparam.data import Dataset, Split
from reparam.data.made import check_made
from reparam.errors import UserError
from reparam.models import NormalLikelihood, StandardNormal
from reparam.networks import MLP
from reparam.training import Silent


def made(x, y=None, shape=(3,), name="made", validation=None):
    rest = Split(torch.zeros(4, 3)) if validation is None else validation
    return Dataset(name, Split(x, y) if isinstance(x, torch.Tensor) else x, rest, rest, shape)


def vae():
    return reparam.VAE(MLP(3, [4], 2), MLP(1, [4], 3), StandardNormal(1), likelihood=NormalLikelihood((3,)))


HOLES = torch.tensor([[0.0, 1.0, 2.0], [float("nan"), 1.0, 2.0], [0.0, float("inf"), 2.0]])
WRONG = {
    "NaN": (lambda: made(HOLES), "train of 'made' holds 2 values that are NaN or infinite"),
    "NaN elsewhere": (lambda: made(torch.zeros(4, 3), validation=Split(HOLES[:2])), "validation of 'made' holds 1"),
    "an array": (lambda: made(Split(np.zeros((4, 3)))), "is a ndarray and no split of a tensor"),
    "a list": (lambda: made(Split([[1.0, 2.0, 3.0]])), "is a list and no split of a tensor"),
    "no split": (lambda: made(None), "is a NoneType and no split"),
    "another shape": (lambda: made(torch.zeros(4, 2)), r"shape \(2,\), and the data set has \(3,\)"),
    "a number for a shape": (lambda: made(torch.zeros(4, 3), shape=3), "data_shape=3"),
    "few labels": (lambda: made(torch.zeros(4, 3), torch.zeros(2)), r"4 examples and labels of shape \(2,\)"),
    "labels in a list": (lambda: made(torch.zeros(4, 3), [0, 1, 0, 1]), "give one label an example"),
    "no examples": (lambda: made(torch.zeros(0, 3)), "train of 'made' has no examples"),
    "no name": (lambda: made(torch.zeros(4, 3), name=None), "is called None"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_data_set_that_is_none_is_refused(case: str) -> None:
    build, said = WRONG[case]
    with pytest.raises(UserError, match=said):
        reparam.fit(vae(), build(), steps=1, progress=Silent())


def test_what_a_reader_made_is_taken() -> None:
    check_made(Dataset.of(np.random.default_rng(0).normal(size=(30, 3))))
    check_made(made(torch.zeros(4, 3), torch.zeros(4)))


@pytest.mark.parametrize("model", [3, reparam.VAE, None, torch.nn.Linear(3, 3), 5])
def test_what_is_no_model_is_refused(model: object) -> None:
    with pytest.raises(UserError, match="fit trains a model, and was given the"):
        reparam.fit(model, np.zeros((30, 3)), steps=1)
