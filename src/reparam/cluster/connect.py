"""To the workers: processes of this machine that are started for the occasion, or a scheduler that is there already."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from reparam.cluster.child import cores
from reparam.cluster.pool import Pool, quietly
from reparam.errors import UserError

A_CORE = 8
"""Workers for each core that are more than anybody can mean."""
ANSWER = 10.0
"""Seconds in which a scheduler has to answer."""


@contextmanager
def opened(workers: int | None = None, scheduler: str | None = None, gpus: int = 0) -> Iterator[Pool]:
    """Workers to give jobs to; those that were started here end with the block.

    Args:
        workers: processes of this machine, or
        scheduler: the address of a scheduler, as ``tcp://10.0.0.1:8786``.
        gpus: of this machine, dealt out to its processes.

    Raises:
        UserError: if both are given, Dask is not installed, or the scheduler does not answer.
    """
    if workers is not None and scheduler is not None:
        raise UserError(
            f"workers={workers} are of this machine, and scheduler={scheduler!r} has its own: give one of the two"
        )
    most = A_CORE * cores()
    if workers is not None and not 1 <= workers <= most:
        raise UserError(f"workers={workers} will not do here: give 1 to {most}, {A_CORE} for each core of this machine")
    require_dask()
    _silence()
    with ExitStack() as stack:
        if scheduler is not None:
            client = stack.enter_context(_client(scheduler))
            yield Pool(client, scheduler, f"the scheduler at {scheduler}")
            return
        from reparam.cluster.local import started

        cluster = stack.enter_context(started(workers or 1, gpus))
        client = stack.enter_context(_client(cluster))
        client.wait_for_workers(workers or 1, timeout=120)
        yield Pool(client, cluster.scheduler_address, "the scheduler of this machine")


def require_dask() -> None:
    """Refuse to go on without Dask.

    Raises:
        UserError: saying what to install.
    """
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise UserError("several workers need Dask: install it with `pip install 'reparam[cluster]'`") from None


def _silence() -> None:
    """What goes wrong is told in sentences of ours; Dask's own loggers have levels of their own, each."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "tornado", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)


@contextmanager
def _client(where: Any) -> Iterator[Any]:
    from distributed import Client

    try:
        with quietly():
            client = Client(where, timeout=ANSWER, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise UserError(
            f"the scheduler at {where} does not answer ({_first(error)}): give its address, as tcp://10.0.0.1:8786, "
            "where `dask scheduler` runs"
        ) from None
    try:
        yield client
    finally:
        client.close(timeout=5)  # type: ignore[no-untyped-call]


def _first(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:120] if lines else type(error).__name__
