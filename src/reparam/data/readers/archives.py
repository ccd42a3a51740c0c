"""Archives of images, .zip and .tar, read without being unpacked: no name out of them becomes a path."""

import io
import os
import tarfile
import threading
import zipfile
from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from reparam.data.readers.files import Entry, Files, why
from reparam.door import NO_ARCHIVE
from reparam.errors import UserError
from reparam.pace import watched

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
MOST_MEMBERS = 5_000_000
#: Bytes of one member once it is unpacked, and of all members of an archive that can only be unpacked from its start.
MOST_BYTES, MOST_KEPT = 2**30, 2**31
LONGEST_NAME = 1000
"""Characters of a member's name and all of its folders'."""


class Archive(Files):
    """The members of an archive by their names, cleaned of all that leads elsewhere.

    Args:
        place: the archive.

    Raises:
        UserError: if it is damaged, or holds too much.
    """

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        try:
            self.members = {"/".join(parts): member for parts, member in self._listed() if parts}
        except NO_ARCHIVE as error:
            raise UserError(
                f"{str(place)!r} cannot be read as an archive ({why(error)}): pack or fetch it again"
            ) from error
        if (longest := max(map(len, self.members), default=0)) > LONGEST_NAME:
            raise UserError(
                f"{str(place)!r} holds a file whose name has {longest:,} characters: pack or fetch it again"
            )
        if len(self.members) > MOST_MEMBERS:
            raise UserError(f"{str(place)!r} holds {len(self.members):,} files, more than {MOST_MEMBERS:,}: unpack it")

    @abstractmethod
    def _listed(self) -> Iterable[tuple[tuple[str, ...], Any]]:
        """Each file's name, and what :meth:`_bytes` needs to read it."""

    @abstractmethod
    def _bytes(self, member: Any) -> bytes:
        """A member, unpacked."""

    @abstractmethod
    def _size(self, member: Any) -> int:
        """Bytes of a member once it is unpacked."""

    def entries(self) -> list[Entry]:
        """Its files, in the order of names."""
        listed = sorted((tuple(name.split("/")), self._size(member)) for name, member in self.members.items())
        return [Entry(parts, size) for parts, size in listed]

    def open(self, name: str) -> IO[bytes]:
        """A member's bytes, in memory."""
        member = self.members[name]
        if self._size(member) > MOST_BYTES:
            raise OSError(f"it has {self._size(member):,} bytes once it is unpacked, more than {MOST_BYTES:,}")
        try:
            return io.BytesIO(self._bytes(member))
        except NO_ARCHIVE as error:
            raise OSError(why(error)) from error


class ZipFiles(Archive):
    """The members of a .zip, unpacked one by one; each process opens the archive for itself."""

    def __init__(self, place: Path) -> None:
        self._lock, self._owner = threading.Lock(), -1
        self._zip: zipfile.ZipFile | None = None
        super().__init__(place)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_lock": None, "_owner": -1, "_zip": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ |= state | {"_lock": threading.Lock()}

    def _opened(self) -> zipfile.ZipFile:
        with self._lock:
            if self._owner != os.getpid():  # a file that was opened before a fork has one position for both processes
                self._owner, self._zip = os.getpid(), zipfile.ZipFile(self.place)
            assert self._zip is not None
            return self._zip

    def _listed(self) -> Iterable[tuple[tuple[str, ...], zipfile.ZipInfo]]:
        return ((_parts(member.filename), member) for member in self._opened().infolist() if not member.is_dir())

    def _size(self, member: zipfile.ZipInfo) -> int:
        return member.file_size

    def _bytes(self, member: zipfile.ZipInfo) -> bytes:
        if member.flag_bits & 1:
            raise OSError("it is encrypted")
        return self._opened().read(member)


class TarFiles(Archive):
    """The members of a .tar that is not compressed, each read where it lies."""

    def _listed(self) -> Iterable[tuple[tuple[str, ...], tuple[int, int]]]:
        with tarfile.open(self.place, "r:") as archive:
            for member in archive:
                if member.isreg() and not member.issparse():
                    yield _parts(member.name), (member.offset_data, member.size)

    def _size(self, member: tuple[int, int]) -> int:
        return member[1]

    def _bytes(self, member: tuple[int, int]) -> bytes:
        with self.place.open("rb") as file:
            file.seek(member[0])
            raw = file.read(member[1])
        if len(raw) < member[1]:
            raise OSError("the archive is cut short")
        return raw


class PackedTarFiles(Archive):
    """The members of a compressed .tar, which is unpacked once, in memory."""

    def _listed(self) -> Iterable[tuple[tuple[str, ...], bytes]]:
        kept = 0
        with tarfile.open(self.place, "r:*") as archive:
            for member in watched(archive, f"unpacking {self.place.name!r}", 0):
                if not member.isreg() or member.issparse():
                    continue
                kept += member.size
                if kept > MOST_KEPT:
                    raise UserError(f"{str(self.place)!r} holds more than {MOST_KEPT:,} bytes, and can only be read as "
                                    f"a whole: unpack it, or make it a .zip")  # fmt: skip
                file = archive.extractfile(member)
                assert file is not None  # a regular file
                yield _parts(member.name), file.read()

    def _size(self, member: bytes) -> int:
        return len(member)

    def _bytes(self, member: bytes) -> bytes:
        return member


def archive_of(path: Path) -> Archive:
    """An archive, opened.

    Raises:
        UserError: if it is damaged, or holds too much.
    """
    ending = path.suffix.lower()
    if ending == ".zip":
        return ZipFiles(path)
    return TarFiles(path) if ending == ".tar" else PackedTarFiles(path)


def _parts(name: str) -> tuple[str, ...]:
    """The names that lead to a member from the archive's top, wherever it says that it belongs.

    >>> _parts("../..//etc/./a.png"), _parts("C:\\\\pets\\\\cat.png")
    (('etc', 'a.png'), ('C:', 'pets', 'cat.png'))
    """
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", ".", ".."))
