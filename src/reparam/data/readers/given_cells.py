"""Tables that Python code holds as typed cells: columns by name, rows by name, arrays, frames of other libraries."""

import datetime
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from reparam.data.columns.texts import texts
from reparam.data.readers.array_table import array_cells
from reparam.data.readers.cells import Cells, Column
from reparam.errors import UserError

TAKEN = "a DataFrame, columns by name, or an array (n, d)"


def is_frame(given: Any) -> bool:
    """Whether it is a table of another library, whose columns have names: pandas, polars, Arrow."""
    arrow = hasattr(given, "column_names") and not hasattr(given, "features")  # which Hugging Face's data sets have
    return not isinstance(given, Mapping) and (hasattr(given, "columns") or arrow)


def is_table(given: Any) -> bool:
    """Whether it is a table whose columns have names: cells, a frame, or rows by name."""
    rows = isinstance(given, list) and bool(given) and all(isinstance(row, Mapping) for row in given)
    return isinstance(given, Cells) or rows or is_frame(given)


def joined(tables: Mapping[str, Cells], where: str) -> Cells:
    """Tables of the same columns one below the other, in the order of the columns of the first.

    Raises:
        UserError: if one lacks a column of the first.
    """
    first, *others = tables.values()
    for split, table in tables.items():
        names = {column.name for column in table.columns}
        if lacking := [column.name for column in first.columns if column.name not in names]:
            raise UserError(f"{split} of {where!r} has no column {lacking[0]!r}, which train has: give splits of the "
                            f"same columns")  # fmt: skip
    by_name = [{column.name: column for column in table.columns} for table in others]
    columns = tuple(_below([column, *(each[column.name] for each in by_name)]) for column in first.columns)
    return Cells(columns, tuple(dict.fromkeys(note for table in tables.values() for note in table.notes)))


def _below(columns: Sequence[Column]) -> Column:
    """Columns of one name one below the other; words where their types do not go together."""
    kinds = {column.values.dtype.kind for column in columns}
    if len(kinds) > 1 and not kinds <= set("if"):
        columns = [replace(column, values=texts(column)) for column in columns]
    values = np.concatenate([column.values for column in columns])
    missing = np.concatenate([column.missing for column in columns])
    decimals = [column.decimals for column in columns if column.decimals is not None]
    if values.dtype.kind == "f":
        values = np.where(missing, np.nan, values)
    return Column(columns[0].name, values, missing, max(decimals, default=None), columns[0].written)


def cells_given(given: Any, where: str) -> Cells:
    """A table of any form as typed cells.

    Args:
        given: cells; a frame; columns by name, each a sequence, or one cell each for one row; a list of rows by name;
            an array or a tensor ``(n, d)``, or one row of it.
        where: what it is called in errors.

    Raises:
        UserError: if it is none of these, or its columns are of different lengths.

    >>> [column.values.dtype.kind for column in cells_given({"a": [1, None], "b": ["x", "y"]}, "it").columns]
    ['i', 'O']
    """
    if isinstance(given, Cells):
        return given
    if is_frame(given):
        names = list(getattr(given, "column_names", None) or given.columns)
        return _named({str(name): given[name] for name in names}, where)
    if isinstance(given, list) and given and all(isinstance(row, Mapping) for row in given):
        names = list(dict.fromkeys(name for row in given for name in row))
        return _named({str(name): [row.get(name) for row in given] for name in names}, where)
    if isinstance(given, Mapping):
        return _named({str(name): _listed(column) for name, column in given.items()}, where)
    array = np.asarray(given.detach().cpu() if hasattr(given, "detach") else given)
    if array.ndim not in (1, 2) or array.dtype.kind not in "fiub":
        raise UserError(f"{where} is no table (a {type(given).__name__} of shape {array.shape}): give {TAKEN}")
    return array_cells(array if array.ndim == 2 else array[None])


def _listed(column: Any) -> Any:
    """A column of cells; a single cell is a column of one."""
    return [column] if column is None or np.ndim(column) == 0 else column


def _named(columns: Mapping[str, Any], where: str) -> Cells:
    found = tuple(column_of(name, cells) for name, cells in columns.items())
    lengths = {len(column.values): column.name for column in found}
    if len(lengths) > 1:
        (one, first), (two, other), *_ = lengths.items()
        raise UserError(f"{where} has {one:,} rows in column {first!r} and {two:,} in {other!r}: give each as many")
    return Cells(found)


def column_of(name: str, cells: Any) -> Column:
    """A sequence of any cells as a typed column; None, NaN and NaT are missing.

    >>> column_of("a", [True, None]).values.tolist()
    [True, False]
    """
    array = cells.to_numpy() if hasattr(cells, "to_numpy") else np.ma.asanyarray(cells)
    if array.ndim != 1:
        raise UserError(f"column {name!r} has shape {array.shape}: give one cell a row")
    missing = np.array(np.ma.getmaskarray(array)) | _empty(np.ma.getdata(array))
    values = np.ma.getdata(array)
    kind = values.dtype.kind
    if kind in "OUST":
        return _objects(name, values.astype(object), missing)
    if kind in "fiub":
        plain = array_cells(values[:, None]).columns[0].values
        return Column(name, np.where(missing, np.nan, plain) if kind == "f" else plain, missing)
    if kind == "M":
        return Column(name, values.astype("datetime64[us]"), missing)
    raise UserError(f"column {name!r} is of dtype {values.dtype}, which no column is: give numbers, words or dates")


def _empty(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        return np.asarray(np.isnan(values))
    if values.dtype.kind == "M":
        return np.asarray(np.isnat(values))
    if values.dtype.kind == "O":
        return np.array([_is_nothing(cell) for cell in values.tolist()], dtype=bool)
    return np.zeros(len(values), dtype=bool)


def _is_nothing(cell: Any) -> bool:
    """Whether a cell is None, NaN, NaT or what pandas calls NA: nothing else differs from itself, or will not say."""
    try:
        return cell is None or bool(cell != cell) or cell == ""
    except TypeError:
        return True


TYPES: Sequence[tuple[type | tuple[type, ...], str, Any]] = (
    ((bool, np.bool_), "bool", False),
    (numbers.Integral, "int64", 0),
    (numbers.Real, "float64", np.nan),
    ((datetime.date, np.datetime64), "datetime64[us]", np.datetime64("NaT")),
)
"""What objects are taken for if all of them are it: the types, the values' dtype, and what stands for a missing one."""


def _objects(name: str, values: np.ndarray, missing: np.ndarray) -> Column:
    there = values[~missing].tolist()
    for types, dtype, nothing in TYPES:
        if there and all(isinstance(cell, types) for cell in there):
            cells = np.full(len(values), nothing, dtype=dtype)
            cells[~missing] = np.array(there, dtype=dtype)
            return Column(name, cells, missing)
    words = np.full(len(values), "", dtype=object)
    words[~missing] = [str(cell) for cell in there]
    return Column(name, words, missing)
