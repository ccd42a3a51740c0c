"""The results of evaluation: each has numbers, a figure, a text, and what JSON can hold."""

import json

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

import reparam
from helpers import quiet_fit, small_data, small_vae
from reparam import evaluation
from reparam.data import Dataset
from reparam.errors import UserError
from reparam.evaluation.codes.latent_usage import latent_usage
from reparam.evaluation.history import Curves
from reparam.runs.config import RunConfig
from reparam.training import Run

ASKED = {
    "sample": (lambda run: evaluation.sample(run, 9), {"x": (9, 1, 6, 6), "mean": (9, 1, 6, 6)}),
    "reconstruct": (
        lambda run: evaluation.reconstruct(run, 5),
        {"x": (5, 1, 6, 6), "reconstruction": (5, 1, 6, 6), "z": (5, 2)},
    ),
    "manifold": (lambda run: evaluation.manifold(run, 3), {"images": (3, 3, 1, 6, 6), "z1": (3,), "z2": (3,)}),
    "latents": (lambda run: evaluation.latents(run, 50), {"z": (50, 2)}),
    "interpolate": (lambda run: evaluation.interpolate(run, 4), {"x": (6, 1, 6, 6), "z": (6, 2)}),
    "curves": (evaluation.curves, {"step": (13,), "epoch": (13,), "split": (13,), "elbo": (13,)}),
    "snapshots": (evaluation.snapshots, {"step_0": (25, 1, 6, 6), "step_10": (25, 1, 6, 6), "step_21": (25, 1, 6, 6)}),
    "log_likelihood": (lambda run: evaluation.log_likelihood(run, 5, images=20), {"values": (20,)}),
    "latent_usage": (
        lambda run: latent_usage(run, 80),
        dict.fromkeys(("signal", "mean", "scale", "prior_mean", "prior_scale"), (2,)),
    ),
    "measures": (
        lambda run: evaluation.measures(run, 80, features="raw"),
        {"measure": (14,), "value": (14,), "standard_error": (14,), "ideal": (14,)},
    ),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return quiet_fit(small_vae(2), small_data(), tmp_path_factory.mktemp("runs") / "vae", steps=21)


@pytest.mark.parametrize("name", ASKED)
def test_each_can_be_asked_for_its_numbers_its_figure_its_text_and_its_json(run, name):
    ask, shapes = ASKED[name]
    found = ask(run)
    assert {key: array.shape for key, array in found.numbers.items()} == shapes
    assert isinstance(found.figure(), Figure)
    assert 1 <= len(str(found).splitlines()) <= 16  # the longest: a line for each of 14 measures, a head and a foot
    assert max(map(len, str(found).splitlines())) < 250
    assert repr(found) == str(found)
    assert json.loads(json.dumps(found.json(), allow_nan=False)) == found.json()
    assert len(json.dumps(found.json())) < 10_000
    assert found._repr_png_().startswith(b"\x89PNG")


def test_samples_say_what_they_are_and_show_means_unless_draws_are_asked_for(run):
    found = reparam.sample(run, 9)
    assert found.title == f"9 samples (decoder means) after step {run.step}"
    assert np.shares_memory(found.shown, found.mean)
    drawn = reparam.sample(run, 9, draws=True)
    assert drawn.title == f"9 samples after step {run.step}"
    np.testing.assert_array_equal(drawn.shown, found.x)


def rows(values, name="elbo"):
    return [{"split": "train", "step": i, "epoch": float(i), name: value} for i, value in enumerate(values)]


def test_a_row_without_a_number_is_a_gap(run):
    """A log holds null where a value was infinite or no number."""
    found = Curves(tuple(rows([-3.0, None, -2.0, float("inf"), -1.0])), "elbo")
    np.testing.assert_array_equal(found.numbers["elbo"], [-3, np.nan, -2, np.inf, -1])
    (axes,) = found.figure().axes
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [-3, np.nan, -2, np.nan, -1])
    assert "from -3 to -1" in str(found)
    with pytest.raises(UserError, match="No row of the metrics has a finite 'elbo'"):
        Curves(tuple(rows([None, None])), "elbo").figure()


