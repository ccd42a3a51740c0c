"""The run folder: the only thing that passes from training to everything later."""

import json
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from reparam.errors import UserError
from reparam.files import read_json, replace_atomically, write_json
from reparam.runs.lock import hold
from reparam.runs.record import Record
from reparam.runs.upgrade import upgraded


class RunFolder:
    """Names and files of a run.

    ``config.json``, ``metrics.jsonl`` (the log), ``notes.jsonl`` (what was said of it), ``cost.json``,
    ``checkpoints/``, ``figures/``.

    Args:
        path: the folder; it need not exist yet.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config = self.path / "config.json"
        self.metrics = self.path / "metrics.jsonl"
        self.notes = self.path / "notes.jsonl"
        self.cost = self.path / "cost.json"
        self.last = self.path / "checkpoints" / "last.safetensors"
        self.best = self.path / "checkpoints" / "best.safetensors"
        self.figures = self.path / "figures"

    def kept(self, step: int) -> Path:
        """Where the weights of a step are kept."""
        return self.path / "checkpoints" / f"step-{step:07d}.safetensors"

    @property
    def kept_steps(self) -> list[int]:
        """The steps whose weights are kept, in order."""
        found = (self.path / "checkpoints").glob("step-*.safetensors")
        return sorted(int(path.stem.removeprefix("step-")) for path in found)

    def check_free(self) -> None:
        """Make sure that there is nothing in the folder's place yet.

        Raises:
            UserError: if there is: a run is never overwritten silently.
        """
        if self.path.is_file() or (self.path.is_dir() and any(p.name != ".lock" for p in self.path.iterdir())):
            raise UserError(
                f'{self.path} exists already: continue it with resume="{self.path}", name another folder with out=..., '
                "or delete it"
            )

    def create(self, record: Record) -> None:
        """Make the folder and write ``config.json``, refusing as :meth:`check_free` does."""
        self.check_free()
        write_json(self.config, record.plain())

    def locked(self) -> AbstractContextManager[None]:
        """Hold the folder for one process; a kill lets go of it.

        Raises:
            UserError: if another process trains into the folder, or it cannot be held (on entering).
        """
        return hold(self.path)

    def record(self) -> Record:
        """The record that :meth:`create` wrote, today or in an earlier version.

        Raises:
            UserError: if there is none, or it is not whole.
        """
        return Record.read(upgraded(read_json(self.config), self.path))

    def append(self, row: Mapping[str, Any], to: Path | None = None) -> None:
        """Add a row to ``metrics.jsonl``, or to another file of lines."""
        path = to or self.metrics
        try:
            with path.open("a", encoding="utf-8", newline="\n") as file:
                file.write(json.dumps(dict(row), allow_nan=False) + "\n")
        except OSError as error:
            raise UserError(f"{path} cannot be written ({error.strerror}): free space, then resume") from error

    def rows(self) -> list[dict[str, Any]]:
        """The rows of ``metrics.jsonl``; a last line that a kill left half written is passed over."""
        return _lines(self.metrics, {"step", "split"})

    def remarks(self) -> list[dict[str, Any]]:
        """What was said of the run: ``step`` and ``note`` each."""
        return _lines(self.notes, {"step", "note"})

    def rewind(self, step: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Drop the rows and notes that a checkpoint at ``step`` does not know of; returns those that stay."""
        rows = [row for row in self.rows() if row["step"] <= step and row["split"] != "test"]
        _rewrite(self.metrics, rows)
        notes = [note for note in self.remarks() if note["step"] <= step]
        if self.notes.exists():
            _rewrite(self.notes, notes)
        return rows, notes

    @property
    def finished(self) -> bool:
        """Whether the run came to its end (its last row is the test row)."""
        rows = self.rows()
        return bool(rows) and rows[-1]["split"] == "test"


def _lines(path: Path, needed: set[str]) -> list[dict[str, Any]]:
    """The tables of a file of lines, up to one that is no JSON.

    Raises:
        UserError: if a line is JSON, but no table with what is needed, which no kill leaves.
    """
    if not path.exists():
        return []
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            break
        if not isinstance(row, dict) or not needed <= row.keys():
            raise UserError(
                f"line {number} of {path} is no row of a run: it was changed by hand or is damaged; restore it"
            )
        rows.append(row)
    return rows


def _rewrite(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    replace_atomically(path, lambda beside: beside.write_text(text, encoding="utf-8", newline="\n"))
