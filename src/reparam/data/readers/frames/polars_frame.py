"""Columns of polars frames, known by their types, without importing polars."""

from typing import Any

import numpy as np

from reparam.data.readers.frames.found import Found, Frame, Refused, length, moment, number, truth, whole
from reparam.data.readers.frames.objects import of_objects


def polars_frame(frame: Any) -> Frame:
    """The columns of a DataFrame, or of a LazyFrame, which is collected."""
    if type(frame).__name__ == "LazyFrame":
        frame = frame.collect()
    return Frame([_column(str(series.name), series) for series in frame.get_columns()])


def _column(name: str, series: Any) -> Found | Refused:
    dtype, missing = series.dtype, series.is_null().to_numpy()
    kind = dtype.base_type().__name__
    if dtype.is_integer() and kind != "Int128":
        return whole(name, series.fill_null(0).to_numpy(), missing)
    if dtype.is_float():
        return number(name, series.fill_null(float("nan")).to_numpy(), missing)
    if kind == "Boolean":
        return truth(name, series.fill_null(False).to_numpy(), missing)
    if kind == "Decimal":
        return of_objects(name, series.to_list(), missing)
    if kind == "Date":
        return moment(name, series.to_numpy().astype("datetime64[us]"), missing)
    if kind == "Datetime":
        return _moments(name, series, missing)
    if kind == "Duration":
        return length(name, series.dt.total_microseconds().fill_null(0).to_numpy() / 1e6, missing)
    if kind in ("Categorical", "Enum"):
        # the order of an Enum is its own, that of a Categorical the one in which words were met
        levels = tuple(dtype.categories) if kind == "Enum" else None
        return of_objects(name, series.to_list(), missing, levels)
    if dtype.is_nested() or kind in ("Object", "Binary"):
        return Refused(name, f"values of type {dtype}")
    return of_objects(name, series.to_list(), missing)


def _moments(name: str, series: Any, missing: np.ndarray) -> Found:
    zoned = series.dtype.time_zone is not None
    if zoned:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return moment(name, series.to_numpy().astype("datetime64[us]"), missing, zoned=zoned)
