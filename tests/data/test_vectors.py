"""Tables read as vectors: what version 0.1.0 read, to the bit; headers, labels, and what is refused."""

import csv

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reparam.data import Dataset, load_data, require_binary, units
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
    data = load_data(path, read_as="vectors")
    assert data.data_shape == (3,)
    assert data.classes == ()
    found = sorted(tuple(row.tolist()) for split in data.splits.values() for row in split.x)
    assert found == sorted(map(tuple, table))


@pytest.mark.parametrize("name", ["label", "Class", "target", "y"])
def test_a_label_column_is_known_by_its_name(tmp_path, name):
    data = load_data(written(tmp_path, f"a,b,{name}\n" + IRIS), read_as="vectors")
    assert data.classes == ("setosa", "virginica")
    assert data.data_shape == (2,)
    for split in data.splits.values():
        assert [x[0] > 5.3 for x in split.x] == [y == 1 for y in split.y]


def test_labels_are_taken_by_name_or_number(tmp_path):
    for arguments in ({"labels": "3"}, {"labels": "column 3"}):
        assert load_data(written(tmp_path, IRIS), read_as="vectors", **arguments).classes == ("setosa", "virginica")
    assert load_data(written(tmp_path, "a,kind\n1,2\n2,2\n3,10\n"), read_as="vectors", labels="kind").classes == (
        "2",
        "10",
    )


def test_fractions_are_no_labels(tmp_path):
    data = load_data(written(tmp_path, "a,y\n1,0.5\n2,1\n3,2\n"), read_as="vectors")
    assert data.data_shape == (2,)
    assert any("fractions" in note for note in data.notes)
    assert load_data(written(tmp_path, "x,y\n1,0\n2,1\n3,2\n"), read_as="vectors").data_shape == (2,)


