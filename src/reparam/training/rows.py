"""The rows of the log: what was trained on, what validation and test say."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import torch

from reparam.data import Split, coverage
from reparam.data.coverage import SAMPLES
from reparam.errors import UserError
from reparam.hardware import exact
from reparam.models.model import Batch
from reparam.models.protocols import Samples, Watches, can
from reparam.randomness import noise
from reparam.training.validation import average

if TYPE_CHECKING:
    from reparam.training.session import Session

Values = Mapping[str, float]


def numbered(session: "Session", split: str, values: Values) -> dict[str, Any]:
    """A row: where in the training it belongs, and its values; JSON knows no infinity, so what is not finite is None.

    Raises:
        UserError: if a value is called as one of the row's own entries is.
    """
    row = {"step": session.step, "epoch": session.epoch, "split": split}
    for name in row.keys() & values.keys():
        raise UserError(f"the model calls a quantity {name!r}, as rows of the log call one of theirs: rename it")
    return {**row, **{name: value if math.isfinite(value) else None for name, value in values.items()}}


def trained_row(session: "Session") -> dict[str, float]:
    """Averages since the last such row, and the model's costly readings on the last batch."""
    return distinct([*session.loop.ledger.close().items(), ("watch", _readings(session))])


def validated_row(session: "Session") -> dict[str, float]:
    """What judges the model on validation data and, for a toy, how much of its modes samples cover."""
    return distinct([("validation", _judged(session, session.data.validation)), ("coverage", _coverage(session))])


def tested_row(session: "Session") -> dict[str, float]:
    """What judges the model on test data; that it is finished, where nothing does, or nothing is to."""
    return (_judged(session, session.data.test) if session.config.test else {}) or {"finished": 1.0}


def distinct(parts: Iterable[tuple[str, Values]]) -> dict[str, float]:
    """The values of all parts; a name that several of them have carries its part's name.

    Raises:
        UserError: if two have one name even then.

    >>> distinct([("generator", {"loss": 1.0, "drift": 2.0}), ("discriminator", {"loss": 3.0})])
    {'generator_loss': 1.0, 'drift': 2.0, 'discriminator_loss': 3.0}
    """
    parts = list(parts)
    names = [name for _, values in parts for name in values]
    row: dict[str, float] = {}
    for part, values in parts:
        for name, value in values.items():
            known = f"{part}_{name}" if names.count(name) > 1 else name
            if known in row:
                raise UserError(f"the model calls two quantities {known!r}: rename one of them")
            row[known] = value
    return row


def _readings(session: "Session") -> dict[str, float]:
    """The model's costly readings, its buffers (a norm's running averages, say) left alone."""
    loop, model = session.loop, session.model
    if not can(model, Watches):
        return {}
    number = (session.step - 1) * loop.batches_per_step
    x, y = loop.batch(number) if loop.sharding.shards == 1 else loop.some(number)
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with noise(session.config.seed, "watch", session.step), exact():
        readings = model.watch(Batch(x, y, session.step, session.epoch, session.step / session.total))
    for name, buffer in model.named_buffers():
        buffer.copy_(before[name])
    return {name: reading.item() for name, reading in readings.items()}


def _judged(session: "Session", split: Split) -> dict[str, float]:
    return average(session.model, split, session.data, session.config.seed, session.loop.sharding)


@torch.no_grad()
def _coverage(session: "Session") -> dict[str, float]:
    """How much of a toy's modes 2,500 samples cover; nothing for data without modes."""
    density, model = session.data.density, session.model
    if density is None or not len(density.modes) or not can(model, Samples):
        return {}
    model.eval()
    with noise(session.config.seed, "coverage"), exact():
        samples = model.sample(SAMPLES)
    model.train()
    return coverage(samples, density)
