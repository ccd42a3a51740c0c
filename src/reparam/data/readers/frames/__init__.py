"""Tables that other libraries hold, as typed cells."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from reparam.data.readers.cells import Cells, Column
from reparam.data.readers.frames.arrow_table import arrow_table, has_single_cells, hugging_face
from reparam.data.readers.frames.found import Found, Frame, Refused
from reparam.data.readers.frames.meaning import dated, without
from reparam.data.readers.frames.pandas_frame import pandas_frame
from reparam.data.readers.frames.polars_frame import polars_frame
from reparam.data.readers.frames.records import by_name, structured
from reparam.data.readers.known import Known
from reparam.data.readers.text.names import column_names, listed
from reparam.errors import UserError
from reparam.settings import ReadingConfig

HOW = ReadingConfig()
FRAMES: dict[tuple[str, str], Callable[[Any], Frame | None]] = {
    ("pandas", "DataFrame"): pandas_frame,
    ("pandas", "Series"): lambda series: pandas_frame(series.to_frame()),
    ("polars", "DataFrame"): polars_frame,
    ("polars", "LazyFrame"): polars_frame,
    ("pyarrow", "Table"): arrow_table,
    ("pyarrow", "RecordBatch"): arrow_table,
    ("datasets", "Dataset"): hugging_face,
}
"""By library and class: how its columns are read. The libraries are not imported: who has a frame has them."""


def cells_of(given: Any, where: str, how: ReadingConfig = HOW, known: Known | None = None) -> Cells | None:
    """A table of another library as typed cells.

    Args:
        given: a frame of pandas or polars, a table of Arrow, a data set of Hugging Face whose items have single cells,
            a structured array of NumPy, or a mapping of columns by name.
        where: what it is called in errors.
        how: the settings of reading.
        known: what a schema says of the columns, where the table is to be read by one.

    Returns:
        The cells, or None if it is no table of these.

    Raises:
        UserError: if a column holds what no table can, or columns differ in length; all of these are told at once.

    >>> cells_of(np.array([(1, 0.5), (2, 1.5)], [("a", int), ("b", float)]), "it").columns[0].values
    array([1, 2])
    >>> cells_of(np.zeros((3, 2)), "it")
    """
    frame = _frame(given)
    return None if frame is None else settled(frame, where, how, known)


def is_frame(given: Any) -> bool:
    """Whether it is a frame of another library, or a structured array."""
    reader = _reader(given)
    structured_array = isinstance(given, np.ndarray) and given.dtype.names is not None
    return structured_array or (reader is not None and (reader is not hugging_face or has_single_cells(given)))


def _reader(given: Any) -> Callable[[Any], Frame | None] | None:
    kinds = [(kind.__module__.partition(".")[0], kind.__name__) for kind in type(given).__mro__]
    return next((FRAMES[kind] for kind in kinds if kind in FRAMES), None)


def _frame(given: Any) -> Frame | None:
    if reader := _reader(given):
        return reader(given)
    if isinstance(given, np.ndarray) and given.dtype.names is not None:
        return structured(given)
    return by_name(given) if isinstance(given, Mapping) else None


def settled(frame: Frame, where: str, how: ReadingConfig = HOW, known: Known | None = None) -> Cells:
    """The columns of a frame with names of their own, and what was decided.

    Words are dates where all of them are; what numbers and types a frame has is what they are.

    Raises:
        UserError: if some cannot be read, or they differ in length.
    """
    found = readable(frame.columns, where)
    _check_lengths([each.column for each in found], where)
    names, renamed = column_names([each.column.name for each in found])
    each_settled = [settled_one(each, name, how, known) for name, each in zip(names, found, strict=True)]
    notes = (*frame.notes, *renamed, *told_together((each.column.name, each.remarks) for each in each_settled))
    return Cells(tuple(each.column for each in each_settled), notes, index=frame.index)


def readable(columns: Sequence[Found | Refused], where: str) -> list[Found]:
    """The columns, all of which can be read.

    Raises:
        UserError: if some cannot.
    """
    if refused := [each for each in columns if isinstance(each, Refused)]:
        shown = "; ".join(f"column {each.name!r} holds {each.what}" for each in refused[:20])
        raise UserError(
            f"{where}: {shown}, and cells are numbers, words, truth values or dates: leave such columns out."
        )
    return [each for each in columns if not isinstance(each, Refused)]


def settled_one(each: Found, name: str, how: ReadingConfig, known: Known | None) -> Found:
    """A column by its own name, with what its cells mean."""
    column = without(replace(each.column, name=name), how.missing)
    column, more = dated(column, how.columns.get(name, ""), known)
    return Found(column, (*each.remarks, *more))


def told_together(remarks: Iterable[tuple[str, Sequence[str]]]) -> list[str]:
    """Remarks on single columns, each once with the names of all it is true of."""
    told: dict[str, list[str]] = {}
    for name, those in remarks:
        for remark in those:
            told.setdefault(remark, []).append(name)
    return [f"{remark}: {listed(names)}" for remark, names in told.items()]


def _check_lengths(columns: Sequence[Column], where: str) -> None:
    lengths = Counter(len(column.values) for column in columns)
    if len(lengths) > 1:
        usual = lengths.most_common(1)[0][0]
        odd = [f"{column.name!r} has {len(column.values):,}" for column in columns if len(column.values) != usual]
        raise UserError(f"{where} has {usual:,} rows, and of its columns {', '.join(odd[:8])}: give each as many.")
