"""Tables: headers, labels, and what is refused by row and column."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reparam.data import load_data
from reparam.errors import UserError


def written(folder, text):
    path = folder / "a.csv"
    path.write_text(text)
    return path


IRIS = "5.1,3.5,setosa\n4.9,3.0,setosa\n6.0,2.2,virginica\n5.5,2.3,virginica\n"


@given(
    st.lists(st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=3, max_size=3), min_size=3, max_size=20),
    st.booleans(),
    st.sampled_from([",", ";", "\t"]),
)
def test_round_trip(tmp_path_factory, table, header, delimiter):
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([["height", "width", "depth"]] * header + table)
    data = load_data(path)
    assert data.data_shape == (3,)
    assert data.classes == ()
    found = sorted(tuple(row.tolist()) for split in data.splits.values() for row in split.x)
    assert found == sorted(map(tuple, table))


@pytest.mark.parametrize("name", ["label", "Class", "target", "y"])
def test_a_label_column_is_known_by_its_name(tmp_path, name):
    data = load_data(written(tmp_path, f"a,b,{name}\n" + IRIS))
    assert data.classes == ("setosa", "virginica")
    assert data.data_shape == (2,)
    for split in data.splits.values():
        assert [x[0] > 5.3 for x in split.x] == [y == 1 for y in split.y]


def test_labels_are_taken_by_name_or_number(tmp_path):
    for arguments in ({"labels": "3"}, {"labels": "column 3"}):
        assert load_data(written(tmp_path, IRIS), **arguments).classes == ("setosa", "virginica")
    assert load_data(written(tmp_path, "a,kind\n1,2\n2,2\n3,10\n"), labels="kind").classes == ("2", "10")


def test_fractions_are_no_labels(tmp_path):
    data = load_data(written(tmp_path, "a,y\n1,0.5\n2,1\n3,2\n"))
    assert data.data_shape == (2,)
    assert any("fractions" in note for note in data.notes)
    assert load_data(written(tmp_path, "x,y\n1,0\n2,1\n3,2\n")).data_shape == (2,)


def test_a_byte_order_mark_quotes_and_blank_lines(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbf"a", "b"\r\n1, 2\r\n\r\n"3", 4\r\n5, 6\r\n')
    data = load_data(path)
    assert data.data_shape == (2,)
    assert sum(map(len, data.splits.values())) == 3


def refuse(path, match, **arguments):
    with pytest.raises(UserError, match=match):
        load_data(path, **arguments)


def test_bad_tables_are_refused(tmp_path):
    refuse(written(tmp_path, "a,b\n1,2\n1,2\n\n3,\n"), "Row 5 of .*a.csv' has no value in column 'b'")
    refuse(written(tmp_path, "a,b\n1,2\nNaN,2\n3,1\n"), "Row 3 .*column 'a' .it says 'NaN'")
    refuse(written(tmp_path, "a,b\n1,2\n1,2,3\n"), "Row 3 .* has 3 cells and the first has 2")
    refuse(written(tmp_path, "a,colour\n1,red\n2,blue\n3,red\n"), "'colour' .*row 2 says 'red'.*labels=2")
    refuse(written(tmp_path, IRIS), "Column 'column 3'.*labels=3")
    refuse(written(tmp_path, "a,b\n1,2\n1,inf\n3,4\n"), r"infinite in float32, the first at index \(1, 1\)")
    refuse(written(tmp_path, "a,b\n1,2\n1,1e99\n3,4\n"), "infinite in float32")
    refuse(written(tmp_path, "a,b\n1,2\n1,2\n3,4\n"), "no column 'c'.*'a', 'b'", labels="c")
    refuse(written(tmp_path, "label\n1\n2\n3\n"), "no column but its labels")
    refuse(written(tmp_path, "a,b\n1,2\n1,2\n"), "2 rows.*at least 3")
    refuse(written(tmp_path, "a,b\n"), "0 rows")
    refuse(written(tmp_path, ""), "empty")
    (tmp_path / "a.csv").write_bytes(b"a,b\n\xff\xfe,2\n")
    refuse(tmp_path / "a.csv", "cannot be read as a table.*UTF-8")


def test_rows_keep_their_labels(tmp_path):
    values = np.random.default_rng(0).permutation(200)
    data = load_data(written(tmp_path, "v,label\n" + "".join(f"{v},{v % 7}\n" for v in values)))
    for split in data.splits.values():
        assert [int(x) % 7 for x in split.x[:, 0]] == [int(data.classes[y]) for y in split.y]
