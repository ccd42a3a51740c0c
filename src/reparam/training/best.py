"""The best weights so far, and stopping where they have not been bettered for long."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from reparam.door import Damaged, Missing, present
from reparam.errors import tell
from reparam.runs.checkpoint import BEST, check_place, load_weights, read_tensors, room_for, save_weights
from reparam.runs.folder import RunFolder
from reparam.runs.leftovers import set_aside
from reparam.training.callbacks import Callback, Row

if TYPE_CHECKING:
    from reparam.training.session import Session

HELP = "try a lower `learning_rate`, gradient_clip=1, more data, or look for huge values in them"


class HighWater:
    """The highest value that a quantity has had in validation rows, as a function of the rows alone.

    Args:
        name: of the quantity; None: there is none to raise.

    Attributes:
        value: minus infinity before any.
        step: where it was.
        since: steps from there to the last validation.

    >>> mark = HighWater("elbo")
    >>> [mark.rises({"split": "validation", "step": step, "elbo": elbo}) for step, elbo in ((0, -9.0), (5, None))]
    [True, False]
    >>> mark.value, mark.step, mark.since
    (-9.0, 0, 5)
    """

    def __init__(self, name: str | None) -> None:
        self.name, self.value, self.step, self.since = name, -math.inf, 0, 0

    def rises(self, row: Row) -> bool:
        """Take a row in; whether it is a validation and better than all before."""
        if self.name is None or row["split"] != "validation":
            return False
        value, self.since = row.get(self.name), row["step"] - self.step
        if value is None or value <= self.value:
            return False
        self.value, self.step, self.since = value, row["step"], 0
        return True

    @classmethod
    def of(cls, name: str | None, rows: Sequence[Row]) -> "HighWater":
        """Of rows that there are already."""
        mark = cls(name)
        for row in rows:
            mark.rises(row)
        return mark


def untrained(name: str | None, rows: Sequence[Row]) -> str | None:
    """A sentence where the best weights are those from before training.

    Args:
        name: the quantity that validation should raise, if any.
        rows: of the log.

    >>> rows = [{"split": "validation", "step": step, "epoch": step / 9, "elbo": -100.0 - step} for step in (0, 9, 18)]
    >>> untrained("elbo", rows)
    'training made the model worse (validation elbo -100.00 untrained, -118.00 after 2 epochs), so that the untrained
    weights are kept as the best: try a lower `learning_rate`, gradient_clip=1, more data, or look for huge values in
    them'
    """
    mark = HighWater.of(name, rows)
    if name is None or mark.step or mark.value == -math.inf:
        return None
    last = [row for row in rows if row["split"] == "validation"][-1]
    if last["step"] == 0:
        return "broken off before an epoch was finished: the best weights so far are the untrained ones"
    now = "not finite" if last[name] is None else f"{last[name]:.2f}"
    compared = f"validation {name} {mark.value:.2f} untrained, {now} after {last['epoch']:.4g} epochs"
    return f"training made the model worse ({compared}), so that the untrained weights are kept as the best: {HELP}"


class Best(Callback):
    """Keeps the weights of the best validation, in a file or in memory; the model ends with them.

    Args:
        folder: the run's, or None.
        writes: whether this process has charge of it.
    """

    def __init__(self, folder: RunFolder | None, writes: bool = True) -> None:
        self.folder, self.writes = folder, writes
        self._kept: dict[str, Tensor] | None = None
        self._ended, self._since = False, 0

    def start(self, session: "Session") -> None:
        """What was best before an interruption."""
        self.mark = HighWater.of(session.model.monitor, session.rows)
        if self.folder and session.step and self.mark.name is not None:
            self._look_up(self.folder, session)

    def _look_up(self, folder: RunFolder, session: "Session") -> None:
        """The file has the last word: rows may be lost, and so may the file, from which on others are the best."""
        try:
            notes = read_tensors(folder.best, room_for(session.model))[1]
            check_place(folder.best, notes, folder.identity, BEST)
        except (Damaged, Missing) as error:
            if isinstance(error, Missing) and self.mark.value == -math.inf:
                return
            self._restart(session, session.step)
            if self.writes:
                tell(str(error))
                aside = f" (it is {set_aside(folder.best).name} now)" if present(folder.best) else ""
                session.note(f"{folder.best.name} was lost{aside}: the best is kept of step {session.step} and later")
                self._save(session, self.mark.value)
            return
        self._restart(session, int(notes.get("since", 0)))
        value = notes.get("value")
        if isinstance(value, int | float) and value > self.mark.value and notes["step"] <= session.step:
            self.mark.value, self.mark.step = value, notes["step"]

    def _restart(self, session: "Session", since: int) -> None:
        self._since = since
        self.mark = HighWater.of(self.mark.name, [row for row in session.rows if row["step"] >= since])

    def _save(self, session: "Session", value: float) -> None:
        assert self.folder is not None
        known = {"value": value} if math.isfinite(value) else {}
        since = {"since": self._since} if self._since else {}
        notes = {"step": session.step, **known, **since}
        save_weights(self.folder.best, session.model, notes, BEST, self.folder.identity)

    def row(self, session: "Session", row: Row) -> None:
        """Keep the weights where they are better than all before."""
        if not self.mark.rises(row):
            return
        if self.folder and self.writes:
            self._save(session, self.mark.value)
        elif not self.folder:
            self._kept = {name: tensor.clone() for name, tensor in session.model.state_dict().items()}

    def end(self, session: "Session") -> None:
        """Put the best weights into the model, if there are any."""
        self._ended = True
        if self.folder and present(self.folder.best):
            session.weights_from = int(
                load_weights(self.folder.best, session.model, self.folder.identity, BEST)["step"]
            )
        elif self._kept is not None:
            session.model.load_state_dict(self._kept)
            session.weights_from = self.mark.step
        self._warn(session)

    def close(self, session: "Session") -> None:
        """Where training broke off, its folder holds the best weights so far."""
        if not self._ended and not session.broken_off:  # which is gone on with as if it had never been
            self._warn(session)

    def _warn(self, session: "Session") -> None:
        sentence = untrained(session.model.monitor, session.rows)
        if sentence and session.step:
            session.note(f"warning: {sentence}")


class Patience(Callback):
    """Stops where so many epochs in a row have not bettered the validation, counted once the model's schedules end.

    Args:
        epochs: how many.
    """

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def start(self, session: "Session") -> None:
        """Count on from before an interruption."""
        self.mark = HighWater.of(session.model.monitor, session.rows)
        self._from = max(session.model.schedules().values(), default=0.0) * session.loop.steps_per_epoch
        self._judge(session)

    def row(self, session: "Session", row: Row) -> None:
        """Count."""
        self.mark.rises(row)
        self._judge(session)

    def _judge(self, session: "Session") -> None:
        waited = min(self.mark.since, self.mark.step + self.mark.since - self._from)
        if waited >= self.epochs * session.loop.steps_per_epoch:
            why = f"no better validation {self.mark.name} for {self.epochs} epochs (patience={self.epochs})"
            session.ask_to_stop(why)
