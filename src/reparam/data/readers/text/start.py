"""What the first lines of a text table say: how it is cut into cells, and how its columns are called."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from reparam.data.readers.text.dialect import CALLED, dialect_of, named
from reparam.data.readers.text.header import USUAL, is_header, words_name
from reparam.data.readers.text.lines import COMMENTS, SPACES, Comments, Dialect, Row, rows
from reparam.data.readers.text.numbers import format_of
from reparam.errors import UserError
from reparam.settings import ReadingConfig

LINES, CHARACTERS, LEAST_LINES = 200, 2**18, 8
"""How much of a file is looked at first."""
MOST_TITLES = 20


@dataclass(frozen=True)
class Start:
    """The beginning of a text table.

    Args:
        dialect: how lines are cut into cells.
        names: of the columns, as they are written; empty where there is none.
        header: whether there are names.
        before: lines before the first row of cells.
        sample: the first rows of cells.
        comments: how many lines before them are comments.
        notes: what was decided.
    """

    dialect: Dialect
    names: tuple[str, ...]
    header: bool
    before: int
    sample: list[list[str]]
    comments: int
    notes: tuple[str, ...]


def start_of(
    lines: Sequence[str], cut: bool, how: ReadingConfig, where: str, ending: str = "", known: Collection[str] = ()
) -> Start:
    """Find out how a table is written.

    Args:
        lines: the first lines.
        cut: whether there are more.
        how: what was given.
        where: the file, in errors.
        ending: of the file's name.
        known: names that its columns may have.

    Raises:
        UserError: if there are no rows.
    """
    declared = named(lines[0].strip()[4:]) if lines and lines[0].startswith("sep=") else None
    table = lines[1:] if declared else lines
    dialect = dialect_of(table, how.delimiter or declared, how.decimal, ending)
    found = _rows(table, dialect, cut, where, len(lines) - len(table))
    if not found:
        raise UserError(f"{where} is empty: give a table with rows.")
    width = Counter(len(row.cells) for row in found[1:] or found).most_common(1)[0][0]
    plain = how.read_as == "vectors"
    titles = 0 if plain else _titles(found, width)
    found = found[titles:]
    comment, own = lines[: found[0].first - 1], False
    names = _comment_names(comment, dialect, width)
    if names is None:
        names = _names(found, width, how.header, plain, known)
        own = names is not None
    if names is None:
        names = _comment_names(comment, Dialect(SPACES), width)
    body = found[1:] if names is not None and own else found
    if not body:
        raise UserError(f"{where} has names of columns and no rows: give a table with rows.")
    line = 0 if names is None else found[0].first if own else found[0].first - 1
    notes = _notes(dialect, width, line, titles, names or ())
    sample = [row.cells for row in body if len(row.cells) == width]
    before = body[0].first - 1
    comments = sum(line.startswith(COMMENTS) for line in lines[: found[0].first - 1]) - (names is not None and not own)
    return Start(dialect, tuple(names or [""] * width), names is not None, before, sample, comments, notes)


def _rows(lines: Sequence[str], dialect: Dialect, cut: bool, where: str, before: int) -> list[Row]:
    """Rows of cells; of lines that were cut off, those before a quote that is not closed."""
    found = []
    try:
        for row in rows(lines, dialect, Comments(dialect), where, before):
            found.append(row)
    except UserError:
        if not cut or not found:
            raise
    return found


def _titles(found: Sequence[Row], width: int) -> int:
    """How many rows at the beginning have one word and nothing else, as titles do, or behind one of these nothing."""
    count = 0
    for row in found[:MOST_TITLES]:
        said = [cell for cell in row.cells if cell.strip()]
        alone = len(row.cells) == 1 < width or (len(row.cells) == width > 2)
        if not alone or len(said) > 1 or format_of(said) is not None or (not said and not count):
            break
        count += 1
    return count if count < min(len(found), MOST_TITLES) else 0


def _comment_names(before: Sequence[str], dialect: Dialect, width: int) -> list[str] | None:
    """The names in the last comment before the rows, as numpy.savetxt writes them, if it is one of words.

    Between names may stand what stands between cells, or spaces; a sentence of as many words as there are columns is
    names, too, but only where no row is.
    """
    comments = [line.lstrip("".join(COMMENTS)) for line in before if line.startswith(COMMENTS)]
    if not comments:
        return None
    cells = [
        cell.strip()
        for row in rows([dialect.ready(comments[-1])], dialect, Comments(dialect), "")
        for cell in row.cells
    ]
    named = len(cells) == width and all(cells) and any(format_of([cell]) is None for cell in cells)
    return cells if named else None


def _names(found: Sequence[Row], width: int, header: str, plain: bool, known: Collection[str]) -> list[str] | None:
    """The names in the first row, if it is one of names."""
    first = [cell.strip() for cell in found[0].cells]
    body = [[cell.strip() for cell in row.cells] for row in found[1:] if len(row.cells) == width]
    if header == "no" or len(first) not in (width, width - 1):
        return None
    words = all(format_of([cell]) is None for cell in first if cell not in USUAL)
    if len(first) < width:
        if header != "yes" and not words:
            return None
        # a header with one cell less lacks the name of row numbers, as R writes them, or the rows end in a delimiter
        return [*first, ""] if all(row[-1] == "" for row in body) else ["", *first]
    if header == "auto" and not any(cell in known for cell in first):
        decided = words_name(first, body) if plain else is_header(first, body) if body else words
        if not decided:
            return None
    return [first[0].lstrip("#%").strip() or first[0], *first[1:]]


def _notes(dialect: Dialect, width: int, line: int, titles: int, names: Sequence[str]) -> tuple[str, ...]:
    between = f"cells between {CALLED.get(dialect.delimiter, repr(dialect.delimiter))}"
    cells = between if width > 1 else "a cell a line"
    numbers = bool(names) and all(format_of([name]) is not None for name in names if name)
    told = f"names of columns in line {line}" if line else "no line of names (header=yes takes the first one)"
    told += ", which are numbers (header=no reads them as values)" if numbers else ""
    passed = f"{titles} line{'s' * (titles > 1)} before the table passed over"
    return (f"{cells}, {told}", *((passed,) if titles else ()))
