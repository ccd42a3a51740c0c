"""Spreadsheets compute nothing that came in a name: what we lay out is harmless, what is the user's is said."""

import csv
import gzip
import io
import re
import warnings
from contextlib import suppress

import numpy as np
import pytest

import reparam
from reparam.cli.main import COMMANDS, main
from reparam.errors import Notice, printable
from reparam.spreadsheets import computed, in_csv
from reparam.studies.numbers_csv import as_csv

FORMULAS = ["=HYPERLINK(1)", "+cmd|x", "-2+3", "@SUM(1)", "\t=1", "\r=1", "＝1", "=a", "+-1", "-1e5x"]
PLAIN = ["-1", "+2.5", "-1,5", "-1e-5", "-.5", "a=b", "-", "", "word", "5"]


def opened(text, delimiter):
    """The cells that a spreadsheet set up for a delimiter has of a file."""
    return [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for cell in row]


def test_what_a_spreadsheet_computes_is_known():
    assert [computed(cell) for cell in FORMULAS + PLAIN] == [True] * len(FORMULAS) + [False] * len(PLAIN)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "cell", [*FORMULAS, *(f"a{part}{cell}" for part in ",;\t" for cell in FORMULAS), 'a"\n=1', 'x";=1']
)
def test_nothing_that_we_lay_out_is_computed(cell, delimiter):
    """Wherever the spreadsheet was set up; and who reads the file has the word, but for apostrophes."""
    found = as_csv({cell: [cell, "b"], "n": [-1.5, 2]})
    lines = as_csv({cell: [[cell, "b"]], "n": [-1.5]})
    for text in (found, lines):
        assert not [one for one in opened(text, delimiter) if computed(one)]
    shown = in_csv(cell)
    assert "\n" not in shown
    assert opened(shown, ",")[0].replace("'", "") == printable(cell), "one cell, that can be read"


def table(words):
    return {"word": np.array(words, dtype=object), "n": np.arange(len(words)) - 3.5}


@pytest.fixture(scope="module")
def run():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(table(["=1+1", "@x", "-", "plain"] * 15))
    return reparam.fit("vae", frame, steps=3, hidden=(8,), latent_dim=2, progress=reparam.training.Silent())


def test_the_users_own_cells_are_written_as_they_are_and_it_is_said(run, tmp_path):
    with pytest.warns(
        Notice, match="a spreadsheet would compute what it takes for formulas in 'word' .*import that as"
    ):
        reparam.sample(run, 40).table().to_csv(tmp_path / "x.csv")
    back = reparam.load_data(tmp_path / "x.csv")
    assert set(back.table.columns[0].levels) <= {"=1+1", "@x", "-", "plain"}


def test_numbers_alone_say_nothing(tmp_path):
    rows = np.random.default_rng(0).normal(size=(60, 2)).astype("float32")
    np.savetxt(tmp_path / "n.csv", rows, delimiter=",", header="a,b", comments="")
    run = reparam.fit("vae", tmp_path / "n.csv", steps=3, hidden=(8,), latent_dim=2, progress=reparam.training.Silent())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reparam.sample(run, 20).table().to_csv(tmp_path / "y.csv")


CALLS = {
    "sample": ["sample", "run", "-n", "40"],
    "reconstruct": ["reconstruct", "run", "-n", "6"],
    "impute": ["impute", "run", "people.csv"],
    "encode": ["encode", "run", "people.csv"],
    "score": ["score", "run", "people.csv", "--samples", "2"],
}
"""What writes a table, by the command."""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A table whose names and words are formulas, and a run of it."""
    place = tmp_path_factory.mktemp("people")
    rows = "".join(f"{'=1+1' if n % 2 else '@x'},{n % 7},+cmd|y\n" for n in range(60))
    (place / "people.csv").write_text(f"=HYPERLINK(1),n,-2+3\n{rows}")
    again = reparam.load_data(place / "people.csv")
    reparam.fit("vae", again, place / "run", steps=3, hidden=(8,), latent_dim=2, progress=reparam.training.Silent())
    return place


@pytest.mark.parametrize("ending", ["csv", "tsv", "csv.gz"])
@pytest.mark.parametrize("command", CALLS)
def test_no_command_writes_a_formula_in_silence(place, tmp_path, monkeypatch, capsys, command, ending):
    """What is the user's is written as it is, and said; whatever else is written is computed by nobody."""
    monkeypatch.chdir(place)
    out = tmp_path / f"made.{ending}"
    code = main([*CALLS[command], "--out", str(out)])
    said = capsys.readouterr().err
    if code == 2:
        assert command in ("encode", "score"), said
        assert "name it .npz or .csv" in said
        return
    assert code == 0, said
    content = gzip.decompress(out.read_bytes()) if ending.endswith("gz") else out.read_bytes()
    cells = opened(content.decode(), "\t" if ending == "tsv" else ",")
    assert cells
    if any(map(computed, cells)):
        assert "warning: a spreadsheet would compute what it takes for formulas in" in said


def test_every_command_that_shows_how_to_write_a_table_is_tried(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    found = set()
    for command in COMMANDS:
        with suppress(SystemExit):
            main([command, "--help"])
        shown = capsys.readouterr().out
        if re.search(r"--out \S+\.(csv|tsv|parquet|feather)", shown):
            found.add(command)
    assert found == set(CALLS)
