"""Tables to files, in the form that the user's own has: text, or Parquet and Feather by pyarrow."""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from reparam.data.columns.form import Table, lay_out, pandas_frame
from reparam.data.readers.cells import Column
from reparam.data.readers.punctuation import PLAIN, Punctuation
from reparam.errors import UserError
from reparam.files import packed, text, write_result

Cells = Sequence[Column]
Writer = Callable[[Cells, Punctuation], Callable[[Path], object]]


def table_ending(path: Path) -> str | None:
    """The ending of a table's file; None where it is that of no table.

    >>> table_ending(Path("a.csv.gz")), table_ending(Path("a.png"))
    ('.csv.gz', None)
    """
    return next((ending for ending in WRITERS if path.name.lower().endswith(ending)), None)


def check_table(path: Path) -> None:
    """Refuse, before anything takes its time, a file that no table is written to.

    Raises:
        UserError: naming the endings there are.
    """
    if table_ending(path) is None:
        raise UserError(f"{path} is of no format that a table is written in: name it {', '.join(WRITERS)}")


def write_tables(path: Path, tables: Sequence[Table], number: str, force: bool = False) -> str:
    """Write a table, or several below each other with a column more that says which.

    Args:
        path: by its ending.
        tables: of the same columns.
        number: what that column is called.
        force: write over a file that reparam did not make.

    Returns:
        How a text is written, where that is not with commas and points alone.

    Raises:
        UserError: if the ending is unknown, a library is missing, or the file is there already.
    """
    check_table(path)
    cells = tables[0].cells if len(tables) == 1 else _stacked([table.cells for table in tables], number)
    ending, punctuation = str(table_ending(path)), tables[0].punctuation
    if ending.startswith(".tsv"):
        punctuation = replace(punctuation, delimiter="\t")
    write_result(path, WRITERS[ending](cells, punctuation), force)
    return "" if ending in COLUMNAR else told(punctuation, ending)


def told(punctuation: Punctuation, ending: str = "") -> str:
    """How a text is written, in a sentence; nothing where it is as everybody expects.

    >>> told(Punctuation(";", ",")), told(PLAIN)
    ('written as the data are: semicolons between cells, decimal commas', '')
    """
    expected = replace(PLAIN, delimiter="\t") if ending.startswith(".tsv") else PLAIN
    return "" if punctuation == expected else f"written as the data are: {punctuation}"


def _stacked(tables: Sequence[Cells], number: str) -> tuple[Column, ...]:
    rows = len(tables[0][0].values)
    which = np.repeat(np.arange(1, len(tables) + 1), rows)
    stacked = [
        Column(
            parts[0].name,
            np.concatenate([part.values for part in parts]),
            np.concatenate([part.missing for part in parts]),
            parts[0].decimals,
            parts[0].written,
            text=None if parts[0].text is None else np.concatenate([np.asarray(part.text) for part in parts]),
        )
        for parts in zip(*tables, strict=True)
    ]
    return Column(number, which, np.zeros(len(which), dtype=bool), 0), *stacked


def _text(cells: Cells, punctuation: Punctuation) -> Callable[[Path], object]:
    return text(_lines(cells, punctuation))


def _gzipped(cells: Cells, punctuation: Punctuation) -> Callable[[Path], object]:
    return packed(_lines(cells, punctuation))


def _lines(cells: Cells, punctuation: Punctuation) -> str:
    file = io.StringIO()
    lay_out(file, cells, punctuation)
    return file.getvalue()


def _columnar(method: str) -> Writer:
    def writer(cells: Cells, punctuation: Punctuation) -> Callable[[Path], object]:
        frame = pandas_frame(cells)
        if frame is None or find_spec("pyarrow") is None:
            raise UserError("Parquet and Feather are written by pandas and pyarrow, which are not installed: name a "
                            ".csv, or pip install 'reparam[tables]'")  # fmt: skip
        return lambda beside: getattr(frame, method)(beside)

    return writer


COLUMNAR: dict[str, Writer] = {".parquet": _columnar("to_parquet"), ".feather": _columnar("to_feather")}
WRITERS: dict[str, Writer] = {
    ".csv": _text,
    ".csv.gz": _gzipped,
    ".tsv": _text,
    ".tsv.gz": _gzipped,
    **COLUMNAR,
}
"""By a file's ending, in small letters."""
