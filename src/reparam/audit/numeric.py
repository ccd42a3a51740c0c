"""The check by numbers: autograd's gradient, averaged over seeds, against what the loss does when parameters move."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from reparam.audit.api import quietly, split
from reparam.audit.calls import CallTracker
from reparam.audit.report import Check, Direction, Report
from reparam.audit.scores import score_terms
from reparam.audit.surroundings import Noise, plain_execution
from reparam.pace import work
from reparam.randomness import generator

DIRECTIONS = 3
BEYOND_CHANCE = 4.5  # standard errors; with a handful of directions chance alone gets there once in 30,000 audits
STEP, WIDE_STEP = 0.01, 0.1
Loss = Callable[[], Any]


def check_gradient(
    loss_fn: Loss, report: Report, parameters: Mapping[str, Tensor], made: bool, noise: Noise, seeds: int
) -> Check:
    """Compare along random directions, under common random numbers.

    With seed s the loss is a function L_s(θ) of the parameters. Along a unit direction d of the parameters' own scale,
    autograd gives ∇L_s·d, and (L_s(θ + h d) - L_s(θ - h d)) / 2h measures it; the mean of the difference over seeds is
    zero unless the gradient is biased. Steps h and h/2 are combined so that the error is of order h⁴; where a draw is
    discrete, L_s jumps, and one wider step is taken instead.

    Args:
        loss_fn: the audited function.
        report: what the audit said.
        parameters: by name, those to move.
        made: whether the function makes its parameters anew at each call, so that they cannot be moved.
        noise: where the seeds' noise comes from.
        seeds: how many losses are averaged over.
    """
    reason = _why_not(report, parameters, made, seeds)
    if reason is not None:
        return Check((), seeds, None, reason)
    jumps = any(node.verdict in ("blocked", "straight-through", "unknown") for node in report.nodes)
    found = [
        _along(loss_fn, name, moved, noise, seeds, jumps) for name, moved in _directions(parameters, report, noise.seed)
    ]
    if jumps and not any(node.verdict == "straight-through" for node in report.nodes):
        found += score_terms(loss_fn, _directions(parameters, report, noise.seed), noise, seeds)
    if not all(math.isfinite(d.autograd) and math.isfinite(d.measured) for d in found):
        return Check(tuple(found), seeds, None, "the loss or its gradient is not a finite number")
    # beyond chance, and beyond what rounding and the step's own error explain
    biased = any(
        abs(d.z) > BEYOND_CHANCE and abs(d.measured - d.autograd) > 2e-3 * (abs(d.measured) + abs(d.autograd))
        for d in found
    )
    return Check(tuple(found), seeds, biased or (None if jumps else False), _note(report, jumps and not biased))


def _why_not(report: Report, parameters: Mapping[str, Tensor], made: bool, seeds: int) -> str | None:
    if seeds < 2:
        return "at least two seeds are needed to know an error"
    if made:
        return "the function makes its parameters at each call: make them outside of it, so that they can be moved"
    if not parameters:
        return "no parameter was met"
    if any(node.verdict == "estimated" for node in report.nodes):
        return (
            "a score-function surrogate's value is not the objective, only its gradient is meant: "
            "differences of it say nothing"
        )
    return None


def _note(report: Report, unresolved: bool) -> str:
    if unresolved:
        return (
            "no bias stands out from chance, which does not say that there is none: more seeds make the errors smaller"
        )
    if any(node.verdict in ("straight-through", "relaxed") for node in report.nodes):
        return "a straight-through gradient is biased by design; a relaxed one is exact for the relaxed loss"
    return ""


def _directions(
    parameters: Mapping[str, Tensor], report: Report, seed: int
) -> Iterator[tuple[str, list[tuple[Tensor, Tensor]]]]:
    """Random unit directions: one over everything, and over what the draws depend on, which a bias concerns."""
    upstream = {name for node in report.nodes for name in node.depends_on}
    chosen = {name: p for name, p in parameters.items() if name in upstream}
    groups = [("all parameters", dict(parameters))]
    if chosen:
        groups += [("what the draws depend on", chosen)] * (DIRECTIONS - 1)
    for number, (name, members) in enumerate(groups):
        noise = generator(seed, "audit direction", number)
        moved = [(p, _own_scale(p) * torch.randn(p.shape, generator=noise).to(p)) for p in members.values()]
        size = math.sqrt(sum(float(d.square().sum()) for _, d in moved)) or 1.0
        yield name, [(p, d / size) for p, d in moved]


def _own_scale(parameter: Tensor) -> float:
    """Root mean square of a parameter, or a tenth if it is smaller: zeros have no scale."""
    return max(float(parameter.detach().float().square().mean().sqrt()) if parameter.numel() else 0.0, 0.1)


def _along(
    loss_fn: Loss, name: str, moved: list[tuple[Tensor, Tensor]], noise: Noise, seeds: int, jumps: bool
) -> Direction:
    size = math.sqrt(sum(p.detach().float().square().sum().item() for p, _ in moved)) or 1.0
    h = (WIDE_STEP if jumps else STEP) * max(size, 0.1)
    autograd, measured, steps = [], [], []
    with work(f"checking the gradient of {name}", seeds, "`seeds`") as add:
        for number in range(seeds):
            autograd.append(_slope(loss_fn, moved, noise, number))
            wide = _difference(loss_fn, moved, h, noise, number)
            narrow = wide if jumps else _difference(loss_fn, moved, h / 2, noise, number)
            measured.append((4 * narrow - wide) / 3)
            steps.append(narrow - wide)
            add(1)
    # what halving the step changes is the differences' own error: a kink of a ReLU, say, which no seed averages away
    return compare(name, autograd, measured, floor=abs(sum(steps)) / seeds)


def compare(
    name: str, autograd: list[float], measured: list[float], method: str = "central differences", floor: float = 0.0
) -> Direction:
    """Means, and the difference in standard errors, of which ``floor`` is a part that seeds do not average away.

    >>> abs(compare("w", [1.0, 1.2, 0.8], [0.0, 0.1, -0.1]).z) > 10
    True
    """
    a, b = torch.tensor(autograd, dtype=torch.float64), torch.tensor(measured, dtype=torch.float64)
    gap = b - a
    floor += 1e-5 * float(a.abs().mean() + b.abs().mean())  # single precision: differences below are rounding
    error = math.hypot(float(gap.std()) / math.sqrt(len(gap)), floor)
    z = float(gap.mean()) / error if error > 0 else 0.0
    return Direction(name, float(a.mean()), float(b.mean()), error, z, method)


def _evaluate(loss_fn: Loss, noise: Noise, number: int) -> Tensor:
    calls = CallTracker()
    calls.keeps_graphs = True  # a loss that differentiates itself must not free the graph that is asked for after it
    with noise.number(number), plain_execution(), calls:
        return split(loss_fn())[0]


def _slope(loss_fn: Loss, moved: list[tuple[Tensor, Tensor]], noise: Noise, number: int) -> float:
    with quietly(loss_fn, [p for p, _ in moved]):
        loss = _evaluate(loss_fn, noise, number)
        if not loss.requires_grad:
            return 0.0
        gradients = torch.autograd.grad(loss, [p for p, _ in moved], allow_unused=True)
    return sum(float((g * d).sum()) for g, (_, d) in zip(gradients, moved, strict=True) if g is not None)


def _difference(loss_fn: Loss, moved: list[tuple[Tensor, Tensor]], h: float, noise: Noise, number: int) -> float:
    ends = []
    for sign in (1.0, -1.0):
        with quietly(loss_fn, [p for p, _ in moved]), _shifted(moved, sign * h):
            ends.append(float(_evaluate(loss_fn, noise, number).detach().double()))
    return (ends[0] - ends[1]) / (2 * h)


@contextmanager
def _shifted(moved: list[tuple[Tensor, Tensor]], by: float) -> Iterator[None]:
    """Within, the parameters stand elsewhere; afterwards exactly where they stood."""
    before = [p.detach().clone() for p, _ in moved]
    with torch.no_grad():
        for p, d in moved:
            p.add_(d, alpha=by)
    try:
        yield
    finally:
        with torch.no_grad():
            for (p, _), kept in zip(moved, before, strict=True):
                p.copy_(kept)
