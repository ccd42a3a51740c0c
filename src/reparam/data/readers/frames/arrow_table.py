"""Columns of Arrow tables, and of data sets of Hugging Face, which are such."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from reparam.data.readers.frames.found import Found, Frame, Refused, length, moment, number, truth, whole
from reparam.data.readers.frames.objects import of_objects
from reparam.door import parse
from reparam.errors import UserError


def arrow_table(table: Any) -> Frame:
    """The columns of a table or a record batch; an index that pandas stored with it is none of them."""
    import pyarrow as pa

    if isinstance(table, pa.RecordBatch):
        table = pa.Table.from_batches([table])
    index = _index(table.schema.metadata)
    names = table.schema.names
    columns = [_column(name, table.column(at)) for at, name in enumerate(names) if name not in index]
    left = [name for name in names if name in index]
    note = f"the index {', '.join(map(repr, left))} that pandas stored is left out"
    return Frame(columns, (note,) if left else ())


def hugging_face(given: Any) -> Frame | None:
    """The columns of a data set of Hugging Face whose items have single cells only; classes by their names."""
    if not has_single_cells(given):
        return None
    features = given.features
    frame = arrow_table(given.with_format("arrow")[:])
    classes = {name: tuple(kind.names) for name, kind in features.items() if type(kind).__name__ == "ClassLabel"}
    return Frame(
        [each if isinstance(each, Refused) else _classes(each, classes) for each in frame.columns], frame.notes
    )


def has_single_cells(given: Any) -> bool:
    """Whether the items of a data set of Hugging Face are rows of a table: numbers, words and the like."""
    return all(type(kind).__name__ in ("Value", "ClassLabel") for kind in given.features.values())


def _classes(found: Found, classes: Mapping[str, tuple[str, ...]]) -> Found:
    """Numbers of classes as the classes' names; -1 stands for none."""
    column = found.column
    names = classes.get(column.name)
    if names is None:
        return found
    words = np.array([*names, ""], object)[np.where(column.missing, -1, column.values)]
    return Found(replace(column, values=words, missing=words == "", levels=names), found.remarks)


def _index(metadata: Any) -> list[str]:
    """The columns that are an index of pandas, by what it wrote into the file.

    Raises:
        UserError: if that is damaged.
    """
    try:
        stored = parse((metadata or {}).get(b"pandas", b"{}").decode())
    except ValueError:
        stored = None
    names = stored.get("index_columns", []) if isinstance(stored, dict) else None
    if not isinstance(names, list):
        raise UserError("what pandas wrote beside the columns of a table is damaged: write the table again")
    return [name for name in names if isinstance(name, str)]


def _column(name: str, column: Any) -> Found | Refused:
    import pyarrow as pa

    kind, types, missing = column.type, pa.types, column.is_null().to_numpy()
    if types.is_dictionary(kind):
        return _category(name, column)
    if types.is_integer(kind):
        return whole(name, column.fill_null(0).to_numpy(), missing)
    if types.is_floating(kind):
        return number(name, column.cast(pa.float64()).fill_null(float("nan")).to_numpy(), missing)
    if types.is_boolean(kind):
        return truth(name, column.fill_null(False).to_numpy(), missing)
    if types.is_timestamp(kind) or types.is_date(kind):
        zoned = types.is_timestamp(kind) and kind.tz is not None
        return moment(name, column.cast(pa.timestamp("us"), safe=False).to_numpy(), missing, zoned=zoned)
    if types.is_duration(kind):
        micros = column.cast(pa.duration("us"), safe=False).cast(pa.int64()).fill_null(0)
        return length(name, micros.to_numpy() / 1e6, missing)
    if types.is_null(kind):
        return number(name, np.full(len(column), np.nan), missing)
    if types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind):
        return Refused(name, f"values of type {kind}")
    return of_objects(name, column.to_pylist(), missing)


def _category(name: str, column: Any) -> Found | Refused:
    """Words by their numbers; those that are told to be in order keep it."""
    kind = column.type
    plain = _column(name, column.cast(kind.value_type))
    if isinstance(plain, Refused) or not kind.ordered or plain.column.values.dtype.kind != "O":
        return plain
    levels = tuple(map(str, column.combine_chunks().dictionary.to_pylist()))
    return of_objects(name, column.to_pylist(), plain.column.missing, levels)
