"""The rows of a text, a piece at a time, as columns of cells."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain

import numpy as np

from reparam.data.readers.text.blocks import Block, Numbers
from reparam.data.readers.text.lines import COMMENTS, SPACES, Comments, Dialect, Row, rows
from reparam.data.readers.text.stream import Lines

SHOWN = 3


@dataclass
class Ragged:
    """Rows that are not as wide as the table: how many, and the first few."""

    width: int
    count: int = 0
    first: list[tuple[int, int]] = field(default_factory=list)

    def add(self, line: int, cells: int) -> None:
        """Remember one."""
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append((line, cells))

    def __str__(self) -> str:
        shown = ", ".join(f"line {line} has {cells}" for line, cells in self.first)
        more = ", ..." if self.count > len(self.first) else ""
        many = f"{self.count:,} rows have" if self.count > 1 else "a row has"
        return f"{many} not the {self.width} cell{'s' * (self.width > 1)} that the others have ({shown}{more})"


class Piece(ABC):
    """Some rows.

    Attributes:
        lines: the line each row begins on.
    """

    lines: np.ndarray

    @abstractmethod
    def cells(self, column: int) -> list[str]:
        """The cells of a column."""

    def numbers(self, columns: Sequence[int], point: str) -> Numbers | None:
        """The numbers of several columns at once, where that will do."""
        return None


@dataclass(frozen=True)
class QuotedPiece(Piece):
    """Rows that were cut cell by cell."""

    columns: list[list[str]]
    lines: np.ndarray

    def cells(self, column: int) -> list[str]:
        """The cells of a column."""
        return self.columns[column]


class PlainPiece(Piece):
    """Rows in which nothing is quoted.

    Args:
        block: their text.
        lines: the line each begins on.
    """

    def __init__(self, block: Block, lines: np.ndarray) -> None:
        self._block, self.lines = block, lines

    @cached_property
    def _flat(self) -> list[str]:
        block = self._block
        return block.text.removesuffix("\n").replace("\n", block.between).split(block.between) if block.text else []

    def cells(self, column: int) -> list[str]:
        """The cells of a column."""
        return self._flat[column :: self._block.width]

    def numbers(self, columns: Sequence[int], point: str) -> Numbers | None:
        """The numbers of several columns at once, where that will do."""
        return self._block.numbers(columns, point) if len(self.lines) and columns else None


def pieces(lines: Lines, dialect: Dialect, ragged: Ragged, comments: Comments, where: str) -> Iterator[Piece]:
    """The rows of lines, some thousand cells at a time.

    Args:
        lines: the lines from the first row on; they are read as they are needed.
        dialect: how they are cut into cells.
        ragged: where rows that are not as wide as it says are written down; they are left out.
        comments: what is passed over.
        where: the file, in errors.

    Raises:
        UserError: where a quote is opened and not closed.
    """
    before = lines.taken
    while text := lines.many():
        if dialect.quote in text:
            some = [f"{line}\n" for line in text.split("\n")[:-1]]
            found = _some_rows(rows(chain(some, lines), dialect, comments, where, before), before + len(some))
            yield _columns(found, ragged)
        else:
            yield _plain(text, dialect, ragged, comments, before)
        before = lines.taken


def _some_rows(found: Iterator[Row], last: int) -> Iterator[Row]:
    """Rows up to the one that the last line belongs to."""
    for row in found:
        yield row
        if row.last >= last:
            return


def _columns(found: Iterable[Row], ragged: Ragged) -> Piece:
    right = []
    for row in found:
        if len(row.cells) == ragged.width:
            right.append(row)
        else:
            ragged.add(row.first, len(row.cells))
    columns = list(map(list, zip(*(row.cells for row in right), strict=True))) or [[] for _ in range(ragged.width)]
    return QuotedPiece(columns, np.array([row.first for row in right], np.int64))


def _plain(text: str, dialect: Dialect, ragged: Ragged, comments: Comments, before: int) -> Piece:
    """Lines in which nothing is quoted: cut by splitting, many at once."""
    between, width = dialect.between, ragged.width
    if dialect.delimiter == SPACES:
        text = "".join(map(dialect.ready, text.split("\n")[:-1]))
    count = text.count("\n")
    numbers = np.arange(before + 1, before + 1 + count)
    if not any(mark in text for mark in COMMENTS):
        block = Block(text, between, width)
        if block.is_regular(count):
            return PlainPiece(block, numbers)
    some = text.split("\n")[:-1]
    kept = _rows_among(some, between, comments, ragged, before)
    return PlainPiece(Block("".join(f"{some[at]}\n" for at in kept), between, width), numbers[kept])


def _rows_among(some: list[str], between: str, comments: Comments, ragged: Ragged, before: int) -> list[int]:
    """The places of the lines that are rows of the right width."""
    kept = []
    for at, line in enumerate(some):
        cells = line.count(between) + 1
        if comments.passes_over(line):
            continue
        if cells == ragged.width:
            kept.append(at)
        else:
            ragged.add(before + at + 1, cells)
    return kept
