"""Rate-distortion curves beside the closed form of the linear-Gaussian model."""

import json

import numpy as np
import pytest
import torch

import reparam
from helpers import quiet_fit, said, small_data, small_vae
from reparam.errors import UserError
from reparam.evaluation import rate_distortion
from reparam.evaluation.likelihood.rate_distortion import Ladder, annealed_curve
from reparam.labs.linear_gaussian import LinearGaussian
from reparam.randomness import noise


def exact(model, x, beta):
    """Rate and distortion of q ∝ N(0, I) exp(-β ‖x - b - W z‖²), a normal, for each x."""
    w, k = model.weight, model.weight.shape[1]
    covariance = torch.linalg.inv(torch.eye(k, dtype=w.dtype) + 2 * beta * w.T @ w)
    mean = 2 * beta * (x - model.bias) @ w @ covariance
    rate = 0.5 * (covariance.trace() + mean.square().sum(1) - k - torch.logdet(covariance))
    return rate, (x - model.bias - mean @ w.T).square().sum(1) + (w @ covariance @ w.T).trace()


@pytest.fixture(scope="module")
def found():
    with noise(0, "test"):
        model = LinearGaussian.random(6, 2, 0.3)
        x = model.sample(12)
        ladder = Ladder(steps=200, chains=32, leapfrog=5, first=1e-3, last=20.0)
        return model, x, annealed_curve(x, model.prior(), lambda z: model.likelihood(z).mean, ladder, points=12)


def test_the_curve_is_the_closed_form(found):
    model, x, curve = found
    for at, beta in enumerate(curve.beta.tolist()):
        rate, distortion = exact(model, x, beta)
        assert curve.rate[at].mean().item() == pytest.approx(rate.mean().item(), abs=0.08 + 0.02 * rate.mean().item())
        assert curve.distortion[at].mean().item() == pytest.approx(distortion.mean().item(), rel=0.06)


def test_it_spans_what_it_should(found):
    _, _, curve = found
    assert curve.rate[0].mean() < 0.2
    assert curve.rate[-1].mean() > 3
    assert curve.beta[-1].item() == pytest.approx(20.0)
    assert (curve.rate.mean(1).diff() > -0.05).all()
    assert (curve.effective > 4).all()


def test_a_run_has_a_curve_from_the_command(tmp_path, capsys):
    data = small_data()
    quiet_fit(small_vae(), data, tmp_path / "run", epochs=1)
    run = reparam.load(tmp_path / "run", data=data)
    curve = rate_distortion(run, 5, steps=20, chains=2, points=4)
    assert curve.numbers["rate"].shape == (4,)
    assert curve.distortion[0] > curve.distortion[-1]
    assert np.isfinite(curve.rate_error).all()
    assert len(curve.json()["points"]) == 4
    assert curve.figure().axes
    assert "upper bounds" in str(curve)


def test_the_command_writes_picture_and_numbers(tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", (rng.random((300, 6, 6)) * 255).astype(np.uint8))
    argv = ["--latent-dim", "2", "--hidden", "8", "--steps", "5", "--quiet", "--out", tmp_path / "run"]
    assert said(capsys, "train", "vae", "--data", tmp_path / "x.npy", *argv)[0] == 0
    code, out, err = said(capsys, "rate-distortion", tmp_path / "run", "-n", "4", "--steps", "10", "-k", "2", "--json")
    assert code == 0
    assert "squared error a value" in err
    assert len(json.loads(out)["points"]) == 10
    assert (tmp_path / "run" / "figures" / "rate-distortion.png").exists()


def test_rows_of_a_table_have_none(tmp_path):
    (tmp_path / "t.csv").write_text("a,b\n" + "\n".join(f"{i % 7},{'xy'[i % 2]}" for i in range(300)))
    from reparam.cli.main import main

    argv = ["train", "vae", "--data", str(tmp_path / "t.csv"), "--hidden", "8", "--steps", "3", "--quiet"]
    assert main([*argv, "--out", str(tmp_path / "run")]) == 0
    with pytest.raises(UserError, match="have no squared error"):
        rate_distortion(tmp_path / "run")
