"""Averages of a model's per-example quantities over a split."""

from collections.abc import Iterator

import torch

from reparam.data import Dataset, Split, evaluation_batches
from reparam.hardware import exact, in_float64
from reparam.models.model import Batch, Model
from reparam.models.protocols import Evaluates, can
from reparam.randomness import noise, seed_noise
from reparam.training.processes import Processes
from reparam.training.sharding import WHOLE, Sharding


def average(model: Model, split: Split, data: Dataset, seed: int, sharding: Sharding = WHOLE) -> dict[str, float]:
    """Each entry of what a model evaluates averaged over a split, in nats per example; the noise is that of the seed.

    A piece at a time (:func:`reparam.data.at_once`), in float32 whatever the networks are trained in, so that a number
    that judges a model is the model's alone.

    Args:
        model: on its device; it is put into evaluation mode and back.
        split: one of ``data``'s splits.
        data: the data set it belongs to.
        seed: of the noise, so that two evaluations of the same weights agree.
        sharding: of the training: of several shards, each piece has noise of its own, and its pieces are dealt out.

    Returns:
        An empty dictionary for models that have no per-example quantities.
    """
    sums = _sums(model, split, data, seed, sharding)
    return {name: (total / len(split)).item() for name, (total, _) in sums.items()}


def standard_errors(
    model: Model, split: Split, data: Dataset, seed: int, sharding: Sharding = WHOLE
) -> dict[str, float]:
    """How far each of those averages may be from that of the population, by the spread between examples.

    Args:
        model, data, seed, sharding: as for :func:`average`.
        split: of two examples or more.
    """
    n = len(split)
    found = {}
    for name, (total, squares) in _sums(model, split, data, seed, sharding).items():
        variance = (squares - total.square() / n).clamp(min=0) / (n - 1)
        found[name] = (variance / n).sqrt().item()
    return found


Sums = dict[str, torch.Tensor]
"""By name the sum over all examples and that of the squares, ``(2,)`` in float64."""


@torch.no_grad()
def _sums(model: Model, split: Split, data: Dataset, seed: int, sharding: Sharding) -> Sums:
    """Those of a split; nothing for models that evaluate nothing."""
    if not can(model, Evaluates):
        return {}
    device, training = next(model.parameters()).device, model.training
    model.eval()
    with noise(seed, "evaluation"), exact():
        pieces = evaluation_batches(split, data, device=device)
        sums = _in_turn(model, pieces) if sharding.shards == 1 else _dealt_out(model, pieces, seed, sharding.processes)
    model.train(training)
    return sums


Pieces = Iterator[tuple[torch.Tensor, torch.Tensor | None]]


def _in_turn(model: Evaluates, pieces: Pieces) -> Sums:
    """Piece by piece, all of them from one stream of noise."""
    sums: Sums = {}
    for x, y in pieces:
        for name, value in _of_piece(model, x, y).items():
            sums[name] = sums[name] + value if name in sums else value
    return sums


def _dealt_out(model: Evaluates, pieces: Pieces, seed: int, processes: Processes) -> Sums:
    """Each piece by one of the processes, with noise of its own; all add them up in order."""
    names: list[str] = []
    found: list[torch.Tensor | None] = []
    for number, (x, y) in enumerate(pieces):
        own = number % processes.count == processes.rank
        if number and not own:  # the first piece is everyone's, which tells its names
            found.append(None)
            continue
        seed_noise(seed, "evaluation", number)
        values = _of_piece(model, x, y)
        names = list(values)
        found.append(torch.stack([values[name].cpu() for name in names]) if own else None)
    nothing = torch.zeros(len(names), 2, dtype=torch.float64)
    filled = processes.filled(torch.stack([nothing if one is None else one for one in found]))
    total = nothing
    for piece in filled:
        total = total + piece
    return dict(zip(names, total, strict=True))


def _of_piece(model: Evaluates, x: torch.Tensor, y: torch.Tensor | None) -> Sums:
    found = {name: in_float64(values) for name, values in model.evaluate(Batch(x, y)).items()}
    return {name: torch.stack([values.sum(), values.square().sum()]) for name, values in found.items()}
