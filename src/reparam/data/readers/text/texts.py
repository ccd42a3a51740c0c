"""A column of texts, and what became of it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from reparam.data.readers.cells import Column
from reparam.data.readers.text.spellings import Spellings


class Wrong(NamedTuple):
    """Cells that are not what the rest of their column is."""

    what: str
    rows: np.ndarray
    texts: list[str]


class Typed(NamedTuple):
    """A column as it was understood: what was decided, the spellings of its missing cells, and what is wrong."""

    column: Column
    remarks: tuple[str, ...] = ()
    spelled: Mapping[str, int] = {}
    wrong: Wrong | None = None


class Texts:
    """A column's cells as texts.

    Args:
        name: of the column.
        words: the different texts, without spaces around them.
        codes: ``(n,)`` for each row the place of its text among them.
        spellings: of missing cells.
    """

    def __init__(self, name: str, words: Sequence[str], codes: np.ndarray, spellings: Spellings) -> None:
        self.name, self.words, self.codes = name, words, codes
        counts = np.bincount(codes, minlength=len(words)).tolist()
        self._gaps = np.array([word in spellings for word in words], bool)
        self.missing = self._gaps[codes] if len(words) else np.zeros(len(codes), bool)
        pairs = list(zip(words, counts, self._gaps.tolist(), strict=True))
        self.seen = {word: count for word, count, gap in pairs if not gap}
        self.spelled = {word: count for word, count, gap in pairs if gap}

    def column(
        self,
        values: Mapping[str, object],
        empty: object,
        kind: Any,
        decimals: int | None = None,
        written: str | None = None,
    ) -> Column:
        """The column, with a value for each of its words and another where one is missing."""
        by_word = np.array([values.get(word, empty) for word in self.words], kind)
        return Column(self.name, by_word[self.codes], self.missing, decimals, written)

    def wrong(self, what: str, words: set[str]) -> Wrong | None:
        """The cells that say one of some words."""
        bad = np.array([word in words for word in self.words], bool)
        rows = np.flatnonzero(bad[self.codes])
        return Wrong(what, rows, [self.words[self.codes[row]] for row in rows[:3]]) if len(rows) else None
