"""The rows of a table of columns of kinds: splits of vectors that models see, with the schema that they are read by."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from reparam.data.columns.constant import Constant
from reparam.data.columns.dropped import Dropped
from reparam.data.columns.guess import guess
from reparam.data.columns.kind import ColumnKind
from reparam.data.columns.kinds import of_kind
from reparam.data.columns.label import Label
from reparam.data.columns.matching import remarks
from reparam.data.columns.notes import notes_on
from reparam.data.columns.outside import INSIDE, settled
from reparam.data.columns.plain import columns_of, read_file
from reparam.data.columns.rows import EncodedRows
from reparam.data.columns.table import Form, TableSchema
from reparam.data.dataset import LazyArray, Split
from reparam.data.lacking import lacking
from reparam.data.readers.asked import Asked
from reparam.data.readers.cells import Cells, Column, Dtype
from reparam.data.readers.punctuation import PLAIN
from reparam.data.readers.roles import Roles, roles_of
from reparam.data.readers.rows import Rows, rows_by_split
from reparam.data.reading import Reading, by_name
from reparam.door import user_path
from reparam.errors import UserError
from reparam.settings import ReadingConfig

Labels = tuple[np.ndarray, tuple[str, ...]]


def columns_reading(
    cells: Cells,
    name: str,
    asked: Asked,
    given: Rows | None = None,
    form: Form = "table",
    labelled: Labels | None = None,
) -> Reading:
    """A table as splits of rows that models see.

    Args:
        cells: what was read.
        name: what the data are called.
        asked: how they are to be read: by a schema where there is one, else by what the cells tell.
        given: row numbers by split, where whoever has the data has split them.
        form: what the user has.
        labelled: labels that stand beside the table: a code for each row, -1 where there is none, and their names.

    Raises:
        UserError: if cells cannot be read as was asked, no column is left, or there are too few rows.
    """
    reasons = None
    if asked.table is not None and asked.outside != "refuse":
        cells, reasons = settled(cells, asked.table.columns, asked.outside, repr(name))
        given = given and _renumbered(given, reasons)
    about = described(cells, name, asked, form, labelled)
    rows, note = rows_by_split(cells, asked, about.how, about.roles, about.codes, given)
    x = about.schema.lazily(cells, repr(name))
    splits = [Split(_kept(x, rows[split], asked.memory_limit), _picked(about.codes, rows[split])) for split in rows]
    low, high = _ends(splits)
    return Reading(
        name,
        by_name(splits),
        data_shape=(about.schema.width,),
        low=low,
        high=high,
        binary=False,
        classes=about.classes,
        notes=(*about.notes, note, *lacking(splits, about.classes, [note], asked.seed)),
        table=about.schema,
        outside=reasons,
    )


def _renumbered(given: Rows, reasons: np.ndarray) -> Rows:
    """Row numbers by split among the rows that are taken."""
    taken = reasons == INSIDE
    place = np.cumsum(taken) - 1
    return {split: torch.from_numpy(place[rows.numpy()[taken[rows.numpy()]]]) for split, rows in given.items()}


@dataclass(frozen=True)
class Described:
    """What is known of a table before its rows are split.

    Args:
        schema: how its columns are read.
        codes: the labels of the rows, ``(n,)``, if any.
        classes: the labels' names.
        roles: of columns that are no part of an example.
        how: the settings that apply.
        notes: what was decided.
    """

    schema: TableSchema
    codes: np.ndarray | None
    classes: tuple[str, ...]
    roles: Roles
    how: ReadingConfig
    notes: tuple[str, ...]


def described(cells: Cells, name: str, asked: Asked, form: Form = "table", labelled: Labels | None = None) -> Described:
    """Find out how a table is read; as :func:`columns_reading`, which splits its rows besides.

    Raises:
        UserError: as there.
    """
    where = repr(name)
    if not cells.columns or len(cells.columns[0].values) == 0:
        raise UserError(f"{where} has {'0 rows' if cells.columns else 'no columns'}: give a table with rows")
    how = asked.how if asked.table is None else _applying(asked.how, asked.table, cells)
    roles = roles_of(cells, how, where)
    check_finite(cells, where)
    schema, notes = _read_by(asked.table, cells) if asked.table else _found(cells, how, roles, form, where)
    codes, classes = labelled or _labels(schema, cells, where)
    return Described(schema, codes, classes, roles, how, (*cells.notes, *roles.notes, *notes))


def check_finite(cells: Cells, where: str) -> None:
    """Refuse numbers that are infinite, or NaN without being missing.

    Raises:
        UserError: naming the column and the first of them.
    """
    for column in cells.columns:
        if column.values.dtype.kind != "f":
            continue
        bad = np.flatnonzero(~np.isfinite(column.values) & ~column.missing)
        if len(bad):
            at = f"line {cells.lines[bad[0]]}" if cells.lines is not None else f"row {bad[0] + 1}"
            raise UserError(
                f"column {column.name!r} of {where} holds {len(bad):,} value{'s' * (len(bad) > 1)} that "
                f"{'are' if len(bad) > 1 else 'is'} not finite, the first in {at}: remove or replace them, or leave "
                "the cells empty"
            )


def _applying(how: ReadingConfig, schema: TableSchema, cells: Cells) -> ReadingConfig:
    """What applies of settings where a schema is given that says what columns are: other tables may lack some."""
    names = {column.name for column in cells.columns}
    kept = {name: value for name, value in (("groups", how.groups), ("split_by", how.split_by))
            if value in names or value in ("stratified", "random")}  # fmt: skip
    label = schema.label.name if schema.label and schema.label.name in names else "none"
    return ReadingConfig(read_as="table", labels=label, **kept)


def _read_by(schema: TableSchema, cells: Cells) -> tuple[TableSchema, tuple[str, ...]]:
    return schema, remarks(cells, schema.columns)


def _found(
    cells: Cells, how: ReadingConfig, roles: Roles, form: Form, where: str
) -> tuple[TableSchema, tuple[str, ...]]:
    """The schema of a file, or that which the cells tell, and what to note."""
    if how.schema_file is not None:
        return _of_file(user_path(how.schema_file), cells, roles, where)
    if len(cells.columns[0].values) == 1 and not roles.kinds:
        raise UserError(f"{where} has 1 row, and what its columns are is told from many: give a table of more rows")
    kinds = [_kind(column, roles, form) for column in cells.columns]
    said = [*roles.kinds, *roles.dropped, *filter(None, (roles.labels, roles.groups, roles.splits))]
    schema = TableSchema(tuple(kinds), form, cells.punctuation or PLAIN, _dtypes(cells, kinds))
    return schema, notes_on(kinds, cells, said)


def _dtypes(cells: Cells, kinds: Sequence[Any]) -> dict[str, Dtype]:
    """The types of pandas of columns that are given back."""
    back = {kind.name for kind in kinds if isinstance(kind, Constant | Label) or getattr(kind, "family", None)}
    return {column.name: column.dtype for column in cells.columns if column.dtype and column.name in back}


def _kind(column: Column, roles: Roles, form: Form = "table") -> ColumnKind:
    """The kind of a column: what it was asked to be, else what its cells tell."""
    return _asked_kind(column, roles) or guess(column, names_rows=form == "table")


def _asked_kind(column: Column, roles: Roles) -> ColumnKind | None:
    reasons: dict[str | None, str] = dict.fromkeys(roles.dropped, "left out as asked")
    reasons |= {roles.groups: "its groups stay in one split", roles.splits: "it names the splits"}
    if column.name == roles.labels:
        return Label.of(column, "the labels")
    if column.name in reasons:
        return Dropped.of(column, reasons[column.name])
    return of_kind(column, roles.kinds[column.name]) if column.name in roles.kinds else None


def _of_file(path: Path, cells: Cells, roles: Roles, where: str) -> tuple[TableSchema, tuple[str, ...]]:
    """The schema of a file, what it leaves open found from the cells; settings go before it."""
    form, columns, _ = columns_of(read_file(path), str(path))
    by_name_ = {column.name: column for column in cells.columns}
    kinds = []
    for given in columns:
        name = given.name if isinstance(given, ColumnKind) else given[0]
        column = by_name_.get(name)
        asked = None if column is None else _asked_kind(column, roles)
        if asked is None and not isinstance(given, ColumnKind):
            if column is None:
                raise UserError(f"{where} has no column {name!r}, and {path} does not say what it holds")
            asked = of_kind(column, given[1], f"as {path.name} says")
        kinds.append(asked or given)
    schema = TableSchema(
        tuple(kind for kind in kinds if isinstance(kind, ColumnKind)),
        "array" if form == "array" else "table",
        cells.punctuation or PLAIN,
        _dtypes(cells, kinds),
    )
    return schema, (f"read by the schema {path}", *remarks(cells, schema.columns))


def _kept(x: EncodedRows, rows: torch.Tensor, memory_limit: int) -> torch.Tensor | LazyArray:
    """A split's rows as vectors in memory, or made as they are needed where those are too many."""
    n, width = x.shape
    return x[rows] if 4 * n * width <= memory_limit else x.of(rows)


def _picked(codes: np.ndarray | None, rows: torch.Tensor) -> torch.Tensor | None:
    picked = None if codes is None else torch.from_numpy(codes)[rows]
    return None if picked is None or (picked < 0).any() else picked


def _labels(schema: TableSchema, cells: Cells, where: str) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The codes of a table's own labels, and their names."""
    codes = schema.labels(cells, where)
    return codes, schema.label.classes if schema.label is not None and codes is not None else ()


def _ends(splits: list[Split]) -> tuple[float, float]:
    """Smallest and largest entry; not known of rows that are made as they are needed."""
    parts: list[Any] = [split.x for split in splits if len(split)]
    if not all(isinstance(part, torch.Tensor) for part in parts):
        return float("-inf"), float("inf")
    return min(float(part.min()) for part in parts), max(float(part.max()) for part in parts)
