"""A table beside images that says what each is: its class, its split, its group, by the name of its file."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, cast

import numpy as np

from reparam.data.columns.texts import texts
from reparam.data.readers.cells import Cells, Column
from reparam.data.readers.files import Entry, Files, FolderFiles
from reparam.data.readers.found import Found, Source
from reparam.data.readers.roles import LABEL_NAMES, RANDOM, STRATIFIED, no_labels, roles_of
from reparam.data.readers.said import Said
from reparam.data.readers.text.read import read_text
from reparam.data.readers.walk import ending_of
from reparam.errors import UserError, printable
from reparam.settings import ReadingConfig

ENDINGS = (".csv", ".tsv")
USUAL = ("labels", "metadata")
"""What such a table is usually called."""
ENOUGH = 0.5
"""The share of a table's rows, or of the images, that a column of file names has to name."""


def captions_of(source: Source, found: Sequence[Found], how: ReadingConfig) -> Said | None:
    """The table that names the images, if there is one and their folders are no classes.

    Raises:
        UserError: if a column was asked for and there is no such table, or no such column.
    """
    columns = (how.groups, None if how.labels == "none" else how.labels, how.split_by)
    asked = not {*columns} <= {None, STRATIFIED, RANDOM}
    if not asked and (how.labels == "none" or len({image.label for image in found}) > 1):
        return None
    for entry in _tables(source):
        cells = _cells(source.files, entry)
        named = None if cells is None else _file_column(cells, found)
        said = None if cells is None or named is None else _captions(cells, named, found, how, entry.name)
        if said is not None and (asked or said.labels is not None):
            source.passed.others -= Counter([ending_of(entry.parts[-1])])
            return said
    if not asked:
        return None
    settings = ("labels", how.labels), ("groups", how.groups), ("split_by", how.split_by)
    what = next(f'{name}="{value}"' for name, value in settings if value is not None)
    raise UserError(
        f"{what} names a column of a table beside the images, and {str(source.files.place)!r} has none that names "
        "them: put a labels.csv there with a column of file names, or leave it out"
    )


def _tables(source: Source) -> list[Entry]:
    """Tables that lie above all images, the usual names first."""
    tables = [entry for entry in source.others if ending_of(entry.parts[-1]) in ENDINGS]
    above = [
        entry
        for entry in tables
        if all(image.parts[: len(entry.parts) - 1] == entry.parts[:-1] for image in source.images)
    ]
    return sorted(above, key=lambda entry: (Path(entry.parts[-1]).stem.lower() not in USUAL, entry.name))


def _cells(files: Files, entry: Entry) -> Cells | None:
    """A table; None where the file is none."""
    place = files.place / entry.name if isinstance(files, FolderFiles) else cast(Path, _Member(files, entry.name))
    try:
        return read_text(place)
    except UserError:
        return None


@dataclass(frozen=True)
class _Member:
    """A file of an archive, as far as a path is asked for when a table is read."""

    files: Files
    path: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def open(self, mode: str) -> IO[bytes]:
        return self.files.open(self.path)

    def __str__(self) -> str:
        return str(self.files.place / self.path)


def _file_column(cells: Cells, found: Sequence[Found]) -> tuple[Column, list[int]] | None:
    """The column of file names, and the image that each row names; -1: none."""
    places = _places(found)
    best: tuple[int, Column, list[int]] | None = None
    for column in cells.columns:
        keys = [_key(word) for word in texts(column).tolist()]
        rows = [_place(key, places) for key in keys]
        hits = len(set(rows) - {-1})
        # numbers may be any column's: they have to name the images, and not the images only them
        of = len(found) if all(key.isdecimal() for key in keys) else min(len(rows), len(found))
        if hits >= max(1, ENOUGH * of) and (best is None or hits > best[0]):
            best = hits, column, rows
    return None if best is None else best[1:]


