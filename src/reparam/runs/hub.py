"""Runs of a Hugging Face hub: the files of a run, and nothing else, into a cache of our own; nothing of them is run.

What a repository may hold is a list of names; one that holds more is refused, and no name of it is a path here.
"""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from reparam.data.store import alone
from reparam.door import is_folder, parse, user_cache, user_path
from reparam.errors import UserError
from reparam.files import PART, require_room
from reparam.folders import Unwritten, flush_names, make_folder, standing
from reparam.pace import work
from reparam.runs.answers import answered, client

PREFIX = "hf:/"
"""What names of runs on a hub begin with; a path swallows the second of its slashes."""
NAME = re.compile(r"hf:/{1,2}([A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@([A-Za-z0-9][\w./-]*))?/?")
COMMIT = re.compile(r"[0-9a-f]{40}")
MB, GB = 2**20, 2**30
TAKEN = {
    "config.json": 64 * MB,
    "metrics.jsonl": GB,
    "notes.jsonl": 64 * MB,
    "cost.json": MB,
    "checkpoints/config-copy.json": 64 * MB,
    "checkpoints/best.safetensors": 16 * GB,
}
"""The files of a run that are fetched, and the bytes of each at most."""
LEFT = re.compile(r"README\.md|LICEN[CS]E(\.md|\.txt)?|\.gitattributes|evaluation\.json|(figures/)?[\w-]+\.png")
"""Files that may lie beside them, and are left there."""
NEEDED = ("config.json", "checkpoints/best.safetensors")
LISTING = 64 * MB
"""Bytes of what a hub says of a repository, at most."""
VARIABLE = "REPARAM_CACHE"


def is_on_hub(path: object) -> bool:
    """Whether a path names a run on a hub.

    >>> is_on_hub("hf://somebody/digits@main"), is_on_hub("runs/vae")
    (True, False)
    """
    return str(path).startswith(PREFIX)


def fetched(path: str | Path) -> Path:
    """The folder of a run on a hub, fetched unless that was done before.

    Args:
        path: ``hf://owner/name``, with ``@`` and a branch, a tag or a commit behind it.

    Raises:
        UserError: if there is no such repository, it holds what no run does, or cannot be reached.
    """
    if (match := NAME.fullmatch(str(path))) is None:
        raise UserError(f"{path} names no run on a hub: write hf://owner/name, or hf://owner/name@revision")
    repository, revision = match[1], match[2]
    if revision and COMMIT.fullmatch(revision) and is_folder(known := _place(repository, revision)):
        return known  # a commit never changes: nobody is asked
    hub = client()
    commit, listed = _listing(hub, repository, revision)
    place = _place(repository, commit)
    if not is_folder(place):
        files = checked(repository, listed)
        with alone(place, wait=True):
            if not is_folder(place):  # another process may have fetched it meanwhile
                _fetch(hub, repository, commit, files, place)
    return place


def _listing(hub: Any, repository: str, revision: str | None) -> tuple[str, list[tuple[str, Any]]]:
    """The commit that a revision is, and the names and sizes that the hub gives of its files.

    Raises:
        UserError: if it says anything else.
    """
    at = f"/revision/{quote(revision, safe='')}" if revision else ""
    content = bytearray()
    for piece in answered(hub, repository, f"{hub.HfApi().endpoint}/api/models/{repository}{at}?blobs=true", revision):
        content += piece
        if len(content) > LISTING:
            raise UserError(f"the hub says more than {LISTING:,} bytes of {repository}: nothing of it is taken")
    try:
        told = parse(content.decode())
        commit, listed = told["sha"], [(one["rfilename"], one.get("size")) for one in told.get("siblings") or ()]
    except (ValueError, TypeError, KeyError, AttributeError):
        commit, listed = None, []
    if not (isinstance(commit, str) and COMMIT.fullmatch(commit) and all(isinstance(name, str) for name, _ in listed)):
        raise UserError(f"the hub names no commit of {repository}, and nothing of it is taken: see to the address")
    return commit, listed