def test_a_byte_order_mark_quotes_and_blank_lines(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbf"a", "b"\r\n1, 2\r\n\r\n"3", 4\r\n5, 6\r\n')
    data = load_data(path, read_as="vectors")
    assert data.data_shape == (2,)
    assert sum(map(len, data.splits.values())) == 3


def refuse(path, match, **arguments):
    with pytest.raises(UserError, match=match):
        load_data(path, read_as="vectors", **arguments)


def test_bad_tables_are_refused(tmp_path):
    refuse(written(tmp_path, "a,b\n1,2\n1,2\n\n3,\n"), "Row 5 of .*a.csv' has no value in column 'b'")
    refuse(written(tmp_path, "a,b\n1,2\nNaN,2\n3,1\n"), "Row 3 .*column 'a'")
    refuse(written(tmp_path, "a,b\n1,2\n1,2,3\n4,5\n"), r"not the 2 cells that the others have \(line 3 has 3\)")
    refuse(written(tmp_path, "a,colour\n1,red\n2,blue\n3,red\n"), "'colour' .*row 2 says 'red'")
    refuse(written(tmp_path, IRIS), "Column 'column 3'")
    refuse(written(tmp_path, "a,b\n1,2\n1,inf\n3,4\n"), "row 3 says 'inf'")
    refuse(written(tmp_path, "a,b\n1,2\n1,1e99\n3,4\n"), "1 value that is beyond what float32 holds")
    refuse(written(tmp_path, "a,b\n1,2\n1,2\n3,4\n"), "no column 'c'.*'a', 'b'", labels="c")
    refuse(written(tmp_path, "label\n1\n2\n3\n"), "no column but its labels", labels="label")
    refuse(written(tmp_path, "a,b\n1,2\n1,2\n"), "2 rows.*at least 3")
    refuse(written(tmp_path, "a,b\n"), "names of columns and no rows")
    refuse(written(tmp_path, ""), "empty")


def test_rows_keep_their_labels(tmp_path):
    values = np.random.default_rng(0).permutation(200)
    data = load_data(written(tmp_path, "v,label\n" + "".join(f"{v},{v % 7}\n" for v in values)), read_as="vectors")
    for split in data.splits.values():
        assert [int(x) % 7 for x in split.x[:, 0]] == [int(data.classes[y]) for y in split.y]


ROWS = [[f"{(i * i) % 37 / 8}", f"{i / 7!r}", f"{(-1) ** i * 1.5e-5 * i!r}"] for i in range(40)]
WORDS = ["ant", "bee", "wasp"]


def lines(rows, delimiter=","):
    return "".join(delimiter.join(row) + "\n" for row in rows)


def ending(column):
    return [[*row, cell] for row, cell in zip(ROWS, column, strict=True)]


AS_BEFORE = {
    "named": ("b18e28149189a1ec", "a,b,c\n" + lines(ROWS), {}),
    "nameless": ("b18e28149189a1ec", lines(ROWS), {}),
    "semicolons": ("b18e28149189a1ec", "a;b;c\n" + lines(ROWS, ";"), {}),
    "tabs": ("b18e28149189a1ec", lines(ROWS, "\t"), {}),
    "numbers over numbers": ("b0dc14de3e86d10a", "0,1,2\n" + lines(ROWS), {}),
    "row numbers": ("749e9288920d8302", ",a,b,c\n" + lines([[str(i), *row] for i, row in enumerate(ROWS)]), {}),
    "labels that are words": (
        "036d433e1d70abb1",
        "a,b,c,class\n" + lines(ending([WORDS[i % 3] for i in range(40)])),
        {},
    ),
    "labels that are numbers": (
        "dc295df3720ebdf1",
        "a,b,c,label\n" + lines(ending([str(i % 4) for i in range(40)])),
        {},
    ),
    "labels by number": ("dc295df3720ebdf1", lines(ending([str(i % 4) for i in range(40)])), {"labels": "4"}),
    "many targets": ("6dcc2efa62de20aa", "a,b,c,target\n" + lines(ending([str(1000 + i) for i in range(40)])), {}),
    "underscores": (
        "81fc12865632139e",
        "day,n\n" + lines([[f"2024_01_{i % 28 + 1:02}", f"1_{i:03}"] for i in range(40)]),
        {},
    ),
    "days as numbers": (
        "cc314db2b6198938",
        "day,n\n" + lines([[f"202401{i % 28 + 1:02}", str(i)] for i in range(40)]),
        {},
    ),
    "quotes and spaces": ("e731c998788eca59", '"a", "b"\r\n' + "".join(f'"{a}", {b} \r\n\r\n' for a, b, _ in ROWS), {}),
    "zeros and stand-ins": (
        "465a93a97c52eb70",
        "a,b\n" + lines([[f"{i:04}", ["-999", "5", "12"][i % 3]] for i in range(40)]),
        {},
    ),
}
"""Fingerprints of what version 0.1.0 read, with the file's text and how it was read."""


@pytest.mark.parametrize("name", AS_BEFORE)
def test_what_0_1_0_read_is_read_to_the_bit(tmp_path, name):
    fingerprint, text, arguments = AS_BEFORE[name]
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    assert load_data(path, read_as="vectors", **arguments).fingerprint.startswith(fingerprint)


def test_values_that_spread_too_little_for_float32_are_refused_by_name(tmp_path):
    """The inverse of their deviation is infinite: what is said names the data and what would do."""
    np.save(tmp_path / "tiny.npy", (np.random.default_rng(0).normal(size=(200, 3)) * 1e-42).astype(np.float32))
    with pytest.raises(UserError, match=r"values of 'tiny.npy' spread by .*: multiply all of them"):
        units(load_data(tmp_path / "tiny.npy"))
    np.save(tmp_path / "some.npy", (np.random.default_rng(0).normal(size=(200, 3)) * 1e-36).astype(np.float32))
    deviation = units(load_data(tmp_path / "some.npy"))[1]
    assert torch.isfinite(1 / deviation).all()


@pytest.mark.parametrize(("low", "high", "brought"), [(0.0, 1.0, True), (-5.0, 7.0, False)])
def test_binarization_is_advised_where_it_would_do(low, high, brought):
    x = np.linspace(low, high, 300).reshape(100, 3).astype(np.float32)
    with pytest.raises(UserError) as refused:
        require_binary(Dataset.of(x))
    assert ("binarization" in str(refused.value)) == brought
    assert 'likelihood="normal"' in str(refused.value)
