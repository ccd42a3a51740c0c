"""What a hub answers, piece by piece: over TLS from end to end, and for as long as it keeps coming."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from reparam.data.readers.download import leads_astray
from reparam.data.readers.patience import TIMEOUT_SECONDS, steadily
from reparam.errors import UserError

REDIRECTS = 10
"""That an answer may take."""


def answered(hub: Any, repository: str, url: str, revision: str | None = None) -> Iterator[bytes]:
    """The bytes that an address of a hub answers with, as they were sent.

    Raises:
        UserError: if it refuses, leads elsewhere, or is slow.
    """
    with asked_of(repository, revision):
        yield from steadily(_pieces(hub, repository, url))


def _pieces(hub: Any, repository: str, url: str) -> Generator[bytes, None, None]:
    session = hub.get_session()
    # what is packed would not be of the size that is known, and might be unpacked without end
    headers = hub.utils.build_hf_headers() | {"Accept-Encoding": "identity"}
    with ExitStack() as stack:
        request = session.build_request("GET", url, headers=headers, timeout=TIMEOUT_SECONDS)
        for _ in range(REDIRECTS):
            response = session.send(request, stream=True, follow_redirects=False)
            stack.callback(response.close)
            if (request := response.next_request) is None:
                break
            if leads_astray(url, str(request.url)):
                raise UserError(f"the hub leads {repository} on to an address without TLS: nothing of it is taken")
        else:
            raise UserError(f"the hub leads {repository} on and on: nothing of it is taken")
        hub.utils.hf_raise_for_status(_headed(response))
        yield from response.iter_raw()


def _headed(response: Any) -> Any:
    """An answer without what it says besides, which an error would have its library read to an end there may not be."""
    headers = {name: value for name, value in response.headers.items() if name.startswith("x-")}
    return type(response)(response.status_code, headers=headers, request=response.request)


def client() -> Any:
    """The hub's own library.

    Raises:
        UserError: if it is not installed.
    """
    try:
        import huggingface_hub
    except ImportError:
        raise UserError("runs on a hub need huggingface_hub: pip install 'reparam[hub]'") from None
    return huggingface_hub


@contextmanager
def asked_of(repository: str, revision: str | None = None) -> Iterator[None]:
    """Tell what the hub refuses, or that it cannot be reached, in a sentence."""
    from huggingface_hub import errors

    try:
        yield
    except UserError:
        raise
    except errors.RevisionNotFoundError:
        raise UserError(
            f"{repository} on the hub has no revision {revision!r}: name a branch, a tag or a commit"
        ) from None
    except errors.RepositoryNotFoundError:
        raise UserError(
            f"{repository} is not on the hub, or not for you to see: look at the name, or log in with `hf auth login`"
        ) from None
    except (errors.HfHubHTTPError, errors.LocalTokenNotFoundError) as error:
        raise UserError(f"the hub refuses {repository} ({_line(error)})") from None
    except Exception as error:
        if not (isinstance(error, OSError) or type(error).__module__.partition(".")[0].startswith("http")):
            raise
        raise UserError(f"the hub cannot be reached for {repository} ({_line(error)}): see to the network") from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
