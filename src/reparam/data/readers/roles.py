"""Which columns of a table are no part of an example: labels, groups, the one that names splits, those left out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from reparam.data.columns.texts import texts
from reparam.data.columns.wording import listed
from reparam.data.readers.cells import Cells, Column
from reparam.errors import UserError
from reparam.nearest import meant
from reparam.settings import ReadingConfig

LABEL_NAMES = ("label", "labels", "class", "target", "y")
MOST_CLASSES = 100
LEAST_ROWS = {"O": 2, "b": 2, "i": 5, "f": 5}
"""Rows that a class has on average, by type: words repeat for a reason, whole numbers may do so by chance."""
STRATIFIED, RANDOM = "stratified", "random"
"""The ways to split that need no column."""


@dataclass(frozen=True)
class Roles:
    """Names of columns, each with why it is not read as one of the example's.

    Args:
        labels: the column of labels.
        groups: the column whose equal values stay in one split.
        splits: the column that names splits.
        dropped: columns that are left out.
        kinds: the kinds that were asked for.
        notes: what was decided.
    """

    labels: str | None = None
    groups: str | None = None
    splits: str | None = None
    dropped: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def roles_of(cells: Cells, how: ReadingConfig, where: str) -> Roles:
    """What was asked for of single columns, and which holds the labels where that was not said.

    Raises:
        UserError: if a column is not there, or is asked to be two things.
    """
    dropped = tuple(named(cells, name, "leave out", where) for name in how.drop)
    kinds = {named(cells, name, f"read as {kind}", where): kind for name, kind in how.columns.items()}
    groups = None if how.groups is None else named(cells, how.groups, "take groups from", where)
    splits = (
        None if how.split_by in (None, STRATIFIED, RANDOM) else named(cells, how.split_by, "take splits from", where)
    )
    if groups is not None and how.split_by is not None:
        raise UserError(f'groups="{how.groups}" and split_by="{how.split_by}" both decide the split: give one')
    taken = {*dropped, *kinds, *({groups, splits} - {None})}
    labels, notes = _labels(cells, how, taken, where)
    asked = [*dropped, *kinds, *(name for name in (groups, splits, labels) if name is not None)]
    if twice := [name for name in asked if asked.count(name) > 1]:
        raise UserError(f"{where}: column {twice[0]!r} is asked to be two things: name it in one setting")
    return Roles(labels, groups, splits, dropped, kinds, notes)


def named(cells: Cells, asked: str, what_for: str, where: str) -> str:
    """The name of a column that was asked for, by its name or its number counted from 1.

    Raises:
        UserError: if there is none, naming those there are.
    """
    names = [column.name for column in cells.columns]
    if asked in names:
        return asked
    if asked.isdecimal() and int(asked) in cells.by_place:
        return cells.by_place[int(asked)]
    raise UserError(
        f"{where} has no column {asked!r} to {what_for}{meant(asked, names)}: its columns are "
        f"{listed(list(map(repr, names)), 20)}"
    )


def _labels(cells: Cells, how: ReadingConfig, taken: set[str | None], where: str) -> tuple[str | None, tuple[str, ...]]:
    """The column of labels, if any, and what to note."""
    asked = how.labels
    if asked is not None and asked.lower() != "none":
        return named(cells, asked, "take labels from", where), ()
    if asked is None and how.read_as == "vectors":
        return _labels_of_vectors(cells)
    found = [column for column in cells.columns if column.name.lower() in LABEL_NAMES and column.name not in taken]
    if asked is not None or len(found) != 1 or len(cells.columns) == 1:
        return None, ()
    column, names = found[0], {column.name.lower() for column in cells.columns}
    if column.name.lower() == "y" and names & {"x", "z"}:
        return None, ()
    why = no_labels(column)
    if why:
        return None, (f'column {column.name!r} {why}: it is read as a value; labels="{column.name}" makes it labels',)
    return column.name, (f'column {column.name!r} is read as labels (labels="none" makes it a value)',)


def _labels_of_vectors(cells: Cells) -> tuple[str | None, tuple[str, ...]]:
    """The column that version 0.1.0 took labels from: runs of its time are read as they were."""
    found = [column for column in cells.columns if column.name.lower() in {*LABEL_NAMES} - {"labels"}]
    if len(found) != 1 or sorted(column.name.lower() for column in cells.columns) == ["x", "y"]:
        return None, ()
    if _has_fractions(found[0]):
        return None, (f"column {found[0].name!r} holds fractions and is read as a value, not as labels",)
    return found[0].name, (f"column {found[0].name!r} is read as labels",)


def _has_fractions(column: Column) -> bool:
    return column.values.dtype.kind == "f" and bool((column.values != np.rint(column.values)).any())


def no_labels(column: Column) -> str:
    """Why a column that is called like labels is none; empty where it is."""
    kind = column.values.dtype.kind
    if column.missing.any():
        return "has missing cells"
    if kind == "M" or _has_fractions(column):
        return "holds dates" if kind == "M" else "holds fractions"
    different = len(set(texts(column).tolist()))
    if different > MOST_CLASSES or len(column.values) < LEAST_ROWS[kind] * different:
        return f"holds {different:,} different values in {len(column.values):,} rows"
    return ""
