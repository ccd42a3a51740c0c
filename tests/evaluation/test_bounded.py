"""Numbers of things that no memory holds are refused at once, with the most that would fit."""

import re

import numpy as np
import pytest
import torch

import reparam
from helpers import quiet_fit, said, small_data, small_vae
from reparam.errors import UserError
from reparam.evaluation.two_sample import classifier_test, kernel_test
from reparam.hardware import free_memory, require_memory


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "plane"
    quiet_fit(small_vae(2), small_data(), folder, steps=2)
    return folder


def test_the_most_that_is_named_fits_and_one_more_does_not(monkeypatch):
    monkeypatch.setattr("reparam.hardware.free_memory", lambda device: 1_000_003)
    for power in (1, 2):
        with pytest.raises(UserError, match="at most") as refused:
            require_memory("n", 10**9, 7, power)
        most = int(re.search(r"give (\d+) at most", str(refused.value))[1])
        require_memory("n", most, 7, power)
        with pytest.raises(UserError, match=f"n={most + 1} takes"):
            require_memory("n", most + 1, 7, power)


@pytest.mark.skipif(free_memory(torch.device("cpu")) is None, reason="the system does not tell its free memory")
def test_huge_numbers_are_refused_at_once(folder):
    run = reparam.load(folder)
    points = np.random.default_rng(0).normal(size=(2, 60, 3))
    for words, ask in (
        ("size=", lambda: reparam.manifold(run, size=10**6)),
        ("steps=", lambda: reparam.interpolate(run, steps=10**11)),
        ("n=", lambda: reparam.sample(run, n=10**12)),
        ("permutations=", lambda: kernel_test(*points, permutations=10**12)),
        ("permutations=", lambda: classifier_test(*points, permutations=10**9)),
    ):
        with pytest.raises(UserError, match=rf"^{words}1000.* at most"):
            ask()


@pytest.mark.skipif(free_memory(torch.device("cpu")) is None, reason="the system does not tell its free memory")
def test_the_command_names_its_flag(folder, capsys):
    code, _, err = said(capsys, "manifold", folder, "--size", 1_000_000)
    assert code == 2
    assert re.search(r"--size 1000000 takes [\d,]+ GB of memory, and [\d.]+ are free: give \d+ at most", err)
