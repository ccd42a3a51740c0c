"""What is the same for all models of a comparison, and its record."""

import re
from pathlib import Path
from typing import Literal

from reparam.door import present
from reparam.errors import UserError
from reparam.files import make_way
from reparam.runs.sealed import read_sealed, write_sealed
from reparam.settings import Above, Config, DataConfig, Positive, Threads

FILE = "compare.json"
UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


class Protocol(Config):
    """Same data, split, budget, seeds and measures for all.

    Either ``seconds`` or ``epochs`` is the budget of each run.
    """

    data: DataConfig = DataConfig()
    """Which data, and how they are read."""
    seconds: Above | None = 60.0
    """Seconds of training for each run, turned into steps by timing some."""
    epochs: Positive | None = None
    """Passes over the training data instead."""
    count: Positive = 10_000
    """Samples of each model that are measured, at most."""
    images: Positive = 1000
    """Test examples whose log-likelihood is estimated."""
    importance_samples: Positive = 1000
    """Draws of the posterior for each of them."""
    threads: Threads | None = None
    """Threads of a processor that each run computes with: sums round in another order with another number of them."""

    shards: Positive = 1
    """Parts that each batch is computed in, so that models fit the memory."""
    batch_norm_over: Literal["shard", "batch"] = "shard"
    """What batch norm normalizes over."""

    @property
    def budget(self) -> str:
        """The budget in words.

        >>> Protocol(seconds=90).budget, Protocol(seconds=None, epochs=2).budget
        ('90 s of training', '2 epochs of training')
        """
        if self.epochs is not None:
            return f"{self.epochs} epoch{'' if self.epochs == 1 else 's'} of training"
        return f"{self.seconds:g} s of training"


def parse_budget(text: str) -> float:
    """Seconds from ``90``, ``90s``, ``2m`` or ``1.5h``.

    Raises:
        UserError: if the text is no time above 0.

    >>> parse_budget("2m"), parse_budget("45s")
    (120.0, 45.0)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text)
    seconds = float(match[1]) * UNITS[match[2]] if match and match[2] in UNITS else 0.0
    if not seconds > 0:
        raise UserError(f"{text!r} is no budget: give a time such as 90s, 2m or 1h")
    return seconds


TRAINED_BY = ("data", "seconds", "epochs", "threads", "shards", "batch_norm_over")


def settle(protocol: Protocol, out: Path, threads: int | None = None) -> Protocol:
    """Write the protocol into the folder of the comparison, after making sure that its runs were trained by the same.

    Args:
        protocol: its number of threads may be left open: then it is what the folder's runs were begun with.
        out: the folder.
        threads: unless it says that.

    Returns:
        The protocol with nothing left open.

    Raises:
        UserError: if they were trained by another: they would not compare.
    """
    file = out / FILE
    before = Protocol(**read_sealed(file)) if present(file) else None
    begun = None if before is None else before.threads
    settled = protocol.model_copy(update={"threads": protocol.threads or begun or threads})
    if before is not None:
        # those of earlier versions do not tell their threads
        _check_same(before.model_copy(update={"threads": begun or settled.threads}), settled, out)
    make_way(file)
    write_sealed(file, settled.model_dump(mode="json"))
    return settled


def _check_same(before: Protocol, now: Protocol, out: Path) -> None:
    differing = [name for name in TRAINED_BY if getattr(before, name) != getattr(now, name)]
    if differing:
        told = "; ".join(f"{name}: {_plain(before, name)} there, {_plain(now, name)} here" for name in differing)
        raise UserError(f"{out} holds a comparison by another protocol ({told}): name another folder with `out`")


def _plain(protocol: Protocol, name: str) -> object:
    value = getattr(protocol, name)
    return value.data if isinstance(value, DataConfig) else value
