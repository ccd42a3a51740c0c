"""Columns that were understood as a table: indices and empty columns left out, mistakes told, decisions noted."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from reparam.data.readers.cells import Cells, Column
from reparam.data.readers.text.indices import index_among
from reparam.data.readers.text.names import listed
from reparam.data.readers.text.refined import refined
from reparam.data.readers.text.texts import Typed, Wrong
from reparam.errors import UserError

SHOWN_PROBLEMS = 20


def settled(
    typed: Sequence[Typed],
    written: Sequence[str],
    asked: Mapping[str, str],
    missing: Sequence[str],
    lows: Mapping[str, float],
    keep: Callable[[Column], Column] = lambda column: column,
) -> Cells:
    """The columns of a table, and what was decided about them.

    Args:
        typed: all of the columns.
        written: their names as they are written, empty where there is none.
        asked: the kinds of columns that were given, by name.
        missing: spellings of missing cells that were given.
        lows: the smallest numbers of columns, by name, where they are known.
        keep: what becomes of a column that was changed.
    """
    told: dict[str, list[str]] = {}
    columns = []
    for each in typed:
        plain = each.column.loaded()
        column, more = refined(plain, asked.get(plain.name, ""), missing, lows.get(plain.name))
        columns.append(each.column if column is plain else keep(column))
        for remark in (*each.remarks, *more):
            told.setdefault(remark, []).append(column.name)
    why = index_among(written, columns, asked)
    left = {columns[0].name: why} if why else {}
    left |= {column.name: "has neither a name nor values" for name, column in zip(written, columns, strict=True)
             if not name and column.missing.all()}  # fmt: skip
    kept = tuple(column for column in columns if column.name not in left)
    notes = [f"column {name!r} {why} and is left out{_undo(name, columns[0])}"
             for name, why in left.items()]  # fmt: skip
    nameless = [
        column.name for name, column in zip(written, columns, strict=True) if not name and column.name not in left
    ]
    notes += [f"columns without a name are called {listed(nameless)}"] if nameless else []
    notes += [f"{remark}: {listed(names)}" for remark, names in told.items() if set(names) - set(left)]
    places = tuple(at for at, column in enumerate(columns, 1) if column.name in left)
    those = [each for each in typed if each.column.name not in left]
    return Cells(kept, (*notes, *_spelled(those)), left_out=places)


def _undo(name: str, first: Column) -> str:
    """How a column is kept that holds something."""
    kind = {"i": "integer", "f": "number", "M": "date"}.get(first.values.dtype.kind, "category")
    return f' (columns={{"{name}": "{kind}"}} keeps it)' if name == first.name else ""


def _spelled(typed: Sequence[Typed]) -> tuple[str, ...]:
    """The spellings of missing cells."""
    counts = Counter[str]()
    for each in typed:
        counts.update(each.spelled)
    if not counts:
        return ()
    names = [each.column.name for each in typed if each.spelled]
    words = ", ".join(
        f"{word!r} {count:,} times" if word else f"{count:,} empty" for word, count in counts.most_common(12)
    )
    return (f"cells taken for missing: {words}, in {listed(names)}",)


def refuse_wrong(typed: Sequence[Typed], more: Sequence[str], lines: np.ndarray | None, where: str) -> None:
    """Refuse all mistakes of a table at once.

    Args:
        typed: its columns.
        more: what else is wrong.
        lines: the line of the file that each row stands on.
        where: the table, in errors.

    Raises:
        UserError: if there are any.
    """
    found = [*more, *(_told(each.column.name, each.wrong, lines) for each in typed if each.wrong)]
    if found:
        rest = f"; and {len(found) - SHOWN_PROBLEMS:,} columns more" if len(found) > SHOWN_PROBLEMS else ""
        wrong = [each.column.name for each in typed if each.wrong]
        advice = "mend or remove them" if not wrong else (
            f"mend them, give what stands for a missing cell (missing=...), or read a column as words "
            f'(columns={{"{wrong[0]}": "category"}})')  # fmt: skip
        raise UserError(f"{where}: {'; '.join(found[:SHOWN_PROBLEMS])}{rest}: {advice}.")


def _told(name: str, wrong: Wrong, lines: np.ndarray | None) -> str:
    at = [f"line {lines[row]}" if lines is not None else f"row {row + 1}" for row in wrong.rows[: len(wrong.texts)]]
    shown = ", ".join(f"{place} says {text!r}" for place, text in zip(at, wrong.texts, strict=True))
    more = ", ..." if len(wrong.rows) > len(wrong.texts) else ""
    many = f"{len(wrong.rows):,} cells are none" if len(wrong.rows) > 1 else "one cell is none"
    return f"column {name!r} is one of {wrong.what}, and {many} ({shown}{more})"
