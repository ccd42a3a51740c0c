"""Whether something is really not there: a file system of a network's may say so, once, of what stands.

What is taken for absent is begun anew, left out, or called lost. Whoever concludes that asks here, and the system is
asked again. Where it says both, that is an error of its own, and nothing follows from it of what is there.
"""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

ABSENT = (FileNotFoundError, NotADirectoryError)
"""How the system says that nothing is there, or on the way there."""
NOWHERE = {errno.ENAMETOOLONG, errno.ELOOP}
"""Where nothing can be: a name that is too long, links in a circle."""
NO_NAME = {21, 123, 1921}
"""The same on Windows: a drive that is not ready, a name that it does not take, links in a circle."""
T = TypeVar("T")


class Contradiction(OSError):
    """The system says that something is not there, and that it is."""


def mode_of(path: Path, links: bool = True) -> int | None:
    """What stands at a path, as ``st_mode``; None where really nothing does.

    Args:
        path: of anything.
        links: are followed, so that one to nothing is nothing.

    Raises:
        OSError: if the system does not say.
    """
    look = os.stat if links else os.lstat
    for _ in range(2):
        try:
            return look(path).st_mode
        except ABSENT:
            continue
        except ValueError:  # a zero byte in the name
            return None
        except OSError as error:
            if error.errno in NOWHERE or getattr(error, "winerror", None) in NO_NAME:
                return None
            raise
    return None


def surely(do: Callable[[], T], path: Path) -> T:
    """What a call of the system's gives; it is called again where it says that nothing is there, and something is.

    Args:
        do: the call.
        path: which has to be there for it.

    Raises:
        FileNotFoundError, NotADirectoryError: if there really is nothing, or something else than a folder on the way.
        Contradiction: if it says so again of what is there.
        OSError: if the system refuses.
    """
    try:
        return do()
    except ABSENT:
        if mode_of(path) is None:
            raise
    try:
        return do()
    except FileNotFoundError as error:
        if mode_of(path) is None:
            raise
        raise Contradiction(
            error.errno, f"{error.strerror or error}, as the system says of what is there", str(path)
        ) from None


def remove(path: Path) -> None:
    """Remove a file, if it is there.

    Raises:
        OSError: if the system refuses.
    """
    with suppress(*ABSENT):
        surely(path.unlink, path)
