"""What people bring as text tables, kind by kind: how it is cut, what its cells are, and what is said of it."""

import datetime as dt
import gzip
import io

import numpy as np
import pytest

from reparam.data import load_data
from reparam.data.readers.known import Known
from reparam.data.readers.text import read_text
from reparam.errors import UserError
from reparam.settings import ReadingConfig


def read(folder, text, name="t.csv", known=None, **how):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_text(path, ReadingConfig(**how), known)


def lines(*columns, between=",", header=""):
    """A table of columns of texts."""
    return header + "".join(between.join(row) + "\n" for row in zip(*columns, strict=True))


def values(cells):
    """By name, cells as Python has them, None where they are missing."""
    return {
        column.name: [None if gap else cell for cell, gap in zip(column.values.tolist(), column.missing, strict=True)]
        for column in cells.columns
    }


def said(cells, *parts):
    """Whether some note says all of it."""
    return any(all(part in note for part in parts) for note in cells.notes)


X = np.random.default_rng(0).normal(size=(40, 3)).round(6)
TEXTS = [[f"{value:.6f}" for value in column] for column in X.T]


def is_x(cells, names=("a", "b", "c")):
    assert [column.name for column in cells.columns] == list(names)
    np.testing.assert_array_equal(np.stack([column.values for column in cells.columns], 1), X)
    assert {column.decimals for column in cells.columns} == {6}
    assert not any(column.missing.any() for column in cells.columns)


@pytest.mark.parametrize(("between", "word"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "bars"),
                                               (" ", "spaces"), ("   ", "spaces"), (" \t ", "tabs")])  # fmt: skip
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_delimiter_is_found(tmp_path, between, word, end):
    cells = read(tmp_path, lines(*TEXTS, between=between, header=between.join("abc") + "\n").replace("\n", end))
    is_x(cells)
    assert said(cells, f"cells between {word}", "names of columns in line 1")
    assert cells.lines.tolist() == list(range(2, 42))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_unicode_is_found(tmp_path, encoding):
    cells = read(tmp_path, lines(*TEXTS, header="Höhe,Größe,図\n").encode(encoding))
    is_x(cells, ("Höhe", "Größe", "図"))
    assert said(cells, "read as UTF") == encoding.startswith(("utf-16", "utf-32"))


@pytest.mark.parametrize(("word", "encoding", "said_as"), [("Größe", "cp1252", "Windows-1252"),
                                                          ("Gr\x81ße", "latin-1", "Latin-1")])  # fmt: skip
def test_older_encodings_are_said(tmp_path, word, encoding, said_as):
    cells = read(tmp_path, lines(*TEXTS, header=f"a,b,{word}\n").encode(encoding))
    is_x(cells, ("a", "b", word))
    assert said(cells, f"read as {said_as}")
    given = read(tmp_path, lines(*TEXTS, header="a,b,Größe\n").encode("mac-roman"), encoding="mac-roman")
    is_x(given, ("a", "b", "Größe"))


def test_a_file_is_unpacked_whatever_it_is_called(tmp_path):
    packed = gzip.compress(lines(*TEXTS, header="a,b,c\n").encode())
    for name in ("t.csv.gz", "t.csv"):
        is_x(read(tmp_path, packed, name))


def test_what_numpy_writes_is_read_to_the_bit(tmp_path):
    whole = np.random.default_rng(0).normal(size=(40, 3))
    for arguments, names in (
        ({}, ["column 1", "column 2", "column 3"]),
        ({"delimiter": ",", "header": "a,b,c"}, ["a", "b", "c"]),
        ({"header": "a b c"}, ["a", "b", "c"]),
        ({"delimiter": ",", "header": "made by somebody\na,b,c"}, ["a", "b", "c"]),
        ({"delimiter": ";", "comments": "% ", "header": "a;b;c"}, ["a", "b", "c"]),
        ({"delimiter": ",", "header": "1, 2, 3", "footer": "done"}, ["column 1", "column 2", "column 3"]),
    ):
        text = io.StringIO()
        np.savetxt(text, whole, **arguments)
        cells = read(tmp_path, text.getvalue(), "t.txt")
        assert [column.name for column in cells.columns] == names
        np.testing.assert_array_equal(np.stack([column.values for column in cells.columns], 1), whole)
        assert cells.header == (names[0] == "a")


