"""The comparison of a mixed table: the report has a panel a column, and numbers in the user's words."""

import csv
import io

import pytest

import reparam
from reparam.studies.numbers_csv import as_csv
from study_helpers import SMALL
from table_helpers import write_people


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    from reparam.cli.main import main

    folder = tmp_path_factory.mktemp("compared")
    write_people(folder / "people.csv", n=600)
    words = ["--data", str(folder / "people.csv"), "--models", "vae", "gan", *SMALL, "--out", str(folder / "out")]
    assert main(["compare", *words]) == 0
    return folder / "out"


def test_the_report_shows_the_columns_of_a_table(compared):
    page = (compared / "report.html").read_text(encoding="utf-8")
    assert "rows that it draws beside test examples" in page
    assert "Likelihood" in page
    with_names = (compared / "vae" / "figures" / "report-sample.npz").exists()
    assert with_names


def test_the_numbers_behind_a_picture_are_the_users_columns(compared):
    drawn = reparam.sample(reparam.load(compared / "vae"), 20)
    rows = list(csv.DictReader(io.StringIO(as_csv(drawn.numbers))))
    assert [row["sex"] for row in rows] == drawn.table()["sex"].tolist()
    assert [int(row["age"]) for row in rows] == drawn.table()["age"].tolist()


def test_words_with_commas_stay_in_their_cell():
    assert list(csv.reader(io.StringIO(as_csv({"a, b": ["x, y", 'say "z"'], "n": [1, 2]})))) == [
        ["a, b", "n"], ["x, y", "1"], ['say "z"', "2"]]  # fmt: skip
