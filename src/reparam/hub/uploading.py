"""Files of a folder onto a Hugging Face hub, by its own library."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from reparam.absence import surely
from reparam.errors import UserError
from reparam.hub.line import Line
from reparam.runs.answers import asked_of, client


def upload(folder: Path, files: list[str], name: str, private: bool) -> tuple[str, str]:
    """Commit these files to a repository, which is made where there is none.

    Returns:
        Its address, and the commit.

    Raises:
        UserError: if the hub refuses, does not go on, or answers what it should not. Where the answer to a commit that
            it has does not come, the commit may be made all the same.
    """
    hub = client()
    api = hub.HfApi()
    with asked_of(name), _understood(name), ExitStack() as opened, Line(hub) as line:
        url = line.ask(partial(api.create_repo, name, private=private, exist_ok=True))
        # opened: a path it would give to Xet's client, whose waiting nobody can see, nor end
        read = [opened.enter_context(surely(partial((folder / file).open, "rb"), folder / file)) for file in files]
        added = [hub.CommitOperationAdd(*pair) for pair in zip(files, read, strict=True)]
        for one in added:  # one at a time: several it would upload in threads of its own, which a process waits for
            line.ask(partial(_large, api, name, one))
        made = line.ask(partial(api.create_commit, name, added, commit_message="A run, pushed by reparam"))
    return str(url), str(made.oid)


def _large(api: Any, name: str, one: Any) -> None:
    """Upload a file beforehand, if the hub wants it that way."""
    speaks = logging.getLogger("huggingface_hub._commit_api")
    speaks.addFilter(_news)
    try:
        api.preupload_lfs_files(name, [one], free_memory=False)
    except RuntimeError as error:  # which says the file, and not what was wrong
        raise error.__cause__ or error from None
    finally:
        speaks.removeFilter(_news)


def _news(record: logging.LogRecord) -> bool:
    """Whether a line of the library's log is none that we know: a warning of what is not given to Xet's client."""
    return "not supported by Xet" not in str(record.msg)


@contextmanager
def _understood(name: str) -> Iterator[None]:
    """Tell in a sentence what the hub's library makes nothing of: it takes an answer to be as it should."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UserError(f"{name} was not pushed: the hub's library makes nothing of what came ({told})") from error
