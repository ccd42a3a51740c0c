"""Whatever asks something of a run takes its folder, too, and refuses what is neither."""

import inspect

import numpy as np
import pytest

import reparam
from helpers import quiet_fit, small_data, small_vae
from reparam import evaluation
from reparam.errors import UserError
from reparam.evaluation.codes.latent_usage import latent_usage

ASKED = {
    name: ask
    for name, ask in {**vars(evaluation), "latent_usage": latent_usage}.items()
    if inspect.isfunction(ask) and next(iter(inspect.signature(ask).parameters), "") == "run"
}
MORE = {"encode": [0], "log_prob": [0], "score": [0], "impute": [0], "measure_run": [0]}
"""What some have to be given besides."""


def test_they_are_all_here():
    assert {"sample", "reconstruct", "latents", "interpolate", "manifold", "curves", "snapshots", "encode"} <= set(
        ASKED
    )
    assert {"log_prob", "score", "impute", "drawing", "log_likelihood", "measures", "yardstick_of"} <= set(ASKED)


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("given", [5, None, ["runs/vae"], b"runs/vae"], ids=repr)
def test_what_is_no_run_is_refused(name, given):
    with pytest.raises(UserError, match=r"run=.* is no run: give one, as reparam.load\(...\) and"):
        ASKED[name](given, *MORE.get(name, []))


@pytest.mark.parametrize("name", ASKED)
def test_a_folder_is_read(name, tmp_path):
    with pytest.raises(UserError, match="is no run folder: there is no such folder"):
        ASKED[name](str(tmp_path / "nowhere"), *MORE.get(name, []))


def test_a_run_and_its_folder_give_the_same(tmp_path):
    run = quiet_fit(small_vae(), small_data(), tmp_path / "run", steps=2, device="cpu")  # where a folder's is loaded
    for given in (tmp_path / "run", str(tmp_path / "run")):
        np.testing.assert_array_equal(reparam.sample(given, 3, seed=1).x, run.sample(3, seed=1).x)
    np.testing.assert_array_equal(reparam.sample(run=str(tmp_path / "run"), n=3).x, run.sample(3).x)
    assert len(reparam.curves(tmp_path / "run").rows) == len(run.rows)


@pytest.mark.parametrize("ask", [reparam.load, reparam.doctor, reparam.report], ids=lambda ask: ask.__name__)
@pytest.mark.parametrize("given", [5, None, [5], b"x"], ids=repr)
def test_what_reads_folders_refuses_what_names_none(ask, given):
    if (ask, given) == (reparam.doctor, None):  # of nothing it tells of the machine
        assert ask(given).json()["torch"]
        return
    with pytest.raises(UserError, match=r"names no run folder: give its path|is no run: give one"):
        ask(given)


def test_a_report_takes_one_folder_as_it_is(tmp_path):
    with pytest.raises(UserError, match=f"^{tmp_path}/none is no run folder"):
        reparam.report(str(tmp_path / "none"), tmp_path / "r.html")
