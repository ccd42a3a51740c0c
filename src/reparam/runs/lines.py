"""Files of rows, a line of JSON each: what is damaged is passed over, said, and hides nothing of the rest."""

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reparam.door import parse, present, read_bytes, require_regular
from reparam.files import replace_atomically
from reparam.folders import Unwritten
from reparam.runs.identity import Identity

Row = dict[str, Any]
MOST = 512 * 2**20
"""Bytes of a file of rows: some million rows."""
LARGEST = 2**63
SPLITS = ("train", "validation", "test")
SUM = ', "crc32": "'


@dataclass(frozen=True)
class Lines:
    """What a file of rows holds.

    Attributes:
        rows: those that are whole, in order.
        damaged: number and content of each line that is no row.
        torn: the content of a last line that was not written to its end.
    """

    rows: list[Row]
    damaged: tuple[tuple[int, bytes], ...] = ()
    torn: bytes = b""

    def told(self, path: Path) -> list[str]:
        """What is missing, a sentence each."""
        found = []
        if self.damaged:
            numbers = ", ".join(str(number) for number, _ in self.damaged[:5])
            more = f" and {len(self.damaged) - 5} more" if len(self.damaged) > 5 else ""
            what = (
                f"line {numbers}{more} of {path} is"
                if len(self.damaged) == 1
                else f"lines {numbers}{more} of {path} are"
            )
            found.append(f"{what} damaged or of another run, and passed over; the others stand")
        if self.torn:
            found.append(f"the last line of {path} was not written to its end, and is passed over")
        return found


def is_row(row: Row) -> bool:
    """Whether a table is a row of the log: where in the training, and a number or None for each name.

    >>> is_row({"step": 1, "epoch": 0.5, "split": "train", "elbo": None}), is_row({"step": 1, "epoch": 0, "split": 3})
    (True, False)
    """
    values = (value for name, value in row.items() if name != "split")
    return (
        _is_step(row.get("step"))
        and _is_number(row.get("epoch", 0))
        and row.get("split") in SPLITS
        and all(value is None or _is_number(value) for value in values)
    )


def is_remark(row: Row) -> bool:
    """Whether a table is something said of a run."""
    return row.keys() == {"step", "note"} and _is_step(row["step"]) and isinstance(row["note"], str)


def read_lines(path: Path, fits: Callable[[Row], bool], identity: Identity) -> Lines:
    """The rows of a file; none where there is no file.

    Args:
        path: of the file.
        fits: whether a table is such a row.
        identity: of the run that they belong to.

    Raises:
        reparam.door.Damaged: if something else than a file of bounded size stands there.
    """
    if not present(path):
        return Lines([])
    rows: list[Row] = []
    damaged: list[tuple[int, bytes]] = []
    *lines, last = read_bytes(path, MOST).split(b"\n")
    for number, line in enumerate([*lines, *([last] if last else [])], 1):
        row = _row(line, fits, identity)
        if row is not None:
            rows.append(row)
        elif number > len(lines) and b"}" not in line:
            return Lines(rows, tuple(damaged), line)
        else:
            damaged.append((number, line))
    return Lines(rows, tuple(damaged))


def append_line(path: Path, row: Mapping[str, Any], identity: Identity) -> None:
    """Add a row.

    Raises:
        UserError: if it cannot be written.
    """
    try:
        if present(path):
            require_regular(path)  # a pipe would be waited for
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(_line(row, identity))
    except OSError as error:
        raise Unwritten(f"{path} cannot be written ({error.strerror}): free space, then resume") from error


def rewrite_lines(path: Path, rows: Iterable[Mapping[str, Any]], identity: Identity) -> None:
    """Write a file of rows anew, atomically."""
    text = "".join(_line(row, identity) for row in rows)
    replace_atomically(path, lambda beside: beside.write_text(text, encoding="utf-8", newline="\n"))


def _line(row: Mapping[str, Any], identity: Identity) -> str:
    text = json.dumps(dict(row), allow_nan=False)
    return f'{text[:-1]}{SUM}{_sum(text, identity)}"}}\n' if identity.seals else f"{text}\n"


def _row(line: bytes, fits: Callable[[Row], bool], identity: Identity) -> Row | None:
    """The row that a line holds; None where it holds none, or one of another run."""
    try:
        text = line.decode()
        start, mark, end = text.rpartition(SUM)
        whole = f"{start}}}" if mark else text
        row = parse(whole)
    except ValueError:
        return None
    if identity.seals and end != f'{_sum(whole, identity)}"}}':
        return None
    return row if isinstance(row, dict) and fits(row) else None


def _sum(text: str, identity: Identity) -> str:
    return f"{zlib.crc32(text.encode(), zlib.crc32(identity.name.encode())):08x}"


def _is_number(value: object) -> bool:
    """Whether it is a number that an array of numbers takes."""
    return isinstance(value, float) or (isinstance(value, int) and -LARGEST < value < LARGEST)


def _is_step(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST
