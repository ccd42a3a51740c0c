"""What the page shows besides the model: test examples, draws of the prior, what a discriminator says of others."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reparam.data import Dataset, Split, evaluation_batches
from reparam.data.picture import Picture, picture_of
from reparam.errors import UserError, tell
from reparam.evaluation.codes.encoding import codes_of, device_of, pick
from reparam.exploring.weights import Weights
from reparam.hardware import exact
from reparam.models.model import Model
from reparam.models.protocols import Conditional, Encodes, HasPrior, Judges, can, prior_of, random_classes, require
from reparam.models.protocols import Samples as CanSample
from reparam.randomness import generator, noise
from reparam.runs.run import Run

DRAWS, JUDGED, QUANTILES = 256, 500, 100
BYTES = 300_000
"""Of the examples, at most."""
REACH = 3.0
DENSITIES = ("diagonal", "full", "hierarchical")
"""Posteriors whose density the page computes."""
LEVELS = 255


@dataclass(frozen=True)
class Shown:
    """Test examples as the model sees them, ``(n, *data_shape)``, and the names of their classes, empty without."""

    x: Tensor
    names: tuple[str, ...]


def shown(run: Run, count: int, seed: int) -> Shown:
    """Some test examples, class by class in turn; none, told, where the data are not at hand."""
    shape = tuple(run.record.data_shape)
    count = max(1, min(count, BYTES // max(1, math.prod(shape))))
    try:
        data = run.data
    except UserError as error:
        tell(f"{error}; the page has no test examples then")
        return Shown(torch.zeros(0, *shape), ())
    chosen = pick(data.test, max(count, 100), generator(seed, "explore"))
    x, y = _labelled(chosen, data)
    if y is None:
        return Shown(x[:count], ("",) * len(x[:count]))
    order = _in_turn(y.tolist(), count)
    return Shown(x[order], tuple(str(data.classes[int(y[place])]) for place in order))


def _labelled(split: Split, data: Dataset) -> tuple[Tensor, Tensor | None]:
    """Examples of a split as the model sees them, and their labels."""
    x, y = zip(*evaluation_batches(split, data), strict=True)
    return torch.cat(x), None if y[0] is None else torch.cat(y)


def _in_turn(labels: list[int], count: int) -> list[int]:
    """The places of the first of each class, then of the second of each, and so on.

    >>> _in_turn([1, 1, 0, 1, 0], 4)
    [2, 0, 4, 1]
    """
    met: dict[int, int] = {}
    keys = []
    for place, label in enumerate(labels):
        met[label] = met.get(label, 0) + 1
        keys.append((met[label], label, place))
    return [place for _, _, place in sorted(keys)[:count]]


def look_of(run: Run) -> Picture:
    """How what the model sees of images is drawn; the ends of the axis of a vector's bars."""
    record = run.record
    if record.is_image:
        return record.picture or picture_of(record.data_shape, record.range)
    low, high = record.range
    return Picture(low, high) if math.isfinite(low) and math.isfinite(high) else Picture(-3.0, 3.0)


@exact()
@torch.no_grad()
def play_of(run: Run, told: dict[str, Any], weights: Weights, given: Shown, seed: int) -> dict[str, Any]:
    """What the page's controls are told; tensors go into the heaps."""
    model, look = run.model, look_of(run)
    draws = _draws(model, told, seed)
    codes = codes_of(model, given.x) if can(model, Encodes) and len(given.x) else draws
    found = [one for one in (codes, draws) if one is not None]
    spread = torch.cat(found) if found else None
    usual = told["prior"]["kind"] == "normal"
    values, unit = _levels(given.x)
    return {
        "look": {"low": look.low, "high": look.high, "bands": list(look.bands), "opacity": look.opacity},
        "draws_on": look.opacity is None and not look.bands and len(told["shape"]) == 3 and told["shape"][0] in (1, 3),
        "background": _background(given.x, look),
        "binary": bool(run.record.binary),
        "examples": weights.put(values, "u8" if unit != 1 else "f32"),
        "unit": unit,
        "names": list(given.names),
        "class_names": [str(name) for name in run.record.classes][: told["classes"]],
        "draws": None if usual or draws is None else weights.put(draws.numpy()),
        "centre": [0.0] * told["latent_dim"] if usual or spread is None else spread.mean(0).tolist(),
        "reach": _reach(spread),
        "noisy": told["posterior"] in DENSITIES,
        "no_kl": _no_kl(told),
        "hint": _hint(told),
        "judged": _judged(run, seed) if told["judge"] else {"real": [], "fake": []},
    }


