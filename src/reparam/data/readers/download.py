"""Downloads that resume where they stopped, try one mirror after another, and keep only what passes its check."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path

from reparam.errors import UserError
from reparam.folders import make_folder
from reparam.terminal import is_live

TIMEOUT_SECONDS = 30
BLOCK_BYTES = 2**18


def download(urls: Sequence[str], target: Path, check: Callable[[Path], object]) -> None:
    """Fetch ``target`` from the first of ``urls`` that answers with contents ``check`` lets pass.

    The bytes gather in ``target`` with ``.part`` appended, which a later call goes on from, and take the name
    ``target`` once whole. ``check`` is given the path of the ``.part`` file and raises UserError when it is wrong.

    Raises:
        UserError: When no mirror does; the sentence says what each answered.
    """
    make_folder(target.parent)
    part = target.with_name(target.name + ".part")
    failures = []
    for url in urls:
        # What an earlier try left may be another file's beginning: if the whole fails its check, fetch it afresh once.
        for attempt in range(2 if part.exists() else 1):
            try:
                _fetch(url, part)
                check(part)
            except UserError as error:
                part.unlink(missing_ok=True)
                if attempt == 0:
                    failures.append(f"{url}: {error}")
            except (OSError, http.client.HTTPException) as error:
                failures.append(f"{url}: {error}")
                break
            else:
                part.replace(target)
                return
    raise UserError("; ".join(failures) or f"no mirror is known for {target.name!r}")


def _fetch(url: str, part: Path) -> None:
    """Append to ``part`` what it lacks of ``url``; from the beginning when the server cannot resume."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # Nothing lacks, or the file is another: the check will tell.
            raise
    with response:
        resumed = response.status == http.client.PARTIAL_CONTENT
        length = response.headers.get("Content-Length")
        start = have if resumed else 0
        with part.open("ab" if resumed else "wb") as file:
            _copy(response, file.write, url.rsplit("/", 1)[-1], start, start + int(length) if length else None)
    if length and part.stat().st_size < start + int(length):
        raise OSError(f"the connection broke after {part.stat().st_size} of {start + int(length)} bytes")


def _copy(
    response: http.client.HTTPResponse, write: Callable[[bytes], object], name: str, start: int, total: int | None
) -> None:
    """Copy to the end, with a progress bar when a terminal is there to show it."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not is_live()) as progress:
        task = progress.add_task(name, total=total, completed=start)
        while block := response.read(BLOCK_BYTES):
            write(block)
            progress.advance(task, len(block))
