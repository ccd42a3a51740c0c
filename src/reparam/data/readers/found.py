"""Which files of a folder or an archive are images, and what their places say: splits and classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from reparam.data.readers.archives import Archive, archive_of
from reparam.data.readers.files import Entry, Files, FolderFiles, is_hidden
from reparam.data.readers.opening import suffixes
from reparam.data.readers.walk import PassedOver, ending_of, images_among, walk
from reparam.data.reading import SPLIT_WORDS
from reparam.door import is_file, is_folder
from reparam.errors import UserError, printable


@dataclass(frozen=True, slots=True)  # there may be a million of them
class Found:
    """An image file, the split its folder names (or None), and the class its folder names (or None)."""

    name: str
    split: str | None = None
    label: str | None = None


@dataclass(frozen=True)
class Source:
    """The images of a folder or an archive, in their order, and all else that was met.

    Args:
        files: what opens them.
        images: of them, those that are images.
        others: all other files that are not hidden.
        passed: what was passed over.
    """

    files: Files
    images: tuple[Entry, ...]
    others: tuple[Entry, ...]
    passed: PassedOver


def source_of(path: Path) -> Source:
    """What a folder, an archive or an image file holds.

    Raises:
        UserError: if an archive is damaged.
        OSError: if a folder cannot be read.
    """
    passed = PassedOver()
    if is_folder(path):
        files: Files = FolderFiles(path)
        entries = list(walk(path, passed))
    elif ending_of(path.name) in suffixes():
        files = FolderFiles(path.parent)
        entries = [Entry((path.name,), path.stat().st_size)]
    else:
        files = archive_of(path)
        entries = _visible(files, passed)
    images = images_among(files, entries, passed)
    kept = {entry.parts for entry in images}
    return Source(files, tuple(images), tuple(entry for entry in entries if entry.parts not in kept), passed)


def _visible(archive: Archive, passed: PassedOver) -> list[Entry]:
    """The files of an archive, hidden ones counted instead."""
    entries = archive.entries()
    seen = [entry for entry in entries if not any(map(is_hidden, entry.parts))]
    passed.hidden += len(entries) - len(seen)
    return seen


def arranged(source: Source) -> list[Found]:
    """The images in the order of their places, with what these say of splits and classes.

    Subfolders are classes, unless they are named as splits, of which one is ``train``: then their subfolders are. The
    one folder that an archive is often wrapped in says nothing.

    Raises:
        UserError: if there are none.
    """
    images = source.images
    depth = 0 if isinstance(source.files, FolderFiles) else _wrapped(images)
    below = [entry for entry in images if len(entry.parts) > depth + 1]
    if not images:
        raise UserError(_nothing(source))
    splits = {entry.parts[depth]: SPLIT_WORDS.get(entry.parts[depth].lower()) for entry in below}
    named = "train" in splits.values() and all(splits.values())
    within = depth + 1 if named else depth
    return [
        Found(entry.name, _split(entry, depth) if named else None, _label(entry, within))
        for entry in sorted(images, key=lambda entry: _order(entry, depth))
    ]


def check_arranged(source: Source, found: Sequence[Found]) -> None:
    """Refuse images both beside and in subfolders, of which nobody could say what the folders mean.

    Raises:
        UserError: if there are.
    """
    beside = [image for image in found if image.label is None and image.split is None]
    below = [image for image in found if image.label is not None or image.split is not None]
    if beside and below:
        raise UserError(
            f"{str(source.files.place)!r} holds images both beside ({printable(beside[0].name)!r}) and in subfolders "
            f"({below[0].label or below[0].split!r}): leave one of the two."
        )


def _order(entry: Entry, depth: int) -> tuple[str, str]:
    """By the names of the subfolders, then by the paths in them."""
    return (entry.parts[depth] if len(entry.parts) > depth + 1 else ""), "/".join(entry.parts[depth:])


def _split(entry: Entry, depth: int) -> str | None:
    """The split that a file's folder names; none where it lies beside these folders."""
    return SPLIT_WORDS[entry.parts[depth].lower()] if len(entry.parts) > depth + 1 else None


def _label(entry: Entry, depth: int) -> str | None:
    """The class that a file's folder names, where it lies in one."""
    return _printable(entry.parts[depth]) if len(entry.parts) > depth + 1 else None


_printable = lru_cache(printable)


def _wrapped(images: Sequence[Entry]) -> int:
    """How many folders stand around all of an archive's images and say nothing of them."""
    depth = 0
    while images and all(len(entry.parts) > depth + 1 for entry in images):
        tops = {entry.parts[depth] for entry in images}
        if len(tops) > 1 or tops.pop().lower() in SPLIT_WORDS:
            break
        depth += 1
    return depth


def _nothing(source: Source) -> str:
    words = source.passed.words()
    if isinstance(source.files, FolderFiles) and is_file(source.files.place / "x.npy"):
        return (
            f"{str(source.files.place)!r} holds x.npy and no pack.json, as a pack has: bring it back, or pack the "
            "images again; an array is read by its own path"
        )
    return (
        f"{str(source.files.place)!r} holds no images{' and no IDX files' * isinstance(source.files, FolderFiles)}"
        f"{f' ({words})' if words else ''}: give a folder of images (PNG, JPEG, ...), flat or in a subfolder for each "
        "class."
    )
