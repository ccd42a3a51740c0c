"""What comes back of a table is a table: names, types, ranges and holes as in the data."""

import csv
import gzip
import re

import numpy as np
import pytest
import torch

import reparam
from reparam.errors import UserError
from reparam.evaluation.tables import conditions, impute
from reparam.evaluation.tables.conditional import conditioned
from reparam.evaluation.tables.write import WRITERS, write_tables
from table_helpers import write_people

NAMES = ["age", "income", "sex", "joined"]


def test_samples_are_rows_of_the_users_table(people):
    _, run = people
    drawn = run.sample(200, seed=3)
    table = drawn.table()
    assert list(table.columns) == NAMES
    assert table["age"].dtype == np.int64
    assert table["age"].min() >= 18
    assert table["age"].max() <= 79
    assert set(table["sex"]) <= {"F", "M"}
    income = table["income"][~np.isnan(table["income"].astype(float))].astype(float)
    np.testing.assert_array_equal(income, income.round(2))
    assert "200 rows after step 300" in str(drawn)
    assert len(drawn.figure().axes) == 4


def test_samples_are_a_data_frame(people):
    pandas = pytest.importorskip("pandas")
    frame = people[1].sample(50).frame()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == NAMES
    assert len(frame) == 50


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".csv.gz", ".parquet", ".feather"])
def test_what_is_written_is_read_as_the_same_rows(people, tmp_path, ending):
    _, run = people
    drawn, path = run.sample(60, seed=1), tmp_path / f"rows{ending}"
    write_tables(path, [drawn.table()], "draw")
    np.testing.assert_array_equal(_rows(path), [list(row) for row in _texts(drawn.table())])
    again = reparam.evaluation.score(run, _frame(path))
    np.testing.assert_allclose(again.values, reparam.evaluation.score(run, drawn.frame()).values, rtol=1e-4, atol=1e-3)


def _frame(path):
    import pandas

    readers = {".parquet": pandas.read_parquet, ".feather": pandas.read_feather}
    return readers.get(path.suffix, lambda p: pandas.read_csv(p, sep="\t" if ".tsv" in p.name else ","))(path)


def _texts(table):
    from reparam.data.columns.texts import texts

    return zip(*map(texts, table.cells), strict=True)


def _rows(path):
    """The cells of a file by another reader."""
    if path.suffix in (".parquet", ".feather"):
        frame = _frame(path)
        frame["income"] = frame["income"].map(lambda cell: "" if cell != cell else f"{cell:.2f}")
        return [[str(cell) for cell in row] for row in frame.to_numpy().tolist()]
    text = gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text()
    return list(csv.reader(text.splitlines(), delimiter="\t" if ".tsv" in path.name else ","))[1:]


def test_a_picture_is_no_table(people, tmp_path):
    with pytest.raises(UserError, match=re.escape("name it " + ", ".join(WRITERS))):
        write_tables(tmp_path / "rows.png", [people[1].sample(5).table()], "draw")


def test_given_columns_are_as_asked(people):
    drawn = people[1].sample(300, given={"sex": "F", "age": "30..40"})
    table = drawn.table()
    assert set(table["sex"]) == {"F"}
    assert table["age"].min() >= 30
    assert table["age"].max() <= 40
    assert re.search(
        r"300 rows after step 300 given sex=F, age=30\.\.40 \(effective sample size [\d,]+ of 20,000", str(drawn)
    )


def test_games_keep_the_rows_that_are_as_asked(people, tmp_path):
    from reparam.kinds import GANConfig
    from reparam.runs.config import RunConfig
    from reparam.settings import DataConfig, TrainingConfig
    from reparam.training.start import train

    path, _ = people
    config = RunConfig(
        model=GANConfig(), data=DataConfig(data=str(path)), training=TrainingConfig(steps=20, device="cpu")
    )
    train(config, tmp_path / "gan", quiet=True)
    run = reparam.load(tmp_path / "gan")
    drawn = run.sample(40, given={"sex": "F", "age": "18..79"})
    assert set(drawn.table()["sex"]) == {"F"}
    with pytest.raises(UserError, match="give a range"):
        run.sample(5, given={"income": 40_000.0})
    with pytest.raises(UserError, match=r"rows are as asked .* are wanted"):
        conditioned(run, conditions({"age": "18..79"}, run.record.schema), 50, draws=10)


def test_only_what_was_missing_is_filled(people):
    path, run = people
    _, income, hole = write_people(path.with_name("new.csv"), n=120, seed=9, holes=0.3)
    filled = impute(run, path.with_name("new.csv"), draws=4)
    np.testing.assert_array_equal(filled.filled[:, 1], hole)
    first, second = filled.table(0), filled.table(1)
    assert list(first.columns) == ["id", *NAMES]
    np.testing.assert_array_equal(first["income"][~hole], income[~hole])
    assert not np.isnan(first["income"].astype(float)).any()
    assert (first["income"][hole] != second["income"][hole]).mean() > 0.9
    assert filled.table(None)["id"].tolist() == [f"p{i:04}" for i in range(120)]
    # what the row tells of a missing income is used: a mean that did not would be off by the spread of incomes
    off = filled.table(None)["income"][hole] - income[hole]
    assert np.abs(off).mean() < 0.75 * np.abs(income - income.mean()).mean()
    assert (filled.spread[hole, 1] > 0).all()
    assert (filled.spread[:, [0, 2, 3]] == 0).all()
    assert f"{hole.sum()} cells of {hole.sum()} rows filled, 4 draws" in str(filled)
    assert len(filled.figure().axes) == 1


def test_cells_may_be_missing_where_none_ever_was(people):
    filled = impute(people[1], {"age": [40, None], "income": [44_000.0, 44_000.0], "sex": [None, "F"],
                                "joined": ["2016-01-01", "2016-01-01"]}, draws=2)  # fmt: skip
    np.testing.assert_array_equal(filled.filled, [[False, False, True, False], [True, False, False, False]])
    table = filled.table(0)
    assert 18 <= table["age"][1] <= 79
    assert table["age"][0] == 40
    assert table["sex"][0] in ("F", "M")


def test_the_same_seed_fills_alike(people):
    row = {"age": [40], "income": [None], "sex": ["M"], "joined": ["2016-01-01"]}
    one, two, other = (impute(people[1], row, seed=seed).rows for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_they_are_the_same_whatever_is_set_around(people):
    row = {"age": [40], "income": [None], "sex": ["M"], "joined": ["2016-01-01"]}

    def asked():
        return impute(people[1], row).rows, people[1].sample(20, given={"sex": "F"}).x

    found = asked()
    with torch.autocast("cpu", torch.bfloat16):
        for one, other in zip(found, asked(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_what_is_no_table_and_has_no_encoder_is_told(people, tmp_path):
    run = reparam.fit(_gan(), np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32), steps=2)
    with pytest.raises(UserError, match="is no table"):
        impute(run, np.zeros((2, 3)))
    with pytest.raises(UserError, match="is no table"):
        run.sample(3, given={"a": 1})


def _gan():
    from reparam.models import GAN
    from reparam.networks import MLP

    return GAN(MLP(2, [4], 3), MLP(3, [4], 1), 2, (3,))
