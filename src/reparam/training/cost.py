"""What a run costs: seconds, parameters, memory; apart from the log, since no two runs take equally long."""

import time
from typing import TYPE_CHECKING

from reparam.networks import count_parameters
from reparam.runs.folder import RunFolder
from reparam.runs.sealed import write_sealed
from reparam.training.callbacks import Callback
from reparam.training.memory import forget_peak, peak_memory

if TYPE_CHECKING:
    from reparam.training.session import Session


class Cost(Callback):
    """Writes ``cost.json`` beside each checkpoint, and at the end.

    Args:
        folder: the run's.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self._finished: dict[str, int] = {}

    def start(self, session: "Session") -> None:
        """Count on from what an interrupted run had cost."""
        self._now = time.monotonic()
        forget_peak()
        self._seconds: float = self.folder.costs().get("seconds", 0.0) if session.step else 0.0

    def save(self, session: "Session") -> None:
        """Write what it has cost so far."""
        before, self._now = self._now, time.monotonic()
        self._seconds += self._now - before
        cost = {"seconds": self._seconds, "parameters": count_parameters(session.model), **peak_memory()}
        write_sealed(self.folder.cost, cost | self._finished, self.folder.identity.name)

    def done(self, session: "Session") -> None:
        """With the best weights' snapshot and the test; the file says from then on that the run is done."""
        self._finished = {"finished": True, "notes": len(session.notes)}
        self.save(session)
