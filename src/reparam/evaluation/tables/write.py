"""Tables to files, in the form that the user's own has: text, or Parquet and Feather by pyarrow."""

import csv
import io
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from reparam.data.columns.form import Table, pandas_frame
from reparam.data.columns.texts import texts
from reparam.data.readers.cells import Column
from reparam.errors import UserError
from reparam.files import packed, text, write_result

Cells = Sequence[Column]


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


def write_tables(path: Path, tables: Sequence[Table], number: str, force: bool = False) -> None:
    """Write a table, or several below each other with a column more that says which.

    Args:
        path: by its ending.
        tables: of the same columns.
        number: what that column is called.
        force: write over a file that reparam did not make.

    Raises:
        UserError: if the ending is unknown, a library is missing, or the file is there already.
    """
    check_table(path)
    cells = tables[0].cells if len(tables) == 1 else _stacked([table.cells for table in tables], number)
    write_result(path, WRITERS[str(table_ending(path))](cells), force)


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
        )
        for parts in zip(*tables, strict=True)
    ]
    return Column(number, which, np.zeros(len(which), dtype=bool), 0), *stacked


def _text(delimiter: str, gzipped: bool = False) -> Callable[[Cells], Callable[[Path], object]]:
    def writer(cells: Cells) -> Callable[[Path], object]:
        file = io.StringIO()
        lines = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        lines.writerow([column.name for column in cells])
        lines.writerows(zip(*map(texts, cells), strict=True))
        return packed(file.getvalue()) if gzipped else text(file.getvalue())

    return writer


def _columnar(method: str) -> Callable[[Cells], Callable[[Path], object]]:
    def writer(cells: Cells) -> Callable[[Path], object]:
        frame = pandas_frame(cells)
        if frame is None or find_spec("pyarrow") is None:
            raise UserError("Parquet and Feather are written by pandas and pyarrow, which are not installed: name a "
                            ".csv, or pip install 'reparam[tables]'")  # fmt: skip
        return lambda beside: getattr(frame, method)(beside)

    return writer


WRITERS: dict[str, Callable[[Cells], Callable[[Path], object]]] = {
    ".csv": _text(","),
    ".csv.gz": _text(",", gzipped=True),
    ".tsv": _text("\t"),
    ".tsv.gz": _text("\t", gzipped=True),
    ".parquet": _columnar("to_parquet"),
    ".feather": _columnar("to_feather"),
}
"""By a file's ending, in small letters."""
