"""Downloads that resume where they stopped, try one mirror after another, and keep only what passes its check."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reparam.absence import remove
from reparam.data.readers import patience
from reparam.door import leads_somewhere
from reparam.errors import UserError
from reparam.files import flush_to_disk
from reparam.folders import flush_names, make_folder
from reparam.terminal import is_live

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
        for attempt in range(2 if leads_somewhere(part) else 1):
            try:
                _fetch(url, part, most)
                check(part)
                flush_to_disk(part)  # a power cut would leave the name, and nothing in it
            except UserError as error:
                remove(part)
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
        fp.close()  # what is said besides would be read to its end, wherever that is
        if leads_astray(req.full_url, newurl):
            raise OSError(f"it leads on to {newurl:.80}, which is not of its scheme")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def leads_astray(url: str, to: str) -> bool:
    """Whether an address leads on to one of another scheme, unless that is https.

    >>> leads_astray("https://a/b", "http://c/d"), leads_astray("http://a/b", "https://a/b")
    (True, False)
    """
    return urlsplit(to).scheme not in (urlsplit(url).scheme, "https")


def _fetch(url: str, part: Path, most: int) -> None:
    """Append to ``part`` what it lacks of ``url``; from the beginning when the server cannot resume."""
    have = part.stat().st_size if leads_somewhere(part) else 0
    with patience.Aside() as aside:
        if (response := _opened(url, have, aside)) is None:
            return  # Nothing lacks, or the file is another: the check will tell.
        resumed = response.status == http.client.PARTIAL_CONTENT
        start = have if resumed else 0
        total = None if response.length is None else start + response.length
        with part.open("ab" if resumed else "wb") as file:
            _copy(_blocks(response, aside), file.write, url.rsplit("/", 1)[-1], start, total, most)
    if total is not None and (size := part.stat().st_size) < total:
        raise OSError(f"the connection broke after {size} of {total} bytes")


def _opened(url: str, have: int, aside: patience.Aside) -> http.client.HTTPResponse | None:
    """An answer whose head has come; None where there is nothing beyond what one has."""
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    ask = partial(urllib.request.build_opener(_Redirects).open, request, timeout=patience.TIMEOUT_SECONDS)
    try:
        response: http.client.HTTPResponse = aside.within(patience.HEAD_SECONDS, ask)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            return None
        raise
    except ValueError as error:
        raise OSError(f"it leads on to no address ({error})") from None
    aside.lastly(response.close)
    return response


def _blocks(response: http.client.HTTPResponse, aside: patience.Aside) -> Iterator[bytes]:
    """What an answer holds, for as long as it keeps coming: chunks and what is said between them may drip as well."""
    steady, ask = patience.Steady(), partial(response.read1, BLOCK_BYTES)
    while block := aside.within(patience.TIMEOUT_SECONDS, ask, "the rest of it"):
        steady.came(len(block))
        yield block


def _copy(
    blocks: Iterator[bytes],
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
        task, have = progress.add_task(name, total=total, completed=start), start
        for block in blocks:
            have += len(block)
            if have > most:
                raise UserError(f"it is larger than the {most:,} bytes that it has at most")
            write(block)
            progress.advance(task, len(block))
