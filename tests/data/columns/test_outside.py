"""Rows that a table's schema does not know: one rule at every door."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import reparam
from helpers import said, small
from reparam.cli.main import main
from reparam.data.columns.guess import guess
from reparam.data.columns.outside import settled
from reparam.data.readers.cells import Cells
from reparam.data.readers.given_cells import cells_given, column_of
from reparam.errors import Notice, UserError
from table_helpers import write_people

DAYS = np.arange("2020-01-01", "2020-03-01", dtype="datetime64[D]").astype("datetime64[us]")
GRADES = [0.0, 0.5, 1.0] * 20
KNOWN = {"age": np.arange(20, 80), "day": DAYS, "grade": GRADES, "town": ["Bonn", "Köln"] * 30}
INSIDE = {"age": 30, "day": np.datetime64("2020-02-01", "us"), "grade": 0.5, "town": "Bonn"}


@pytest.fixture(scope="module")
def kinds():
    found = [guess(column_of(name, cells), names_rows=False) for name, cells in KNOWN.items()]
    assert [kind.word for kind in found] == ["integer", "date", "levels", "category"]
    return found


def table(*rows):
    """Rows that are inside but for what is said of each."""
    return pd.DataFrame([INSIDE | row for row in rows])


@pytest.mark.parametrize(
    ("row", "end", "reason"),
    [
        ({"age": 95}, {"age": 79}, "age=95 is not of 20 to 79"),
        ({"age": 3}, {"age": 20}, "age=3 is not of 20 to 79"),
        ({"day": np.datetime64("2031-01-01", "us")}, {"day": DAYS[-1]}, "day=2031-01-01 is not of"),
        ({"day": np.datetime64("2020-01-05T13:00", "us")}, {"day": DAYS[4]}, "day=2020-01-05 13:00:00 is not of"),
        ({"grade": 0.9}, {"grade": 1.0}, "grade=0.9 is not of"),
        ({"town": "Ulm"}, None, "town=Ulm is not of Bonn, Köln"),
        ({"town": None}, None, "town is missing"),
    ],
)
def test_a_row_is_left_out_or_moved_to_where_the_schema_knows(kinds, row, end, reason):
    cells = cells_given(table({}, row, {}), "it")
    with pytest.warns(Notice, match="1 of 3 rows of it is outside of what"):
        found = settled(cells, kinds, "skip", "it")
    assert found.rows.tolist() == [0, 2]
    assert found.reasons[1].startswith(reason)
    assert [len(column.values) for column in found.cells.columns] == [2] * 4
    with pytest.warns(Notice, match="taken at its end: 1 of" if end else "1 of 3 rows"):
        found = settled(cells, kinds, "clip", "it")
    assert found.rows.tolist() == ([0, 1, 2] if end else [0, 2])
    if end:
        (name, value), *_ = end.items()
        moved = next(column for column in found.cells.columns if column.name == name)
        assert moved.values[1] == value
        assert moved.values[0] == INSIDE[name]
    assert settled(cells, kinds, "refuse", "it").cells is cells


def test_a_table_whose_every_row_is_outside_is_refused_and_so_is_another_rule(kinds):
    with pytest.raises(UserError, match="it holds what the data that it is read by do not: column 'town'"):
        settled(cells_given(table({"town": "Ulm"}, {"town": "Ulm"}), "it"), kinds, "skip", "it")
    with pytest.raises(UserError, match=r"outside='skp' will not do .did you mean 'skip'.*: give one of skip, clip"):
        settled(cells_given(table({}), "it"), kinds, "skp", "it")
    assert settled(Cells(()), kinds, "skip", "it").rows.tolist() == []


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A run on a table, and a file of which the second row of four is outside, by its age, and the last by a word."""
    home = tmp_path_factory.mktemp("people")
    write_people(home / "people.csv")
    assert main(["train", "vae", *small(home / "people.csv"), "--out", str(home / "run"), "--quiet"]) == 0
    lines = ["id,age,income,sex,joined", "a,30,40000.00,F,2016-02-03", "b,95,41000.00,M,2016-02-03",
             "c,41,,M,2016-02-04", "d,50,,X,2016-02-05"]  # fmt: skip
    (home / "new.csv").write_text("\n".join(lines) + "\n")
    return home


def test_scores_of_rows_outside_are_nan_with_the_reason(people, capsys, tmp_path):
    out = tmp_path / "scores.csv"
    code, text, err = said(capsys, "score", people / "run", people / "new.csv", "--out", out, "--json")
    assert code == 0, err
    assert "--outside clip takes numbers and dates at the end of their range" in err
    written = pd.read_csv(out)
    assert written.score.isna().tolist() == [False, True, False, True]
    assert written.outside.fillna("").tolist() == ["", "age=95 is not of 18 to 79", "", "sex=X is not of F, M"]
    facts = json.loads(text)
    assert (facts["examples"], facts["scored"], facts["mean"]) == (4, 2, pytest.approx(written.score.mean()))
    run = reparam.load(people / "run")
    with pytest.warns(Notice):
        found = run.score(pd.read_csv(people / "new.csv", parse_dates=["joined"]))
    np.testing.assert_allclose(found.values, written.score, rtol=1e-6)
    assert found.outside.tolist() == written.outside.fillna("").tolist()
    assert "scores of 2 examples (2 more are outside" in str(found)
    with pytest.warns(Notice):
        assert np.isnan(run.encode(pd.read_csv(people / "new.csv", parse_dates=["joined"]))).any(1).tolist() == [
            False, True, False, True]  # fmt: skip


