"""What a comparison of few examples cannot say is told before it trains."""

import numpy as np
import pytest
import torch

from helpers import said
from reparam.data import Dataset
from reparam.studies.foresight import foreseen
from reparam.studies.protocol import Protocol


def data_of(train, validation, test):
    parts = torch.randn(train + validation + test, 2).split([train, validation, test])
    return Dataset.of(*parts, name="rows")


@pytest.mark.parametrize(
    ("sizes", "asked", "words"),
    [
        ((240, 30, 30), {}, ["rows has 30 test examples, and samples are measured by 60", "all 30 test examples"]),
        ((50, 500, 500), {}, ["rows has 50 train examples", "all 500 test examples"]),
        ((600, 60, 60), {"images": 60}, ["samples are measured by 60 examples, as many as the test split has"]),
        ((600, 60, 60), {"images": 60, "count": 60}, []),
        ((240, 9, 1), {}, ["rows has 1 test example, and", "log p(x) is of the one test example, fewer than"]),
        ((600, 60, 61), {"images": 62, "count": 60}, ["log p(x) is of all 61 test examples, fewer than images=62"]),
    ],
)
def test_counts_that_there_are_too_few_for_are_told(sizes, asked, words):
    found = list(foreseen(data_of(*sizes), Protocol(**asked)))
    assert len(found) == len(words)
    assert all(word in sentence for word, sentence in zip(words, found, strict=True))


def test_of_images_it_is_images_that_are_to_be_given():
    data = Dataset.of(*torch.rand(100, 1, 6, 6).split([50, 25, 25]), name="photos")
    assert "give more images, or splits of your own" in next(foreseen(data, Protocol()))


def test_it_comes_before_the_first_training_with_flags(tmp_path, capsys):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32))
    argv = ["compare", "--data", tmp_path / "x.npy", "--models", "vae-2", "--epochs", 1, "--images", 10, "--count", 100]
    code, _, err = said(capsys, *argv, "--out", tmp_path / "out")
    assert code == 0
    lines = err.splitlines()
    first = next(i for i, line in enumerate(lines) if "vae-2: vae" in line)
    assert any("30 test examples, and samples are measured by 60 or more" in line for line in lines[:first])
