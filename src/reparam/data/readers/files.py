"""Where image files lie: a folder, or an archive that is read without being unpacked."""

import os
import stat
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO

from reparam.door import open_at_once
from reparam.errors import printable

#: What systems leave behind and do not hide.
LONGEST = 300
"""Characters of an error, or of either end of a name, that are told."""
LEFTOVERS = {"__macosx", "thumbs.db", "desktop.ini"}


@dataclass(frozen=True, slots=True)  # there may be a million of them
class Entry:
    """A file: the names that lead to it from the top, and how many bytes it has."""

    parts: tuple[str, ...]
    size: int

    @property
    def name(self) -> str:
        """The path from the top, with slashes."""
        return "/".join(self.parts)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is none of the user's own.

    >>> is_hidden(".ipynb_checkpoints"), is_hidden("__MACOSX"), is_hidden("cat.png")
    (True, True, False)
    """
    return name.startswith(".") or name.lower() in LEFTOVERS


def why(error: Exception) -> str:
    """What an error says, in a line that is safe to print."""
    said = printable(" ".join(str(error).split()) or type(error).__name__)
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}..."


class Files(ABC):
    """Files by their names, for several threads and processes at once.

    Args:
        place: the folder or the archive.
    """

    def __init__(self, place: Path) -> None:
        self.place = place

    @abstractmethod
    def open(self, name: str) -> IO[bytes]:
        """A file's bytes.

        Raises:
            OSError: if it cannot be read.
        """

    def called(self, name: str) -> str:
        """What errors call a file: quoted, and safe to print."""
        called = repr(str(self.place / name))
        return called if len(called) <= 2 * LONGEST else f"{called[:LONGEST]}...{called[-LONGEST:]}"


class FolderFiles(Files):
    """The files of a folder."""

    def open(self, name: str) -> IO[bytes]:
        """The file itself; a device or a pipe in its place, which might never end, is none."""
        file = open(f"{self._top}/{name}", "rb", opener=open_at_once)  # noqa: SIM115 - paths cost a tenth
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise OSError("it is no regular file")
        return file

    @cached_property
    def _top(self) -> str:
        return str(self.place)
