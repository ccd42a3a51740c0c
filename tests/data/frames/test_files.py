"""Files in columns: what was written is read, and what is none is refused in a sentence."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet

from reparam.data import as_dataset, load_data
from reparam.data.readers.columnar import read_columnar
from reparam.data.readers.frames import cells_of, is_frame
from reparam.errors import UserError
from reparam.settings import ReadingConfig

HOW = ReadingConfig()


def frame(n=60):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "x": rng.normal(size=n),
            "n": pd.array(rng.integers(0, 100, n), "Int64").astype("Int64"),
            "word": rng.choice(["a", "b"], n),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 99, n), "D"),
            "size": pd.Categorical(rng.choice(["S", "M", "L"], n), ["S", "M", "L"], ordered=True),
            "yes": rng.random(n) < 0.5,
        }
    )


def write_parquet(table, path):
    parquet.write_table(table, path, row_group_size=20)


def write_arrow(table, path):
    with ipc.new_file(path, table.schema) as file:
        file.write_table(table, max_chunksize=25)


def write_stream(table, path):
    with ipc.new_stream(path, table.schema) as file:
        file.write_table(table)


@pytest.mark.parametrize(
    ("ending", "write"),
    [
        (".parquet", write_parquet),
        (".feather", feather.write_feather),
        (".arrow", write_arrow),
        (".ipc", write_stream),
        (".PARQUET", write_parquet),
    ],
)
def test_a_file_holds_what_was_written(tmp_path, ending, write):
    made = frame()
    made.loc[3:9, "n"] = pd.NA
    path = tmp_path / f"t{ending}"
    write(pa.Table.from_pandas(made), path)
    found, expected = read_columnar(path, HOW), cells_of(made, "it")
    assert [column.name for column in found.columns] == list(made.columns)
    for ours, theirs in zip(found.columns, expected.columns, strict=True):
        np.testing.assert_array_equal(ours.values, theirs.values)
        np.testing.assert_array_equal(ours.missing, theirs.missing)
        assert (ours.values.dtype, ours.levels) == (theirs.values.dtype, theirs.levels)
    data = load_data(path, labels="word")
    assert data.classes == ("a", "b")
    assert sum(map(len, data.splits.values())) == 60


def test_an_index_that_pandas_stored_is_left_out_and_said(tmp_path):
    made = frame().sample(frac=0.5, random_state=0)
    made.to_parquet(tmp_path / "t.parquet")
    cells = read_columnar(tmp_path / "t.parquet", HOW)
    assert [column.name for column in cells.columns] == list(made.columns)
    assert cells.notes == ("the index '__index_level_0__' that pandas stored is left out",)


@pytest.mark.parametrize("name", ["t.parquet", "t.feather", "t.arrow"])
@pytest.mark.parametrize("content", [b"", b"PAR1", b"FEA1x", b"ARROW1xxxx", b"a,b\n1,2\n"])
def test_what_is_no_such_file_is_refused_in_a_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name}' cannot be read as a table in columns") as refused:
        load_data(tmp_path / name)
    assert "\n" not in str(refused.value)


def test_settings_of_text_do_not_apply(tmp_path):
    frame().to_parquet(tmp_path / "t.parquet")
    with pytest.raises(UserError, match="`delimiter` applies to text tables"):
        load_data(tmp_path / "t.parquet", delimiter=";")


def test_without_pyarrow_one_is_told_what_to_install(tmp_path):
    frame().to_parquet(tmp_path / "t.parquet")
    code = f"""
import sys
sys.modules["pyarrow"] = None
from reparam.data import as_dataset, load_data
from reparam.errors import UserError
try:
    load_data({str(tmp_path / "t.parquet")!r})
except UserError as error:
    sys.exit(str(error))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr
    assert "is read with pyarrow, which is not installed: pip install 'reparam[tables]'." in said


class Value:
    pass


class Image:
    pass


class ClassLabel:
    names = ("cat", "dog")


class Dataset:
    """A data set as the library of Hugging Face has it, as far as it is asked."""

    def __init__(self, table, **features):
        self._table, self.features = table, {name: features.get(name, Value()) for name in table.column_names}

    def with_format(self, kind):
        assert kind == "arrow"
        return self

    def __getitem__(self, rows):
        return self._table.slice(rows.start or 0, rows.stop)


Dataset.__module__ = "datasets.arrow_dataset"


def test_a_data_set_of_hugging_face_is_a_table_where_its_items_are_single_cells():
    table = pa.table({"text": ["x", None, "y"], "label": [1, 0, -1], "n": [1, 2, 3]})
    found = {column.name: column for column in cells_of(Dataset(table, label=ClassLabel()), "it").columns}
    assert found["label"].values.tolist() == ["dog", "cat", ""]
    assert found["label"].missing.tolist() == [False, False, True]
    assert found["label"].levels == ("cat", "dog")
    assert found["n"].values.tolist() == [1, 2, 3]
    pictures = Dataset(table, text=Image())
    assert not is_frame(pictures)
    assert cells_of(pictures, "it") is None


def test_levels_have_the_order_that_they_had_in_the_frame():
    data = as_dataset(frame())
    assert next(kind for kind in data.table.columns if kind.name == "size").levels == ("S", "M", "L")


@pytest.mark.parametrize(("ending", "make"), [(".arrow", ipc.new_file), (".ipc", ipc.new_stream)])
@pytest.mark.parametrize("what", ["words", "codes"])
def test_what_leads_out_of_a_files_buffers_is_not_followed(tmp_path, ending, make, what):
    """As pyarrow itself does: beyond its memory."""
    if what == "words":
        ends = pa.py_buffer(np.array([0, 2**30, 3, 4], np.int32).tobytes())
        array = pa.Array.from_buffers(pa.string(), 3, [None, ends, pa.py_buffer(b"abcd")])
    else:
        codes = pa.array(np.array([0, 2**30, 1], np.int32))
        array = pa.DictionaryArray.from_arrays(codes, pa.array(["a", "b"]), safe=False)
    table = pa.table({"x": [1.0, 2.0, 3.0], "w": array})
    path = tmp_path / f"t{ending}"
    with make(path, table.schema) as file:
        file.write_table(table)
    with pytest.raises(UserError, match=r"cannot be read as a table in columns .*(offset|index|Offset|Index|indices)"):
        load_data(path)
