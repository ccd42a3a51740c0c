"""Little data: said in plain words when a training on them starts and when it ends, with what they can show."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reparam.data import Dataset, Split
from reparam.training.best import HighWater
from reparam.training.callbacks import Callback, Row
from reparam.training.sharding import Sharding
from reparam.training.validation import standard_errors

if TYPE_CHECKING:
    from reparam.training.session import Session

FEW_TO_TRAIN, FEW_TO_TEST = 500, 100
"""Fewer examples than these are called little."""


class Little(Callback):
    """Says how little there is to train on and to test by, and in the end what was found by it."""

    def start(self, session: "Session") -> None:
        """How little it is, unless the run goes on where it was interrupted, and has said it."""
        if session.step == 0:
            for text in amounts(session.data):
                session.note(text)

    def row(self, session: "Session", row: Row) -> None:
        """Beside the test row, what it can show."""
        if row["split"] == "test" and any(amounts(session.data)):
            for text in outcome(session, row):
                session.note(text)


def amounts(data: Dataset) -> Iterator[str]:
    """What there is little of, in sentences.

    >>> import torch
    >>> for text in amounts(Dataset.of(torch.zeros(60, 2))):
    ...     print(text)
    little to train on: 48 examples, which a model may learn by heart instead of what they have in common
    little to test by: 6 examples, whose mean is uncertain by 41% of the spread between them; 6 to validate by
    """
    if len(data.train) < FEW_TO_TRAIN:
        yield (
            f"little to train on: {counted(len(data.train))}, which a model may learn by heart instead of what they "
            "have in common"
        )
    if len(data.test) < FEW_TO_TEST:
        n = len(data.test)
        spread = f"whose mean is uncertain by {1 / math.sqrt(n):.0%} of the spread between them"
        what = spread if n > 1 else "which tells nothing of how others differ from it"
        yield f"little to test by: {counted(n)}, {what}; {len(data.validation):,} to validate by"


def outcome(session: "Session", row: Row) -> Iterator[str]:
    """What a training on little data has come to, in sentences."""
    if len(session.data.test) < FEW_TO_TEST:
        yield from _uncertain(session, row)
    if len(session.data.train) < FEW_TO_TRAIN:
        yield from _repeated(session) if session.model.monitor is None else _fallen(session)


def _uncertain(session: "Session", row: Row) -> Iterator[str]:
    """How far the test row's judgement may be from that by other examples."""
    name, test = session.model.monitor or session.model.curve or "", session.data.test
    if row.get(name) is None or len(test) < 2:
        return
    error = _error(session, test, name)
    yield (
        f"test {name} {row[name]:.2f} ± {error:.2f}, the standard error over {counted(len(test))}: others of the "
        "same kind could well make it differ by as much"
    )


def _error(session: "Session", split: Split, name: str) -> float:
    """The standard error of what the log says of a split, from the same noise."""
    sharding = Sharding(session.config.shards)
    return standard_errors(session.model, split, session.data, session.config.seed, sharding)[name]


def _fallen(session: "Session") -> Iterator[str]:
    """Where the validation was best, if it was worse in the end by as much as can be told."""
    name, validation = session.model.monitor or "", session.data.validation
    mark = HighWater.of(name, session.rows)
    if not mark.step or len(validation) < 2:
        return
    last = [row[name] for row in session.rows if row["split"] == "validation"][-1]
    error = _error(session, validation, name)
    if last is not None and mark.value - last > error:
        yield (
            f"the weights are those of step {mark.step:,} of {session.step:,}, where the validation was best ({name} "
            f"{mark.value:.2f}, {last:.2f} in the end): what was learned later held for the training examples alone"
        )


def _repeated(session: "Session") -> Iterator[str]:
    """How often a model without a validation saw its examples."""
    n = len(session.data.train)
    those = "the one example was" if n == 1 else f"the {n:,} examples were"
    seen = session.step * session.loop.batches_per_step * min(session.config.batch_size or n, n) / n
    yield (
        f"{those} seen about {seen:,.0f} times, and no validation told when to stop: samples may repeat what was "
        "trained on, look at both"
    )


def counted(n: int) -> str:
    """Examples in words.

    >>> counted(1), counted(1200)
    ('1 example', '1,200 examples')
    """
    return f"{n:,} example{'' if n == 1 else 's'}"
