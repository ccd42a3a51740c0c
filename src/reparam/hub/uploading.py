"""Files of a folder onto a Hugging Face hub, by its own library."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from reparam.absence import surely
from reparam.errors import UserError
from reparam.runs.answers import asked_of, client

ANSWER_SECONDS = 120
"""For each answer, and each piece that is sent: what the system has taken of the end of a file goes on its way then."""


def upload(folder: Path, files: list[str], name: str, private: bool) -> tuple[str, str]:
    """Commit these files to a repository, which is made where there is none.

    Returns:
        Its address, and the commit.

    Raises:
        UserError: if the hub refuses, does not go on, or answers what it should not. Where the answer to a commit that
            it has does not come, the commit may be made all the same.
    """
    hub = client()
    with _understood(name), asked_of(name), _patient(hub):
        api = hub.HfApi()
        url = api.create_repo(name, private=private, exist_ok=True)
        added = [_added(hub, folder, file) for file in files]  # it would list a folder itself, and pass over some
        made = api.create_commit(name, added, commit_message="A run, pushed by reparam")
    return str(url), str(made.oid)


@contextmanager
def _patient(hub: Any) -> Iterator[None]:
    """Have the library's client wait so long, not for ever; what runs into that it mostly tries again, five times."""
    session = hub.get_session()
    before, session.timeout = session.timeout, ANSWER_SECONDS
    try:
        yield
    except RuntimeError as error:  # which says the file, and not what was wrong
        raise error.__cause__ or error from None
    finally:
        session.timeout = before


def _added(hub: Any, folder: Path, file: str) -> Any:
    """A file of a commit.

    Raises:
        OSError: if the system does not let it be read.
    """
    return surely(partial(_add, hub, folder / file, file), folder / file)


def _add(hub: Any, path: Path, file: str) -> Any:
    try:
        return hub.CommitOperationAdd(path_in_repo=file, path_or_fileobj=path)
    except ValueError:  # so it says that there is no file
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path)) from None


@contextmanager
def _understood(name: str) -> Iterator[None]:
    """Tell in a sentence what the hub's library makes nothing of: it takes an answer to be as it should."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UserError(f"{name} was not pushed: the hub's library makes nothing of what came ({told})") from error