def test_a_number_at_the_end_of_the_range_has_the_score_of_the_end(people):
    run, new = reparam.load(people / "run"), pd.read_csv(people / "new.csv", parse_dates=["joined"])
    new = new[:3]
    with pytest.warns(Notice, match="are taken at its end: 1 of 'age'"):
        clipped = run.log_prob(new, outside="clip")
    at_end = run.log_prob(new.assign(age=new.age.clip(18, 79)))
    np.testing.assert_array_equal(clipped, at_end)
    with pytest.raises(UserError, match="x holds what the data that it is read by do not"):
        run.log_prob(new, outside="refuse")


def test_rows_outside_stay_as_they_are_where_cells_are_filled(people, capsys, tmp_path):
    out = tmp_path / "filled.csv"
    new = (people / "new.csv").read_text().splitlines()
    code, text, err = said(capsys, "impute", people / "run", people / "new.csv", "--out", out, "--json")
    assert code == 0, err
    filled, facts = out.read_text().splitlines(), json.loads(text)
    assert [filled[i] for i in (0, 1, 2, 4)] == [new[i] for i in (0, 1, 2, 4)]  # the last keeps its hole
    assert filled[3].split(",")[2] != ""
    assert (facts["rows"], facts["left_as_they_were"], facts["filled"]["income"]) == (4, 2, 1)
    with pytest.warns(Notice):
        frame = reparam.load(people / "run").impute(pd.read_csv(people / "new.csv", parse_dates=["joined"])).frame()
    assert frame.income.isna().tolist() == [False, False, False, True]
    assert frame.sex.tolist() == ["F", "M", "M", "X"]


def test_what_is_kept_and_walked_through_is_in_the_tables_units(people, capsys, tmp_path):
    for command in ("snapshots", "interpolate"):
        code, _, err = said(capsys, command, people / "run", "--out", tmp_path / f"{command}.csv")
        assert code == 0, err
        rows = pd.read_csv(tmp_path / f"{command}.csv", parse_dates=["joined"])
        assert list(rows.columns) == ["age", "income", "sex", "joined"]
        assert rows.age.between(18, 79).all()
        assert set(rows.sex) <= {"F", "M"}
        assert rows.joined.dt.year.between(2015, 2020).all()
    found = reparam.evaluation.snapshots(people / "run")
    assert set(found.numbers) == {f"step_{step}/{name}" for step in found.steps for name in found.table().columns}
    np.testing.assert_array_equal(found.numbers[f"step_{found.steps[0]}/age"], found.table(found.steps[0])["age"])
    with pytest.raises(UserError, match="step=-1: samples were kept after step 0"):
        found.table(-1)
    walk = reparam.evaluation.interpolate(people / "run", steps=3)
    np.testing.assert_array_equal(walk.numbers["age"], walk.table()["age"])
    for figure in (found.figure(), walk.figure()):
        assert [axes.get_title().partition("\n")[0] for axes in figure.axes if axes.get_visible()] == [
            "age", "income", "sex", "joined"]  # fmt: skip


def test_other_data_are_evaluated_without_rows_outside(people, capsys, tmp_path):
    write_people(tmp_path / "other.csv", seed=1)
    text = (tmp_path / "other.csv").read_text() + "z,130,1.00,F,2016-01-01\n"
    (tmp_path / "other.csv").write_text(text)
    call = ["evaluate", people / "run", "--data", tmp_path / "other.csv", "--likelihood", "--samples", 5]
    code, _, err = said(capsys, *call)
    assert code == 0, err
    assert "1 of 401 rows of 'other.csv' is outside" in err
    code, _, err = said(capsys, *call, "--outside", "refuse")
    assert (code, "leave these rows out" in err) == (2, True)
    with pytest.warns(Notice, match="1 of 401 rows"):
        data = reparam.load(people / "run", data=tmp_path / "other.csv").data
    assert sum(map(len, data.splits.values())) == 400
    with pytest.warns(Notice, match="train of 'other.csv'|validation of|test of"):
        again = reparam.load(people / "run", data=reparam.load_data(tmp_path / "other.csv")).data
    assert sum(map(len, again.splits.values())) == 400


def test_the_line_that_python_shows_with_a_notice_is_the_callers_own(kinds):
    """And none of ours, however deep the notice was given."""
    cells = cells_given(table({}, {"age": 95}, {}), "it")
    with pytest.warns(Notice) as given:
        settled(cells, kinds, "skip", "it")
    assert {Path(one.filename).name for one in given} == {Path(__file__).name}
