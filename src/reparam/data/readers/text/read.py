"""Text tables to cells: .csv, .tsv, .txt, each also gzipped."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from reparam.data.readers.cells import Cells, Column
from reparam.data.readers.known import Known
from reparam.data.readers.punctuation import Punctuation, kept
from reparam.data.readers.text.grown import Reading
from reparam.data.readers.text.names import column_names
from reparam.data.readers.text.numbers import Format, decimal_of
from reparam.data.readers.text.parts import MakeParts, Parts, spilled
from reparam.data.readers.text.rules import Rules
from reparam.data.readers.text.settled import refuse_wrong, settled
from reparam.data.readers.text.source import Source, look
from reparam.data.readers.text.spellings import Spellings
from reparam.data.readers.text.start import CHARACTERS, LEAST_LINES, LINES, Start, start_of
from reparam.data.readers.text.texts import Typed
from reparam.errors import UserError
from reparam.settings import ReadingConfig

HOW = ReadingConfig()


MOST_COLUMNS = 100_000
"""Columns of a text table; each is judged for itself, which takes about a millisecond."""


def read_text(
    path: Path,
    how: ReadingConfig = HOW,
    known: Known | None = None,
    texts: bool = False,
    spill: Path | None = None,
    keep: Callable[[Column], Column] = lambda column: column,
) -> Cells:
    """A text table as columns of typed cells.

    Delimiter, quotes, decimal signs, encoding, the row of names and an index are found out unless ``how`` says them;
    every decision is among the notes. Rows are read in pieces, so that memory holds little besides the columns.

    Args:
        path: of the file.
        how: the settings of reading. With ``read_as="vectors"`` columns are numbers, or words, and nothing else.
        known: what a schema says of the columns, where the table is to be read by one.
        texts: keep the cells as they stand in the file, too.
        spill: a folder in which columns gather while the file is read, where memory does not hold all of them.
        keep: what becomes of a column that was read.

    Raises:
        UserError: if the file is no text table, rows differ in width, or cells are not of their column's kind; all of
            these are told at once.
    """
    where, plain = repr(str(path)), how.read_as == "vectors"
    source = look(path, how.encoding)
    start = _start(source, how, where, known)
    if len(start.names) > MOST_COLUMNS:
        raise UserError(
            f"{where} has {len(start.names):,} columns, and a text table is read with {MOST_COLUMNS:,} at most, each "
            "of its own kind: give the numbers as an array, in an .npy"
        )
    names, renamed = column_names(start.names)
    rules = _rules(start, names, how, known)
    parts: MakeParts = Parts if spill is None else spilled(spill, len(names))
    reading = Reading(source, start, where, texts, parts, keep)
    typed = reading.typed(names, rules)
    ragged, comments = reading.ragged, start.comments + reading.comments.count
    refuse_wrong(typed, [str(ragged)] if ragged.count else [], reading.lines, where)
    notes = (*source.notes, *start.notes, *renamed)
    notes += (f"{comments:,} comment{'s' * (comments > 1)} passed over",) if comments else ()
    if plain:
        return Cells(tuple(each.column for each in typed), notes, reading.lines, start.header)
    cells = settled(
        typed, start.names if start.header else names, rules.asked, how.missing, known.lows if known else {}, keep
    )
    return replace(
        cells,
        notes=(*notes, *cells.notes),
        lines=reading.lines,
        header=start.header,
        punctuation=_punctuation(start, rules, typed, path),
    )


def _punctuation(start: Start, rules: Rules, typed: Sequence[Typed], path: Path) -> Punctuation:
    """How the file is written: with decimal commas where a column of numbers shows them."""
    commas = any(remark.startswith(str(Format(","))) for each in typed for remark in each.remarks)
    return kept(start.dialect.delimiter, rules.decimal or ("," if commas else "."), _ending(path))


def _start(source: Source, how: ReadingConfig, where: str, known: Known | None) -> Start:
    """What the first lines of a file say."""
    names = frozenset(known.kinds if known else ())
    lines: list[str] = []
    with source.open() as text:
        while len(lines) < LEAST_LINES or (len(lines) < LINES and sum(map(len, lines)) < CHARACTERS):
            some = list(islice(text.lines, LEAST_LINES))
            lines += some
            if len(some) < LEAST_LINES:
                return start_of(lines, False, how, where, _ending(source.path), names)
    return start_of(lines, True, how, where, _ending(source.path), names)


def _ending(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _rules(start: Start, names: list[str], how: ReadingConfig, known: Known | None) -> Rules:
    """What is known of a table before its columns are judged."""
    spellings = Spellings(how.missing)
    columns = [[cell.strip() for cell in column] for column in zip(*start.sample, strict=True)]
    shown = decimal_of([cell for cell in column if cell not in spellings] for column in columns)
    likely = shown or ("." if start.dialect.delimiter == "," else None)
    roles = (*how.drop, how.labels, how.groups, how.split_by)
    asked = {_name(name, names): "label" for name in roles if name} | {
        _name(name, names): kind for name, kind in how.columns.items()
    }
    asked = {**known.kinds, **asked} if known else asked
    plain, written = how.read_as == "vectors", known.written if known else None
    return Rules(spellings, how.decimal, likely, shown is not None, plain, asked, written)


def _name(asked: str, names: list[str]) -> str:
    """The name of a column that was given by its name, or its number counted from 1."""
    if asked not in names and asked.isdecimal() and 1 <= int(asked) <= len(names):
        return names[int(asked) - 1]
    return asked
