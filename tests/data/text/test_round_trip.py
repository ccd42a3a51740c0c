"""Any table, written by pandas in any dialect, is read as what it was, to the type."""

import string

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reparam.data.readers.text import read_text

DIALECTS = {
    "comma.csv": {},
    "semicolon.csv": {"sep": ";", "decimal": ","},
    "tab.tsv": {"sep": "\t"},
    "packed.csv.gz": {},
    "index.csv": {"index": True},
    "bar.txt": {"sep": "|", "lineterminator": "\r\n"},
    "utf16.csv": {"encoding": "utf-16"},
}
LETTERS = string.ascii_letters + " äß,;|'\"\n#%"


def word(text):
    """Texts that are words: nothing else, and not spelled like a missing cell."""
    text = text.strip()
    return "w" + text if text else "w"


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: abs(x) < 1e300),
    st.floats(-1000, 1000).map(lambda x: round(x, 2)),
    st.integers(-(2**70), 2**70).map(lambda n: n / 7),
)
INTEGERS = st.one_of(st.integers(-50, 50), st.integers(-(2**63), 2**63 - 1))
DATES = st.datetimes(pd.Timestamp("1900-01-01"), pd.Timestamp("2100-01-01")).map(
    lambda date: date.replace(microsecond=0)
)
DAYS = DATES.map(lambda moment: moment.replace(hour=0, minute=0, second=0))
KINDS = {
    "number": (NUMBERS, float),
    "integer": (INTEGERS, "Int64"),
    "truth": (st.booleans(), "boolean"),
    "date": (DATES, "datetime64[us]"),
    "day": (DAYS, "datetime64[us]"),
    "word": (st.text(LETTERS, max_size=8).map(word), object),
}


@st.composite
def frames(draw):
    """A table of up to 5 columns, cells missing here and there, at least one of each column there."""
    n, width = draw(st.integers(3, 12)), draw(st.integers(2, 5))
    columns = {}
    for at in range(width):
        kind = draw(st.sampled_from(sorted(KINDS)))
        values, dtype = KINDS[kind]
        cells = draw(st.lists(values, min_size=n, max_size=n))
        holes = draw(st.sets(st.integers(1, n - 1), max_size=n // 2))
        cells = [None if row in holes else cell for row, cell in enumerate(cells)]
        columns[f"{kind} {at}"] = pd.Series(cells, dtype=dtype)
    return pd.DataFrame(columns)


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(frame=frames())
def test_a_table_is_read_as_it_was_written(tmp_path_factory, name, frame):
    path = tmp_path_factory.mktemp("t") / name
    frame.to_csv(path, **{"index": False, **DIALECTS[name]})
    cells = read_text(path)
    assert [column.name for column in cells.columns] == list(frame.columns)
    assert cells.header
    for column in cells.columns:
        same(column, frame[column.name])


def same(column, series):
    """The column is the series, its missing cells and its type."""
    kind = column.name.split()[0]
    missing = series.isna().to_numpy()
    np.testing.assert_array_equal(column.missing, missing)
    expected = {"number": "f", "integer": "i", "truth": "b", "date": "M", "day": "M", "word": "O"}[kind]
    assert column.values.dtype.kind == expected, column
    seen = column.values[~missing].tolist()
    there = series[~missing]
    if kind in ("date", "day"):
        assert seen == [moment.to_pydatetime() for moment in there]
    elif kind == "word":
        assert seen == there.tolist()
    else:
        assert seen == [float(x) if kind == "number" else int(x) for x in there]
    empty = column.values[missing]
    assert all({"f": np.isnan, "M": np.isnat}.get(expected, lambda x: not x)(cell) for cell in empty)
