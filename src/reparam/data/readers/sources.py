"""Which reader a name or a path belongs to."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reparam.data.large.read import read_large
from reparam.data.large.source import is_large
from reparam.data.packs import is_pack, read_pack
from reparam.data.readers import idx
from reparam.data.readers.archives import ENDINGS as ARCHIVES
from reparam.data.readers.arrays import read_npy, read_npz
from reparam.data.readers.asked import ARRAYS, FOLDERS, TABLES, TEXT, Asked, refuse_idle
from reparam.data.readers.cells import Cells
from reparam.data.readers.columnar import ENDINGS, read_columnar
from reparam.data.readers.fashion import read_fashion
from reparam.data.readers.images import read_images
from reparam.data.readers.known import Known
from reparam.data.readers.mnist import read_mnist
from reparam.data.readers.static_mnist import read_static_mnist
from reparam.data.readers.table import table_reading
from reparam.data.readers.text import read_text
from reparam.data.readers.toy import TOYS, read_toy
from reparam.data.reading import Reading
from reparam.door import is_file, is_folder, present, require_regular, user_path
from reparam.errors import UserError
from reparam.nearest import meant
from reparam.settings import ReadingConfig

#: The names that are data by themselves.
NAMES = ("mnist", "static-mnist", "fashion-mnist", *TOYS)


@dataclass(frozen=True)
class Format:
    """How files of one ending are read.

    Args:
        read: from the path, and how it was asked for, to the splits.
        applying: the settings of reading that apply to it, see :mod:`reparam.data.readers.asked`.
    """

    read: Callable[[Path, Asked], Reading]
    applying: tuple[str, ...] = ()


IMAGES = (*FOLDERS, *ARRAYS, "read_as", "labels", "groups", "split_by")
"""What applies to images in files."""

ARRAY_FILES = ("read_as", "columns", "drop", "schema_file", "split_by", *ARRAYS)
"""What applies to files of arrays."""
TEXTS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
"""The endings of text tables."""
COLUMNAR = ("read_as", *(name for name in TABLES if name not in TEXT))
"""What applies to tables in columns, which are no text."""


def _read_table(path: Path, asked: Asked) -> Reading:
    plain = asked.how.read_as in ("vectors", "images") and asked.table is None
    if not plain and not asked.whole and is_large(path, asked.memory_limit):
        return read_large(path, asked)
    known = None if asked.table is None else Known.of(asked.table)
    return table_reading(cells_at(path, asked.how, known), path.name, asked)


READERS: dict[str, Format] = {
    ".npy": Format(read_npy, ARRAY_FILES),
    ".npz": Format(read_npz, ARRAY_FILES),
    **{ending: Format(_read_table, (*TABLES, "read_as")) for ending in TEXTS},
    **{ending: Format(_read_table, COLUMNAR) for ending in ENDINGS},
    **{ending: Format(read_images, IMAGES) for ending in (*ARCHIVES, ".tif", ".tiff", ".gif")},
}
"""By a file's ending, in small letters; IDX files, which have many, and folders are known by what they hold."""


def formats() -> str:
    """What is read, in words."""
    return f"{', '.join(READERS)}, IDX (images-idx3-ubyte, .gz too), or a folder of images, packed images or IDX files"


def cells_at(path: Path, how: ReadingConfig, known: Known | None = None, texts: bool = False) -> Cells:
    """The table in a file as typed cells.

    Args:
        path: of the file.
        how: the settings of reading.
        known: what a schema says of the columns, where they are to be read by one.
        texts: keep the cells of a text file as they stand there, too.

    Raises:
        UserError: if the file holds no table.
    """
    if path.suffix.lower() in ENDINGS:
        return read_columnar(path, how, known)
    return read_text(path, how, known, texts)


def format_of(path: Path) -> Format | None:
    """The format of a file by its ending, the longest that is known: ``.tar.gz`` before ``.gz``."""
    name = path.name.lower()
    return READERS.get(max((ending for ending in READERS if name.endswith(ending)), key=len, default=""))


def _refuse_run(path: Path) -> None:
    """Refuse the folder of a run, whose pictures are none to learn from."""
    if all(is_file(path / name) for name in ("config.json", "metrics.jsonl")):
        raise UserError(f"{str(path)!r} is a run, and no data: `reparam report RUN RUN` compares runs, and `reparam "
                        f"info RUN` tells what one was trained on")  # fmt: skip


def _refuse_decided(given: str, how: ReadingConfig) -> None:
    """Refuse what was decided when images were packed."""
    for name in how.asked():
        if name in IMAGES:
            raise UserError(f"`{name}` is decided when images are packed, and {given!r} is packed already: leave it "
                            f"out, or pack the images again with it")  # fmt: skip


def read(name_or_path: str | os.PathLike[str], asked: Asked) -> Reading:
    """The raw splits of a name, a file or a folder."""
    given = os.fspath(name_or_path)
    named = _read_named(given, asked.seed) if isinstance(name_or_path, str) else None
    path = user_path(given)
    packed = named is None and is_folder(path) and is_pack(path)
    is_images = named is None and is_folder(path) and not packed and not idx.is_idx_folder(path)
    known = None if named is not None or is_folder(path) else format_of(path)
    if packed:
        _refuse_decided(given, asked.how)
    if is_images:
        _refuse_run(path)
    refuse_idle(given, asked.how, IMAGES if is_images else known.applying if known else ())
    if named is not None:
        return named
    try:
        if packed:
            return read_pack(path, asked)
        if is_images:
            return read_images(path, asked)
        if is_folder(path):
            return idx.read_four(path, path.name)
        if is_file(path):
            return _read_file(path, asked)
    except OSError as error:
        raise UserError(f"{given!r} cannot be read ({error}): give a file or folder you may read.") from error
    except MemoryError as error:
        raise UserError(f"{given!r} takes more memory to be read than there is: give less of it") from error
    if present(path):
        require_regular(path)
    raise UserError(_unknown(given))


def _read_named(name: str, seed: int) -> Reading | None:
    if name == "mnist":
        return read_mnist()
    if name == "static-mnist":
        return read_static_mnist()
    if name == "fashion-mnist":
        return read_fashion()
    if name.startswith("fashion-mnist:"):
        return read_fashion(str(user_path(name.removeprefix("fashion-mnist:"))))
    return read_toy(name, seed) if name in TOYS else None


def _read_file(path: Path, asked: Asked) -> Reading:
    known = format_of(path)
    if known is not None:
        return known.read(path, asked)
    if idx.looks_like_idx(path):
        return idx.read_file(path, asked.seed)
    raise UserError(f"{str(path)!r} is of no format that is read: give {formats()}.")


def _unknown(given: str) -> str:
    if os.sep in given or Path(given).suffix:
        return f"{given!r} does not exist: give the path of {formats()}, or one of the names {', '.join(NAMES)}."
    guess = meant(given, NAMES, 0.5)
    return f"{given!r} is neither a known name nor an existing path{guess}: give {', '.join(NAMES)}, or {formats()}."
