"""Columns of pandas frames, known by their types, without importing pandas."""

from dataclasses import replace
from typing import Any

import numpy as np

from reparam.data.readers.dtypes import dtype_of
from reparam.data.readers.frames.found import Found, Frame, Refused, length, moment, number, truth, whole
from reparam.data.readers.frames.objects import of_objects


def pandas_frame(frame: Any) -> Frame:
    """The columns of a DataFrame; its index is none of them."""
    columns = [_typed(_named(name), frame.iloc[:, at]) for at, name in enumerate(frame.columns)]
    return Frame(columns, _index(frame.index), frame.index)


def _named(name: Any) -> str:
    """A column's name; the parts of one of several levels are joined."""
    return " ".join(str(part) for part in name if str(part)) if isinstance(name, tuple) else str(name)


def _index(index: Any) -> tuple[str, ...]:
    """What to note of an index that says more than the rows' numbers."""
    names = [str(name) for name in index.names if name is not None]
    if type(index).__name__ == "RangeIndex" and not names:
        return ()
    called = f" {', '.join(map(repr, names))}" if names else ""
    return (f"the index{called} is left out (reset_index() makes it a column)",)


def index_of(given: Any) -> Any:
    """The index of a frame of pandas; None of what is none."""
    return given.index if type(given).__module__.partition(".")[0] == "pandas" else None


def _typed(name: str, series: Any) -> Found | Refused:
    """A column that knows its type."""
    found = _column(name, series)
    if isinstance(found, Refused):
        return found
    return found._replace(column=replace(found.column, dtype=dtype_of(series.dtype)))


def _column(name: str, series: Any) -> Found | Refused:
    dtype, missing = series.dtype, series.isna().to_numpy(dtype=bool)
    if hasattr(dtype, "categories"):
        return _category(name, series, missing)
    kind = type(dtype).__name__
    if kind == "SparseDtype":
        return _column(name, series.sparse.to_dense())
    if kind == "PeriodDtype":
        return moment(name, series.dt.to_timestamp().to_numpy("datetime64[us]"), missing)
    if kind == "IntervalDtype":
        return of_objects(name, series.astype(str).tolist(), missing)
    return _plain(name, series, missing, dtype.kind)


def _plain(name: str, series: Any, missing: np.ndarray, kind: str) -> Found | Refused:
    if kind in "iu":
        dtype = np.uint64 if kind == "u" else np.int64
        return whole(name, series.to_numpy(dtype, na_value=0) if missing.any() else series.to_numpy(dtype), missing)
    if kind == "f":
        return number(name, series.to_numpy(np.float64, na_value=np.nan), missing)
    if kind == "b":
        return truth(name, series.to_numpy(bool, na_value=False) if missing.any() else series.to_numpy(bool), missing)
    if kind == "M":
        if str(dtype := series.dtype).startswith("date"):  # Arrow's days have no zone, and say so by an error
            series = series.astype("datetime64[us]") if "[pyarrow]" in str(dtype) else series
        zoned = series.dt.tz is not None
        series = series.dt.tz_convert("UTC").dt.tz_localize(None) if zoned else series
        return moment(name, series.to_numpy("datetime64[us]"), missing, zoned=zoned)
    if kind == "m":
        return length(name, series.dt.total_seconds().to_numpy(np.float64, na_value=np.nan), missing)
    return (
        Refused(name, f"values of type {series.dtype}") if kind == "c" else of_objects(name, series.tolist(), missing)
    )


def _category(name: str, series: Any, missing: np.ndarray) -> Found | Refused:
    """A categorical column, whose words keep their order; numbers stay numbers."""
    levels = series.dtype.categories
    if levels.dtype.kind in "iufbM":
        return _plain(name, levels.to_series().reindex(series).reset_index(drop=True), missing, levels.dtype.kind)
    return of_objects(name, series.astype(object).tolist(), missing, tuple(map(str, levels)))
