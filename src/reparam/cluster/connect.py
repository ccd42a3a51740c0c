"""To the workers: of this machine or of Slurm, started for the occasion, or those of a scheduler that is there."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from reparam.cluster.child import cores
from reparam.cluster.pool import Pool, quietly
from reparam.errors import UserError

A_CORE = 8
"""Workers for each core that are more than anybody can mean."""
MOST_JOBS = 1000
"""Jobs of Slurm's that more than a slip may ask for."""
ANSWER = 10.0
"""Seconds in which a scheduler has to answer."""


@contextmanager
def opened(
    workers: int | None = None,
    scheduler: str | None = None,
    gpus: int = 0,
    slurm: Mapping[str, object] | None = None,
    shared: Path = Path(),
    say: Callable[[str], object] = str,
) -> Iterator[Pool]:
    """Workers to give jobs to; those that were started here end with the block.

    Args:
        workers: processes of this machine, or
        scheduler: the address of a scheduler, as ``tcp://10.0.0.1:8786``.
        gpus: of this machine, dealt out to its processes.
        slurm: options of ``sbatch``: the workers are jobs of Slurm's.
        shared: a folder that all nodes of Slurm see.
        say: told that Slurm's queue is waited for.

    Raises:
        UserError: if two ways are given, Dask is not installed, the scheduler does not answer, or Slurm takes no job.
    """
    if slurm is not None:
        if scheduler is not None:
            raise UserError(
                f"jobs of `slurm` have a scheduler here, and scheduler={scheduler!r} its own: give one of them"
            )
        require_dask()
        _silence()
        with _of_slurm(workers or 1, slurm, shared, say) as pool:
            yield pool
        return
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


@contextmanager
def _of_slurm(workers: int, asked: Mapping[str, object], shared: Path, say: Callable[[str], object]) -> Iterator[Pool]:
    """Jobs of Slurm's; the first is waited for as long as it is in the queue."""
    from reparam.cluster.slurm import checked, submitted

    if not 1 <= workers <= MOST_JOBS:
        raise UserError(f"workers={workers} will not do: give 1 to {MOST_JOBS:,} jobs of Slurm's")
    with submitted(workers, checked(asked), shared) as cluster, _client(cluster) as client:
        say(f"waiting for Slurm to begin the first of {workers} jobs; `squeue` lists them")
        client.wait_for_workers(1)
        yield Pool(client, cluster.scheduler_address, "the scheduler of Slurm's jobs", slots=workers)


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
