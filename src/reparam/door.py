"""Reading a file that may be anything: regular, bounded, in one sentence where it is neither.

Whatever stands in a run folder is read through here, so that a pipe, a device, a folder or a giant in a file's place is
told at once, and never waited for or taken into memory.
"""

import errno
import io
import json
import lzma
import math
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from tokenize import TokenError
from typing import Any, NoReturn

from reparam.absence import ABSENT, Contradiction, mode_of, surely
from reparam.errors import Refused, UserError

MOST = 64 * 2**20
"""Bytes of a JSON file, unless something else is said."""
DEEPEST = 100
"""Levels of JSON that are taken: what walks it, level by level, would come to the end of Python's patience."""
LONGEST = 300
"""Digits of a whole number in JSON: one that is no longer has a float, as whatever is drawn or averaged becomes."""
LOST = {errno.EIO, errno.ELOOP, errno.ENAMETOOLONG}
"""Errors that are of the file itself: a disk that fails, links in a circle."""

NO_HEAD = (SyntaxError, TokenError, OverflowError)
"""What numpy raises, besides ValueError, where what an array says of itself is damaged."""
NO_ARCHIVE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, RuntimeError, LookupError, ValueError),
)
"""What is raised of a damaged archive; RuntimeError where a password, or a method that there is not, is wanted."""


class Missing(UserError):
    """There is no such file."""


class Damaged(UserError):
    """A file is there and is not what it should be."""


class Unreadable(Refused):
    """The system does not let a file be read now, which says nothing of what is in it."""


def user_cache(variable: str = "XDG_CACHE_HOME") -> Path:
    """The folder in which a user's programs keep what they can make again: ``$XDG_CACHE_HOME``, else ``~/.cache``.

    Args:
        variable: of the environment, which names another folder.

    Raises:
        UserError: if nothing says where that is, as in a container whose user has no home.
    """
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        raise UserError(f"this user has no home folder to keep a cache in: let {variable} name a folder") from None


def user_path(given: str | os.PathLike[str]) -> Path:
    """Where a path leads that a user gave, ``~`` filled in.

    Raises:
        UserError: if no system has such a path: its user is unknown, a name in it is too long, or it is empty (what a
            shell makes of a variable that is not set would be the working directory), or it is no path at all.

    >>> user_path("a/b").parts
    ('a', 'b')
    >>> user_path("~nosuchuser/x")
    Traceback (most recent call last):
    reparam.errors.UserError: '~nosuchuser/x' begins with the home of a user that there is not: write the path out
    """
    if not isinstance(given, str | os.PathLike):
        raise UserError(
            f"a {type(given).__name__} is given where the path of a file or a folder is asked for: give that"
        )
    if os.fspath(given) == "":
        raise UserError("an empty name is no path: name a file or a folder (. is the working directory)")
    try:
        path = Path(given).expanduser()
        os.lstat(path)
    except RuntimeError:
        raise UserError(f"{given!r} begins with the home of a user that there is not: write the path out") from None
    except (OSError, ValueError) as error:
        if isinstance(error, ValueError) or error.errno == errno.ENAMETOOLONG:
            raise UserError(f"{_short(given)} is no path ({_why(error)}): name another") from None
    return path


def _short(given: str | os.PathLike[str]) -> str:
    text = repr(os.fspath(given))
    return text if len(text) <= 80 else f"{text[:60]}...{text[-20:]}"


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def present(path: Path) -> bool:
    """Whether anything stands there, a link to nothing included.

    Raises:
        Unreadable: if the system does not say.
    """
    return _mode(path, links=False) is not None


def leads_somewhere(path: Path) -> bool:
    """Whether anything stands there, links followed.

    Raises:
        Unreadable: if the system does not say.
    """
    return _mode(path) is not None


def is_file(path: Path) -> bool:
    """Whether a regular file stands there, links followed.

    Raises:
        Unreadable: if the system does not say.
    """
    return stat.S_ISREG(_mode(path) or 0)


def is_folder(path: Path) -> bool:
    """Whether a folder stands there, links followed.

    Raises:
        Unreadable: if the system does not say.
    """
    return stat.S_ISDIR(_mode(path) or 0)


def _mode(path: Path, links: bool = True) -> int | None:
    try:
        return mode_of(path, links)
    except OSError as error:
        raise unreadable(path, error) from error


def listed(folder: Path, pattern: str) -> list[Path]:
    """What of a folder has a name of a pattern, in order; nothing where there is no folder.

    Raises:
        Unreadable: if the folder cannot be read.
    """
    try:
        names = surely(lambda: os.listdir(folder), folder)  # noqa: PTH208
    except ABSENT:
        return []
    except OSError as error:
        raise unreadable(folder, error) from error
    return sorted(folder / name for name in names if fnmatchcase(name, pattern))


