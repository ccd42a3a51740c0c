"""A text table read through: every column grows by its cells, those that were misjudged once more."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from reparam.data.readers.cells import Column
from reparam.data.readers.text.growing import Numbers, Words
from reparam.data.readers.text.lines import Comments
from reparam.data.readers.text.numbers import LEADING_ZERO, Format
from reparam.data.readers.text.parts import MakeParts, Parts
from reparam.data.readers.text.pieces import Piece, Ragged, pieces
from reparam.data.readers.text.rules import NUMBERS, Rules
from reparam.data.readers.text.source import Source, watching
from reparam.data.readers.text.start import Start
from reparam.data.readers.text.texts import Typed
from reparam.data.readers.text.typed import remarks, understood

Growing = Numbers | Words
COMMA = Format(",")


class Reading:
    """What is found in passes over a text table.

    Args:
        source: the file.
        start: its beginning.
        where: the file, in errors.
        texts: whether columns keep their cells as they stand in the file.
        parts: what makes the places in which the pieces of columns gather.
        keep: what becomes of a column that is read to its end.

    Attributes:
        lines: the line on which each row begins.
        ragged: rows that are not as wide as the others.
        comments: what was passed over.
    """

    def __init__(
        self,
        source: Source,
        start: Start,
        where: str,
        texts: bool = False,
        parts: MakeParts = Parts,
        keep: Callable[[Column], Column] = lambda column: column,
    ) -> None:
        self.source, self.start, self.where, self.parts, self.keep = source, start, where, parts, keep
        self.lines = np.empty(0, np.int64)
        self._texts: list[list[str]] | None = [[] for _ in start.names] if texts else None
        self.ragged = Ragged(len(start.names))
        self.comments = Comments(start.dialect, len(start.names))

    def typed(self, names: Sequence[str], rules: Rules) -> list[Typed]:
        """The columns, each as what it is.

        Args:
            names: of the columns.
            rules: what is known of them.

        Raises:
            UserError: where a quote is opened and not closed.
        """
        cells = zip(*self.start.sample, strict=True) if self.start.sample else ((),) * len(names)
        first = {name: _growing(some, name, rules, self.parts) for name, some in zip(names, cells, strict=True)}
        self._pass(names, first)
        again = {name: Words(self.parts) for name, grown in first.items() if _misjudged(grown, name, rules)}
        if again:
            self._pass(names, again)
        found = []
        for name in names:
            typed = _finished(name, again.get(name) or first[name], rules)
            found.append(typed._replace(column=self.keep(typed.column)))
        if self._texts is None:
            return found
        return [
            each._replace(column=replace(each.column, text=np.array(text, dtype=object)))
            for each, text in zip(found, self._texts, strict=True)
        ]

    def _pass(self, names: Sequence[str], columns: Mapping[str, Growing]) -> None:
        """Let columns grow by all of the table's cells."""
        self.ragged, self.comments.count = Ragged(self.ragged.width), 0
        growing = [columns.get(name) for name in names]
        numbers = self.parts()
        texts: list[list[str]] | None = None if self._texts is None else [[] for _ in growing]
        with self.source.open() as text, watching(self.source.path, text.bytes) as so_far:
            for _ in range(self.start.before):
                next(text.lines)
            for piece in pieces(text.lines, self.start.dialect, self.ragged, self.comments, self.where):
                numbers.append(piece.lines)
                _add(piece, growing)
                for at, cells in enumerate(texts or ()):
                    cells += piece.cells(at)
                so_far()
        self._texts = texts
        self.lines = numbers.joined(np.int64)


def _add(piece: Piece, growing: Sequence[Growing | None]) -> None:
    """Let columns grow by a piece: those of plain numbers together, where that will do."""
    point = "," if any(isinstance(column, Numbers) and column.form == COMMA for column in growing) else "."
    together = [at for at, column in enumerate(growing)
                if isinstance(column, Numbers) and column.clean and column.form == Format(point)]  # fmt: skip
    found = piece.numbers(together, point)
    by_column = () if found is None else (found.values.T, found.missing.T, found.decimals, found.whole, found.zeros)
    taken = dict(zip(together, zip(*by_column, strict=True), strict=False))
    for at, column in enumerate(growing):
        if isinstance(column, Numbers) and at in taken:
            values, missing, decimals, whole, zeros = taken[at]
            column.take(values, missing, int(decimals), bool(whole), bool(zeros))
        elif column is not None and not (isinstance(column, Numbers) and column.failed):
            column.add(piece.cells(at))


def _growing(sample: Sequence[str], name: str, rules: Rules, parts: MakeParts) -> Growing:
    """How a column begins to grow, by the first of its cells."""
    seen = [cell for cell in map(str.strip, sample) if cell not in rules.spellings]
    form = rules.form(seen)
    codes = not rules.plain and rules.asked.get(name) not in NUMBERS and any(map(LEADING_ZERO.match, seen))
    if form is None or (codes and all(map(str.isdecimal, seen))):
        return Words(parts)
    likely = rules.likely if rules.decimal is None else rules.decimal
    return Numbers(Format(likely) if form == Format() and likely == "," else form, rules.spellings, parts)


def _misjudged(column: Growing, name: str, rules: Rules) -> bool:
    """Whether a column turned out not to be of numbers alone."""
    if not isinstance(column, Numbers):
        return False
    return column.strange > 0 or (column.zeros and not rules.plain and rules.asked.get(name) not in NUMBERS)


def _finished(name: str, column: Growing, rules: Rules) -> Typed:
    if isinstance(column, Words):
        return understood(name, *column.finish(), rules)
    values, missing = column.finish()
    if missing.all():
        values = np.full(len(values), np.nan)
    whole = values.dtype.kind == "i"
    decimals = 0 if whole else column.decimals
    return Typed(Column(name, values, missing, decimals), remarks(values, decimals, column.form, rules), column.spelled)
