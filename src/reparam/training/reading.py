"""What was decided when the data were read is said when training starts, and kept with the run."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reparam.data import Dataset
from reparam.training.callbacks import Callback

if TYPE_CHECKING:
    from reparam.training.session import Session


class Reading(Callback):
    """Says how the data were read: of a table its columns, and what the reader has decided."""

    def start(self, session: "Session") -> None:
        """Say it, unless the run goes on where it was interrupted, and has said it."""
        if session.step == 0:
            for text in decided(session.data):
                session.note(text)


def decided(data: Dataset) -> Iterator[str]:
    """How a data set was read, in sentences.

    >>> from reparam.data import load_data
    >>> list(decided(load_data("ring")))
    ['drawn from the exact density with seed 0']
    """
    if data.table is not None:
        yield f"{data.name}: {data.table.summary}"
    yield from data.notes
