"""What a gradient lacks where draws of a known family pass none: the score-function term, measured."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from reparam.audit import families
from reparam.audit.api import quietly, split
from reparam.audit.report import Direction
from reparam.audit.session import Session
from reparam.audit.surroundings import Noise
from reparam.pace import work

Moved = list[tuple[Tensor, Tensor]]


def score_terms(
    loss_fn: Callable[[], Any], directions: Iterable[tuple[str, Moved]], noise: Noise, seeds: int
) -> list[Direction]:
    """Along each direction, autograd's slope against itself plus what the score function adds.

    For a draw z ~ p(z; θ), d/dθ E[L] = E[dL/dθ at fixed z] + E[(L - b) d log p(z; θ)/dθ] (Williams 1992), with b the
    mean of the other seeds' losses. Nothing comes back unless the score of every draw from parameters is known.
    """
    from reparam.audit.numeric import compare

    chosen = list(directions)
    rows = []
    with work("checking the gradient of scores", seeds, "`seeds`") as add:
        for number in range(seeds):
            rows.append(_run(loss_fn, chosen, noise, number))
            add(1)
    if any(row is None for row in rows):
        return []
    kept = [row for row in rows if row is not None]
    losses = [loss for loss, _ in kept]
    total = sum(losses)
    found = []
    for i, (name, _) in enumerate(chosen):
        slopes = [pairs[i][0] for _, pairs in kept]
        terms = [
            (loss - (total - loss) / (seeds - 1)) * pairs[i][1] for loss, (_, pairs) in zip(losses, kept, strict=True)
        ]
        found.append(compare(name, slopes, [a + b for a, b in zip(slopes, terms, strict=True)], "score function"))
    return found


def _run(
    loss_fn: Callable[[], Any], directions: list[tuple[str, Moved]], noise: Noise, number: int
) -> tuple[float, list[tuple[float, float]]] | None:
    """The loss, and for each direction its slope by autograd and the slope of the draws' log-probability."""
    parameters = list({id(p): p for _, moved in directions for p, _ in moved}.values())
    session = Session({str(i): p for i, p in enumerate(parameters)}, keeps_graphs=True)
    with quietly(loss_fn, parameters), noise.number(number):
        with session.watching():
            loss = split(loss_fn())[0]
        drawn = [draw for draw in session.recorder.tape.draws if draw.value.parameters]
        scores = [families.score(draw.op, draw.arguments, draw.sample) for draw in drawn]
        if not scores or any(score is None or not score.requires_grad for score in scores):
            return None
        log_p = sum(score.sum() for score in scores if score is not None)
        slopes, weights = (_gradients(scalar, parameters) for scalar in (loss, log_p))
    return float(loss.detach()), [(_dot(slopes, moved), _dot(weights, moved)) for _, moved in directions]


def _gradients(scalar: Any, parameters: list[Tensor]) -> dict[int, Tensor | None]:
    if not scalar.requires_grad:
        return {}
    found = torch.autograd.grad(scalar, parameters, retain_graph=True, allow_unused=True)
    return {id(p): g for p, g in zip(parameters, found, strict=True)}


def _dot(gradients: dict[int, Tensor | None], moved: Moved) -> float:
    total = 0.0
    for parameter, direction in moved:
        gradient = gradients.get(id(parameter))
        total += float((gradient * direction).sum()) if gradient is not None else 0.0
    return total
