"""Writing files so that a kill or a full disk never leaves half of one, and never over what somebody else made.

Two doors: :func:`replace_atomically` is for places that are ours, such as a run's folder; whatever lands where a user
may keep files of their own goes through :func:`write_result`.
"""

import errno
import gzip
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from reparam._version import __version__
from reparam.absence import ABSENT, remove, surely
from reparam.door import is_file, present, unreadable, user_path
from reparam.errors import UserError
from reparam.folders import Unwritten, flush_names, make_folder, standing
from reparam.result import Pieces

MADE_BY = f"made by reparam {__version__}"
"""What every result says somewhere in its file, in whatever place its format has for it."""
_MADE_BY = re.compile(rb"made[_ ]by\W{1,4}reparam")
_HEAD, _TAIL = 4096, 256
COMPRESSED = 64 * 2**20
"""Bytes of arrays up to which an ``.npz`` is compressed: more of them would take longer than whatever made them."""
PART = ".part"
"""How the names end of files that are being written, or were when a process was killed."""

Write = Callable[[Path], object]


def write_result(path: Path, write: Write, force: bool = False) -> None:
    """Write a file that a user asked for, atomically; its content says :data:`MADE_BY`, so that it may be replaced.

    Raises:
        UserError: as :func:`check_targets` and :func:`replace_atomically`.
    """
    check_targets([path], force=force)
    with standing(make_way(path)):
        replace_atomically(path, write)


def make_way(path: Path) -> Path:
    """Make the folder that a file is going to be in, where it is not there yet, and give it.

    Raises:
        UserError: if that cannot be done, naming the file.
    """
    try:
        make_folder(path.parent)
    except OSError as error:
        raise _unwritten(path, error) from error
    return path.parent


def check_targets(paths: Iterable[Path], data: Path | None = None, force: bool = False) -> None:
    """Make sure that nothing that somebody else made would be written over, and nothing put among data.

    Args:
        paths: what is going to be written.
        data: the file or folder that the data lie in, if they do.
        force: the user asked for it; nothing is checked.

    Raises:
        UserError: naming the file, and how to ask for it.
    """
    for path in () if force else paths:
        if data is not None and path.resolve().is_relative_to(data.resolve()):
            raise UserError(
                f"{path} is the data itself: name another place with out=..."
                if path.resolve() == data.resolve()
                else f"{path} lies inside the data {data} and would be read as part of them: name another place with "
                "out=..."
            )
        if is_file(user_path(path)) and not is_ours(path):
            raise UserError(
                f"{path} is there already and {_not_ours(path)}: name another file with out=..., or give force=True to "
                "replace it"
            )


def _not_ours(path: Path) -> str:
    """Why a file is left alone."""
    return "does not say who made it" if path.suffix == ".csv" else "was not made by reparam"


def is_ours(path: Path) -> bool:
    """Whether a file says that reparam made it, or lies among a run's own figures.

    Raises:
        reparam.door.Unreadable: if the system does not let it be read.
    """
    if path.parent.name == "figures" and is_file(path.parent.parent / "config.json"):
        return True
    if not is_file(path):  # a pipe would be waited for
        return False
    try:
        with surely(lambda: path.open("rb"), path) as file:
            head = file.read(_HEAD)
            file.seek(max(0, path.stat().st_size - _TAIL))
            return bool(_MADE_BY.search(head) or _MADE_BY.search(file.read()))
    except ABSENT:
        return False
    except OSError as error:
        raise unreadable(path, error) from error  # which is not replaced


