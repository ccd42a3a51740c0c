"""What was decided about the columns of a table, in sentences, each with how it is undone."""

from collections.abc import Sequence

import numpy as np

from reparam.data.columns.category import Category
from reparam.data.columns.date import Date
from reparam.data.columns.guess import heavy_tail, is_flat
from reparam.data.columns.integer import EXACT, Integer
from reparam.data.columns.kind import ColumnKind, present
from reparam.data.columns.number import Number
from reparam.data.columns.wording import counted, listed
from reparam.data.readers.cells import Cells, Column

KEPT = ("identifier", "constant", "category")
"""Kinds whose cells are given back as they were, or not at all."""


def notes_on(kinds: Sequence[ColumnKind], cells: Cells, asked: Sequence[str] = ()) -> tuple[str, ...]:
    """What was decided about columns that nobody said anything of.

    Args:
        kinds: of the columns.
        cells: the columns.
        asked: names of those whose kind was said.
    """
    free = [kind for kind in kinds if kind.name not in asked]
    columns = {column.name: column for column in cells.columns}
    return (
        *_together(free, "identifier", "left out, since {they} only name{s} rows", _kept_as(free, columns)),
        *_together(free, "constant", "left out and given back, since {they} say{s} the same in every row", ""),
        *_together(free, "levels", "read as levels, since {they} take{s} few different values", "number"),
        *(note for kind in free if isinstance(kind, Category) and (note := _pooled(kind))),
        *_tails(free, columns),
        *_flat(free, columns),
        *_piled(free),
        *_rounded(kinds, columns),
    )


def _kept_as(kinds: Sequence[ColumnKind], columns: dict[str, Column]) -> str:
    """The kind by which the first identifier would be kept."""
    first = next((kind for kind in kinds if kind.word == "identifier"), None)
    return "category" if first is not None and columns[first.name].values.dtype.kind == "O" else "integer"


def _together(kinds: Sequence[ColumnKind], word: str, what: str, instead: str) -> tuple[str, ...]:
    """One sentence on all columns of a kind."""
    names = [kind.name for kind in kinds if kind.word == word]
    if not names:
        return ()
    one = len(names) == 1
    told = what.format(they="it" if one else "they", s="s" if one else "")
    undo = f' (columns={{"{names[0]}": "{instead}"}} reads {"it" if one else "the first"} otherwise)' if instead else ""
    shown = listed(list(map(repr, names)))
    return (f"column{'' if one else 's'} {shown} {'is' if one else 'are'} {told}{undo}",)


def _pooled(kind: Category) -> str:
    if not kind.pooled:
        return ""
    return (
        f"column {kind.name!r} holds so many words that all but the {len(kind.levels):,} most frequent are one level; "
        f"it is given back as one of {counted(len(kind.pooled), 'rare word')}, drawn by their shares"
    )


def _tails(kinds: Sequence[ColumnKind], columns: dict[str, Column]) -> tuple[str, ...]:
    """One sentence on all columns whose tails are heavy."""
    better = {kind.name: word for kind in kinds if (word := heavy_tail(columns[kind.name], kind)) is not None}
    if not better:
        return ()
    name, word = next(iter(better.items()))
    numbers = present(columns[name]).astype(np.float64)
    return (
        f"a heavy tail in {listed(list(map(repr, better)))} (the median of {name!r} is {np.median(numbers):.4g}, its "
        f'largest {numbers.max():.4g}): columns={{"{name}": "{word}"}} may suit a model better',
    )


def _flat(kinds: Sequence[ColumnKind], columns: dict[str, Column]) -> tuple[str, ...]:
    """One sentence on all columns of numbers that are about as frequent everywhere."""
    names = [kind.name for kind in kinds if is_flat(columns[kind.name], kind)]
    if not names:
        return ()
    return (
        f"numbers as frequent everywhere in their range in {listed(list(map(repr, names)))}: "
        f'columns={{"{names[0]}": "quantile"}} may suit a model better',
    )


def _rounded(kinds: Sequence[ColumnKind], columns: dict[str, Column]) -> tuple[str, ...]:
    """One sentence on all columns of whole numbers so large that float64, which models know them in, has not each."""
    large = {kind.name: _largest(columns[kind.name]) for kind in kinds if kind.word not in KEPT}
    large = {name: most for name, most in large.items() if most > EXACT}
    if not large:
        return ()
    name, most = next(iter(large.items()))
    return (
        f"whole numbers beyond 2^53 in {listed(list(map(repr, large)))}: a model knows those of {name!r} to about "
        f'{np.spacing(most):,.0f}, and gives back such; columns={{"{name}": "category"}} tells each from the others',
    )


def _largest(column: Column) -> float:
    """The largest size of whole numbers; 0 of whatever else."""
    there = present(column)
    return float(np.abs(there.astype(np.float64)).max()) if there.dtype.kind in "iu" and len(there) else 0.0


def _piled(kinds: Sequence[ColumnKind]) -> tuple[str, ...]:
    """One sentence on all columns whose values pile up at an end."""
    piled = [
        kind.name
        for kind in kinds
        if isinstance(kind, Number | Integer | Date) and (kind.owns_below or kind.owns_above)
    ]
    if not piled:
        return ()
    return (
        f"values pile up at an end of {listed(list(map(repr, piled)))}: whatever a model makes beyond it becomes that "
        "value (owns_below and owns_above of the schema)",
    )
