"""Downloads that resume where they stopped, try one mirror after another, and keep only what passes its check."""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reparam.errors import UserError
from reparam.files import flush_to_disk
from reparam.folders import flush_names, make_folder
from reparam.terminal import is_live

TIMEOUT_SECONDS = 30
SLOWEST = 1000
"""Bytes a second below which nobody is waited for any longer: what comes drop by drop runs into no timeout."""
BLOCK_BYTES = 2**18


def download(urls: Sequence[str], target: Path, check: Callable[[Path], object], most: int) -> None:
    """Fetch ``target`` from the first of ``urls`` that answers with contents ``check`` lets pass.

    The bytes gather in ``target`` with ``.part`` appended, which a later call goes on from, and take the name
    ``target`` once whole. ``check`` is given the path of the ``.part`` file and raises UserError when it is wrong. More
    than ``most`` bytes are not taken, and no mirror may lead on to where anybody on the way could read or change them.

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
                _fetch(url, part, most)
                check(part)
                flush_to_disk(part)  # a power cut would leave the name, and nothing in it
            except UserError as error:
                part.unlink(missing_ok=True)
                if attempt == 0:
                    failures.append(f"{url}: {error}")
            except (OSError, http.client.HTTPException) as error:
                failures.append(f"{url}: {error}")
                break
            else:
                part.replace(target)
                flush_names(target.parent)
                return
    raise UserError("; ".join(failures) or f"no mirror is known for {target.name!r}")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Leads on by the same scheme, or from http to https."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if leads_astray(req.full_url, newurl):
            raise OSError(f"it leads on to {newurl:.80}, which is not of its scheme")
        fp.close()  # what is said besides would be read to its end, wherever that is
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def leads_astray(url: str, to: str) -> bool:
    """Whether an address leads on to one of another scheme, unless that is https.

    >>> leads_astray("https://a/b", "http://c/d"), leads_astray("http://a/b", "https://a/b")
    (True, False)
    """
    return urlsplit(to).scheme not in (urlsplit(url).scheme, "https")


class Steady:
    """Gives up on whoever sends next to nothing."""

    def __init__(self) -> None:
        self._since, self._bytes = time.monotonic(), 0

    def came(self, count: int) -> None:
        """So many bytes did.

        Raises:
            OSError: if they are too few for the time.
        """
        self._bytes += count
        if (passed := time.monotonic() - self._since) < TIMEOUT_SECONDS:
            return
        if self._bytes < SLOWEST * passed:
            raise OSError(f"only {self._bytes:,} bytes came in {passed:.0f} seconds")
        self._since, self._bytes = time.monotonic(), 0


def _fetch(url: str, part: Path, most: int) -> None:
    """Append to ``part`` what it lacks of ``url``; from the beginning when the server cannot resume."""
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.build_opener(_Redirects).open(request, timeout=TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # Nothing lacks, or the file is another: the check will tell.
        raise
    with response:
        resumed = response.status == http.client.PARTIAL_CONTENT
        length = response.headers.get("Content-Length")
        start = have if resumed else 0
        with part.open("ab" if resumed else "wb") as file:
            total = start + int(length) if length else None
            _copy(response, file.write, url.rsplit("/", 1)[-1], start, total, most)
    if length and part.stat().st_size < start + int(length):
        raise OSError(f"the connection broke after {part.stat().st_size} of {start + int(length)} bytes")


def _copy(
    response: http.client.HTTPResponse,
    write: Callable[[bytes], object],
    name: str,
    start: int,
    total: int | None,
    most: int,
) -> None:
    """Copy to the end, with a progress bar when a terminal is there to show it.

    Raises:
        UserError: if there is more than there may be.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not is_live()) as progress:
        task = progress.add_task(name, total=total, completed=start)
        have, steady = start, Steady()
        while block := response.read1(BLOCK_BYTES):
            have += len(block)
            steady.came(len(block))
            if have > most:
                raise UserError(f"it is larger than the {most:,} bytes that it has at most")
            write(block)
            progress.advance(task, len(block))
