"""The run's own log: ``metrics.jsonl``, and what was said of it in ``notes.jsonl``."""

from typing import TYPE_CHECKING

from reparam.runs.folder import RunFolder
from reparam.training.callbacks import Callback, Row

if TYPE_CHECKING:
    from reparam.training.session import Session


class Log(Callback):
    """Adds each row and each note to the run's files; the test row, which ends the run, after all that is said of it.

    Args:
        folder: the run's.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder

    def row(self, session: "Session", row: Row) -> None:
        """Add it, unless it is the test's."""
        if row["split"] != "test":
            self.folder.append(row)

    def done(self, session: "Session") -> None:
        """Add the test row: nothing that a kill could lose comes after it."""
        self.folder.append(session.rows[-1])

    def note(self, session: "Session", text: str) -> None:
        """Add it."""
        self.folder.append(session.notes[-1], to=self.folder.notes)