def replace_atomically(path: Path, write: Write, keep: Path | None = None) -> None:
    """Call ``write`` on a name beside ``path``, then rename; on failure the old file stands and the new one is gone.

    What was written is on the disk when this returns, its name included: a power cut takes nothing of it back. The
    folder has to be there: one that vanished is not made anew, with a hole where everything else was.

    Args:
        path: of the file.
        write: writes it to the path that it is given.
        keep: where the old file is moved to, in the same folder; a kill in between leaves it there, none at ``path``.

    Raises:
        UserError: if the disk is full or the place cannot be written, naming the file.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        write(beside)
        flush_to_disk(beside)
        if keep is not None and present(path):
            path.replace(keep)
        beside.replace(path)
        flush_names(path.parent)
    except OSError as error:
        raise _unwritten(path, error) from error
    finally:
        with suppress(OSError):  # where its folder is none, there is nothing to remove
            remove(beside)


def _unwritten(path: Path, error: OSError) -> Unwritten:
    return Unwritten(f"{path} cannot be written ({error.strerror or error}): free space, or name another folder")


def require_room(folder: Path, size: int) -> None:
    """Refuse to begin a file that its disk has no room for: hours later that would be full, for everybody.

    Raises:
        OSError: as the system would then, saying how much the file takes, and how much there is.
    """
    free = shutil.disk_usage(folder).free
    if size > free:
        raise OSError(errno.ENOSPC, f"it takes {size / 1e9:,.1f} GB, and {free / 1e9:,.1f} of the disk are free")


def flush_to_disk(path: Path) -> None:
    """Have the system write a file's content to the disk now."""
    with path.open("r+b") as file:  # Windows flushes only what may be written
        os.fsync(file.fileno())


def npz(arrays: Mapping[str, Any]) -> Write:
    """What writes arrays as an ``.npz``, whose comment says who made it; compressed where that takes no minutes.

    Args:
        arrays: by name; of :class:`reparam.result.Pieces` a piece at a time is made and written.
    """

    def write(beside: Path) -> None:
        import numpy as np

        whole = {name: value if isinstance(value, Pieces) else np.asanyarray(value) for name, value in arrays.items()}
        size = sum(value.nbytes for value in whole.values())
        small = size <= COMPRESSED
        require_room(beside.parent, 0 if small else size)
        method = zipfile.ZIP_DEFLATED if small else zipfile.ZIP_STORED
        with zipfile.ZipFile(beside, "w", method) as archive:
            for name, value in whole.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    _write_array(file, value)
            archive.comment = MADE_BY.encode()

    return write


def npy(array: Any) -> Write:
    """What writes one array, or its pieces, as ``.npy``; behind its numbers, stands who made it."""

    def write(beside: Path) -> None:
        require_room(beside.parent, array.nbytes)
        with beside.open("wb") as file:
            _write_array(file, array)
            file.write(MADE_BY.encode())

    return write


def _write_array(file: Any, array: Any) -> None:
    import numpy as np

    if not isinstance(array, Pieces):
        np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)
        return
    header = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
    np.lib.format.write_array_header_1_0(file, header)
    for piece in array:
        file.write(np.ascontiguousarray(piece, array.dtype).tobytes())


def raw(content: bytes) -> Write:
    """What writes bytes of a form that says itself who made it."""
    return lambda path: path.write_bytes(content)


def text(content: str) -> Write:
    """What writes a text, in UTF-8 and with the same line ends everywhere."""
    return lambda beside: beside.write_text(content, encoding="utf-8", errors="replace", newline="\n")


def packed(content: str) -> Write:
    """What writes a text gzipped; the same text is the same file, which holds no time."""
    return lambda beside: beside.write_bytes(gzip.compress(content.encode(errors="replace"), mtime=0))


def archive(contents: Mapping[str, str], folder: str) -> Write:
    """What writes texts by name as a zip archive that holds one folder; the same texts are the same bytes."""

    def write(beside: Path) -> None:
        with zipfile.ZipFile(beside, "w") as file:
            for name, content in contents.items():
                entry = zipfile.ZipInfo(f"{folder}/{name}", (1980, 1, 1, 0, 0, 0))
                entry.external_attr = 0o644 << 16
                file.writestr(entry, content.encode(), zipfile.ZIP_DEFLATED)
            file.comment = MADE_BY.encode()

    return write


def result_json(value: Mapping[str, Any]) -> Write:
    """What writes a result as JSON that says who made it."""
    return text(_json({"made_by": MADE_BY.removeprefix("made by "), **value}))


def write_npz(path: Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays atomically as an ``.npz`` in a place of ours."""
    replace_atomically(path, npz(arrays))


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file atomically, indented, in a place of ours."""
    replace_atomically(path, text(_json(value)))


def _json(value: Any) -> str:
    return json.dumps(value, indent=2) + "\n"
