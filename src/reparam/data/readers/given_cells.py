"""Tables that Python code holds as typed cells: columns by name, rows by name, arrays, frames of other libraries."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from reparam.data.columns.texts import texts
from reparam.data.readers.array_table import array_cells
from reparam.data.readers.cells import Cells, Column
from reparam.data.readers.frames import cells_of, is_frame
from reparam.data.readers.frames.found import Refused
from reparam.data.readers.frames.records import of_array
from reparam.data.readers.known import Known
from reparam.errors import UserError
from reparam.settings import ReadingConfig

HOW = ReadingConfig()

TAKEN = "a DataFrame, columns by name, or an array (n, d)"


def _has_columns(given: Any) -> bool:
    """Whether it looks like a table of a library that is not known, whose columns have names."""
    arrow = hasattr(given, "column_names") and not hasattr(given, "features")  # which Hugging Face's data sets have
    return not isinstance(given, Mapping) and (hasattr(given, "columns") or arrow)


def is_table(given: Any) -> bool:
    """Whether it is a table whose columns have names: cells, a frame, or rows by name."""
    rows = isinstance(given, list) and bool(given) and all(isinstance(row, Mapping) for row in given)
    return isinstance(given, Cells) or rows or is_frame(given) or _has_columns(given)


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
    dtype = columns[0].dtype if len({column.dtype for column in columns}) == 1 else None
    decimals = [column.decimals for column in columns if column.decimals is not None]
    if values.dtype.kind == "f":
        values = np.where(missing, np.nan, values)
    return Column(columns[0].name, values, missing, max(decimals, default=None), columns[0].written, dtype=dtype)


def cells_given(given: Any, where: str, how: ReadingConfig = HOW, known: Known | None = None) -> Cells:
    """A table of any form as typed cells.

    Args:
        given: cells; a frame; columns by name, each a sequence, or one cell each for one row; a list of rows by name;
            an array or a tensor ``(n, d)``, or one row of it.
        where: what it is called in errors.
        how: the settings of reading.
        known: what a schema says of the columns, where they are to be read by one.

    Raises:
        UserError: if it is none of these, its columns are of different lengths, or hold what no table can.

    >>> [column.values.dtype.kind for column in cells_given({"a": [1, None], "b": ["x", "y"]}, "it").columns]
    ['i', 'O']
    """
    if isinstance(given, Cells):
        return given
    if (columns := _by_name(given)) is not None:
        given = columns
    if (found := cells_of(given, where, how, known)) is not None:
        return found
    array = np.asarray(given.detach().cpu() if hasattr(given, "detach") else given)
    if array.ndim not in (1, 2) or array.dtype.kind not in "fiub":
        raise UserError(f"{where} is no table (a {type(given).__name__} of shape {array.shape}): give {TAKEN}")
    return array_cells(array if array.ndim == 2 else array[None])


def _by_name(given: Any) -> dict[str, Any] | None:
    """Columns by name of what is no frame that is known: rows by name, single cells by name, and other frames."""
    if isinstance(given, list) and given and all(isinstance(row, Mapping) for row in given):
        names = list(dict.fromkeys(name for row in given for name in row))
        return {str(name): [row.get(name) for row in given] for name in names}
    if isinstance(given, Mapping):
        return {str(name): _listed(column) for name, column in given.items()}
    if is_frame(given) or not _has_columns(given):
        return None
    names = list(getattr(given, "column_names", None) or given.columns)
    return {str(name): given[name] for name in names}


def _listed(column: Any) -> Any:
    """A column of cells; a single cell is a column of one."""
    return [column] if column is None or np.ndim(column) == 0 else column


def column_of(name: str, cells: Any) -> Column:
    """A sequence of any cells as a typed column; None, NaN and NaT are missing.

    Raises:
        UserError: if they are what no table has in its cells.

    >>> column_of("a", [True, None]).values.tolist()
    [True, False]
    """
    found = of_array(name, cells)
    if isinstance(found, Refused):
        raise UserError(f"column {name!r} holds {found.what}: give numbers, words, truth values or dates, one a row")
    return found.column
