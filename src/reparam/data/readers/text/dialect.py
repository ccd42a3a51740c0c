"""How a text table is cut into cells: found out from its first lines."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from reparam.data.readers.text.lines import SPACES, Comments, Dialect, rows
from reparam.data.readers.text.spellings import Spellings
from reparam.errors import UserError

DELIMITERS = (",", ";", "\t", "|", SPACES)
NAMED = {"tab": "\t", "\\t": "\t", "space": SPACES, "spaces": SPACES, "comma": ",", "semicolon": ";", "pipe": "|"}
"""Delimiters that have names."""
CALLED = {"\t": "tabs", SPACES: "spaces", ",": "commas", ";": "semicolons", "|": "bars"}
NUMBER = r"[+-]?(?:\d(?:[\d.,'’\u00a0\u202f]*\d)?[.,]?|[.,]\d+)(?:[eE][+-]?\d+)?"
TIME = r"\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?: ?[ap]m)?(?:Z| UTC|[+-]\d\d:?\d\d)?"
DATE = rf"\d{{1,4}}[-/._]\d{{1,2}}[-/._]\d{{1,4}}(?:[T ]{TIME})?|{TIME}"
VALUE = re.compile(rf"{NUMBER}|{DATE}|yes|no|true|false", re.IGNORECASE)
SIGNS = ",;\t|"
"""Delimiters that a word seldom has in it."""
MOST_ROWS, MOST_CELLS = 60, 200
"""Of how many rows and cells a row it is asked whether they look like values."""


def named(delimiter: str) -> str:
    """The character that a setting means.

    Raises:
        UserError: if it is not one.

    >>> named("tab"), named(";")
    ('\\t', ';')
    """
    found = NAMED.get(delimiter.lower(), delimiter)
    if len(found) != 1 or not found.isascii() or found in '\r\n"':
        raise UserError(f"delimiter={delimiter!r} will not do: give one plain character, or {', '.join(NAMED)}")
    return found


def dialect_of(
    lines: Sequence[str], delimiter: str | None = None, decimal: str | None = None, ending: str = ""
) -> Dialect:
    """The dialect under which lines are rows of one width whose cells look most like values.

    Args:
        lines: the first lines of a table, line ends included.
        delimiter: the delimiter, where it was given.
        decimal: the decimal sign, where it was given.
        ending: of the file's name.

    >>> dialect_of(["a;b\\n", "1,5;2,5\\n", "3;4,25\\n"]).delimiter
    ';'
    >>> dialect_of(["'x, y',2\\n", "'z',3\\n"])
    Dialect(delimiter=',', quote="'", escape=None)
    """
    order = [named(delimiter)] if delimiter else sorted(DELIMITERS, key=lambda one: (one == "\t") < (ending == ".tsv"))
    if decimal == "," and delimiter is None:
        order.sort(key=lambda one: one == ",")
    text = "".join(lines)
    candidates = [Dialect(one) for one in order]
    if "'" in text and '"' not in text:
        candidates += [replace(one, quote="'") for one in candidates]
    if '\\"' in text:
        candidates += [replace(one, escape="\\") for one in candidates]
    return max(candidates, key=lambda one: _fit(lines, one, decimal == ","))  # of equals, the first


def rows_among(lines: Sequence[str], dialect: Dialect) -> list[list[str]]:
    """The cells of lines, as far as their quotes are closed."""
    try:
        return [row.cells for row in rows(lines, dialect, Comments(dialect), "")]
    except UserError:
        return []


def _fit(lines: Sequence[str], dialect: Dialect, commas: bool) -> float:
    """How well lines are rows: the share that has the most frequent width, times that of cells that look right."""
    found = rows_among(lines, dialect)
    if not found:
        return 0.0
    width, alike = Counter(map(len, found)).most_common(1)[0]
    body = [row[:MOST_CELLS] for row in found[1:MOST_ROWS] or found if len(row) == width]
    alone = width == 1 and not commas
    others = re.compile(f"[{''.join(one for one in SIGNS if alone or one != dialect.delimiter)}]")
    marks = [_looks(cell, others, alone) for row in body for cell in row]
    return alike / len(found) * sum(marks) / max(1, len(marks))


USUAL = Spellings()


def _looks(cell: str, others: re.Pattern[str], alone: bool) -> float:
    """1: a value; 0: several cells, with another delimiter between them; between these: words.

    A cell alone in its row is several if it has a comma, number or not.
    """
    cell = cell.strip()
    several = others.search(cell) is not None
    if (cell in USUAL or VALUE.fullmatch(cell)) and not (alone and several):
        return 1.0
    return 0.0 if several else 0.5