def below(folder: Path) -> Iterator[Path]:
    """All that lies in a folder and in those within it, in order; links are not followed.

    Raises:
        Unreadable: if a folder cannot be read.
    """
    for path in listed(folder, "*"):
        yield path
        if is_folder(path) and not path.is_symlink():
            yield from below(path)


def require_regular(path: Path) -> None:
    """Make sure that a path, its links followed, leads to a regular file.

    Raises:
        Missing: if there is nothing.
        Damaged: if there is something else, saying what.
        Unreadable: if the system does not say.
    """
    try:
        mode = surely(path.stat, path).st_mode
    except OSError as error:
        _refuse(path, error)
    except ValueError as error:  # a zero byte in the name
        raise Damaged(f"{str(path)!r} is no name of a file ({error})") from None
    if not stat.S_ISREG(mode):
        raise Damaged(f"{path} is {_what(mode)} where a file should be: put the file back")


def require_readable(path: Path) -> None:
    """Make sure that a regular file can be opened, for whatever does not tell why it cannot.

    Raises:
        Missing: if there is nothing.
        Damaged: if it is no regular file, or its disk fails.
        Unreadable: if the system does not let it be read.
    """
    require_regular(path)
    try:
        os.close(surely(lambda: open_at_once(str(path), os.O_RDONLY), path))
    except OSError as error:
        _refuse(path, error)


def read_bytes(path: Path, most: int = MOST) -> bytes:
    """The content of a regular file.

    Args:
        path: of the file.
        most: bytes that such a file has at most.

    Raises:
        Missing: if there is nothing.
        Damaged: if it is no regular file, larger than ``most``, or its disk fails.
        Unreadable: if the system does not let it be read.
    """
    require_regular(path)
    try:
        with surely(lambda: io.open(path, "rb", opener=open_at_once), path) as file:  # noqa: UP020 (Path.open has none)
            content = file.read(most + 1)
    except OSError as error:
        _refuse(path, error)
    if len(content) > most:
        raise Damaged(f"{path} is larger than {most / 2**20:,.0f} MB, as no such file is: put the right one back")
    return content


def read_json(path: Path, most: int = MOST) -> Any:
    """What a JSON file holds; infinities and NaN, which JSON does not know, are not taken.

    Raises:
        Missing: if there is nothing.
        Damaged: as :func:`read_bytes`, or if it is not JSON.
    """
    content = read_bytes(path, most)
    try:
        return parse(content.decode())
    except ValueError as error:
        raise Damaged(f"{path} is not readable JSON ({error}): it was changed by hand or is damaged") from None


def parse(text: str) -> Any:
    """JSON as a value.

    Raises:
        ValueError: if it is none, too deep, or holds what is no number.

    >>> parse('{"a": 1}')
    {'a': 1}
    >>> parse("[1e999]")
    Traceback (most recent call last):
    ValueError: 1e999 is no number of JSON's
    """
    try:
        value = json.loads(text, parse_constant=_no_number, parse_int=_whole, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if nests(value, DEEPEST):
        raise ValueError("nested too deeply")
    return value


def nests(value: Any, levels: int) -> bool:
    """Whether tables and lists lie in each other deeper than so many levels."""
    level = [value]
    for _ in range(levels):
        holders = [one for one in level if isinstance(one, dict | list)]
        level = [part for one in holders for part in (one.values() if isinstance(one, dict) else one)]
        if not level:
            return False
    return True


def open_at_once(path: str, flags: int) -> int:
    """What opens a file, for ``open(..., opener=...)``: a pipe in its place is not waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _whole(digits: str) -> int:
    if len(digits) > LONGEST:
        raise ValueError(f"a number of {len(digits):,} digits")
    return int(digits)


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _no_number(digits[:40])


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON's")


def _refuse(path: Path, error: OSError) -> NoReturn:
    """What came of looking for a file, in the words of a user; of its absence the system has been asked twice."""
    if isinstance(error, ABSENT):
        if path.is_symlink():
            raise Damaged(f"{path} is a link to nothing: put the file back") from None
        raise Missing(f"{path} is missing") from None
    if error.errno in LOST or (path.is_symlink() and not isinstance(error, Contradiction)):
        raise Damaged(f"{path} cannot be read ({error.strerror or error})") from error
    raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> Unreadable:
    """That the system does not let something be read, and what would do."""
    return Unreadable(f"{path} cannot be read ({error.strerror or error}): see to that, and call again")


def _what(mode: int) -> str:
    """What stands in a file's place, in words."""
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