def _place(key: str, places: dict[str, int]) -> int:
    """The image that a key names, whatever folders the table has it in."""
    return places.get(key, places.get(key.rpartition("/")[2], -1))


def _places(found: Sequence[Found]) -> dict[str, int]:
    """The images by all that a table may call them: path, name, name without ending; none by what two are called."""
    places: dict[str, int] = {}
    for place, image in enumerate(found):
        parts = image.name.split("/")
        names = {"/".join(parts[at:]) for at in range(len(parts))}
        for key in {_key(name) for name in names | {name.rpartition(".")[0] for name in names}} - {""}:
            places[key] = -1 if key in places else place
    return places


def _key(name: str) -> str:
    """What two ways to write a file's name share: slashes, composed letters, numbers without leading zeros.

    >>> _key("images\\\\0001") == _key("images/0001"), _key("0001")
    (True, '1')
    """
    plain = unicodedata.normalize("NFC", name.strip().replace("\\", "/").removeprefix("./"))
    if not plain.isdecimal():
        return plain
    digits = (str(unicodedata.decimal(digit)) for digit in plain)  # of any script, and more of them than `int` takes
    return "".join(digits).lstrip("0") or "0"


def _captions(
    cells: Cells, named: tuple[Column, list[int]], found: Sequence[Found], how: ReadingConfig, name: str
) -> Said:
    files, rows = named
    where, notes = repr(name), [f"{printable(name)}: column {files.name!r} names the images"]
    rest = replace(cells, columns=tuple(column for column in cells.columns if column is not files))
    roles = roles_of(cells, _with_labels(rest, how), where)
    columns = {column.name: column for column in cells.columns}
    labels = None if roles.labels is None else columns[roles.labels]
    row_of = {place: row for row, place in reversed(list(enumerate(rows))) if place >= 0}
    kept = [place for place in range(len(found)) if place in row_of]
    if labels is not None:
        kept = [place for place in kept if not labels.missing[row_of[place]]]
        notes.append(f"{printable(name)}: column {labels.name!r} holds the classes")
    notes += _remainders(rows, len(found) - len(kept), len(row_of))
    order = [row_of[place] for place in kept]
    folders = [str(found[place].split) for place in kept if found[place].split is not None]
    splits = folders if roles.splits is None else texts(columns[roles.splits])[order].tolist()
    return Said(
        tuple(kept),
        None if labels is None else _marks(labels)[order],
        tuple(splits),
        roles.splits or "",
        () if roles.groups is None else tuple(texts(columns[roles.groups])[order].tolist()),
        tuple(notes),
    )


def _with_labels(rest: Cells, how: ReadingConfig) -> ReadingConfig:
    """What was asked for; where no labels were, the only other column, or the one that is called so, if it may be."""
    others = [column for column in rest.columns if column.name not in (how.groups, how.split_by)]
    usual = [column for column in others if column.name.lower() in LABEL_NAMES]
    (only,) = others if len(others) == 1 else usual if len(usual) == 1 else (None,)
    if how.labels is None and only is not None and not no_labels(_told(only)):
        return how.model_copy(update={"labels": only.name})
    return how


def _told(column: Column) -> Column:
    """The cells of a column that are not missing."""
    return replace(column, values=column.values[~column.missing], missing=column.missing[~column.missing])


def _marks(column: Column) -> np.ndarray:
    return column.values if column.values.dtype.kind == "i" else texts(column).astype(str)


def _remainders(rows: Sequence[int], without: int, named: int) -> list[str]:
    """What of the images and of the rows has no part in the other."""
    strangers, twice = sum(place < 0 for place in rows), sum(place >= 0 for place in rows) - named
    return [
        *([f"{without:,} images without a row in it, or without a class, are left out"] if without else []),
        *([f"{strangers:,} of its rows name no image"] if strangers else []),
        *([f"{twice:,} of its rows name an image a second time, and are passed over"] if twice else []),
    ]
