"""The run folder: the only thing that passes from training to everything later."""

import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

from reparam.door import Damaged, Missing, Unreadable, is_folder, listed, present
from reparam.errors import UserError, tell
from reparam.files import flush_to_disk
from reparam.folders import Unwritten, make_folder, standing
from reparam.runs.hub import fetched, is_on_hub
from reparam.runs.identity import Identity
from reparam.runs.leftovers import is_free, set_aside, sweep
from reparam.runs.lines import Lines, append_line, is_remark, is_row, read_lines, rewrite_lines
from reparam.runs.lock import hold
from reparam.runs.only_read import as_typed, called, is_only_read, told
from reparam.runs.record import Record
from reparam.runs.sealed import SEAL, checksum, read_sealed, read_table, write_sealed
from reparam.runs.shipped import is_bundled, refuse_to_change, shipped
from reparam.runs.upgrade import schema_of, upgraded
from reparam.runs.witness import AT_THE_END, missing_notes, missing_rows
from reparam.runs.written import check_config

KEPT = re.compile(r"step-(\d{1,18})\.safetensors")


def _path(given: object) -> Path:
    if isinstance(given, str | PurePath):
        if is_bundled(given):
            return shipped(Path(given))
        return fetched(Path(given)) if is_on_hub(given) else Path(given)
    raise UserError(f"{given!r:.80} names no run folder: give its path")