def _levels(x: Tensor) -> tuple[np.ndarray, float]:
    """Examples as bytes where 255 steps from 0 to 1 hold them, and what a step is; else as they are."""
    steps = (x * LEVELS).round()
    if len(x) and bool(((x * LEVELS - steps).abs() < 1e-3).all()) and bool(((steps >= 0) & (steps <= LEVELS)).all()):
        return steps.numpy(), 1 / LEVELS
    return x.float().numpy(), 1.0


def _background(x: Tensor, look: Picture) -> float:
    """Black or white, whichever the border of the examples is nearer to."""
    if not len(x) or x.dim() != 4:
        return look.low
    border = torch.cat([x[..., 0, :], x[..., -1, :], x[..., :, 0], x[..., :, -1]], dim=-1).median()
    return look.low if float(border) < (look.low + look.high) / 2 else look.high


def _draws(model: Model, told: dict[str, Any], seed: int) -> Tensor | None:
    """Draws of a prior that the page does not draw from by itself; codes of noise where there is none."""
    if told["prior"]["kind"] in ("normal", "none") or not can(model, HasPrior):
        return None
    with noise(seed, "explore"):
        return prior_of(model).sample((DRAWS,)).cpu()


def _reach(codes: Tensor | None) -> float:
    """How far sliders go to both sides: over all the codes, and 3 at least."""
    return REACH if codes is None or not len(codes) else float(max(REACH, math.ceil(float(codes.abs().max()))))


def _no_kl(told: dict[str, Any]) -> str:
    if told["prior"]["kind"] == "none":
        return "An autoencoder has no distribution over codes: there is no KL, and no bound."
    if told["posterior"] == "point":
        return "q(z|x) of this model has no density: its KL is not known. z is what no noise becomes."
    return (
        "The page cannot compute the density of this prior: the KL is left out."
        if told["prior"]["kind"] == "unknown"
        else ""
    )


def _hint(told: dict[str, Any]) -> str:
    layers = told["prior"]["kind"] == "hierarchical" and told["posterior"] in ("diagonal", "hierarchical")
    costs = told["encoder"] and (layers or (told["prior"]["kind"] == "normal" and told["posterior"] in DENSITIES))
    bars = " The bar below a slider: the nats that this number of the code costs for what is drawn." if costs else ""
    return f"A slider for each of the {told['latent_dim']} numbers of z; the arrow keys move it, too.{bars}"


def _judged(run: Run, seed: int) -> dict[str, list[float]]:
    """What the discriminator says of test examples and of the model's samples: quantiles, rising."""
    model, device = require(run.model, Judges), device_of(run.model)
    with noise(seed, "explore judged"):
        fake, y = _samples(run.model, device)
        of_fake = model.judge(fake, y)
    try:
        data = run.data
    except UserError:  # told already
        return {"real": [], "fake": _quantiles(of_fake)}
    chosen = pick(data.test, JUDGED, generator(seed, "explore judged"))
    x, labels = _labelled(chosen, data)
    of_real = model.judge(x.to(device), None if y is None or labels is None else labels.to(device))
    return {"real": _quantiles(of_real), "fake": _quantiles(of_fake)}


def _samples(model: Model, device: torch.device) -> tuple[Tensor, Tensor | None]:
    """Samples, and their classes where the model is told some."""
    if not can(model, Conditional):
        return require(model, CanSample).sample(JUDGED), None
    told = require(model, Conditional)
    y = random_classes(told, JUDGED, device)
    return told.sample(JUDGED, y), y


def _quantiles(values: Tensor) -> list[float]:
    at = torch.linspace(0, 1, QUANTILES + 1)
    return [float(f"{value:.6g}") for value in torch.quantile(values.cpu().float(), at).tolist()]
