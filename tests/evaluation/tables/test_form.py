"""What is said of a table is said in the form that the user's own has."""

import json
import re

import numpy as np
import pytest

import reparam
from helpers import said
from reparam import evaluation
from reparam.cli import figures, given
from reparam.cli import impute as impute_command
from reparam.data.readers.punctuation import PLAIN
from reparam.errors import UserError
from reparam.evaluation.tables import conditions


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


def cells_of(path):
    return [line.split(";") for line in path.read_text().splitlines()]


def test_a_table_that_is_written_has_the_punctuation_of_the_data(german, tmp_path, capsys):
    _, run = german
    out = tmp_path / "rows.csv"
    assert figures.run("sample", [str(run.folder.path), "-n", "40", "--out", str(out)]) == 0
    assert "written as the data are: semicolons between cells, decimal commas" in capsys.readouterr().err
    names, *rows = cells_of(out)
    assert names == ["Alter", "Einkommen", "Gewicht", "Land", "raucht", "seit"]
    assert all(len(row) == 6 and "." not in row[1] + row[2] for row in rows)
    assert all(re.fullmatch(r"\d+,\d", row[2]) for row in rows)
    run.sample(4).table().to_csv(tmp_path / "own.csv")
    assert cells_of(tmp_path / "own.csv")[0] == names
    assert figures.run("reconstruct", [str(run.folder.path), "-n", "4", "--out", str(tmp_path / "rows.tsv")]) == 0
    assert (tmp_path / "rows.tsv").read_text().splitlines()[0] == "\t".join(names)
    assert "tabs between cells, decimal commas" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["encode", "score"])
def test_numbers_of_rows_have_the_punctuation_of_the_data(german, tmp_path, capsys, command):
    path, run = german
    assert given.run(command, [str(run.folder.path), str(path), "--out", str(tmp_path / "x.csv")]) == 0
    assert "decimal commas" in capsys.readouterr().err
    _, *rows = cells_of(tmp_path / "x.csv")
    numbers = [[float(cell.replace(",", ".")) for cell in row] for row in rows]
    asked = {"encode": run.encode, "score": lambda x: _with_errors(run.score(x))}[command](_read(path))
    np.testing.assert_allclose(numbers, asked, rtol=1e-5, atol=1e-5)


def _with_errors(score):
    return np.stack([score.values, score.errors], 1)


def _read(path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_csv(path, sep=";", decimal=",")
    return frame.assign(seit=pandas.to_datetime(frame["seit"], format="%d.%m.%Y"))


@pytest.mark.parametrize("draws", [1, 2])
def test_cells_that_were_there_come_back_as_they_were_written(german, tmp_path, draws):
    path, run = german
    out = tmp_path / "filled.csv"
    assert (
        impute_command.run("impute", [str(run.folder.path), str(path), "--out", str(out), "--draws", str(draws)]) == 0
    )
    before, after = cells_of(path)[1:], [row[draws > 1 :] for row in cells_of(out)[1:]]
    assert len(after) == draws * len(before)
    filled = 0
    for old, new in zip(before * draws, after, strict=True):
        assert [a for a, b in zip(new, old, strict=True) if b] == [b for b in old if b]
        filled += sum(bool(re.fullmatch(r"\d+,\d\d", a)) for a, b in zip(new, old, strict=True) if not b)
    assert filled == draws * sum(not cell for row in before for cell in row) > 0


def test_numbers_of_a_frame_are_given_back_with_the_digits_that_they_have(german, tmp_path):
    path, run = german
    frame = _read(path)
    run.impute(frame).table().to_csv(tmp_path / "filled.csv")
    _, *rows = cells_of(tmp_path / "filled.csv")
    there = frame["Einkommen"].notna()
    assert [row[2] for row, one in zip(rows, there, strict=True) if one] == [
        repr(value).replace(".", ",") for value in frame["Einkommen"][there].tolist()
    ]


def test_records_that_say_nothing_of_punctuation_are_plain(german):
    schema = german[1].record.schema
    said = schema.plain()
    assert said.pop("punctuation") == {"delimiter": ";", "decimal": ","}
    older = type(schema).of_plain(said)
    assert older == schema
    assert older.punctuation == PLAIN
    with pytest.raises(UserError, match="punctuation"):
        type(schema).of_plain(said | {"punctuation": {"delimiter": "\n", "decimal": "."}})


@pytest.mark.parametrize("asked", ["20000,5..52000,25", "20000.5..52000.25", "20000,5 .. 52000.25"])
def test_what_is_known_may_have_the_decimal_sign_of_the_data(german, asked):
    _, run = german
    made = run.sample(50, given={"Einkommen": asked}).table()["Einkommen"]
    assert made.min() >= 20_000.5
    assert made.max() <= 52_000.25
    same = conditions({"Einkommen": (20_000.5, 52_000.25)}, run.record.schema).regions
    assert conditions({"Einkommen": asked}, run.record.schema).regions == same


@pytest.mark.parametrize(
    ("column", "asked"),
    [("Einkommen", "20000,5,1..30000"), ("Einkommen", "2O000,5"), ("Alter", "20..3x"), ("Einkommen", "1..2..3")],
)
def test_an_error_quotes_all_that_was_typed(german, column, asked):
    with pytest.raises(UserError, match=re.escape(f"{column}={asked}")):
        conditions({column: asked}, german[1].record.schema)


def test_a_decimal_comma_is_none_where_the_data_have_points(people):
    with pytest.raises(UserError, match=re.escape("income=20000,5..30000: 20000,5 is no value of the column")):
        conditions({"income": "20000,5..30000"}, people[1].record.schema)
