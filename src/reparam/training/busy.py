"""A training on a busy machine says why it is slow."""

from typing import TYPE_CHECKING

from reparam.contention import sharing_cores
from reparam.errors import tell
from reparam.training.callbacks import Callback, Row

if TYPE_CHECKING:
    from reparam.training.session import Session

SECONDS, SHARE = 20.0, 0.5


class Busy(Callback):
    """Says once that other work wants the cores, where it has for half of the time or more."""

    def start(self, session: "Session") -> None:
        """Count from here."""
        self._said = False
        with sharing_cores() as watch:
            self._watch, self._before = watch, (watch.seconds, watch.contended)

    def row(self, session: "Session", row: Row) -> None:
        """Say it, if there was time enough to know."""
        seconds, contended = self._watch.seconds - self._before[0], self._watch.contended - self._before[1]
        if not self._said and seconds > SECONDS and contended > SHARE * seconds:
            self._said = True
            tell(  # no note of the run, which says the same whatever else its machine does
                f"for {contended / seconds:.0%} of the time something else wanted this machine's cores: training is "
                "slower than it would be alone, its results are the same"
            )
