"""Tables of other libraries as typed cells, each type by its own rule; the same table gives the same cells."""

import datetime as dt
import decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from reparam.data import as_dataset
from reparam.data.readers.frames import cells_of, is_frame
from reparam.errors import UserError
from reparam.settings import ReadingConfig

NAN, NAT = float("nan"), np.datetime64("NaT", "us")
MOMENTS = [dt.datetime(2024, 1, 15, 10, 30), None, dt.datetime(1999, 12, 31)]
UTC = [dt.datetime(2024, 1, 15, 10, 30, tzinfo=dt.UTC), None, dt.datetime(1999, 12, 31, tzinfo=dt.UTC)]
PARIS = pd.Series(UTC).dt.tz_convert("Europe/Paris")
LENGTHS = [dt.timedelta(minutes=1), None, dt.timedelta(days=1, microseconds=5)]


def column(frame, name="a", **how):
    found = next(column for column in cells_of(frame, "it", ReadingConfig(**how)).columns if column.name == name)
    assert len(found.missing) == len(found.values)
    return found


def holds(found, values, missing, kind):
    """The cells, what stands for a missing one included."""
    np.testing.assert_array_equal(found.values, np.array(values, kind))
    assert found.values.dtype == np.dtype(kind)
    assert found.missing.tolist() == missing


