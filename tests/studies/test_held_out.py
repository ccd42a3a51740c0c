"""Data given in the place of a run's own: what is judged of them is what a person means, and it is said."""

import json

import numpy as np
import pytest
import torch

import reparam
from helpers import quiet_fit, said, small_vae
from reparam.data import Dataset
from reparam.data.reading import complete_splits, drawn_rows, many_rows, split_note, was_drawn
from reparam.data.splitting import grouped, named, stratified
from reparam.studies.held_out import beside

RNG = np.random.default_rng(0)
LIKELIHOOD = {"measures": ("log_likelihood",), "samples": 3}


def images(n):
    return (RNG.random((n, 6, 6)) > 0.6).astype(np.uint8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run, the data it was trained on, others, and a table's."""
    place = tmp_path_factory.mktemp("held")
    np.save(place / "own.npy", images(700))
    np.save(place / "held.npy", images(90))
    quiet_fit(small_vae(), reparam.load_data(place / "own.npy"), place / "run", steps=2)
    return place


def test_every_example_of_a_held_out_file_is_judged(folder):
    found = reparam.evaluate(folder / "run", data=folder / "held.npy", **LIKELIHOOD)
    (one,) = found.measured
    assert one.likelihood.examples == 90
    assert "judged are all 90 examples of held.npy" in str(found)
    assert found.json()["judged"] == list(found.judged)
    run, _ = beside(folder / "run", folder / "held.npy")
    own, given = reparam.load(folder / "run").data, np.load(folder / "held.npy")
    assert torch.equal(run.data.train.x, own.train.x)
    np.testing.assert_array_equal(run.data.test.x.squeeze(1), given, "in the file's order")


def test_likelihoods_of_all_of_them_are_those_that_score_gives(folder):
    values = reparam.evaluate(folder / "run", data=np.load(folder / "held.npy"), **LIKELIHOOD | {"samples": 800})
    run = reparam.load(folder / "run")
    alone = run.score(np.load(folder / "held.npy"), samples=800)
    (found,) = values.values.values()
    assert found.mean() == pytest.approx(np.mean(alone.values), abs=0.3)


def test_samples_are_compared_with_the_runs_own_and_the_file_stands_in_their_place(folder):
    found = reparam.evaluate(folder / "run", data=folder / "held.npy", measures=("quality",), count=80)
    (one,) = found.measured
    assert one.card.conditions.n == 80
    assert one.card.conditions.searched == 560, "the run's own training examples"
    assert one.card.conditions.data == "own.npy"


def test_own_data_that_were_moved_keep_their_splits(folder, tmp_path):
    moved = tmp_path / "moved.npy"
    moved.write_bytes((folder / "own.npy").read_bytes())
    run, words = beside(folder / "run", moved)
    assert words == ""
    assert len(run.data.test) == 70
    assert beside(folder / "run", None)[1] == ""


def test_splits_that_the_source_names_are_kept(folder, tmp_path):
    np.savez(tmp_path / "parts.npz", train=images(80), validation=images(20), test=images(30))
    run, words = beside(folder / "run", tmp_path / "parts.npz")
    assert len(run.data.test) == 30
    assert words == "judged is the test split of parts.npz, 30 examples, as its source names it"


def test_without_the_training_data_a_tenth_is_judged_and_it_is_said(folder, tmp_path):
    own = tmp_path / "own.npy"
    np.save(own, images(100))
    quiet_fit(small_vae(), reparam.load_data(own), tmp_path / "run", steps=2)
    own.unlink()
    run, words = beside(tmp_path / "run", folder / "held.npy")
    assert len(run.data.test) == 9
    assert words.startswith("judged are 9 examples of held.npy, a tenth held out, and the others stand in for")


def test_labels_and_tables_are_kept(tmp_path, capsys):
    def rows(n):
        cells = (f"{RNG.normal(40, 9):.1f},{RNG.integers(0, 4)},{RNG.choice(['F', 'M'])}" for _ in range(n))
        return "\n".join(["age,children,sex", *cells]) + "\n"

    for name, n in (("own", 700), ("held", 75)):
        (tmp_path / f"{name}.csv").write_text(rows(n))
    argv = ["--data", tmp_path / "own.csv", "--labels", "sex", "--hidden", "8", "--steps", "5", "--quiet"]
    assert said(capsys, "train", "vae", *argv, "--out", tmp_path / "run")[0] == 0
    run, _ = beside(tmp_path / "run", tmp_path / "held.csv")
    assert len(run.data.test.labels) == len(run.data.test) == 75
    code, out, err = said(capsys, "evaluate", tmp_path / "run", "--table", "--data", tmp_path / "held.csv", "--json")
    assert code == 0, err
    (card,) = json.loads(out)["table"].values()
    assert card["conditions"]["n"] == 75


def test_notes_of_drawn_splits_are_told_from_those_that_a_source_names():
    codes, groups, parts = np.array([0, 1] * 20), ["a", "b", "c", "d"] * 5, ["train", "test", "train", "val"]
    drawn = [split_note(0), drawn_rows(30, 0)[1], many_rows(30, 0)[1], stratified(codes, 0)[1], grouped(groups, 0)[1]]
    assert all(was_drawn([note]) for note in drawn)
    rows = {split: torch.arange(5) for split in ("train", "validation", "test")}
    assert not was_drawn([named(parts, "part", 0)[1], *complete_splits(rows, 0)[1]])
    assert was_drawn(Dataset.of(images(50)).notes)
    assert not was_drawn(Dataset.of(images(50), images(9), images(8)).notes)


def test_log_p_of_different_things_side_by_side_is_said_not_to_compare(folder, tmp_path, capsys):
    own = str(folder / "own.npy")
    for kind in ("bernoulli", "normal"):
        argv = ["--data", own, "--likelihood", kind, "--hidden", "8", "--latent-dim", "2", "--steps", "3", "--quiet"]
        code, _, err = said(capsys, "train", "vae", *argv, "--out", tmp_path / kind)
        assert code == 0, err
    flags = ("--likelihood", "--samples", "3", "--images", "5")
    both = " ".join(said(capsys, "evaluate", tmp_path / "bernoulli", tmp_path / "normal", *flags)[1].split())
    assert "these are of different things, and do not compare" in both
    assert f"{tmp_path / 'normal'}: a density of values as they are" in both
    one = " ".join(said(capsys, "evaluate", tmp_path / "bernoulli", *flags)[1].split())
    assert "do not compare" not in one
    assert "each; it is the probability of values that are 0 or 1" in one
