"""The probability integral transform: uniform where a model is right, told where it is too wide, narrow or shifted."""

import json

import numpy as np
import pytest
import torch
from scipy import stats

import reparam
from helpers import quiet_fit, said
from reparam.data import Dataset
from reparam.errors import UserError
from reparam.evaluation import pit, predictive_check
from reparam.evaluation.pit import exchanged, in_bins, posterior_draw
from reparam.models import (
    VAE,
    BernoulliLikelihood,
    CategoricalLikelihood,
    ContinuousBernoulliLikelihood,
    DiscretizedLogisticLikelihood,
    NormalLikelihood,
    StandardNormal,
)
from reparam.networks import MLP

D, LATENT, NOISE = 6, 2, 0.4
W = torch.tensor([[1.0, 0.2], [0.6, -0.8], [-0.4, 0.9], [0.3, 0.3], [0.8, 0.1], [-0.7, 0.5]])
MAKE = {
    "normal": lambda: NormalLikelihood((D,), scale=NOISE),
    "coins": lambda: BernoulliLikelihood((D,)),
    "grey": lambda: ContinuousBernoulliLikelihood((D,)),
    "levels": lambda: DiscretizedLogisticLikelihood((D,), scale=0.05),
    "categories": lambda: CategoricalLikelihood((D,), levels=3),
}
SIZE = {"normal": 1.0, "coins": 2.0, "grey": 4.0, "levels": 0.2, "categories": 2.0}
"""How far codes move what the decoder gives."""


def law(kind, confidence=1.0, shift=0.0):
    """A VAE of a linear decoder whose posterior is taken for its prior: with many codes it is exact all the same.

    What it says is narrower by ``confidence``, and shifted.
    """
    likelihood = MAKE[kind]()
    made = likelihood.output_shape[0]
    vae = VAE(MLP(D, [], 2 * LATENT), MLP(LATENT, [], made), StandardNormal(LATENT), likelihood=likelihood)
    encoder, decoder = (
        next(m for m in part.modules() if isinstance(m, torch.nn.Linear)) for part in (vae.encoder, vae.decoder)
    )
    steps = torch.linspace(-1, 1, made // D) if made > D else torch.ones(1)
    scaled = kind not in ("normal", "levels")
    with torch.no_grad():
        for values in (encoder.weight, encoder.bias):
            values.zero_()
        decoder.weight.copy_(SIZE[kind] * (W[:, None] * steps[:, None]).flatten(0, 1) * (confidence if scaled else 1))
        decoder.bias.fill_(shift)
        if not scaled:
            likelihood.log_scale -= np.log(confidence)
    return vae


def run_of(kind, seed=0, n=3000, **wrong):
    """A run of a model that may be wrong, beside data drawn from the right one."""
    torch.manual_seed(1 + seed)
    run = quiet_fit(law(kind), Dataset.of(law(kind).sample(n).detach(), seed=seed), steps=1)
    run.model.load_state_dict(law(kind, **wrong).state_dict())
    return run


@pytest.mark.parametrize("kind", MAKE)
def test_of_a_right_model_it_is_uniform(kind):
    found = pit(run_of(kind), 200, codes=1000)
    (share, error), own = found.histogram, found.own.mean(0)
    assert found.effective[0] > 30
    assert (np.abs(share - 0.1) < 4 * error).all()
    assert (np.abs(own - 0.1) < 4 * error).all()
    assert found.p > 0.01
    assert found.verdict == "" or found.p < 0.05


@pytest.mark.parametrize("kind", ["normal", "levels"])
@pytest.mark.parametrize(("wrong", "words"), [(1.5, "too narrow"), (0.6, "too wide")])
def test_what_is_too_narrow_or_too_wide_is_told(kind, wrong, words):
    found = pit(run_of(kind, confidence=wrong), 300, codes=300)
    assert found.p < 0.01
    assert words in found.verdict
    assert words in str(found)


def test_levels_that_are_told_apart_too_surely_are_told():
    found = pit(run_of("categories", confidence=3.0), 500, codes=300)
    assert found.p < 0.01


@pytest.mark.parametrize(("kind", "shift"), [("normal", 0.3), ("coins", 1.0), ("grey", 2.0), ("levels", 0.1)])
@pytest.mark.parametrize(("sign", "words"), [(1, "too high"), (-1, "too low")])
def test_a_shift_is_told(kind, shift, sign, words):
    found = pit(run_of(kind, shift=sign * shift), 300, codes=300)
    assert found.p < 0.01
    assert words in found.verdict


def test_p_is_uniform_however_few_codes_there_are():
    """The posterior is far from the model's, and of two codes one is chosen: histograms are not level, p is right."""
    found = [pit(run_of("normal", seed, 600), 40, seed, codes=2) for seed in range(40)]
    assert stats.kstest([one.p for one in found], "uniform").pvalue > 1e-3
    assert np.mean([one.histogram[0][0] for one in found]) > 0.14


def test_the_code_is_one_of_the_posterior():
    """That of a linear normal model is known in closed form (Bishop 2006, equation 2.116)."""
    vae, x = law("normal"), torch.randn(1, D)
    with torch.no_grad():
        z, effective = posterior_draw(vae, x.expand(4000, -1), 500)
    precision = (torch.eye(LATENT) + W.T @ W / NOISE**2).double()
    mean = torch.linalg.solve(precision, W.T.double() @ x[0].double() / NOISE**2)
    white = (z.double() - mean) @ torch.linalg.cholesky(precision)
    for column in white.T:
        assert stats.kstest(column.numpy(), "norm").pvalue > 1e-3
    assert 2 < effective.min() <= effective.max() < 500


def test_stretches_are_shared_out_among_the_bins_they_reach():
    rng = np.random.default_rng(0)
    ends = np.sort(rng.random((50, 7, 2)), axis=-1)
    ends[0, 0] = 0.3, 0.3
    found = in_bins(*torch.from_numpy(ends).unbind(-1))
    drawn = ends[..., :1] + (ends[..., 1:] - ends[..., :1]) * (np.arange(20000) + 0.5) / 20000
    there = [np.histogram(one, np.linspace(0, 1, 11))[0] / one.size for one in drawn]
    np.testing.assert_allclose(found[1:], there[1:], atol=2e-3)
    np.testing.assert_allclose(found.sum(1), 1)
    assert in_bins(torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0, 1.0]])).tolist() == [[0.5, *[0] * 8, 0.5]]