def checked(repository: str, listed: Sequence[tuple[str, int | None]]) -> dict[str, int]:
    """The files that are to be fetched, each with its size.

    Raises:
        UserError: if there is a file that no run has, one is too large, or one is missing.

    >>> checked("a/b", [("config.json", 9), ("checkpoints/best.safetensors", 9), ("model.pkl", 9)])
    Traceback (most recent call last):
    reparam.errors.UserError: a/b holds 'model.pkl', which no run does: nothing of it is taken
    """
    for name, size in listed:
        if name not in TAKEN and not LEFT.fullmatch(name):
            raise UserError(f"{repository} holds {name!r:.80}, which no run does: nothing of it is taken")
        if name in TAKEN and not (isinstance(size, int) and 0 <= size <= TAKEN[name]):
            raise UserError(f"{repository} holds a {name} of {size} bytes, and {TAKEN[name]:,} are taken at most")
    found = {name: size for name, size in listed if name in TAKEN and size is not None}
    if missing := [name for name in NEEDED if name not in found]:
        raise UserError(f"{repository} holds no {missing[0]}, and so no run of reparam's")
    return found


def name_of(folder: Path) -> str | None:
    """The name and the commit of a run that was fetched into a folder; None where that is none of ours.

    >>> name_of(_place("somebody/digits", "c" * 40)), name_of(Path("runs/vae"))
    ('hf://somebody/digits@cccccccccccccccccccccccccccccccccccccccc', None)
    """
    place = folder.absolute()
    if not COMMIT.fullmatch(place.name) or place.parent.parent != _home().absolute():
        return None
    return f"hf://{place.parent.name.replace('--', '/', 1)}@{place.name}"


def _home() -> Path:
    given = os.environ.get(VARIABLE)
    return (user_path(given) if given else user_cache(VARIABLE) / "reparam") / "hub"


def _place(repository: str, commit: str) -> Path:
    return _home() / repository.replace("/", "--") / commit


def _fetch(hub: Any, repository: str, commit: str, files: dict[str, int], place: Path) -> None:
    """All files beside their place, on the disk, then there: a half-fetched run is none, and goes with the next try."""
    beside, total = place.with_name(f".{place.name}{PART}"), sum(files.values())
    shutil.rmtree(beside, ignore_errors=True)
    try:
        with _written(place), work(f"fetching {repository}", total, "the size of the model") as add:
            make_folder(beside)
            require_room(beside, total)
            for name, size in files.items():
                with standing(beside):
                    make_folder((beside / name).parent)
                pieces = answered(hub, repository, hub.hf_hub_url(repository, name, revision=commit))
                _write(beside / name, pieces, size, f"{name} of {repository}", add)
            for folder in {(beside / name).parent for name in files}:
                flush_names(folder)
            beside.rename(place)
            flush_names(place.parent)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


@contextmanager
def _written(place: Path) -> Iterator[None]:
    """Tell what the system refuses of what is fetched, which no hub can help."""
    try:
        yield
    except OSError as error:
        raise Unwritten(
            f"{place} cannot be written ({error.strerror or error}): free space, or let {VARIABLE} name another folder"
        ) from error


def _write(target: Path, pieces: Iterator[bytes], size: int, what: str, add: Any) -> None:
    """Write as many bytes as there should be.

    Raises:
        UserError: if there are more, or fewer.
    """
    written = 0
    with _written(target), target.open("xb") as file:
        for piece in pieces:
            written += len(piece)
            if written > size:
                raise UserError(f"{what} is larger than the {size:,} bytes it is said to be: nothing of it is taken")
            file.write(piece)
            add(len(piece))
        file.flush()
        os.fsync(file.fileno())
    if written != size:
        raise UserError(f"{what} broke off after {written:,} of {size:,} bytes: try again")
