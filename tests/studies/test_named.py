"""Whoever is named to a comparison or an evaluation: one by itself, none, and what has no name."""

import numpy as np
import pytest

import reparam
from reparam.errors import UserError
from reparam.training import Silent

ROWS = np.zeros((100, 2), "float32")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (((), "ring"), "no model was named: give some, as models="),
        (("vea", "ring"), "there is no model 'vea'.*did you mean 'vae'"),
        ((["vae"], ROWS), "reads its data by name or path.*was given a ndarray: save it"),
        (("ring", ["vae"]), "reads its data by name or path.*was given a list"),
        (([reparam.VAE], "ring"), "trains models by name or as FILE.py:function, and was given <class"),
    ],
)
def test_what_has_no_name_is_refused_in_a_sentence_before_anything_is_written(given, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=words):
        reparam.compare(*given, epochs=1)
    assert list(tmp_path.iterdir()) == []


def test_a_model_by_itself_is_compared(tmp_path):
    settings = {"epochs": 1, "count": 100, "images": 10}
    found = reparam.compare("vae-1", "two-gaussians", out=tmp_path / "study", **settings)
    assert list(found.groups) == ["vae-1"]


def test_runs_that_cannot_be_read_are_no_evaluation(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        reparam.evaluate(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"one.*; .*other"):
        reparam.evaluate([tmp_path / "one", tmp_path / "other"])
    with pytest.raises(UserError, match="there is no measure 'likelihood'"):
        reparam.evaluate(tmp_path / "nowhere", measures="likelihood")


def test_a_run_in_the_place_of_data_or_of_a_page_is_told(tmp_path):
    run = reparam.fit("vae", "two-gaussians", tmp_path / "run", steps=2, hidden=(4,), latent_dim=1, progress=Silent())
    folder = run.folder.path
    for ask in (reparam.load_data, lambda path: reparam.fit("vae", path), lambda path: reparam.compare("vae", path)):
        with pytest.raises(UserError, match="is a run, and no data: `reparam report RUN RUN` compares runs"):
            ask(folder)
    with pytest.raises(UserError, match="is a run: give the runs as one list"):
        reparam.report(folder, folder)


def test_what_is_no_run_is_not_to_be_deleted_or_gone_on_with(tmp_path):
    """As the data, where they were named twice."""
    path = tmp_path / "rows.npy"
    np.save(path, ROWS)
    with pytest.raises(UserError, match=r"exists already, and is no run folder: name another with out=\.\.\.$"):
        reparam.fit("vae", path, path, steps=1)
