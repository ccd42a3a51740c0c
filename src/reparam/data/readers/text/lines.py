"""Lines of text as rows of cells."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from reparam.errors import UserError

SPACES = " "
COMMENTS = ("#", "%")
STRONG = re.compile(r"[#%](?:[\s#%!]|$)")
"""What no cell begins with: a comment's mark and a space."""
TOKEN = re.compile(r'"(?:[^"]|"")*"|[^\s"]\S*|"\S*')


@dataclass(frozen=True)
class Dialect:
    """How a line is cut into cells.

    Args:
        delimiter: what stands between cells; a space stands for any run of spaces and tabs.
        quote: what stands around a cell that holds a delimiter.
        escape: what stands before a quote inside of one, where it is not doubled.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None

    @property
    def between(self) -> str:
        """What stands between the cells of a line that was made ready for reading."""
        return "\t" if self.delimiter == SPACES else self.delimiter

    def ready(self, line: str) -> str:
        """A line with one character between its cells.

        >>> Dialect(" ").ready(' 1.5   "a  b"\\t3\\n')
        '1.5\\t"a  b"\\t3\\n'
        """
        if self.delimiter != SPACES:
            return line
        return "\t".join(TOKEN.findall(line) if self.quote in line else line.split()) + "\n"


class Row(NamedTuple):
    """A row's cells, and the first and the last line they stand on, counted from 1."""

    first: int
    last: int
    cells: list[str]


class Comments:
    """Which lines are no rows: blank ones and comments, which are counted.

    Args:
        dialect: how lines are cut into cells.
        width: cells a row; a line that begins with ``#`` and has as many is a row, unless a space follows.
    """

    def __init__(self, dialect: Dialect, width: int | None = None) -> None:
        self.count = 0
        self._dialect, self._width = dialect, width
        self._blanks = " \r\n" if dialect.delimiter == "\t" else " \t\r\n"

    def passes_over(self, line: str) -> bool:
        """Whether a line is none of the table's."""
        if line.startswith(COMMENTS) and self._is_comment(line):
            self.count += 1
            return True
        return not line.strip(self._blanks)

    def _is_comment(self, line: str) -> bool:
        dialect = self._dialect
        names_a_column = dialect.delimiter == "\t" and line[1:2] == "\t"
        if STRONG.match(line) and not names_a_column:
            return True
        return self._width is not None and line.count(dialect.between) != self._width - 1 and dialect.quote not in line


def rows(lines: Iterable[str], dialect: Dialect, comments: Comments, where: str, before: int = 0) -> Iterator[Row]:
    """Rows of lines, whose cells may go on over several lines in quotes.

    Args:
        lines: the lines, line ends included.
        dialect: how they are cut.
        comments: what is passed over.
        where: the file, in errors.
        before: lines of the file that are before these.

    Raises:
        UserError: where a quote is opened and not closed.

    >>> list(rows(['a,"b\\n', 'c"\\n', "# no\\n", "1,2\\n"], Dialect(), Comments(Dialect()), "a file"))
    [Row(first=1, last=2, cells=['a', 'b\\nc']), Row(first=4, last=4, cells=['1', '2'])]
    """
    feed = _Feed(lines, dialect, comments, before)
    reader = csv.reader(feed, delimiter=dialect.between, quotechar=dialect.quote, escapechar=dialect.escape,
                        doublequote=dialect.escape is None, skipinitialspace=True)  # fmt: skip
    try:
        for cells in reader:
            if feed.last > feed.first and feed.quotes % 2:
                raise csv.Error("it is open at the end of the file")
            yield Row(feed.first, feed.last, cells)
            feed.inside = False
    except csv.Error as error:
        raise UserError(f"A quote ({dialect.quote}) that opens in line {feed.first} of {where} is not closed "
                        f"({error}): close it, or remove it.") from error  # fmt: skip


class _Feed:
    """Lines for a reader of rows, which asks for another when the last was not a row's end."""

    def __init__(self, lines: Iterable[str], dialect: Dialect, comments: Comments, before: int) -> None:
        self._lines, self._dialect, self._comments = iter(lines), dialect, comments
        self.first = self.last = before
        self.inside, self.quotes = False, 0

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        while True:
            line = self._dialect.ready(next(self._lines))
            self.last += 1
            if self.inside:
                break
            if not self._comments.passes_over(line):
                self.first, self.inside, self.quotes = self.last, True, 0
                break
        self.quotes += line.count(self._dialect.quote)
        return line
