"""The trained models that come with reparam load without a network, are what their cards say, and are never changed."""

import json
import math
import re
import socket
import stat

import numpy as np
import pytest
import torch

import reparam
from helpers import said
from reparam.data import evaluation_batches
from reparam.errors import UserError
from reparam.models.model import Batch
from reparam.models.protocols import Evaluates, can, require
from reparam.randomness import noise
from reparam.runs.folder import RunFolder
from reparam.runs.shipped import CARD, HOME, bundled

NAMES = sorted(bundled())
WITH_A_BOUND = [name for name in NAMES if "log_likelihood" in bundled()[name].measured]
MOST = 3_000_000
"""Bytes of all of them together."""


def contents():
    return {path: path.read_bytes() for path in sorted(HOME.rglob("*")) if path.is_file()}


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """Another folder, and no network."""

    def refuse(*_):
        raise AssertionError("no bundled model asks a network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_they_are_small_together():
    assert len(NAMES) >= 2
    assert sum(map(len, contents().values())) < MOST
    assert sum(card.bytes for card in bundled().values()) < MOST


@pytest.mark.parametrize("name", NAMES)
def test_it_loads_and_samples_without_a_network(nowhere, name):
    run = reparam.load(name)
    drawn = reparam.sample(name, 16, seed=3)
    assert drawn.x.shape == (16, 1, 28, 28)
    assert 0.02 < drawn.mean.mean() < 0.4  # ink of digits: 0.13 of MNIST's test images
    assert np.isfinite(drawn.mean).all()
    assert run.where == name
    assert run.test == bundled()[name].reached
    assert reparam.doctor(RunFolder(name).path).healthy


@pytest.mark.parametrize("name", NAMES)
def test_it_was_made_as_its_card_says(name):
    card, settings = bundled()[name], reparam.load(name).written.settings.model
    words = card.command.split()
    assert words[:3] == ["reparam", "train", settings.kind]
    assert settings.latent_dim == int(words[words.index("--latent-dim") + 1])
    assert not any(word.startswith("/") for word in json.dumps(reparam.load(name).written.plain()).split('"'))


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_A_BOUND)
def test_its_bound_is_computed_again_within_its_error(name):
    """The mean over the test set, of other draws of z: apart by what the draws' noise explains."""
    run = reparam.load(name)
    found = [bounds(run, seed) for seed in (1, 2)]
    error = float((found[0] - found[1]).std()) / math.sqrt(2 * len(found[0]))
    for values in found:
        assert abs(float(values.mean()) - run.test["elbo"]) < 5 * error * math.sqrt(2)


@torch.no_grad()
def bounds(run, seed):
    """The bound of each test image, by draws of another seed."""
    model = require(run.model, Evaluates)
    with noise(seed, "bundled"):
        batches = evaluation_batches(run.data.test, run.data)
        rows = [model.evaluate(Batch(x, y))["elbo"] for x, y in batches]
    return torch.cat(rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", WITH_A_BOUND)
def test_its_likelihood_is_that_of_its_card(name):
    """Of fewer images and by fewer draws: within both errors, and what fewer draws lose."""
    told = bundled()[name].measured["log_likelihood"]
    found = reparam.log_likelihood(name, images=300, samples=200, seed=5)
    apart = math.hypot(told["standard_error"], found.standard_error)
    assert abs(found.mean - told["mean"]) < 4 * apart + 1.0


def test_nothing_is_written_beside_them(nowhere, capsys):
    before = contents()
    for words in (("sample",), ("reconstruct",), ("explore", "-n", "3"), ("curves",), ("doctor",)):
        code, _, err = said(capsys, words[0], "bundled:vae-mnist", *words[1:])
        assert code == 0, err
    assert {path.name for path in nowhere.iterdir()} == {
        f"vae-mnist-{name}" for name in ("sample.png", "sample.npz", "reconstruct.png", "reconstruct.npz",
                                         "explore.html", "curves.png", "curves.npz")
    }  # fmt: skip
    assert contents() == before


@pytest.mark.slow
def test_a_report_of_them_is_written_here(nowhere, capsys):
    before = contents()
    words = [
        "report",
        "bundled:vae-mnist",
        "bundled:plane-mnist",
        "--count",
        "100",
        "--images",
        "20",
        "--out",
        "r.html",
    ]
    code, _, err = said(capsys, *words)
    assert code == 0, err
    assert "missing" not in err
    text = (nowhere / "r.html").read_text(encoding="utf-8")
    assert "reparam manifold bundled:plane-mnist" in text
    assert "Play with the models" in text
    assert len(text.encode()) < 5_000_000
    assert contents() == before


@pytest.mark.parametrize(
    "words",
    [
        ("train", "vae", "--out", "bundled:vae-mnist"),
        ("train", "--config", "settings.json", "--out", "bundled:vae-mnist"),
        ("doctor", "bundled:vae-mnist", "--mend"),
        ("compare", "--models", "vae", "--epochs", "1", "--out", "bundled:vae-mnist"),
        ("sweep", "vae", "--vary", "latent-dim=2..4", "--epochs", "1", "--out", "bundled:mine"),
        ("sample", "bundled:vae-mnist", "--out", "hf://somebody/digits.png"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_nobody_trains_into_one(nowhere, capsys, words):
    (nowhere / "settings.json").write_text('{"kind": "vae"}')
    before = contents()
    code, _, err = said(capsys, *words)
    assert code == 2
    assert re.search("comes with reparam and is never changed|is a name of something that is only read", err)
    assert contents() == before
    assert not any(nowhere.glob("bundled*"))


@pytest.mark.slow
def test_a_training_begins_from_one(nowhere, capsys):
    code, _, err = said(capsys, "train", "--from", "bundled:plane-mnist", "--steps", "1", "--out", "mine", "--quiet")
    assert code == 0, err
    assert reparam.load("mine").test["elbo"] > -150  # what it began with is hardly worse after a step


def test_a_name_that_is_none_is_answered_with_those_there_are():
    with pytest.raises(UserError, match=r"bundled:nope does not come with reparam: .*bundled:vae-mnist.* do"):
        reparam.load("bundled:nope")
    for odd in ("bundled:", "bundled:../data", "bundled:vae-mnist/../../x"):
        with pytest.raises(UserError, match="does not come with reparam"):
            reparam.load(odd)


def test_the_command_lists_them(capsys):
    code, out, _ = said(capsys, "bundled")
    assert code == 0
    assert all(name in out and bundled()[name].headline in out for name in NAMES)
    told = json.loads(said(capsys, "bundled", "--json")[1])
    assert set(told) == set(NAMES)
    assert told["bundled:vae-mnist"]["command"].startswith("reparam train vae")


def test_they_are_read_where_nobody_may_write(nowhere):
    modes = {path: path.stat().st_mode for path in [HOME, *HOME.rglob("*")]}
    try:
        for path, mode in modes.items():
            path.chmod(mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
        assert reparam.sample("bundled:vae-mnist", 2).x.shape == (2, 1, 28, 28)
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def test_every_card_is_of_a_model_and_every_model_has_one():
    folders = {path.name for path in HOME.iterdir() if path.is_dir()}
    assert {name.partition(":")[2] for name in NAMES} == folders
    assert all(can(reparam.load(name).model, Evaluates) == (name in WITH_A_BOUND) for name in NAMES)
    assert all((HOME / name / CARD).is_file() for name in folders)
