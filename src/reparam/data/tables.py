"""Other rows of a table, in whatever form a user has them, read by the schema of a run's own."""

import os
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from reparam.data.columns.guess import guess
from reparam.data.columns.matching import remarks
from reparam.data.columns.table import TableSchema
from reparam.data.dataset import Dataset, LazyArray, Split
from reparam.data.given import as_dataset
from reparam.data.load import load_data
from reparam.data.readers.cells import Cells
from reparam.data.readers.given_cells import cells_given, joined
from reparam.data.readers.known import Known
from reparam.data.reading import chunks, rows_of
from reparam.data.record import DataRecord
from reparam.errors import UserError

KEPT = ("groups", "split_by", "delimiter", "decimal", "missing", "header", "encoding")
"""The settings of reading that say how files are, and not what their columns are: the schema says that."""


def rows_given(x: Any, schema: TableSchema, where: str) -> torch.Tensor:
    """Rows of a table as vectors that a model sees.

    Args:
        x: a DataFrame, columns by name, a list of rows by name, an array of all columns in their order, one row of any;
            a :class:`Split` of vectors, taken as it is; a :class:`Dataset`, whose test split is taken.
        schema: how they are read.
        where: what ``x`` is called in errors.

    Returns:
        ``(n, width)`` float32 on the CPU.

    Raises:
        UserError: if it is no table, lacks columns, or says what the schema does not know.
    """
    if isinstance(x, Dataset):
        where, x = repr(x.name), read_by(x, schema).test
    if isinstance(x, Split):
        if tuple(x.x.shape[1:]) != (schema.width,):
            raise UserError(f"{where} has examples of shape {tuple(x.x.shape[1:])} and rows of this table are vectors "
                            f"of {schema.width}: give the table itself")  # fmt: skip
        return torch.cat([rows_of(x.x, rows) for rows in chunks(x.x)]).float()
    cells = cells_given(x, where, known=Known.of(schema))
    vectors = torch.from_numpy(schema.encode(cells, where))
    for remark in remarks(cells, schema.columns):
        warnings.warn(f"{where}: {remark}", stacklevel=2)
    return vectors


def table_like(record: DataRecord, given: Any) -> Dataset:
    """Other data for a run whose data are a table, read by its schema.

    Raises:
        UserError: if they cannot be read so.
    """
    schema = record.schema
    assert schema is not None, "the record of a table"
    if isinstance(given, Dataset):
        return read_by(given, schema)
    if isinstance(given, str | os.PathLike):
        return load_data(given, seed=record.seed, table=schema, **kept_of(record))
    return as_dataset(given, seed=record.seed, table=schema)


def kept_of(record: DataRecord) -> dict[str, Any]:
    """The settings of a run's reading that apply to another file of the same columns."""
    return {name: value for name, value in record.reading.items() if name in KEPT}


def read_alike(one: Dataset, other: Dataset) -> tuple[Dataset, Dataset]:
    """Two tables as one schema reads them, which is found from the columns and the rows of both.

    Raises:
        UserError: if they have no columns in common that a model could see.
    """
    assert one.table is not None, "a table"
    assert other.table is not None, "a table"
    both = [_cells(data) for data in (one, other)]
    names = {column.name for column in both[1].columns}
    shared = [replace(both[0], columns=tuple(column for column in both[0].columns if column.name in names)), both[1]]
    every = joined(dict(zip(("the first", "the second"), shared, strict=True)), other.name)
    schema = TableSchema(tuple(guess(column, names_rows=False) for column in every.columns), one.table.form)
    return read_by(one, schema), read_by(other, schema)


def _cells(data: Dataset) -> Cells:
    """All rows of a table."""
    assert data.table is not None, "a table"
    x = torch.cat([rows_of(split.x, rows) for split in data.splits.values() for rows in chunks(split.x)])
    return data.table.cells(x)


def read_by(data: Dataset, schema: TableSchema) -> Dataset:
    """A data set as a schema reads it: as it is where it was read by the same one.

    Raises:
        UserError: if it is no table, or one of other columns.
    """
    if data.table == schema:
        return data
    if data.table is None:
        raise UserError(f"{data.name!r} is no table, and the data that it is read by are one: give the table itself, "
                        f"as a file, a DataFrame or columns by name")  # fmt: skip
    train, validation, test = (
        replace(split, x=_encoded(split.x, data.table, schema, repr(data.name))) for split in data.splits.values()
    )
    return replace(
        data,
        train=train,
        validation=validation,
        test=test,
        table=schema,
        data_shape=(schema.width,),
        fingerprint="",
        value_range=None,
    )


def _encoded(x: torch.Tensor | LazyArray, of: TableSchema, schema: TableSchema, where: str) -> torch.Tensor:
    parts = [schema.encode(of.cells(rows_of(x, rows)), where) for rows in chunks(x)]
    return torch.from_numpy(np.concatenate(parts))