GAPS = [False, True, False]
CASES = {
    "pandas int": (pd.Series([1, 2, -3]), [1, 2, -3], [False] * 3, "int64"),
    "pandas small int": (pd.Series([1, 2, -3], dtype="int8"), [1, 2, -3], [False] * 3, "int64"),
    "pandas Int64": (pd.Series([2**62 + 1, None, 3], dtype="Int64"), [2**62 + 1, 0, 3], GAPS, "int64"),
    "pandas arrow int": (pd.Series([1, None, 3], dtype="int32[pyarrow]"), [1, 0, 3], GAPS, "int64"),
    "pandas uint64": (pd.Series([2**63, 1, 2], dtype="uint64"), [2.0**63, 1, 2], [False] * 3, "float64"),
    "pandas float": (pd.Series([0.1, NAN, 3]), [0.1, NAN, 3], GAPS, "float64"),
    "pandas Float64": (pd.Series([0.1, None, 3], dtype="Float64"), [0.1, NAN, 3], GAPS, "float64"),
    "pandas float32": (pd.Series([0.5, NAN, 3], dtype="float32"), [0.5, NAN, 3], GAPS, "float64"),
    "pandas sparse": (pd.Series(pd.arrays.SparseArray([0.0, NAN, 3])), [0, NAN, 3], GAPS, "float64"),
    "pandas bool": (pd.Series([True, False, True]), [True, False, True], [False] * 3, "bool"),
    "pandas boolean": (pd.Series([True, None, False], dtype="boolean"), [True, False, False], GAPS, "bool"),
    "pandas objects of truth": (pd.Series([True, None, False], dtype=object), [True, False, False], GAPS, "bool"),
    "pandas words": (pd.Series(["b", None, "a"]), ["b", "", "a"], GAPS, "O"),
    "pandas objects": (pd.Series(["b", NAN, "a"], dtype=object), ["b", "", "a"], GAPS, "O"),
    "pandas empty words": (pd.Series(["b", "", "a"], dtype=object), ["b", "", "a"], GAPS, "O"),
    "pandas digits are words": (pd.Series(["01", "2", "3"]), ["01", "2", "3"], [False] * 3, "O"),
    "pandas dates": (pd.Series(MOMENTS), MOMENTS, GAPS, "datetime64[us]"),
    "pandas zone": (PARIS, MOMENTS, GAPS, "datetime64[us]"),
    "pandas arrow dates": (pd.Series(MOMENTS, dtype="timestamp[ns][pyarrow]"), MOMENTS, GAPS, "datetime64[us]"),
    "pandas days": (pd.Series([dt.date(2024, 2, 29), None]), [dt.datetime(2024, 2, 29), None], [False, True], "M8[us]"),
    "pandas period": (pd.Series(pd.PeriodIndex(["2024-02", "NaT"], freq="M")), [dt.datetime(2024, 2, 1), None],
                      [False, True], "M8[us]"),
    "pandas lengths": (pd.Series(LENGTHS), [60, NAN, 86400.000005], GAPS, "float64"),
    "pandas decimals": (pd.Series([decimal.Decimal("1.50"), None], dtype=object), [1.5, NAN], [False, True], "float64"),
    "pandas interval": (pd.Series(pd.cut([1, 5], [0, 2, 6])).astype(pd.IntervalDtype("int64")), ["(0, 2]", "(2, 6]"],
                        [False] * 2, "O"),
    "pandas categories": (pd.Series(pd.Categorical(["lo", None, "hi"], ["lo", "mid", "hi"])),
                          ["lo", "", "hi"], GAPS, "O"),
    "pandas categories of numbers": (pd.Series(pd.Categorical([3, 1, 3])), [3, 1, 3], [False] * 3, "int64"),
    "pandas categories of numbers with gaps": (pd.Series(pd.Categorical([3, None, 1])), [3, 0, 1], GAPS, "int64"),
    "pandas mixture": (pd.Series([1, None, "x"], dtype=object), ["1", "", "x"], GAPS, "O"),
    "pandas nothing": (pd.Series([None, None], dtype=object), ["", ""], [True, True], "O"),
    "polars int": (pl.Series([1, None, -3], dtype=pl.Int16), [1, 0, -3], GAPS, "int64"),
    "polars uint64": (pl.Series([2**63, None, 1], dtype=pl.UInt64), [2.0**63, NAN, 1], GAPS, "float64"),
    "polars float": (pl.Series([0.5, None, NAN], dtype=pl.Float32), [0.5, NAN, NAN], [False, True, True], "float64"),
    "polars bool": (pl.Series([True, None, False]), [True, False, False], GAPS, "bool"),
    "polars words": (pl.Series(["b", None, "a"]), ["b", "", "a"], GAPS, "O"),
    "polars dates": (pl.Series(MOMENTS), MOMENTS, GAPS, "M8[us]"),
    "polars zone": (pl.Series(UTC).dt.convert_time_zone("Asia/Tokyo"), MOMENTS, GAPS, "M8[us]"),
    "polars days": (pl.Series([dt.date(2024, 2, 29), None]), [dt.datetime(2024, 2, 29), None], [False, True], "M8[us]"),
    "polars lengths": (pl.Series(LENGTHS), [60, NAN, 86400.000005], GAPS, "float64"),
    "polars decimals": (pl.Series([decimal.Decimal("1.50"), None]), [1.5, NAN], [False, True], "float64"),
    "polars enum": (pl.Series(["lo", None, "hi"], dtype=pl.Enum(["lo", "mid", "hi"])), ["lo", "", "hi"], GAPS, "O"),
    "polars categories": (pl.Series(["lo", None, "hi"], dtype=pl.Categorical), ["lo", "", "hi"], GAPS, "O"),
    "polars nothing": (pl.Series([None, None]), ["", ""], [True, True], "O"),
    "arrow int": (pa.array([1, None, -3], pa.int8()), [1, 0, -3], GAPS, "int64"),
    "arrow float": (pa.array([0.5, None, NAN], pa.float32()), [0.5, NAN, NAN], [False, True, True], "float64"),
    "arrow half": (pa.array(np.array([0.5, 2], np.float16)), [0.5, 2], [False] * 2, "float64"),
    "arrow bool": (pa.array([True, None, False]), [True, False, False], GAPS, "bool"),
    "arrow words": (pa.array(["b", None, "a"], pa.large_string()), ["b", "", "a"], GAPS, "O"),
    "arrow dates": (pa.array(MOMENTS, pa.timestamp("ns")), MOMENTS, GAPS, "M8[us]"),
    "arrow zone": (pa.array(UTC, pa.timestamp("s", "America/Lima")), MOMENTS, GAPS, "M8[us]"),
    "arrow days": (pa.array([dt.date(2024, 2, 29), None]), [dt.datetime(2024, 2, 29), None], [False, True], "M8[us]"),
    "arrow lengths": (pa.array(LENGTHS, pa.duration("ns")), [60, NAN, 86400.000005], GAPS, "float64"),
    "arrow decimals": (pa.array([decimal.Decimal("1.50"), None]), [1.5, NAN], [False, True], "float64"),
    "arrow dictionary": (pa.array(["b", None, "a"]).dictionary_encode(), ["b", "", "a"], GAPS, "O"),
    "arrow nothing": (pa.nulls(2), [NAN, NAN], [True, True], "float64"),
    "numpy masked": (np.ma.array([1, 2, 3], mask=[0, 1, 0]), [1, 0, 3], GAPS, "int64"),
    "numpy words": (np.array(["b", "", "a"]), ["b", "", "a"], GAPS, "O"),
    "numpy dates": (np.array(["2024-02-29", "NaT"], "M8[D]"), [dt.datetime(2024, 2, 29), None], [False, True],
                    "M8[us]"),
    "numpy lengths": (np.array([60, "NaT"], "m8[s]"), [60, NAN], [False, True], "float64"),
    "a list": ([1, None, 3], [1, 0, 3], GAPS, "int64"),
    "a list of huge numbers": ([2**70, 1], [2.0**70, 1], [False] * 2, "float64"),
    "times of the day": ([dt.time(8, 30), None], [dt.datetime(1970, 1, 1, 8, 30), None], [False, True], "M8[us]"),
}  # fmt: skip


