"""What is no table, or a table with mistakes: told in a sentence, all of them at once, with the lines they stand on."""

import gzip

import pytest

from reparam.data import load_data
from reparam.data.readers.text import read_text
from reparam.errors import UserError
from reparam.settings import ReadingConfig


def refused(folder, text, name="t.csv", **how):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError) as error:
        read_text(path, ReadingConfig(**how))
    assert str(path) in str(error.value) or how
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


BODY = [[str(i * i), f"{i / 8}", "xyz"[i % 3]] for i in range(200)]


def table(rows):
    return "a,b,c\n" + "".join(",".join(row) + "\n" for row in rows)


def test_all_wrong_cells_and_rows_are_told_at_once(tmp_path):
    rows = [list(row) for row in BODY]
    rows[5][0], rows[17][1], rows[150][1], rows[151][1], rows[152][1] = "abc", "12kg", "inf", "-Infinity", "1e999"
    rows[7].append("more")
    rows[9] = ["only"]
    said = refused(tmp_path, table(rows))
    assert "2 rows have not the 3 cells that the others have (line 9 has 4, line 11 has 1)" in said
    assert "column 'a' is one of numbers, and one cell is none (line 7 says 'abc')" in said
    assert (
        "column 'b' is one of numbers, and 4 cells are none (line 19 says '12kg', line 152 says 'inf', line 153 "
        in said
    )
    assert "missing=..." in said
    assert 'columns={"a": "category"}' in said


def test_such_cells_can_be_named_missing_and_such_columns_words(tmp_path):
    rows = [list(row) for row in BODY]
    rows[5][0] = "abc"
    (tmp_path / "t.csv").write_text(table(rows))
    missing = read_text(tmp_path / "t.csv", ReadingConfig(missing=("ABC",))).columns[0]
    assert missing.missing.tolist() == [at == 5 for at in range(200)]
    assert missing.values.dtype.kind == "i"
    for how in ({"columns": {"a": "category"}}, {"columns": {"1": "category"}}, {"drop": ("a",)}, {"labels": "a"}):
        words = read_text(tmp_path / "t.csv", ReadingConfig(**how)).columns[0]
        assert words.values.tolist() == [row[0] for row in rows]


def test_a_kind_that_was_given_is_held_to(tmp_path):
    said = refused(tmp_path, "a,b\n1,2\nx,3\ny,4\n", columns={"a": "number"})
    assert "column 'a' is one of numbers, and 2 cells are none (line 3 says 'x', line 4 says 'y')" in said
    said = refused(tmp_path, "a,b\nsoon,2\nx,3\ny,4\n", columns={"a": "date"})
    assert "column 'a' is one of dates, and 3 cells are none" in said


def test_days_that_are_none(tmp_path):
    days = [f"2024-02-{1 + i % 28:02}" for i in range(40)]
    days[3] = "2024-02-30"
    said = refused(tmp_path, "a,b\n" + "".join(f"{day},{i % 7}\n" for i, day in enumerate(days)))
    assert "column 'a' is one of dates written %Y-%m-%d, and one cell is none (line 5 says '2024-02-30')" in said


def test_few_numbers_and_a_word_are_a_category(tmp_path):
    (tmp_path / "t.csv").write_text("size,b\n" + "36,1\n37,2\n38,1\nXL,5\n" * 5)
    assert set(read_text(tmp_path / "t.csv", ReadingConfig()).columns[0].values) == {"36", "37", "38", "XL"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty: give a table with rows"),
        ("\n \n\n", "is empty"),
        ("# nothing\n", "is empty"),
        ("a,b\n", "has names of columns and no rows"),
        ("# a\n\na,b\n\n", "has names of columns and no rows"),
        ("a,b\n1,2\n3\x00,4\n\x00,1\n", "holds 2 zero bytes, the first in line 3, and no text does"),
        ('a,b\n1,"x\n2,y\n', "A quote (\") that opens in line 2"),
        ("a,b\n" + '1,"' + "x" * 140_000 + '"\n', 'A quote (") that opens in line 2'),
        (b"PK\x03\x04" + bytes(50), "is an Excel workbook or another zip archive and no text"),
        (b"PAR1" + bytes(50), "is a Parquet file and no text"),
        (gzip.compress(b"a,b\n1,2\n" * 100, mtime=0)[:-6], "is no whole gzip file"),
        (b"\xef\xbb\xbfa,b\n\xff,2\n", "is not in the encoding utf-8-sig"),
    ],
)  # fmt: skip
def test_what_is_no_table(tmp_path, text, sentence):
    assert sentence in refused(tmp_path, text)


def test_settings_that_are_none(tmp_path):
    assert "delimiter='::' will not do: give one plain character" in refused(tmp_path, "a,b\n1,2\n", delimiter="::")
    assert "encoding='klingon' is not known" in refused(tmp_path, "a,b\n1,2\n", encoding="klingon")
    assert "is not in the encoding ascii" in refused(tmp_path, "ä,b\n1,2\n", encoding="ascii")
    with pytest.raises(UserError, match="header: 'maybe' will not do"):
        ReadingConfig(header="maybe")


def test_given_delimiters_have_names(tmp_path):
    (tmp_path / "t.csv").write_text("a:b\n1:2\n3:4\n1:7\n")
    assert len(read_text(tmp_path / "t.csv", ReadingConfig(delimiter=":")).columns) == 2
    for name, sign in (("tab", "\t"), ("space", " "), ("semicolon", ";"), ("pipe", "|"), ("\\t", "\t")):
        (tmp_path / "t.csv").write_text(f"a{sign}b\n1{sign}2,5\n3{sign}4\n1{sign}7\n")
        found = read_text(tmp_path / "t.csv", ReadingConfig(delimiter=name)).columns[1]
        assert found.values.tolist() == [2.5, 4.0, 7.0]


def test_a_file_that_cannot_be_read(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        load_data(tmp_path / "gone.tsv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UserError):
        load_data(tmp_path / "folder.csv")


def test_how_far_a_long_reading_is_is_said(tmp_path, monkeypatch, capsys):
    path = tmp_path / "t.csv"
    path.write_text(table(BODY * 500))
    monkeypatch.setattr("reparam.pace.PATIENCE", 0.0)
    monkeypatch.setattr("reparam.pace.EVERY_LINE", 0.0)
    read_text(path, ReadingConfig())
    out, err = capsys.readouterr()
    assert not out
    assert "reading t.csv, megabytes: 1 of 1 (100 %)" in err