def test_comments_are_passed_over_and_counted_and_cells_that_begin_with_their_marks_are_not(tmp_path):
    cells = read(tmp_path, "# one\n#two of no width at all\na,b\n1,2\n# three\n3,4\n% four\n5,7\n")
    assert values(cells) == {"a": [1, 3, 5], "b": [2, 4, 7]}
    assert said(cells, "4 comments passed over")
    assert cells.lines.tolist() == [4, 6, 8]
    colours = [f"#{i:02}aa00" for i in range(9)]
    cells = read(tmp_path, lines(colours, list("123412341"), header="colour,n\n"))
    assert values(cells)["colour"] == colours
    assert not said(cells, "comment")
    assert values(read(tmp_path, "#a,b\n1,x\n2,y\n4,x\n"))["a"] == [1, 2, 4]


def test_a_sentence_of_as_many_words_as_there_are_columns_names_none(tmp_path):
    for comment in ("# made by x\n# on y\n", "# my table\n"):
        cells = read(tmp_path, f"{comment}a,b\n1,2\n3,4\n5,7\n")
        assert values(cells) == {"a": [1, 3, 5], "b": [2, 4, 7]}
        assert cells.header


COMMAS = [[f"{value:.3f}".replace(".", ",") for value in column] for column in X.T]


@pytest.mark.parametrize("between", [";", "\t", "|", "  "])
@pytest.mark.parametrize("header", [True, False])
def test_decimal_commas(tmp_path, between, header):
    cells = read(
        tmp_path, lines(*COMMAS, between=between, header=between.join(["Höhe", "b", "c"]) * header + "\n" * header)
    )
    np.testing.assert_array_equal(np.stack([column.values for column in cells.columns], 1), X.round(3))
    assert cells.columns[0].name == ("Höhe" if header else "column 1")
    assert said(cells, "decimal commas")
    assert {column.decimals for column in cells.columns} == {3}


THOUSANDS = [1234.5, 987.25, 1234567.75, -45000.0]


