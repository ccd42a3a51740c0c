"""The workers of a scheduler: what they are, what they are given, and what comes back."""

import socket
import time
import uuid
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reparam.absence import remove
from reparam.cluster import child
from reparam.errors import UserError
from reparam.files import make_way, replace_atomically, text

PATIENCE = 60.0
"""Seconds to wait for a worker where there is none."""
STOPPING = 60.0
"""Seconds to wait for jobs that were asked to save and to end."""
EVERY = 0.2


class SchedulerLost(UserError):
    """The scheduler has gone while jobs were running."""


@dataclass(frozen=True)
class Job:
    """What a worker is given.

    Attributes:
        name: one of its own.
        module: of reparam, run in a process of its own.
        task: what it is told; JSON.
    """

    name: str
    module: str
    task: Mapping[str, Any]


@dataclass(frozen=True)
class Ended:
    """What came of a job.

    Attributes:
        name: of the job.
        host: the machine that did it.
        value: what its module told, or None.
        failure: why there is none.
        stopped: it was not done, or not to its end, since all were stopped.
    """

    name: str
    host: str
    value: Any = None
    failure: str | None = None
    stopped: bool = False


class Pool:
    """The workers of a scheduler.

    Args:
        client: of Dask's, connected.
        address: of the scheduler.
        shown: how it is named in sentences.
        slots: jobs that will run at a time once all workers are there.
    """

    def __init__(self, client: Any, address: str, shown: str, slots: int = 0) -> None:
        self._client, self.address, self._shown, self._coming = client, address, shown, slots
        self._study = uuid.uuid4().hex
        self._pending: dict[str, Any] = {}
        self._hosts: dict[str, str] = {}
        self._here, self._threads = str(Path.cwd()), 1
        self._alone: float | None = None

    @property
    def slots(self) -> int:
        """How many jobs run at a time."""
        there: int = sum(worker["nthreads"] for worker in self._workers().values())
        return max(self._coming, there)

    @property
    def hosts(self) -> list[str]:
        """The machines, by name."""
        return sorted(set(self._hosts.values()))

    def check(self, folder: Path, paths: Iterable[Path] = ()) -> int:
        """Make sure that every worker is fit for the study of a folder.

        Args:
            folder: what jobs write into; a file is put there, which every worker has to see.
            paths: of what they read besides.

        Returns:
            Threads for a job: the cores of a machine over the jobs that it runs at a time, of the least of them.

        Raises:
            UserError: naming the first worker that is not, and why.
        """
        probe = folder.resolve() / f".probe-{self._study}"
        make_way(probe)
        replace_atomically(probe, text("whoever sees this shares the folder\n"))
        try:
            looks = self._looks(str(probe), tuple(str(path.absolute()) for path in paths))
        finally:
            remove(probe)
        for address, look in looks.items():
            self._require_fit(address, look, folder)
        self._hosts = {address: look["host"] for address, look in looks.items()}
        return _share(looks, self._workers())

    def _looks(self, probe: str, paths: tuple[str, ...]) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while not self._workers():
            if time.monotonic() > end:
                raise UserError(f"{self._shown} has no workers: start some, as `dask worker {self.address}` does")
            time.sleep(EVERY)
        found: dict[str, Any] = self._client.run(child.look, probe, paths, on_error="return")
        return found

    def _require_fit(self, address: str, look: Any, folder: Path) -> None:
        if isinstance(look, Exception):
            raise UserError(
                f"the worker at {address} cannot run reparam ({type(look).__name__}: {look!s:.120}): install "
                f"{_named(child.versions())} there"
            )
        where = f"the worker at {address} ({look['host']})"
        if look["versions"] != child.versions():
            raise UserError(
                f"{where} has {_named(look['versions'])}, and this machine {_named(child.versions())}: runs would not "
                "compare, so install the same"
            )
        if not look["sees"]:
            raise UserError(
                f"{where} does not see the study's folder {folder}: give one with out=... that all machines share"
            )
        if look["lacks"]:
            raise UserError(f"{where} does not see {look['lacks'][0]}: share it, or put a copy at the same place")

    def give(self, jobs: Iterable[Job], threads: int) -> None:
        """Hand jobs out, the first ones first.

        Args:
            jobs: of names that are not pending.
            threads: of a processor that each may use.
        """
        want = child.versions()
        for number, job in enumerate(jobs):
            given = (self._study, job.module, dict(job.task), self._here, threads, want)
            key = f"{job.name}-{uuid.uuid4().hex[:8]}"
            self._pending[job.name] = self._client.submit(child.run, *given, key=key, pure=False, priority=-number)

    @property
    def pending(self) -> list[str]:
        """The jobs that have not ended."""
        return list(self._pending)

    def running(self) -> dict[str, str]:
        """The jobs that workers have now, and their machines: as many as a worker does at a time are at work."""
        self._require_scheduler()
        names = {future.key: name for name, future in self._pending.items()}
        threads = {address: worker["nthreads"] for address, worker in self._workers().items()}
        found = {}
        for address, keys in dict(self._client.processing()).items():
            ours = [names[key] for key in keys if key in names]
            at_work = sorted(ours, key=list(self._pending).index)[: threads.get(address, 1)]
            found.update(dict.fromkeys(at_work, self._host(address)))
        return found

    def ended(self) -> list[Ended]:
        """What has ended since this was last asked.

        Raises:
            SchedulerLost: if the scheduler has gone.
            UserError: if no worker is left, or one that joined late has other versions.
        """
        self._require_scheduler()
        self._require_workers()
        done = [(name, future) for name, future in self._pending.items() if future.done()]
        found = [self._ended(name, future) for name, future in done]
        for ended in found:
            del self._pending[ended.name]
        return found

    def _ended(self, name: str, future: Any) -> Ended:
        if future.status == "cancelled":
            self._require_scheduler()
            return Ended(name, "", stopped=True)
        if (error := future.exception()) is not None:
            return Ended(name, "", failure=_explained(error))
        told = dict(future.result())
        if "unfit" in told:
            raise UserError(
                f"a worker on {told['host']} {told['unfit']}, and this machine {_named(child.versions())}: end it, "
                "install the same, and call again"
            )
        return Ended(name, told["host"], told.get("value"), told.get("failure"), told.get("stopped", False))

    def stop(self) -> None:
        """Let the jobs at work save and end, and begin no others; returns when they have, or after a minute."""
        futures = list(self._pending.values())
        try:
            self._client.run(child.stop, self._study, on_error="ignore")
        except (OSError, RuntimeError):  # the scheduler has gone, and every job ends with its worker
            return
        end = time.monotonic() + STOPPING
        while time.monotonic() < end and not all(future.done() for future in futures):
            time.sleep(EVERY)

    def _workers(self) -> dict[str, Any]:
        return dict(self._client.scheduler_info(n_workers=-1)["workers"])

    def _host(self, address: str) -> str:
        """The machine of a worker, asked for where it has joined since; its address, where it does not answer."""
        if address not in self._hosts:
            told = self._client.run(socket.gethostname, workers=[address], on_error="return").get(address)
            self._hosts[address] = told if isinstance(told, str) else address.rpartition("/")[2].rpartition(":")[0]
        return self._hosts[address]

    def _require_scheduler(self) -> None:
        if self._client.status != "running":
            raise SchedulerLost(
                f"{self._shown} has gone: start one, and call the same again; what is finished is kept, and the rest "
                "goes on from its last save"
            )

    def _require_workers(self) -> None:
        """Refuse to wait for ever where every worker has gone."""
        if self._workers():
            self._alone = None
            return
        self._alone = self._alone or time.monotonic()
        if time.monotonic() > self._alone + PATIENCE:
            raise UserError(f"no worker of {self._shown} is left: start some, and call the same again")


def _share(looks: Mapping[str, Any], workers: Mapping[str, Any]) -> int:
    """Cores for each job, where all workers are busy.

    >>> looks = {"a:1": {"host": "a", "cores": 8}, "a:2": {"host": "a", "cores": 8}, "b:1": {"host": "b", "cores": 6}}
    >>> _share(looks, {"a:1": {"nthreads": 1}, "a:2": {"nthreads": 1}, "b:1": {"nthreads": 1}})
    4
    """
    slots: Counter[str] = Counter()
    for address, look in looks.items():
        slots[look["host"]] += workers.get(address, {"nthreads": 1})["nthreads"]
    return max(1, min(int(look["cores"]) // slots[look["host"]] for look in looks.values()))


def _named(found: Mapping[str, str]) -> str:
    return " and ".join(f"{name} {number}" for name, number in found.items())


def _explained(error: BaseException) -> str:
    """What Dask says of a task that it gave up, in a sentence."""
    if type(error).__name__ == "KilledWorker":
        return "every worker that was given it has died: its machine may lack memory"
    return f"{type(error).__name__}: {error}"


def quietly() -> Any:
    """A context in which Dask warns of no versions of its own."""
    return warnings.catch_warnings(action="ignore")