class RunFolder:
    """Names and files of a run.

    ``config.json``, ``metrics.jsonl`` (the log), ``notes.jsonl`` (what was said of it), ``cost.json``,
    ``checkpoints/`` (and in it a copy of ``config.json``), ``figures/``.

    Args:
        path: the folder; it need not exist yet. ``hf://owner/name@revision`` is fetched from a hub,
            ``bundled:NAME`` comes with reparam.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = _path(path)
        self.config = self.path / "config.json"
        self.metrics = self.path / "metrics.jsonl"
        self.notes = self.path / "notes.jsonl"
        self.cost = self.path / "cost.json"
        self.checkpoints = self.path / "checkpoints"
        self.copy = self.checkpoints / "config-copy.json"
        self.last = self.checkpoints / "last.safetensors"
        self.previous = self.checkpoints / "previous.safetensors"
        self.best = self.checkpoints / "best.safetensors"
        self.figures = self.path / "figures"

    @property
    def name(self) -> str:
        """What the run is called where it is spoken of: its path, or the name of one that is only read."""
        return told(self.path)

    @property
    def typed(self) -> str:
        """The same as a command takes it."""
        return as_typed(self.path)

    def picture(self, name: str) -> Path:
        """Where a file that is made of the run goes unless told: its figures, or here where it is not written to."""
        return Path(f"{called(self.path)}-{name}") if is_only_read(self.path) else self.figures / name

    def kept(self, step: int) -> Path:
        """Where the weights of a step are kept."""
        return self.checkpoints / f"step-{step:07d}.safetensors"

    @property
    def kept_steps(self) -> list[int]:
        """The steps whose weights are kept, in order."""
        found = (KEPT.fullmatch(path.name) for path in listed(self.checkpoints, "step-*.safetensors"))
        return sorted(int(match[1]) for match in found if match)

    def check_free(self) -> None:
        """Make sure that there is nothing in the folder's place yet, but for what a kill before the first file leaves.

        Raises:
            UserError: if there is: a run is never overwritten silently.
        """
        refuse_to_change(self.path)
        if not is_free(self.path):
            if not present(self.config):
                raise UserError(f"{self.path} exists already, and is no run folder: name another with out=...")
            raise UserError(
                f'{self.path} exists already: continue it with resume="{self.path}", name another folder with out=..., '
                "or delete it"
            )

    def create(self, record: Record) -> None:
        """Make the folder and write ``config.json``, refusing as :meth:`check_free` does."""
        self.check_free()
        with self.locked(new=True):
            self.check_free()  # another process may have begun it in the meantime
            self.sweep()
            self._make_folders()
            write_sealed(self.config, record.plain())
            self.identity = Identity(checksum(read_table(self.config)), seals=True)
            write_sealed(self.copy, record.plain())

    def locked(self, new: bool = False) -> AbstractContextManager[None]:
        """Hold the folder for one process; a kill lets go of it.

        Args:
            new: make it where it is not there.

        Raises:
            UserError: if another process trains into the folder, or it cannot be held (on entering).
        """
        refuse_to_change(self.path)
        return hold(self.path, new)

    def tidy(self) -> None:
        """Do what a kill broke off, for whoever holds the folder: the copy of ``config.json``, half-written files."""
        self.sweep()
        self._make_folders()
        if not present(self.copy) and self.identity.seals:
            write_sealed(self.copy, read_table(self.config))

    def _make_folders(self) -> None:
        """Make those that everything else is written into; whoever writes later makes none, lest the run has vanished.

        Raises:
            UserError: if that cannot be done.
        """
        try:
            with standing(self.path):
                for folder in (self.checkpoints, self.figures):
                    make_folder(folder)
        except OSError as error:
            raise Unwritten(f"{self.path} cannot be written to ({error.strerror}): see to what is there") from None

    def sweep(self) -> None:
        """Remove what kills left half written; only whoever holds the folder may."""
        for folder in (self.path, self.checkpoints):
            sweep(folder)
        sweep(self.figures, ".samples-step-")  # others draw there besides

    def record(self) -> Record:
        """The record that :meth:`create` wrote, today or in an earlier version.

        Raises:
            UserError: if there is none, or it is not whole, or was changed.
        """
        try:
            plain = read_table(self.config)
        except Missing:
            raise Missing(self._without_config()) from None
        schema_of(plain, self.path)  # a newer version may keep things otherwise
        check_config(self.config, plain, self.copy)
        return self.read_record(plain)

    def read_record(self, plain: Mapping[str, Any]) -> Record:
        """The record that a table holds, whether it is the one that was written or not.

        Raises:
            UserError: if a part is missing or will not do.
        """
        return Record.read(upgraded({name: value for name, value in plain.items() if name != SEAL}, self.path))

    @cached_property
    def identity(self) -> Identity:
        """What the run's files have in common; nothing where ``config.json`` is missing or damaged.

        Raises:
            reparam.door.Unreadable: if the system does not let it be read.
        """
        try:
            plain = read_table(self.config)
        except Unreadable:
            raise
        except UserError:
            return Identity()
        return Identity(checksum(plain), SEAL in plain)

    def append(self, row: Mapping[str, Any], to: Path | None = None) -> None:
        """Add a row to ``metrics.jsonl``, or to another file of lines.

        Raises:
            UserError: if it cannot be written.
        """
        append_line(to or self.metrics, row, self.identity)

    def flush(self) -> None:
        """Have the rows and notes so far on the disk, before a checkpoint vouches for them."""
        for path in (self.metrics, self.notes):
            if present(path):
                try:
                    flush_to_disk(path)
                except OSError as error:
                    raise Unwritten(f"{path} cannot be written ({error.strerror}): free space, then resume") from error

    def log(self) -> Lines:
        """``metrics.jsonl`` as it stands, its damage with it."""
        return read_lines(self.metrics, is_row, self.identity)

    def rows(self) -> list[dict[str, Any]]:
        """The rows of ``metrics.jsonl``; what is missing of them is told."""
        missing = missing_rows(self)  # before the rows: a training at work adds some
        lines = self.log()
        for sentence in [*lines.told(self.metrics), *missing(lines)]:
            tell(sentence)
        return lines.rows

    def remarks(self) -> list[dict[str, Any]]:
        """What was said of the run: ``step`` and ``note`` each; damaged lines are told."""
        missing = missing_notes(self)
        try:
            lines = read_lines(self.notes, is_remark, self.identity)
        except Damaged as error:
            tell(f"{error}; what was said of the run is lost, and nothing else")
            return []
        for sentence in [*lines.told(self.notes), *missing(lines)]:
            tell(sentence)
        return lines.rows

    def costs(self) -> dict[str, Any]:
        """What ``cost.json`` says; nothing, told, where it is damaged: nothing needs it to go on."""
        try:
            found = read_sealed(self.cost, self.identity.name)
            if all(isinstance(value, int | float) for value in found.values()):
                return {name: value for name, value in found.items() if name not in AT_THE_END}
            raise Damaged(f"{self.cost} holds something else than numbers")
        except Missing as error:
            if not is_folder(self.path):
                tell(f"{self.path} has vanished, with all that was in it")
            elif self.identity.seals and present(self.last):
                tell(f"{error}: what the run has cost is lost, and nothing else")
            return {}
        except Damaged as error:
            tell(f"{error}; what the run has cost is lost, and nothing else")
            return {}

    def rewind(self, step: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str]]:
        """Drop the rows and notes that a checkpoint at ``step`` does not know of, and keep damaged ones beside them.

        Returns:
            The rows that stay, the notes that stay, and what is to be said of it.
        """
        told_rows, told_notes = missing_rows(self), missing_notes(self)
        kept = (lambda row: row["step"] <= step and row["split"] != "test"), (lambda note: note["step"] <= step)
        rows, lost = self._rewound(self.metrics, is_row, kept[0], told_rows)
        notes, lost_notes = self._rewound(self.notes, is_remark, kept[1], told_notes)
        return rows, notes, [*lost, *lost_notes]

    def _rewound(
        self,
        path: Path,
        fits: Callable[[dict[str, Any]], bool],
        stays: Callable[[dict[str, Any]], bool],
        missing: Callable[[Lines], list[str]],
    ) -> tuple[list[dict[str, Any]], list[str]]:
        try:
            lines = read_lines(path, fits, self.identity)
        except Damaged as error:
            aside = set_aside(path)
            return [], [f"{error}; it was moved to {aside.name}, and what it held is lost"]
        rows = [row for row in lines.rows if stays(row)]
        told = missing(lines)
        if lines.damaged:
            aside = set_aside(path, b"\n".join([*(line for _, line in lines.damaged), b""]))
            told += [f"{sentence}; they are kept in {aside.name}" for sentence in lines.told(path)[:1]]
        if present(path) or path == self.metrics:
            rewrite_lines(path, rows, self.identity)
        return rows, told

    @property
    def finished(self) -> bool:
        """Whether the run came to its end (its last row is the test row)."""
        rows = self.log().rows
        return bool(rows) and rows[-1]["split"] == "test"

    def check_there(self) -> None:
        """Make sure that there is a folder.

        Raises:
            UserError: if there is none.
        """
        if not is_folder(self.path):
            raise UserError(self._without_config())

    def _without_config(self) -> str:
        """What is said of a folder that has no ``config.json``."""
        if not is_folder(self.path):
            why = "it is a file" if present(self.path) else "there is no such folder"
            return f"{self.path} is no run folder: {why}"
        if present(self.copy):
            return f"{self.config} is missing: `reparam doctor {self.typed}` with mend=True puts it back"
        if is_free(self.path):
            return f"{self.path} holds no run: one was killed before it had begun, or none ever was; begin it anew"
        return f"{self.config} is missing: is {self.path} a run folder?"
