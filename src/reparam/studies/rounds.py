"""Jobs of a study on a pool of workers: given, watched, taken back; what was broken off from outside is given again."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from reparam.cluster import Ended, Job, Pool, SchedulerLost
from reparam.studies.machines import Machines
from reparam.studies.watch import Watch
from reparam.training.interrupt import Interrupted, listening

MODULE = "reparam.studies.job"
"""What workers start, see there."""
EVERY = 0.2
AGAIN = 5
"""How often a job is given again that somebody stopped on its machine."""


class Rounds:
    """A study's jobs; each is called as the folder that it writes.

    Args:
        pool: of workers.
        threads: of each job.
        out: the study's folder.
        watch: what is seen of it.
        total: how many jobs there will be, for what is seen.
    """

    def __init__(self, pool: Pool, threads: int, out: Path, watch: Watch, total: int) -> None:
        self._pool, self._threads, self._out, self._watch, self._total = pool, threads, out, watch, total
        self._machines = Machines(out)
        self._given: dict[str, Job] = {}
        self._again: Counter[str] = Counter()
        self._running: dict[str, str] = {}
        self._ended = 0

    def through(self, jobs: Iterable[Job]) -> Iterator[Ended]:
        """Each job once it has ended; whoever takes one may give more before it asks for the next.

        Raises:
            SchedulerLost: if the scheduler goes.
            UserError: if nobody is left to work.
            Interrupted: after Ctrl-C, what was at work saved.
        """
        self.give(jobs)
        try:
            with listening() as request:
                while self._pool.pending and not request.asked:
                    yield from self._look()
                    time.sleep(EVERY if self._pool.pending else 0.0)
                if request.asked:
                    raise Interrupted("stopped; what is finished is kept, and the rest goes on from its last save")
        except SchedulerLost:
            raise
        except BaseException:
            self._pool.stop()
            raise

    def give(self, jobs: Iterable[Job]) -> None:
        """More of them."""
        jobs = list(jobs)
        self._given |= {job.name: job for job in jobs}
        self._pool.give(jobs, self._threads)

    def _look(self) -> list[Ended]:
        """What has ended meanwhile."""
        found = []
        for ended in self._pool.ended():
            if self._was_broken_off(ended):
                self.give([self._given[ended.name]])
                continue
            self._ended += 1
            self._machines.note(self._out / ended.name, ended.host)
            self._watch.tell(self._line(ended))
            found.append(ended)
        self._show()
        return found

    def _was_broken_off(self, ended: Ended) -> bool:
        """Whether somebody asked the job's process alone to stop, as a machine that is shut down does."""
        if not (ended.stopped or "interrupted" in (ended.value or {})):
            return False
        self._again[ended.name] += 1
        return self._again[ended.name] <= AGAIN

    def _show(self) -> None:
        if not self._pool.pending:
            return
        running = self._pool.running()
        for name, host in running.items():
            if self._running.get(name) != host:
                self._machines.note(self._out / name, host)
                self._watch.begun(self._out / name, host)
        self._running |= running
        self._watch.look({self._out / name: host for name, host in running.items()}, self._ended, self._total)

    def _line(self, ended: Ended) -> str:
        told = ended.value or {}
        reason = ended.failure or told.get("failure")
        how = "left out" if told.get("elsewhere") else "put off" if told.get("open") else "failed"
        came = f"{how}: {reason}" if reason else "finished"
        where = f" on {ended.host}" if ended.host else ""
        return f"{self._out / ended.name}: {came}{where} ({self._ended} of {self._total})"