def framed(cells):
    """A frame of the library that the cells are of."""
    if isinstance(cells, pd.Series):
        return pd.DataFrame({"a": cells})
    if isinstance(cells, pl.Series):
        return pl.DataFrame({"a": cells})
    return pa.table({"a": cells}) if isinstance(cells, pa.Array) else {"a": cells}


@pytest.mark.parametrize("name", CASES)
def test_every_type_is_read_as_what_it_is(name):
    cells, values, missing, kind = CASES[name]
    holds(column(framed(cells)), values, missing, kind)


@pytest.mark.parametrize(
    ("frame", "levels"),
    [
        (pd.DataFrame({"a": pd.Categorical(["lo", None, "hi"], ["lo", "mid", "hi"])}), ("lo", "mid", "hi")),
        (pl.DataFrame({"a": pl.Series(["lo", "hi"], dtype=pl.Enum(["lo", "mid", "hi"]))}), ("lo", "mid", "hi")),
        (pl.DataFrame({"a": pl.Series(["lo", "hi"], dtype=pl.Categorical)}), None),
        (pa.table({"a": pa.DictionaryArray.from_arrays([0, 1], ["lo", "hi"], ordered=True)}), ("lo", "hi")),
        (pa.table({"a": pa.array(["lo", "hi"]).dictionary_encode()}), None),
    ],
)
def test_the_order_of_levels_is_kept_where_there_is_one(frame, levels):
    assert column(frame).levels == levels


def test_words_that_are_dates_are_read_as_such_and_given_back_as_written():
    found = column({"a": ["31.12.2024", None, "01.02.2023"]})
    holds(found, [dt.datetime(2024, 12, 31), None, dt.datetime(2023, 2, 1)], GAPS, "M8[us]")
    assert found.written == "%d.%m.%Y"
    notes = cells_of({"a": ["31.12.2024"]}, "it").notes
    assert notes == ("dates written %d.%m.%Y: 'a'",)
    assert column({"a": ["31.12.2024", "soon"]}).values.tolist() == ["31.12.2024", "soon"]
    assert column({"a": ["31.12.2024"]}, columns={"a": "category"}).values.tolist() == ["31.12.2024"]


