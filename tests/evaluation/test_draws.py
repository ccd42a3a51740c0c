"""Samples in any number: the same from memory and from a file, never more than a piece at a time, a picture of some."""

import json

import numpy as np
import pytest
import torch

import reparam
from helpers import quiet_fit, said, small_data, small_vae
from reparam import evaluation
from reparam.cli.figures import write
from reparam.data import at_once
from reparam.errors import UserError
from reparam.evaluation import drawing, sample
from reparam.evaluation import draws as module
from reparam.files import npy, npz, replace_atomically
from reparam.randomness import noise
from reparam.result import Pieces


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "vae"
    quiet_fit(small_vae(), small_data(), folder, steps=2)
    return folder


@pytest.fixture
def pieces_of_32(monkeypatch):
    monkeypatch.setattr("reparam.evaluation.draws.at_once", lambda shape, most: min(most, 32))


def test_what_is_drawn_in_pieces_is_what_the_model_draws(folder, pieces_of_32):
    """Each piece from the noise of its place: the whole is those pieces in order, x and mean from the same z."""
    run = reparam.load(folder)
    drawn = drawing(run, 100, seed=3)
    assert [len(piece) for piece in drawn.x] == [32, 32, 32, 4]
    whole = sample(run, 100, seed=3)
    assert np.array_equal(np.asarray(drawn.x), whole.x)
    assert np.array_equal(np.asarray(drawn.mean), whole.mean)
    assert np.array_equal(np.asarray(drawn.x), whole.x), "looked at again they are the same"
    with torch.no_grad(), noise(3, "sample", 32):
        assert np.array_equal(run.model.sample(32).numpy(), whole.x[32:64])
    with torch.no_grad(), noise(3, "sample", 32):
        assert np.array_equal(run.model.mean(32).numpy(), whole.mean[32:64])


def test_the_first_of_them_are_drawn_alone(folder, pieces_of_32, monkeypatch):
    drawn = drawing(reparam.load(folder), 100, seed=3)
    made = []
    piece = module._piece
    monkeypatch.setattr(module, "_piece", lambda *given: made.append(given[1]) or piece(*given))
    first = drawn.samples(40)
    assert (len(first.x), first.of, sum(made)) == (40, 100, 2 * 64)
    assert np.array_equal(first.x, sample(reparam.load(folder), 100, seed=3).x[:40])


def test_a_picture_shows_some_and_says_so(folder):
    many = sample(reparam.load(folder), 450)
    assert many.title.startswith("the first 400 of 450 samples (decoder means)")
    assert len(many.shown) == 400
    assert np.array_equal(many.shown, many.mean[:400])
    assert drawing(reparam.load(folder), 450).title == many.title
    assert sample(reparam.load(folder), 400).title.startswith("400 samples (decoder means)")
    points = module.Samples(np.zeros((10_001, 2)), np.zeros((10_001, 2)))
    assert points.title == "the first 10,000 of 10,001 samples"


@pytest.mark.parametrize("ending", ["npz", "npy", "png"])
def test_the_command_writes_what_python_gives(folder, tmp_path, capsys, ending, pieces_of_32):
    code, out, _ = said(capsys, "sample", folder, "-n", 500, "--seed", 7, "--out", tmp_path / f"s.{ending}", "--json")
    assert code == 0
    told, expected = json.loads(out), sample(reparam.load(folder), 500, seed=7)
    numbers = np.load(told["numbers"])
    if ending == "npy":
        assert np.array_equal(numbers, expected.x)
        assert np.array_equal(np.load(told["numbers"], mmap_mode="r"), expected.x)
        assert len(reparam.load_data(told["numbers"]).train) == 400, "and is data again"
    else:
        assert np.array_equal(numbers["x"], expected.x)
        assert np.array_equal(numbers["mean"], expected.mean)
    assert (tmp_path / "s.png").exists() == (ending == "png")
    assert told["shapes"]["x"] == [500, 1, 6, 6]
    # what was made by us may be made again, what was not may not
    assert said(capsys, "sample", folder, "-n", 3, "--out", tmp_path / f"s.{ending}")[0] == 0
    np.save(tmp_path / "mine.npy", np.zeros(3))
    assert said(capsys, "sample", folder, "-n", 3, "--out", tmp_path / "mine.npy")[0] == 2


def test_one_array_is_all_that_an_npy_holds(tmp_path):
    x = np.zeros((3, 1, 2, 2))
    with pytest.raises(UserError, match=r"these are x, reconstruction, z: name it r\.npz"):
        write(evaluation.Reconstructions(x, x, x), tmp_path / "r.npy", force=False)
    assert not list(tmp_path.iterdir())


def test_files_of_pieces_are_files_of_the_whole(tmp_path):
    """More of them than memory may be asked for: a file of 200 MB from pieces of 2 MB."""
    rng = np.random.default_rng(0)
    whole = rng.normal(size=(50, 4, 5)).astype(np.float32)
    pieces = Pieces(whole.shape, whole.dtype, lambda: iter(np.split(whole, 5)))
    replace_atomically(tmp_path / "a.npy", npy(pieces))
    replace_atomically(tmp_path / "a.npz", npz({"x": pieces, "y": whole.T, "step": 3}))
    assert np.array_equal(np.load(tmp_path / "a.npy"), whole)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as arrays:
        assert arrays["x"].dtype == np.float32
        assert np.array_equal(arrays["x"], whole)
        assert np.array_equal(arrays["y"], whole.T)
        assert arrays["step"] == 3
    large = Pieces((100, 2**19), np.float32, lambda: (np.full((1, 2**19), i, np.float32) for i in range(100)))
    replace_atomically(tmp_path / "large.npz", npz({"x": large}))
    with np.load(tmp_path / "large.npz") as arrays:
        assert arrays["x"][:, ::100_000].sum() == 6 * sum(range(100))
    assert (tmp_path / "large.npz").stat().st_size > 4 * 100 * 2**19, "beyond 64 MB nothing is compressed"


def test_points_and_small_images_are_drawn_from_the_noise_of_before():
    """Ten thousand at once, and a thousand images of 28 by 28: nothing of theirs has changed."""
    assert at_once((2,), module.MOST_AT_ONCE) == 10_000
    assert at_once((1, 28, 28), module.MOST_AT_ONCE) >= 1000


def test_what_a_model_cannot_draw_is_said_before(folder):
    run = reparam.load(folder)
    for arguments in ({"label": "7"}, {"candidates": 3}, {"n": 0}):
        with pytest.raises(UserError):
            drawing(run, **arguments)
