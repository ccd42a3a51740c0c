"""Text files as they lie on disk: packed or not, in one encoding or another."""

import codecs
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

from reparam.data.readers.text.stream import Lines
from reparam.errors import UserError
from reparam.pace import Progress

CHUNK = 2**20
PACKED = b"\x1f\x8b"
MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""The marks by which a file's beginning names its encoding; those of UTF-32 begin as those of UTF-16 do."""
OTHERS = {b"PK\x03\x04": "an Excel workbook or another zip archive", b"\xd0\xcf\x11\xe0": "an old Excel workbook",
           b"PAR1": "a Parquet file", b"ARROW1": "an Arrow file"}  # fmt: skip
"""What is known by its first bytes to be no text."""
UNDEFINED = (b"\x81", b"\x8d", b"\x8f", b"\x90", b"\x9d")
"""The bytes that Windows-1252 has no character for."""


class Opened(NamedTuple):
    """A text file that is being read: its lines, and the bytes below them, whose position tells how far one is."""

    lines: Lines
    bytes: IO[bytes]


@dataclass(frozen=True)
class Source:
    """A text file and how it is opened.

    Args:
        path: of the file.
        encoding: as Python names it.
        packed: whether it is gzipped.
        notes: what was found.
    """

    path: Path
    encoding: str
    packed: bool = False
    notes: tuple[str, ...] = ()

    @contextmanager
    def open(self) -> Iterator[Opened]:
        """Open it as text, whatever its line ends are."""
        with self.path.open("rb") as file, unpacked(file, self.packed) as content:
            yield Opened(Lines(io.TextIOWrapper(content, self.encoding)), file)


@contextmanager
def unpacked(file: BinaryIO, packed: bool) -> Iterator[BinaryIO]:
    """A file's content, taken out of gzip where it is packed."""
    if not packed:
        yield file
        return
    with gzip.GzipFile(fileobj=file) as content:
        yield content  # type: ignore[misc]  # it reads as a file does


@contextmanager
def watching(path: Path, file: IO[bytes]) -> Iterator[Callable[[], None]]:
    """What is to be called now and then while a file is read, so that it is said how far it is."""
    progress = Progress(f"reading {path.name}, megabytes", _size(path) >> 20)
    try:
        yield lambda: progress.to(file.tell() >> 20)
    finally:
        progress.end()


def look(path: Path, encoding: str | None = None) -> Source:
    """Find out how a text file is written, by reading through it once.

    Args:
        path: of the file.
        encoding: the encoding, where it was given.

    Raises:
        UserError: if it cannot be read, is no text, or is not in the encoding that was given.
    """
    where = repr(str(path))
    try:
        with path.open("rb") as file:
            packed = file.read(2) == PACKED
            file.seek(0)
            with unpacked(file, packed) as content, watching(path, file) as so_far:
                found, notes = _encoding(content, encoding, where, so_far)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"{where} is no whole gzip file ({error}): pack or copy it again.") from error
    except OSError as error:
        raise UserError(
            f"{where} cannot be read ({error.strerror or error}): give a file that you may read."
        ) from error
    return Source(path, found, packed, notes)


class _Scan:
    """What a pass over a file's bytes finds: whether they are of an encoding, and zeros, which no text has."""

    def __init__(self, encoding: str) -> None:
        try:
            self._decoder = codecs.getincrementaldecoder(encoding)()
        except LookupError:
            raise UserError(f"encoding={encoding!r} is not known: give utf-8, cp1252 or utf-16, say.") from None
        self.wide = encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
        self.wrong: UnicodeDecodeError | None = None
        self.zeros, self.first_zero, self._lines, self.undefined = 0, 0, 1, False

    def add(self, chunk: bytes) -> None:
        """Go on with the next bytes; none of them end the file."""
        try:
            if self.wrong is None:
                self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            self.wrong = error
        if not self.zeros and b"\0" in chunk:
            self.first_zero = self._lines + chunk[: chunk.index(b"\0")].count(b"\n")
        if b"\0" in chunk:
            self.zeros += chunk.count(b"\0")
        elif not self.zeros:
            self._lines += chunk.count(b"\n")
        self.undefined = self.undefined or any(byte in chunk for byte in UNDEFINED)


def _encoding(
    content: BinaryIO, given: str | None, where: str, so_far: Callable[[], None]
) -> tuple[str, tuple[str, ...]]:
    """The encoding of a file's bytes, and what to note of it."""
    first = content.read(CHUNK)
    if other := next((kind for magic, kind in OTHERS.items() if first.startswith(magic)), None):
        raise UserError(f"{where} is {other} and no text, whatever its name ends in: save it as CSV.")
    likely = given or next((name for mark, name in MARKS.items() if first.startswith(mark)), _unmarked(first))
    scan, chunk = _Scan(likely), first
    while chunk:
        scan.add(chunk)
        chunk = content.read(CHUNK)
        so_far()
    scan.add(b"")
    if scan.zeros and not scan.wide:
        raise UserError(f"{where} holds {scan.zeros:,} zero byte{'s' * (scan.zeros > 1)}, the first in line "
                        f"{scan.first_zero}, and no text does: it is of another format, or damaged.")  # fmt: skip
    if scan.wrong and (given or likely != "utf-8"):
        raise UserError(f"{where} is not in the encoding {likely} ({scan.wrong.reason}): give encoding=... another.")
    if scan.wrong:
        return ("latin-1", ("read as Latin-1, as it is not UTF-8",)) if scan.undefined else ("cp1252", (
            "read as Windows-1252, as it is not UTF-8",))  # fmt: skip
    return likely, (f"read as {likely.upper()}",) if likely.startswith(("utf-16", "utf-32")) and not given else ()


def _unmarked(first: bytes) -> str:
    """UTF-16 without a mark shows zeros in every second byte."""
    even, odd = first[:4096:2].count(0), first[1:4096:2].count(0)
    many = len(first[:4096]) // 4
    return "utf-16-le" if odd > many and not even else "utf-16-be" if even > many and not odd else "utf-8"


def _size(path: Path) -> int:
    """Bytes of a file; 0 where it is a member of an archive, whose tables are short."""
    return path.stat().st_size if isinstance(path, Path) else 0
