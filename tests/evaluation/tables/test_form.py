"""What is said of a table is said in the form that the user's own has."""

import json

import numpy as np
import pytest

import reparam
from helpers import said
from reparam import evaluation
from reparam.cli import figures


def write_german(path, n=200, seed=0):
    """A table with decimal commas, an id, a constant, dates, truth values and missing cells, as Excel writes it."""
    rng = np.random.default_rng(seed)
    age, joined = rng.integers(18, 80, n), np.datetime64("2015-01-01") + rng.integers(0, 900, n)
    income, weight = (20_000 + 500 * age + rng.normal(0, 3_000, n)).round(2), rng.normal(70, 9, n).round(1)
    hole = rng.random(n) < 0.15
    lines = ["id;Alter;Einkommen;Gewicht;Land;raucht;seit"]
    for i in range(n):
        money = "" if hole[i] else f"{income[i]:g}" if i % 2 else f"{income[i]:.2f}"
        cells = [f"k{i:04}", str(age[i]), money.replace(".", ","), f"{weight[i]:g}".replace(".", ",")]
        day = joined[i].item().strftime("%d.%m.%Y")
        lines.append(";".join([*cells, "DE", "ja" if age[i] % 3 else "nein", day]))
    path.write_text("\n".join(lines) + "\n")
    return hole


def short_run(data, folder):
    from reparam.kinds import VAEConfig
    from reparam.runs.config import RunConfig
    from reparam.settings import DataConfig, TrainingConfig
    from reparam.training.start import train

    config = RunConfig(
        model=VAEConfig(latent_dim=2, hidden=(16,)),
        data=DataConfig(data=str(data)),
        training=TrainingConfig(steps=100, device="cpu", precision="fp32"),
    )
    train(config, folder, quiet=True)
    return reparam.load(folder)


@pytest.fixture(scope="module")
def german(tmp_path_factory):
    """The file, and a short run on it."""
    folder = tmp_path_factory.mktemp("german")
    write_german(folder / "kunden.csv")
    return folder / "kunden.csv", short_run(folder / "kunden.csv", folder / "run")


RESULTS = {
    "sample": lambda run, path: run.sample(5),
    "sample given": lambda run, path: run.sample(5, given={"Alter": "20..60"}),
    "drawing": lambda run, path: evaluation.drawing(run, 5),
    "reconstruct": lambda run, path: run.reconstruct(n=5),
    "impute": lambda run, path: run.impute(path, draws=2),
    "score": lambda run, path: run.score(run.data),
    "latents": lambda run, path: evaluation.latents(run, 20),
    "snapshots": lambda run, path: evaluation.snapshots(run),
    "curves": lambda run, path: evaluation.curves(run),
    "manifold": lambda run, path: evaluation.manifold(run, 3),
    "log_likelihood": lambda run, path: evaluation.log_likelihood(run, 10),
}


@pytest.mark.parametrize("ask", RESULTS)
def test_every_result_of_a_table_has_a_plain_json_form(german, ask):
    path, run = german
    result = RESULTS[ask](run, path)
    said = json.loads(json.dumps(result.json() if hasattr(result, "json") else reparam.result.plain(result)))
    assert said
    assert not {"schema", "cells"} & set(said)


@pytest.mark.parametrize("command", ["sample", "reconstruct"])
def test_json_of_commands_that_write_a_table(german, tmp_path, capsys, command):
    _, run = german
    out = tmp_path / "rows.csv"
    assert figures.run(command, [str(run.folder.path), "-n", "3", "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["numbers"] == str(out)


def test_another_ending_is_told_what_rows_are_written_as(people, tmp_path, capsys):
    folder = people[1].folder.path
    for command in ("sample", "reconstruct"):
        code, _, err = said(capsys, command, folder, "-n", 5, "--out", tmp_path / "rows.xlsx")
        assert code == 2
        assert "rows are written as .csv, .csv.gz, .tsv, .tsv.gz, .parquet, .feather, their picture as .png" in err
    # codes are no rows
    assert "A picture is written as PNG" in said(capsys, "latents", folder, "--out", tmp_path / "z.xlsx")[2]


def test_after_training_on_a_table_the_next_step_writes_rows(tmp_path, capsys):
    """A picture is what images have."""
    (tmp_path / "x.csv").write_text("a,b\n" + "".join(f"{i * i % 17 / 3},{i % 5}\n" for i in range(60)))
    run = tmp_path / "run"
    code, out, _ = said(capsys, "train", "vae", "--data", tmp_path / "x.csv", "--steps", 2, "--hidden", 4, "--out", run)
    assert code == 0
    assert out.rstrip().endswith(f"sample {run} --out rows.csv")
