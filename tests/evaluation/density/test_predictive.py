"""Predictive checks: p-values that are uniform where the model is exactly right, and small where it is not."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

from helpers import quiet_fit, said
from reparam.data import Dataset
from reparam.errors import UserError
from reparam.evaluation import predictive_check
from reparam.evaluation.predictive import STATISTICS, of_columns, p_value
from reparam.models import VAE, NormalLikelihood, StandardNormal
from reparam.models.vae.columns import ColumnsLikelihood
from reparam.networks import MLP

D, LATENT, NOISE = 4, 2, 0.6


def linear_run(told_noise=NOISE, seed=0):
    """A VAE whose decoder is the law that its data were drawn from: x = W z + noise."""
    torch.manual_seed(seed)
    w = torch.tensor([[1.0, 0.2], [0.6, -0.8], [-0.4, 0.9], [0.3, 0.3]])
    x = torch.randn(1000, LATENT) @ w.T + NOISE * torch.randn(1000, D)
    vae = VAE(MLP(D, [], 2 * LATENT), MLP(LATENT, [], D), StandardNormal(LATENT),
              likelihood=NormalLikelihood((D,), scale=told_noise))  # fmt: skip
    run = quiet_fit(vae, Dataset.of(x, seed=seed), steps=1)
    with torch.no_grad():
        layer = next(m for m in run.model.decoder.modules() if isinstance(m, torch.nn.Linear))
        layer.weight.copy_(w)
        layer.bias.zero_()
    return run


def test_p_values_of_a_right_model_are_uniform():
    smooth = {
        name: STATISTICS[name] for name in ("mean", "standard deviation", "greatest", "correlation of neighbours")
    }
    found = []
    for seed in range(40):
        checked = predictive_check(linear_run(seed=seed), 100, seed, replicates=59, statistics=smooth)
        found.append([one.p for one in checked.found])
    for column in np.array(found).T:
        # on a grid of steps of 1/30, at most as small as a step says
        assert stats.kstest(column - np.random.default_rng(0).random(40) / 30, "uniform").pvalue > 1e-3


def test_a_model_of_too_much_noise_is_found_out():
    found = {one.name: one for one in predictive_check(linear_run(2 * NOISE), 200, replicates=99).found}
    assert found["standard deviation"].p_holm < 0.2  # 8 statistics, 100 ranks: 0.16 is the least there is
    assert found["standard deviation"].data < found["standard deviation"].drawn.min()
    assert found["mean"].p > 0.02


def test_the_rank_is_exact_with_ties():
    rng = np.random.default_rng(1)
    p = [p_value(rng.integers(0, 3, 20).astype(float), rng) for _ in range(4000)]
    # 20 ranks, two of each p but where both ends meet
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=0.02)
    assert np.mean(np.array(p) <= 0.5) == pytest.approx(0.5, abs=0.03)


def test_the_command_tells_and_draws(tmp_path, capsys):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "x.npy", (rng.random((300, 6, 6)) * 255).astype(np.uint8))
    argv = ["--latent-dim", "2", "--hidden", "8", "--steps", "5", "--quiet", "--out", tmp_path / "run"]
    assert said(capsys, "train", "vae", "--data", tmp_path / "x.npy", *argv)[0] == 0
    code, out, err = said(capsys, "predictive-check", tmp_path / "run", "--replicates", "19", "--json")
    assert code == 0
    assert "share of zeros" in err
    assert [one["name"] for one in json.loads(out)["found"]] == list(STATISTICS)
    assert (tmp_path / "run" / "figures" / "predictive-check.png").exists()
    with pytest.raises(UserError, match="no statistics"):
        predictive_check(tmp_path / "run", statistics={})


def test_so_few_draws_that_nothing_could_be_told_are_told():
    """A statistic beyond all draws has p = 2/(replicates + 1), times the number of statistics after Holm."""
    chosen = {name: STATISTICS[name] for name in ("mean", "greatest")}
    run = linear_run(20 * NOISE)
    few, enough = (predictive_check(run, 50, replicates=n, statistics=chosen) for n in (79, 80))
    assert "none can be told after the correction: replicates=80 or more would do\n" in str(few)
    assert "  *" not in str(few)
    assert "would do" not in str(enough)
    assert "  *" in str(enough)


def test_rows_of_a_table_are_compared_column_by_column_in_its_own_words():
    rng = np.random.default_rng(0)
    n = 600
    frame = pd.DataFrame(
        {
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.normal(40, 9, n).round(1)),
            "town": rng.choice(["Ulm", "Bonn"], n, p=[0.8, 0.2]),
            "joined": pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 900, n), unit="D"),
        }
    )
    data = Dataset.of(frame)
    measure = of_columns(data.table, data.train.x.numpy())
    found = measure(data.train.x.numpy())
    assert list(found) == [
        *("age: mean", "age: spread", "age: share missing", "town: share of Ulm"),
        *("joined: mean (days since 1970)", "joined: spread (days)"),
    ]
    rows = data.table.cells(data.train.x.numpy()).columns
    age = next(column for column in rows if column.name == "age")
    assert found["age: mean"] == pytest.approx(age.values[~age.missing].mean(), rel=1e-5)
    assert found["age: share missing"] == pytest.approx(age.missing.mean())
    assert found["town: share of Ulm"] == pytest.approx(0.8, abs=0.06)
    assert found["joined: mean (days since 1970)"] == pytest.approx(16436 + 450, abs=40)
    likelihood = ColumnsLikelihood(data.table.families)
    nets = MLP(data.table.width, [8], 4), MLP(2, [8], likelihood.output_shape[0])
    run = quiet_fit(VAE(*nets, StandardNormal(2), likelihood=likelihood), data, steps=2)
    checked = predictive_check(run, 60, replicates=19)
    assert [one.name for one in checked.found] == list(found)
    assert "no PIT: the transform of a table's cells" in str(checked)


def test_the_command_speaks_of_flags_and_tells_dates_by_the_day(capsys, tmp_path):
    rng = np.random.default_rng(0)
    day = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 30, 300), unit="D")
    pd.DataFrame({"x": rng.normal(size=300), "day": day}).to_csv(tmp_path / "a.csv", index=False)
    run = tmp_path / "run"
    short = ("--steps", 2, "--hidden", 4, "--latent-dim", 2, "--quiet", "--out", run)
    assert said(capsys, "train", "vae", "--data", tmp_path / "a.csv", *short)[0] == 0
    code, _, told = said(capsys, "predictive-check", run, "-n", 30, "--replicates", 19)
    assert code == 0, told
    assert "--replicates " in told
    assert "replicates=" not in told
    (mean,) = (line for line in told.splitlines() if line.startswith("day: mean"))
    days = mean.removeprefix("day: mean (days since 1970)").split()[0]
    assert "e+" not in days
    assert float(days) == pytest.approx(18642.5, abs=15)
