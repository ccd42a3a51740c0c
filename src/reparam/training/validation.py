"""Averages of a model's per-example quantities over a split."""

from collections import defaultdict

import torch

from reparam.data import Dataset, Split, evaluation_batches
from reparam.hardware import exact, in_float64
from reparam.models.model import Batch, Model
from reparam.models.protocols import Evaluates, can
from reparam.randomness import noise


def average(model: Model, split: Split, data: Dataset, seed: int) -> dict[str, float]:
    """Each entry of what a model evaluates averaged over a split, in nats per example; the noise is that of the seed.

    A piece at a time (:func:`reparam.data.at_once`), in float32 whatever the networks are trained in, so that a number
    that judges a model is the model's alone.

    Args:
        model: on its device; it is put into evaluation mode and back.
        split: one of ``data``'s splits.
        data: the data set it belongs to.
        seed: of the noise, so that two evaluations of the same weights agree.

    Returns:
        An empty dictionary for models that have no per-example quantities.
    """
    return {name: (total / len(split)).item() for name, (total, _) in _sums(model, split, data, seed).items()}


def standard_errors(model: Model, split: Split, data: Dataset, seed: int) -> dict[str, float]:
    """How far each of those averages may be from that of the population, by the spread between examples.

    Args:
        model, data, seed: as for :func:`average`.
        split: of two examples or more.
    """
    n = len(split)
    found = {}
    for name, (total, squares) in _sums(model, split, data, seed).items():
        variance = (squares - total.square() / n).clamp(min=0) / (n - 1)
        found[name] = (variance / n).sqrt().item()
    return found


@torch.no_grad()
def _sums(model: Model, split: Split, data: Dataset, seed: int) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Sums of each entry and of its squares, in float64; nothing for models that evaluate nothing."""
    if not can(model, Evaluates):
        return {}
    device, training = next(model.parameters()).device, model.training
    sums: dict[str, list[torch.Tensor]] = defaultdict(lambda: [in_float64(torch.zeros((), device=device))] * 2)
    model.eval()
    with noise(seed, "evaluation"), exact():
        for x, y in evaluation_batches(split, data, device=device):
            for name, values in model.evaluate(Batch(x, y)).items():
                values = in_float64(values)
                total, squares = sums[name]
                sums[name] = [total + values.sum(), squares + values.square().sum()]
    model.train(training)
    return {name: (total, squares) for name, (total, squares) in sums.items()}
