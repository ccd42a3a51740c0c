"""What each shard of a batch computes of its own examples alone, said when a training of several shards begins."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reparam.models.model import Model
from reparam.networks.batch_norm import named_norms
from reparam.settings import TrainingConfig
from reparam.training.callbacks import Callback

if TYPE_CHECKING:
    from reparam.training.session import Session


class Parts(Callback):
    """Says what sees a shard's examples and not the batch's."""

    def start(self, session: "Session") -> None:
        """Say it, unless the run goes on where it was interrupted, and has said it."""
        if session.step == 0:
            size = min(session.config.batch_size or 1, len(session.data.train))  # resolved: it is there
            for text in apart(session.model, session.config, size):
                session.note(text)


def apart(model: Model, training: TrainingConfig, batch_size: int) -> Iterator[str]:
    """What another number of shards would make another loss of, in sentences; none where a batch is one piece.

    Args:
        model: to be trained.
        training: how.
        batch_size: examples of a batch.
    """
    if training.shards == 1:
        return
    each = f"each of the {training.shards} shards of a batch of {batch_size:,}"
    own = f"its own {batch_size // training.shards:,} examples"
    count = len(named_norms(model)) if training.batch_norm_over == "shard" else 0
    if count:
        norms = "1 batch norm" if count == 1 else f"{count} batch norms"
        yield f'{each} is normalized over {own} ({norms}): batch_norm_over="batch" takes those of all'
    for setting, what in model.of_the_batch().items():
        yield f"{each} computes {what} (`{setting}`) of {own}: another number of shards is another loss"