@pytest.mark.parametrize(
    ("texts", "between"),
    [
        (["1,234.50", "987.25", "1,234,567.75", "-45,000.00"], ","),
        (["1.234,50", "987,25", "1.234.567,75", "-45.000,00"], ";"),
        (["1 234,50", "987,25", "1 234 567,75", "-45 000,00"], ";"),
        (["1\u00a0234,50", "987,25", "1\u202f234\u00a0567,75", "\u221245\u00a0000,00"], ";"),
        (["1'234.50", "987.25", "1'234'567.75", "-45'000.00"], ","),
        (["1’234.50", "987.25", "1’234’567.75", "-45’000.00"], ","),
        (["$1,234.50", "$987.25", "$1,234,567.75", "$-45,000.00"], ","),
        (["1.234,50 €", "987,25 €", "1.234.567,75 €", "-45.000,00 €"], ";"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("times", [1, 300])
def test_thousands(tmp_path, texts, between, times):
    quoted = [f'"{text}"' for text in texts] * times
    cells = read(tmp_path, lines(quoted, ["x", "y", "x", "z"] * times, between=between, header=f"price{between}kind\n"))
    assert values(cells)["price"] == THOUSANDS * times
    assert cells.columns[0].decimals == 2
    assert said(cells, "between thousands", "'price'")


@pytest.mark.parametrize(
    ("texts", "how", "expected"),
    [
        (["1,234", "5,678", "9,123"], {}, [1.234, 5.678, 9.123]),
        (["1,234", "5,678", "9,123"], {"decimal": "."}, [1234, 5678, 9123]),
        (["1.234", "5.678", "9.123"], {}, [1.234, 5.678, 9.123]),
        (["1.234", "5.678", "9.123"], {"decimal": ","}, [1234, 5678, 9123]),
        (["1,234", "5,678", "0,123"], {}, [1.234, 5.678, 0.123]),
    ],
)
def test_what_nothing_shows_is_said_and_can_be_told(tmp_path, texts, how, expected):
    cells = read(tmp_path, lines(texts, list("xyz"), between=";", header="a;b\n"), **how)
    assert values(cells)["a"] == expected
    assert said(cells, "nothing shows which") == (texts[0] == "1,234" and not how and texts[2] != "0,123")


def test_the_rest_of_the_table_shows_what_a_column_leaves_open(tmp_path):
    cells = read(tmp_path, "a;b\n1.234;0,5\n5.678;1,25\n9.000;3\n")
    assert values(cells) == {"a": [1234, 5678, 9000], "b": [0.5, 1.25, 3.0]}


def test_numbers_that_only_python_would_take_are_none(tmp_path):
    cells = read(tmp_path, lines(["1_000", "2_000", "1_000"], ["١", "٢", "١"], ["1e5", "0x1", "1e5"], header="a,b,c\n"))
    assert [column.values.dtype.kind for column in cells.columns] == ["O", "O", "O"]


PANDAS = ["0,1,2", "1,2,3", "2019,2020,2021", "0,5,10"]


@pytest.mark.parametrize("header", PANDAS)
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("index", [None, 0, 1])
def test_names_that_are_numbers_and_columns_that_count_rows(tmp_path, header, whole, index):
    body = np.random.default_rng(1).integers(10, 99, (40, 3)) if whole else X
    columns = [[str(value) for value in column] for column in body.T]
    if index is not None:
        columns, header = [[str(index + i) for i in range(40)], *columns], f",{header}"
    cells = read(tmp_path, lines(*columns, header=header + "\n"))
    assert [column.name for column in cells.columns] == header.removeprefix(",").split(",")
    np.testing.assert_array_equal(np.stack([column.values for column in cells.columns], 1), body)
    assert said(cells, "which are numbers", "header=no")
    assert said(cells, "'column 1' counts the rows and is left out") == (index is not None)
    assert cells.left_out == ((1,) if index is not None else ())
    assert cells.by_place[len(columns)] == header.rsplit(",", 1)[1]


@pytest.mark.parametrize("first", ["0,1,2", "5,3,9"])
def test_rows_of_numbers_are_no_names(tmp_path, first):
    """Places of permutations, and whole numbers above whole numbers."""
    body = [["0", "1", "2"], ["2", "0", "1"], ["1", "2", "0"], ["0", "2", "1"]] * 5
    cells = read(tmp_path, first + "\n" + "".join(",".join(row) + "\n" for row in body))
    assert not cells.header
    assert len(cells.lines) == 21


def test_the_header_can_be_told(tmp_path):
    text = lines(*TEXTS, header="0,1,2\n")
    assert len(read(tmp_path, text, header="no").lines) == 41
    words = "red,S\nblue,M\ngreen,L\n"
    assert list(values(read(tmp_path, words))) == ["red", "S"]
    assert list(values(read(tmp_path, words + "red,M\n"))) == ["column 1", "column 2"]
    assert list(values(read(tmp_path, words, header="yes"))) == ["red", "S"]
    assert list(values(read(tmp_path, words, header="no"))) == ["column 1", "column 2"]


@pytest.mark.parametrize(
    ("name", "cells", "why"),
    [
        ("", [5, 3, 9], "has no name"),
        ("", ["x", "y", "z"], "has no name"),
        ("Unnamed: 0", [0, 1, 2], "counts the rows"),
        ("index", [7, 5, 6], "is called like an index"),
        ("id", list(range(1, 41)), "counts the rows"),
        ("", ["x", "y", "x"], None),
        ("index", [7, 5, 7], None),
        ("id", [1, 2, 3], None),
        ("id", [*range(40), 41], None),
        ("time", list(range(2, 42)), None),
    ],
)
def test_what_is_an_index(tmp_path, name, cells, why):
    text = lines(list(map(str, cells)), [str(i * i % 7 / 4) for i in range(len(cells))], header=f"{name},b\n")
    found = read(tmp_path, text)
    assert len(found.columns) == (1 if why else 2)
    assert why is None or said(found, why, "is left out", "keeps it)")
    assert len(read(tmp_path, text, columns={name or "column 1": "category"}).columns) == 2


def test_what_r_writes(tmp_path):
    text = '"weight" "feed"\n' + "".join(f'"{i}" {i / 8} "horse bean"\n' for i in range(1, 13))
    cells = read(tmp_path, text, "t.txt")
    assert values(cells) == {"weight": [i / 8 for i in range(1, 13)], "feed": ["horse bean"] * 12}


def test_titles_above_a_table_a_declared_delimiter_and_ends_of_lines(tmp_path):
    cells = read(tmp_path, "sep=;\nMessreihe;;\n;;\nt;x;y\n1;0,5;ja\n4;1,5;nein\n2;3;ja\n")
    assert values(cells) == {"t": [1, 4, 2], "x": [0.5, 1.5, 3.0], "y": ["ja", "nein", "ja"]}
    assert said(cells, "2 lines before the table passed over")
    cells = read(tmp_path, "a,b,\n1,2,\n3,4,\n1,9,\n")
    assert values(cells) == {"a": [1, 3, 1], "b": [2, 4, 9]}
    assert said(cells, "'column 3' has neither a name nor values and is left out")


def test_names_are_made_unlike_each_other(tmp_path):
    cells = read(tmp_path, "a,a,,a.1\n1,2,x,4\n3,4,y,7\n1,1,x,1\n")
    assert [column.name for column in cells.columns] == ["a", "a.2", "column 3", "a.1"]
    assert said(cells, "twice", "'a.2'")
    assert said(cells, "without a name", "'column 3'")


SPELLED = [
    "",
    "NA",
    "na",
    "N/A",
    "NaN",
    "nan",
    "#N/A",
    "-",
    ".",
    "NULL",
    "Null",
    "None",
    "missing",
    "?",
    "<NA>",
    "n.a.",
    "NaT",
]


@pytest.mark.parametrize("kind", ["float", "integer", "word", "date", "truth"])
@pytest.mark.parametrize("quoted", [False, True])
def test_every_spelling_of_a_missing_cell_in_every_kind_of_column(tmp_path, kind, quoted):
    there = {
        "float": ("1.5", 1.5), "integer": ("3", 3), "word": ("ant", "ant"), "truth": ("yes", True),
        "date": ("2024-02-29", dt.datetime(2024, 2, 29)),
    }[kind]  # fmt: skip
    other = {"float": "2.25", "integer": "4", "word": "bee", "date": "2024-03-01", "truth": "no"}[kind]
    texts = [word for pair in zip([there[0]] * len(SPELLED), SPELLED, strict=True) for word in pair] + [other]
    texts = [f'"{text}"' for text in texts] if quoted else texts
    cells = read(tmp_path, lines(texts, [f"{i * i % 7}" for i in range(len(texts))], header="a,b\n"))
    column = cells.columns[0]
    assert column.missing.tolist() == [False, True] * len(SPELLED) + [False]
    assert values(cells)["a"][::2][:-1] == [there[1]] * len(SPELLED)
    assert column.values.dtype.kind == {"float": "f", "integer": "i", "word": "O", "date": "M", "truth": "b"}[kind]
    assert said(cells, "cells taken for missing", "'NA'", "in 'a'")


def test_given_spellings_and_only_these(tmp_path):
    text = "a,b,c\n1,none,x\n-1,few,Unknown\n3,many,y\n"
    assert values(read(tmp_path, text)) == {"a": [1, -1, 3], "b": [None, "few", "many"], "c": ["x", "Unknown", "y"]}
    found = values(read(tmp_path, text, missing=("unknown", "-1")))
    assert found == {"a": [1, None, 3], "b": [None, "few", "many"], "c": ["x", None, "y"]}
    found = values(read(tmp_path, text, missing=("only", "few")))
    assert found == {"a": [1, -1, 3], "b": ["none", None, "many"], "c": ["x", "Unknown", "y"]}


@pytest.mark.parametrize(
    ("cells", "missing"),
    [
        (["18", "-99", "35", "-99", "80"], {"-99"}),
        (["-3.5", "-999.0", "4.25", "-999.0", "2.0"], {"-999.0"}),
        (["1", "-9999", "2", "-99", "-9999", "-99", "3"], {"-9999", "-99"}),
        (["18", "-99", "35", "40", "80"], set()),
        (["-1200", "-999", "300", "-999", "250"], set()),
        (["-100", "-99", "-98", "-99", "-97"], set()),
        (["120", "999", "140", "999", "150"], set()),
    ],
)
def test_numbers_that_stand_for_missing_ones(tmp_path, cells, missing):
    found = read(tmp_path, lines(cells, [f"{i * i % 5}.5" for i in range(len(cells))], header="a,b\n"))
    assert found.columns[0].missing.tolist() == [cell in missing for cell in cells]
    for cell in missing:
        assert said(found, f"{float(cell):g} (2 times) taken for missing", "'a'")
    alone = read(
        tmp_path, lines(cells, [f"{i * i % 5}.5" for i in range(len(cells))], header="a,b\n"), missing=("only",)
    )
    assert not alone.columns[0].missing.any()


@pytest.mark.parametrize(
    ("pair", "written"),
    [("yes no", "yes/no"), ("TRUE FALSE", "TRUE/FALSE"), ("T F", "T/F"), ("y n", "y/n"), ("True False", "True/False")],
)
def test_truth_values(tmp_path, pair, written):
    true, false = pair.split()
    cells = read(tmp_path, lines([true, false, true, true], ["1", "0", "1", "1"], header="a,b\n"))
    assert values(cells) == {"a": [True, False, True, True], "b": [1, 0, 1, 1]}
    assert cells.columns[0].written == written
    assert cells.columns[1].values.dtype.kind == "i"
    assert said(cells, "truth values", written)


DATES = [
    ("%Y-%m-%d", ["2024-01-15", "2023-12-31"]),
    ("%Y-%m-%d %H:%M:%S", ["2024-01-15 10:30:00", "2023-12-31 23:59:59"]),
    ("%Y-%m-%dT%H:%M:%SZ", ["2024-01-15T10:30:00Z", "2023-12-31T23:59:59Z"]),
    ("%Y-%m-%dT%H:%M:%S+02:00", ["2024-01-15T10:30:00+02:00", "2023-12-31T23:59:59+02:00"]),
    ("%Y-%m-%d %H:%M:%S.%f", ["2024-01-15 10:30:00.250000", "2023-12-31 23:59:59.000001"]),
    ("%Y-%m-%d %H:%M", ["2024-01-15 10:30", "2023-12-31 23:59"]),
    ("%Y_%m_%d", ["2024_01_15", "2023_12_31"]),
    ("%Y/%m/%d", ["2024/01/15", "2023/12/31"]),
    ("%Y%m%d", ["20240115", "20231231"]),
    ("%d.%m.%Y", ["15.01.2024", "31.12.2023"]),
    ("%d.%m.%y", ["15.01.24", "31.12.23"]),
    ("%d/%m/%Y", ["15/01/2024", "31/12/2023"]),
    ("%m/%d/%Y", ["01/15/2024", "12/31/2023"]),
    ("%m/%d/%Y %I:%M %p", ["01/15/2024 10:30 AM", "12/31/2023 12:01 PM"]),
    ("%d-%b-%y", ["15-Jan-24", "31-Dec-23"]),
    ("%d %B %Y", ["15 January 2024", "31 December 2023"]),
    ("%b %d, %Y", ["Jan 15, 2024", "Dec 31, 2023"]),
    ("%Y-%m", ["2024-01", "2023-12"]),
    ("%H:%M:%S", ["10:30:00", "23:59:59"]),
]


@pytest.mark.parametrize(("written", "texts"), DATES)
def test_dates_are_what_strptime_reads_and_are_written_as_they_were(tmp_path, written, texts):
    cells = read(tmp_path, lines([f'"{text}"' for text in texts * 3], list("123412"), header="a,b\n"))
    column = cells.columns[0]
    assert column.written == written
    expected = [dt.datetime.strptime(text, written).replace(tzinfo=None) for text in texts]
    if written == "%H:%M:%S":
        expected = [moment.replace(year=1970) for moment in expected]
    assert column.values.tolist() == expected * 3
    assert [moment.strftime(written) for moment in column.values.tolist()] == texts * 3 or written.startswith("%b")
    assert said(cells, f"dates written {written}")


def test_which_is_the_day_is_seen_or_said(tmp_path):
    def found(texts, between=",", **how):
        return read(tmp_path, lines(texts, list("1234")[: len(texts)], between=between, header=f"a{between}b\n"), **how)

    seen = found(["01/02/2024", "13/02/2024"])
    assert seen.columns[0].values[0].astype(object) == dt.datetime(2024, 2, 1)
    assert not said(seen, "as no date")
    unseen = found(["01/02/2024", "03/04/2024"])
    assert unseen.columns[0].values[0].astype(object) == dt.datetime(2024, 1, 2)
    assert said(unseen, "month before day taken, as no date in it says which")
    german = read(tmp_path, "a;b\n01/02/2024;0,5\n03/04/2024;1,5\n")
    assert german.columns[0].values[0].astype(object) == dt.datetime(2024, 2, 1)
    assert said(german, "day before month taken")


def test_zones_that_differ_are_brought_to_one(tmp_path):
    cells = read(tmp_path, lines(["2024-01-15T10:30:00+02:00", "2024-01-15T10:30:00-0330"], ["1", "2"], header="a,b\n"))
    assert values(cells)["a"] == [dt.datetime(2024, 1, 15, 8, 30), dt.datetime(2024, 1, 15, 14)]
    assert cells.columns[0].written.endswith("+00:00")
    assert said(cells, "several zones kept as UTC")


@pytest.mark.parametrize("cells", [["20240115", "20241301"], ["20240230"], ["18991231"], ["5551234", "20240101"]])
def test_whole_numbers_that_are_not_all_dates_are_numbers(tmp_path, cells):
    found = read(tmp_path, lines(cells * 3, list("123412")[: 3 * len(cells)], header="a,b\n"))
    assert values(found)["a"] == [int(cell) for cell in cells] * 3
    as_number = read(tmp_path, lines(["20240115"] * 3, list("123"), header="a,b\n"), columns={"a": "integer"})
    assert values(as_number)["a"] == [20240115] * 3


def test_codes_that_begin_with_zeros_are_words(tmp_path):
    text = lines(["01234", "10115", "00501"], ["0.5", "00.5", "1"], header="zip,b\n")
    cells = read(tmp_path, text)
    assert values(cells) == {"zip": ["01234", "10115", "00501"], "b": [0.5, 0.5, 1.0]}
    assert said(cells, "numbers begin with a zero", "'zip'")
    assert values(read(tmp_path, text, columns={"zip": "integer"}))["zip"] == [1234, 10115, 501]


def test_large_numbers_keep_every_digit_that_their_type_has(tmp_path):
    big = [2**53 + 1, -(2**63), 2**63 - 1]
    seconds = [1_700_000_000.1, 1_700_000_000.2, 1_700_003_599.9]
    cells = read(
        tmp_path, lines(list(map(str, big)), [f"{s:.1f}" for s in seconds], ["100000000.123"] * 3, header="a,b,c\n")
    )
    assert values(cells) == {"a": big, "b": seconds, "c": [100000000.123] * 3}
    beyond = read(tmp_path, lines([str(2**63), "1", "5"], list("123"), header="a,b\n"))
    assert values(beyond)["a"] == [2.0**63, 1.0, 5.0]
    assert said(beyond, "whole numbers beyond 2^63, which are rounded", "'a'")


def test_numbers_with_large_exponents_are_called_what_they_are(tmp_path):
    many = [f"{sign}{n}.5e299" for n in range(1, 10) for sign in ("", "-")]
    assert not said(
        read(tmp_path, lines(many, list(map(str, range(18))), header="a,b\n")), "whole numbers beyond", "'a'"
    )
    path = tmp_path / "beyond.csv"
    path.write_text("a,b\n" + "".join(f"{n}.7e300,{n}\n" for n in range(1, 40)))
    with pytest.raises(UserError, match=r"column 'a' holds 39 numbers beyond 1e\+300.*divide it"):
        load_data(path)


@pytest.mark.parametrize("n", [5, 3000])
def test_a_column_that_turns_out_late_to_be_of_words(tmp_path, n):
    """The first thousand lines do not decide what a column is; what was read of it as numbers is read again as text."""
    codes = [f"{i}.50" for i in range(n)] + ["A7"] * n
    cells = read(tmp_path, lines(codes, [str(i % 9) for i in range(2 * n)], header="a,b\n"))
    assert values(cells)["a"] == codes


def test_quoted_cells_hold_delimiters_quotes_and_lines(tmp_path):
    rows = [["x, y", 'say "hi"', "two\nlines"], ["#1", "", "plain"]] * 3
    text = "a,b,c\n" + "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)
    cells = read(tmp_path, text)
    assert [values(cells)[name][:2] for name in "abc"] == [["x, y", "#1"], ['say "hi"', None], ["two\nlines", "plain"]]
    assert cells.lines.tolist() == [2, 4, 5, 7, 8, 10]
    other = read(tmp_path, "a,b\n'x, y',0.5\n'z, w',1.5\n'x, y',2.5\n")
    assert values(other)["a"] == ["x, y", "z, w", "x, y"]
    escaped = read(tmp_path, 'a,b\n"say \\"hi\\", he",0.5\n"z",1.5\n"y",2.5\n')
    assert values(escaped)["a"] == ['say "hi", he', "z", "y"]


def test_a_table_is_read_by_what_a_schema_knows(tmp_path):
    """Few rows do not say how dates are written, what counts rows, and that -999 is missing; the schema does."""
    known = Known(
        {"t": "integer", "day": "date", "age": "number", "code": "category"}, {"day": "%d/%m/%Y"}, {"age": 18.0}
    )
    cells = read(tmp_path, "t,day,age,code\n0,01/02/2024,-999,20240115\n1,03/04/2024,40,20240116\n", known=known)
    assert values(cells) == {
        "t": [0, 1],
        "day": [dt.datetime(2024, 2, 1), dt.datetime(2024, 4, 3)],
        "age": [None, 40],
        "code": [20240115, 20240116],
    }
    words = read(tmp_path, "a,b\nx,y\n", known=Known({"a": "category", "b": "category"}))
    assert values(words) == {"a": ["x"], "b": ["y"]}
