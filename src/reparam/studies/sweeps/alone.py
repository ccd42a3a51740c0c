"""The runs of a sweep one after another, in this process: what :class:`Rounds` does, without workers."""

from collections import deque
from collections.abc import Iterable, Iterator

from reparam.cluster import Ended, Job
from reparam.studies.sweeps.trial import swept
from reparam.training.interrupt import heed_late


class Alone:
    """Jobs in the order in which they are given."""

    slots = 1

    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()

    def give(self, jobs: Iterable[Job]) -> None:
        """More of them."""
        self._waiting.extend(jobs)

    def through(self, jobs: Iterable[Job]) -> Iterator[Ended]:
        """Each once it has ended; whoever takes one may give more before it asks for the next.

        Raises:
            Interrupted: after Ctrl-C, everything saved.
        """
        self.give(jobs)
        while self._waiting:
            job = self._waiting.popleft()
            ended = Ended(job.name, "", swept(job.task))
            heed_late()
            yield ended
