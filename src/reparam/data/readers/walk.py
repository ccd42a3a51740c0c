"""The files below a folder or in an archive that may be images, and how many others were passed over and why."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from reparam.data.readers.files import Entry, Files, is_hidden
from reparam.data.readers.opening import begins_like_an_image, suffixes
from reparam.door import is_file, is_folder, listed
from reparam.errors import printable

#: Endings of pictures that Pillow does not read by itself, and what does.
CONVERTERS = {
    ".heic": "pillow-heif", ".heif": "pillow-heif", ".hif": "pillow-heif", ".jxl": "pillow-jxl-plugin",
    ".svg": "cairosvg", ".exr": "OpenEXR", ".dcm": "pydicom", ".nii": "nibabel", ".cr2": "rawpy", ".cr3": "rawpy",
    ".nef": "rawpy", ".arw": "rawpy", ".dng": "rawpy", ".orf": "rawpy", ".rw2": "rawpy",
}  # fmt: skip
MOST_ENDINGS = 6
"""So many endings are told, of the most frequent."""


@dataclass
class PassedOver:
    """What was passed over, counted by reason."""

    hidden: int = 0
    empty: int = 0
    loops: int = 0
    runs: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    sniffed: int = 0

    def words(self) -> str:
        """In a line, empty where nothing was.

        >>> PassedOver(hidden=2, others=Counter({".txt": 3, ".heic": 1, "": 1})).words()
        'passed over: 2 hidden files, .txt 3, .heic 1 (convert them to PNG or JPEG, with pillow-heif, say), no ending 1'
        """
        counted = [(self.hidden, "hidden file", ""), (self.empty, "empty file", "")]
        counted.append((self.loops, "link", " back into the data"))
        parts = [f"{count:,} {what}{'s' * (count > 1)}{rest}" for count, what, rest in counted if count]
        if self.runs:
            named = ", ".join(self.runs[:3]) + (", ..." if len(self.runs) > 3 else "")
            parts.append(f"{len(self.runs):,} run folder{'s' * (len(self.runs) > 1)} of reparam ({named})")
        endings = self.others.most_common()
        parts += [f"{printable(ending) or 'no ending'} {count:,}{_advice(ending)}" for ending, count in _told(endings)]
        rest = sum(count for _, count in endings) - sum(count for _, count in _told(endings))
        parts += [f"others {rest:,}"] if rest else []
        return f"passed over: {', '.join(parts)}" if parts else ""


def _told(endings: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """The most frequent endings, and all that could be read if they were converted."""
    return [pair for place, pair in enumerate(endings) if place < MOST_ENDINGS or pair[0] in CONVERTERS]


def _advice(ending: str) -> str:
    converter = CONVERTERS.get(ending)
    return f" (convert them to PNG or JPEG, with {converter}, say)" if converter else ""


def walk(folder: Path, passed: PassedOver) -> Iterator[Entry]:
    """Every file below a folder, in the order of names; hidden ones and run folders are counted instead.

    Links to folders are followed, unless they lead into the data again. A link to nothing has size -1.
    """
    top = folder.resolve()
    yield from _walk(folder, (), top, {top}, passed)


def _walk(folder: Path, parts: tuple[str, ...], top: Path, above: set[Path], passed: PassedOver) -> Iterator[Entry]:
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        here = (*parts, entry.name)
        if is_hidden(entry.name):
            passed.hidden += _count(Path(entry.path))
        elif not entry.is_dir():
            yield Entry(here, entry.stat().st_size if entry.is_file() or is_file(Path(entry.path)) else -1)
        elif _is_run(Path(entry.path)):
            passed.runs.append(printable("/".join(here)))
        elif entry.is_symlink() and _leads_back(target := Path(entry.path).resolve(), top, above):
            passed.loops += 1
        else:
            below = above | {target} if entry.is_symlink() else above
            yield from _walk(Path(entry.path), here, top, below, passed)


def _leads_back(target: Path, top: Path, above: set[Path]) -> bool:
    """Whether what a link leads to is part of the data already, or holds what the link lies in."""
    return any(target.is_relative_to(known) or known.is_relative_to(target) for known in {top, *above})


def _is_run(folder: Path) -> bool:
    """Whether reparam made a folder: a run, a comparison, or one of ``runs`` that holds such."""
    if is_file(folder / "config.json"):
        return is_file(folder / "metrics.jsonl") or is_folder(folder / "checkpoints")
    if folder.name != "runs" and not is_file(folder / "compare.json"):
        return False
    return any(_is_run(child) for child in listed(folder, "*") if is_folder(child) and not child.is_symlink())


def _count(path: Path) -> int:
    """The files at a place, which is none itself or holds them."""
    if path.is_symlink() or not is_folder(path):
        return 1
    return sum(len(files) for _, _, files in os.walk(path, onerror=lambda error: None))


def images_among(files: Files, entries: Iterable[Entry], passed: PassedOver) -> list[Entry]:
    """The files that may be images, by their endings or, where they have none, by how they begin; others counted."""
    known, found = suffixes(), []
    for entry in entries:
        ending = ending_of(entry.parts[-1])
        if ending in known and entry.size == 0:
            passed.empty += 1
        elif ending in known:
            found.append(entry)
        elif ending == "" and entry.size > 0 and _begins_well(files, entry):
            passed.sniffed += 1
            found.append(entry)
        else:
            passed.others[ending] += 1
    return found


def ending_of(name: str) -> str:
    """A file name's ending in small letters; numbers are no ending.

    >>> ending_of("a.PNG"), ending_of("IMG_0001"), ending_of("scan.2024.01.15")
    ('.png', '', '')
    """
    stem, dot, ending = name.rpartition(".")
    return f".{ending.lower()}" if dot and stem and not ending.isdecimal() and " " not in ending else ""


def _begins_well(files: Files, entry: Entry) -> bool:
    with suppress(OSError), files.open(entry.name) as file:
        return begins_like_an_image(file.read(16))
    return False