@pytest.mark.parametrize("folder", [True, False])
def test_what_is_of_the_best_weights_is_drawn_at_their_step(tmp_path, folder):
    """The best step is taken from the log by hand; training on a few examples gets worse again."""
    x = torch.rand(60, 1, 6, 6, generator=torch.Generator().manual_seed(3)).round()
    data = Dataset.of(*x.split([20, 20, 20]), name="few", seed=0)
    run = quiet_fit(small_vae(2), data, tmp_path / "run" if folder else None, steps=400, learning_rate=0.03)
    bounds = {row["step"]: row["elbo"] for row in run.rows if row["split"] == "validation"}
    best, last = max(bounds, key=bounds.get), max(bounds)
    assert best < last
    (axes,) = evaluation.curves(run).figure().axes
    (diamond,) = (line for line in axes.lines if line.get_marker() == "D")
    epoch = next(row["epoch"] for row in run.rows if row["step"] == best)
    assert diamond.get_xdata().tolist() == [epoch]
    assert diamond.get_ydata().tolist() == [run.test["elbo"]]
    if folder:
        found = reparam.snapshots(run)
        assert found.best == best
        assert f"the last of the best weights, of step {best:,}" in str(found)
        assert reparam.snapshots(reparam.load(tmp_path / "run", small_vae(2), checkpoint="last")).best == best


GAPS = {  # lines that have one: of a game, of a game with a critic
    "value": (1, 0),
    "output_real": (1, 0),
    "output_fake": (1, 0),
    "margin": (0, 2),
    "generator_gradient": (1, 1),
    "other_gradient": (1, 1),
    "lipschitz": (1, 2),
    "gradient_ratio": (0, 0),
}


@pytest.mark.parametrize("critic", [False, True])
@pytest.mark.parametrize("missing", GAPS)
def test_a_game_whose_reading_was_not_finite_is_drawn_with_a_gap(critic, missing):
    log = [{"split": "train", "step": i, "epoch": float(i), **dict.fromkeys(GAPS, 0.5)} for i in range(4)]
    log[2] = log[2] | {missing: None}
    found = Curves(tuple(log), None, critic)
    assert np.isnan(found.numbers[missing]).tolist() == [False, False, True, False]
    assert all(array.dtype != object for array in found.numbers.values())
    lines = [line.get_ydata() for axes in found.figure().axes for line in axes.lines]
    assert [len(line) for line in lines if np.isnan(line).any()] == [4] * GAPS[missing][critic]


def test_points_are_drawn_over_the_data_and_without_them_where_they_are_gone(tmp_path):
    x = np.random.default_rng(0).normal(size=(90, 2)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    data = reparam.load_data(tmp_path / "x.npy")
    likelihood = reparam.models.NormalLikelihood((2,))
    nets = reparam.networks.MLP(2, [4], 2), reparam.networks.MLP(1, [4], 2)
    model = reparam.VAE(*nets, reparam.models.StandardNormal(1), likelihood=likelihood)
    run = quiet_fit(model, data, tmp_path / "run", steps=4)
    found = reparam.snapshots(run)
    assert found.data.shape == (9, 2)
    (tmp_path / "x.npy").rename(tmp_path / "gone.npy")
    gone = Run(model, run.config, run.folder, run.rows, run.step)
    gone.record = run.record
    without = reparam.snapshots(gone)
    assert without.data is None
    assert len(without.figure().axes) == len(found.figure().axes)


def test_a_run_in_memory_kept_no_samples():
    with pytest.raises(UserError, match="a run in memory kept no samples"):
        evaluation.snapshots(Run(small_vae(), RunConfig(), dataset=small_data()))