def test_given_spellings_are_missing():
    frame = pd.DataFrame({"a": [1, -1, 3], "b": ["x", "unknown", "y"], "c": [0.5, 1, -1]})
    for name in "abc":
        assert column(frame, name, missing=("-1", "Unknown")).missing.tolist() == [False, name != "c", name == "c"]


@pytest.mark.parametrize(
    ("index", "note"),
    [
        (pd.RangeIndex(3), None),
        (pd.Index([5, 6, 7]), "the index is left out (reset_index() makes it a column)"),
        (pd.Index(list("abc"), name="id"), "the index 'id' is left out (reset_index() makes it a column)"),
        (pd.MultiIndex.from_tuples([(1, 2)] * 3, names=["x", "y"]), "the index 'x', 'y' is left out"),
    ],
)
def test_an_index_is_no_column_and_said(index, note):
    cells = cells_of(pd.DataFrame({"a": [1, 2, 3]}, index=index), "it")
    assert [column.name for column in cells.columns] == ["a"]
    assert not cells.notes if note is None else cells.notes[0].startswith(note)


def test_names_are_texts_and_differ():
    frame = pd.DataFrame(np.zeros((2, 4)), columns=[2019, "a", "a", ("x", "y")])
    cells = cells_of(frame, "it")
    assert [column.name for column in cells.columns] == ["2019", "a", "a.1", "x y"]
    assert cells.notes == ("names that are there twice are numbered: 'a.1'",)


def test_what_no_table_can_hold_is_told_at_once():
    frame = pd.DataFrame({"a": [[1], [2]], "b": [1, 2], "c": [1j, 2j], "d": [{}, None]})
    with pytest.raises(
        UserError, match=r"it: column 'a' holds cells of type list; column 'c' .*complex128; column 'd'"
    ):
        cells_of(frame, "it")
    nested = {"a": pa.array([[1], [2]]), "b": pa.array([b"1", b"2"])}
    for given in (pa.table(nested), pl.DataFrame(pa.table(nested))):
        with pytest.raises(UserError, match=r"column 'a' holds values of type .*; column 'b'"):
            cells_of(given, "it")
    with pytest.raises(UserError, match="3 rows, and of its columns 'b' has 2, 'd' has 1: give each as many"):
        cells_of({"a": [1, 2, 3], "b": [1, 2], "c": [1, 2, 3], "d": [1]}, "it")
    with pytest.raises(UserError, match=r"column 'b' holds arrays of shape \(2,\) in its cells"):
        cells_of({"a": [1, 2, 3], "b": np.zeros((3, 2))}, "it")


def test_frames_are_known_by_their_library():
    records = np.array([(1, 0.5, "x")], [("a", "i4"), ("b", "f4"), ("c", "U3")])
    assert [column.values.dtype.kind for column in cells_of(records, "it").columns] == ["i", "f", "O"]
    for frame in (pd.DataFrame({"a": [1]}), pd.Series([1], name="a"), pl.DataFrame({"a": [1]}), pa.table({"a": [1]}),
                  pl.LazyFrame({"a": [1]}), pa.RecordBatch.from_pydict({"a": [1]})):  # fmt: skip
        assert is_frame(frame)
        holds(column(frame), [1], [False], "int64")
    for other in (np.zeros((2, 3)), [1, 2], "path.csv", 3):
        assert not is_frame(other)
        assert cells_of(other, "it") is None


class Frame(pd.DataFrame):
    """A class of somebody's own, as geopandas has one."""


def test_subclasses_are_read_as_what_they_are():
    holds(column(Frame({"a": [1, 2]})), [1, 2], [False] * 2, "int64")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([10**400, 2, 3] * 4, "not finite"),
        ([10**400, 0.5, -(10**400)] * 4, "not finite"),
        ([10**5000, "x", "y"] * 4, "more digits than Python writes out"),
        ([dt.datetime(1, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))] * 12, "before the year 1"),
    ],
)
def test_cells_beyond_all_are_refused_in_a_sentence(cells, message):
    with pytest.raises(UserError, match=message):
        as_dataset([{"a": cell, "b": place % 3} for place, cell in enumerate(cells)])
