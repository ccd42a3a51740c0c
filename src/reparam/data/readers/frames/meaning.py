"""What cells of a frame mean besides what they are: missing ones that were spelled, words that are dates."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reparam.data.readers.cells import Column
from reparam.data.readers.known import Known
from reparam.data.readers.text.dates import dates_of
from reparam.data.readers.text.numbers import PLAIN
from reparam.data.readers.text.spellings import ONLY, Spellings

EMPTY = {"f": np.nan, "i": 0, "O": ""}


def without(column: Column, spelled: Sequence[str]) -> Column:
    """A column without the words and numbers that were said to stand for a missing cell.

    >>> without(Column("a", np.array([1, -1]), np.zeros(2, bool)), ["-1"]).missing
    array([False,  True])
    """
    kind = column.values.dtype.kind
    if not spelled or kind not in EMPTY:
        return column
    if kind == "O":
        known = Spellings((ONLY, *spelled))
        gone = np.array([word in known for word in column.values.tolist()], bool)
    else:
        gone = np.isin(column.values, [float(text) for text in spelled if PLAIN.fullmatch(text)])
    values = column.values.copy()
    values[gone] = EMPTY[kind]
    return replace(column, values=values, missing=column.missing | gone)


def dated(column: Column, asked: str, known: Known | None) -> tuple[Column, tuple[str, ...]]:
    """Words as dates where all of them are, and what to note.

    >>> words = Column("day", np.array(["31.12.2024", ""], object), np.array([False, True]))
    >>> dated(words, "", None)[0].values.astype(str).tolist()
    ['2024-12-31T00:00:00.000000', 'NaT']
    """
    may_be = asked in ("", "date") if known is None else column.name in known.written
    if column.values.dtype.kind != "O" or column.levels or column.missing.all() or not may_be:
        return column, ()
    words = list(dict.fromkeys(column.values[~column.missing].tolist()))
    dates = dates_of([word.strip() for word in words], written=known.written.get(column.name) if known else None)
    if dates is None or np.isnat(dates.values).any():
        return column, ()
    by_word = dict(zip(words, dates.values, strict=True))
    nothing = np.datetime64("NaT", "us")
    values = np.array([by_word.get(word, nothing) for word in column.values.tolist()], "datetime64[us]")
    found = replace(column, values=values, written=dates.written)
    return found, (f"dates written {dates.written}", *dates.notes)
