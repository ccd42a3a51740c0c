"""What a spreadsheet makes of text: a cell that begins like a formula is one to it, whoever wrote the file.

Tables that are the user's are written as they are, so that they are read back unchanged, and it is said; numbers that
we lay out ourselves, among them names that a file brought along, are made harmless (CSV injection, OWASP).
"""

import re
from collections.abc import Iterable

from reparam.errors import printable

SIGNS = "=+@＝＋－＠-"
"""What a formula begins with, in the wide letters of Chinese and Japanese, too."""
BEGINS = re.compile(rf"[\t\r\n]|[{SIGNS}]")
"""How a cell begins that is computed: Excel passes over tabs and line breaks."""
AFTER = re.compile(rf'(^|[,;|"] *)(?=[{SIGNS}])')
"""Where a cell may begin: what parts cells depends on where in the world a spreadsheet was set up."""


def computed(cell: str) -> bool:
    """Whether a spreadsheet takes a cell for something to compute: it begins so, and is no number.

    >>> [computed(cell) for cell in ("=1+1", "@SUM(A1)", "-2+3", "-2.5", "+1,5", "a=b", "")]
    [True, True, True, False, False, False, False]
    """
    return len(cell) > 1 and BEGINS.match(cell) is not None and not _is_number(cell)


def in_csv(cell: str) -> str:
    """A word of a table that we lay out, to be read and not computed, as CSV has it.

    An apostrophe makes a spreadsheet take for text what follows; letters that are not shown are spelled out.

    >>> print(in_csv("a"), in_csv("=1+1"), in_csv("-2.5"), in_csv("a, =1"), sep=",")
    a,'=1+1,-2.5,"a, '=1"
    """
    safe = cell if _is_number(cell) else AFTER.sub(r"\1'", printable(cell))
    quote = '"'
    return f"{quote}{safe.replace(quote, 2 * quote)}{quote}" if set(',;|"').intersection(safe) else safe


def remark(columns: Iterable[tuple[str, Iterable[str]]]) -> str | None:
    """What is to be said of a table that is written as it is: which columns a spreadsheet would compute in, if any.

    Args:
        columns: the name of each, and its cells as they are written.

    >>> remark([("note", ["=1+1", "good"]), ("amount", ["-3.5"])])
    "a spreadsheet would compute what it takes for formulas in 'note' (as '=1+1'): import that as text"
    """
    found = {name: cell for name, cells in columns for cell in [_first((name, *cells))] if cell is not None}
    if not found:
        return None
    name, cell = next(iter(found.items()))
    more = f" and {len(found) - 1} more of its columns" if len(found) > 1 else ""
    where = f"{name!r:.80}{more} (as {cell[:40]!r})"
    return f"a spreadsheet would compute what it takes for formulas in {where}: import that as text"


def _first(cells: Iterable[str]) -> str | None:
    return next(filter(computed, cells), None)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return cell[-1:].isdigit()