def test_exchanged_examples_have_a_uniform_p_and_others_a_small_one():
    rng = np.random.default_rng(0)
    draw = lambda n, a: rng.dirichlet(np.full(10, a), n)  # noqa: E731
    found = [exchanged(draw(20, 2.0), draw(30, 2.0), seed) for seed in range(150)]
    assert stats.kstest(found, "uniform").pvalue > 1e-3
    shifted = draw(60, 2.0) + np.linspace(-0.06, 0.06, 10)
    assert exchanged(shifted, draw(60, 2.0), 0) == 0.001
    assert exchanged(np.full((5, 10), 0.1), np.full((5, 10), 0.1), 0) == 1


def test_the_command_and_python_have_it_and_say_why_not(tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", (rng.random((300, 6, 6)) * 255).astype(np.uint8))
    for kind in ("vae", "gan"):
        argv = ["--data", tmp_path / "x.npy", "--steps", "5", "--quiet", "--out", tmp_path / kind]
        assert said(capsys, "train", kind, "--network", "mlp", *argv)[0] == 0
    code, out, err = said(capsys, "predictive-check", tmp_path / "vae", "--replicates", "19", "--json")
    found = json.loads(out)["pit"]
    assert (code, len(found["pit"]), found["codes"]) == (0, 10, 100)
    assert "PIT, up to" in err
    with np.load(tmp_path / "vae" / "figures" / "predictive-check.npz") as numbers:
        np.testing.assert_allclose(numbers["pit"], found["pit"])
    found = predictive_check(tmp_path / "gan", replicates=19)
    assert found.pit is found.json()["pit"] is None
    assert "no PIT: a GAN has no likelihood" in str(found)
    with pytest.raises(UserError, match="no likelihood"):
        reparam.evaluation.pit(tmp_path / "gan")
