"""Samples kept while a run trains."""

from typing import TYPE_CHECKING

from reparam.models.protocols import Samples, can
from reparam.runs.snapshots import moments, save_snapshot
from reparam.training.callbacks import Callback

if TYPE_CHECKING:
    from reparam.runs.folder import RunFolder
    from reparam.training.session import Session


class Snapshots(Callback):
    """Keeps samples, if the model has any, at some moments of the training: :func:`reparam.runs.snapshots.moments`.

    Args:
        folder: the run's.
    """

    def __init__(self, folder: "RunFolder") -> None:
        self.folder = folder

    def start(self, session: "Session") -> None:
        """Of the untrained weights."""
        self._moments = moments(session.model.data_shape, session.total)
        if not session.step:
            self._take(session)

    def step(self, session: "Session") -> None:
        """If this is one of the moments; nothing is kept of weights that are not finite."""
        if session.step in self._moments:
            session.loop.ledger.check()
            self._take(session)

    def end(self, session: "Session") -> None:
        """Of the best weights."""
        self._take(session)

    def _take(self, session: "Session") -> None:
        if can(session.model, Samples):
            owner = self.folder.identity.name
            save_snapshot(session.model, self.folder.figures, session.step, session.config.seed, owner)
