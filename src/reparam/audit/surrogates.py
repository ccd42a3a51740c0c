"""Tells what stands in for a gradient that no draw passes: a score-function surrogate, or a straight-through value."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from reparam.audit import families
from reparam.audit.tape import Draw, Product, Value, bits

if TYPE_CHECKING:
    from reparam.audit.blame import Case

ALIKE, UNLIKE = 0.99, 0.3


@dataclass(frozen=True)
class Estimator:
    """A product that looks like log-probability times reward.

    Attributes:
        sure: the factor is the log-probability, by its gradient or by its value.
        reason: the evidence.
    """

    sure: bool
    reason: str


def is_straight_through(draw: Draw, wanted: int, case: "Case") -> bool:
    """Whether a value equal to a cut-off one of this draw reaches the loss with a gradient to the parameters wanted."""
    for number, value in case.tape.copies:
        if number == draw.number and id(value) in case.relevant and wanted:
            arrived = case.graph.arrives(value.grad_fns)
            if wanted & arrived == wanted:
                return True
    return False


def find_estimator(draw: Draw, blocked: int, case: "Case") -> Estimator | None:
    """A product in the loss whose one factor could be the log-probability of this draw, and the other its reward."""
    doubtful = None
    for product in case.tape.products:
        for factor, tensor, reward in _orientations(product, draw):
            if id(product.value) not in case.relevant:
                continue
            inside = not isinstance(product.factors[0][1], Tensor)  # computed again, so not in the loss's own graph
            reach = case.graph.reach(tensor.grad_fn) if inside else case.graph.arrives([tensor.grad_fn])
            if blocked & reach != blocked:
                continue
            found = _compare(draw, factor, tensor, reward, blocked, case)
            if found is not None and found.sure:
                return found
            doubtful = doubtful or found
    return doubtful


def _orientations(product: Product, draw: Draw) -> list[tuple[Value, Tensor, Tensor]]:
    (a, given), (b, other) = product.factors
    if not (a.draws >> draw.number & 1 and b.draws >> draw.number & 1):
        return []
    if not isinstance(given, Tensor):
        return [(a, given(), other)]
    return [(a, given, other), (b, other, given)]


def _compare(draw: Draw, factor: Value, tensor: Tensor, reward: Tensor, blocked: int, case: "Case") -> Estimator | None:
    """Compare the factor with the log-probability; None if they are unlike."""
    leaks = case.graph.reach(reward.grad_fn) & blocked
    words = "log-probability times a reward that depends on the sample is in the loss"
    likeness, how = _likeness(draw, factor, tensor, blocked, case)
    if likeness is not None and likeness < UNLIKE:
        return None
    if leaks:
        return Estimator(False, f"{words}, but the reward itself carries a gradient to the parameters: detach it")
    if likeness is None:
        return Estimator(
            False, f"it may be that {words}: the score of this draw is not known here, so that is not sure"
        )
    if likeness < ALIKE:
        reason = (
            f"a factor like a log-probability multiplies a reward, but their gradients differ (cosine {likeness:.2f})"
        )
        return Estimator(False, reason)
    return Estimator(True, f"{words}: the factor's {how}")


def _likeness(draw: Draw, factor: Value, tensor: Tensor, blocked: int, case: "Case") -> tuple[float | None, str]:
    """The absolute cosine between the factor's gradient and the score's, in parameter space; and the finding in words.

    Where the draw's arguments have no graph, the factor's value is compared with the log-probability instead.
    """
    parameters = [case.graph.registry.tensors[i] for i in bits(blocked)]
    drawn = [d for d in case.tape.draws if factor.draws >> d.number & 1 and d.value.parameters & case.parameters]
    scores = [families.score(other.op, other.arguments, other.sample) for other in drawn]
    known = [score for score in scores if score is not None]
    if not known or len(known) < len(scores):
        return None, ""
    wanted = _flat(sum(score.sum() for score in known), parameters)
    given = _flat(tensor.sum(), parameters)
    if wanted is None or given is None or not bool(wanted.norm() > 0) or not bool(given.norm() > 0):
        own = families.score(draw.op, draw.arguments, draw.sample)
        return (1.0, "value is the log-probability") if own is not None and _equal(tensor, own) else (None, "")
    likeness = abs(float(torch.nn.functional.cosine_similarity(wanted, given, dim=0)))
    return likeness, f"gradient is the score (cosine {likeness:.3f})"


def _equal(tensor: Tensor, score: Tensor) -> bool:
    """Whether a tensor holds a log-probability, or its negative, summed over trailing dimensions or not at all."""
    given = tensor.detach().double()
    candidates = [score.detach().double()]
    while candidates[-1].dim():
        candidates.append(candidates[-1].sum(-1))
    return any(
        given.numel() == each.numel()
        and bool(given.flatten().abs().max() > 0)
        and any(torch.allclose(sign * given.flatten(), each.flatten(), rtol=1e-4, atol=1e-5) for sign in (1, -1))
        for each in candidates
    )


def _flat(scalar: Any, parameters: list[Tensor]) -> Tensor | None:
    if not scalar.requires_grad:
        return None
    try:
        gradients = torch.autograd.grad(scalar, parameters, retain_graph=True, allow_unused=True)
    except RuntimeError:
        return None
    pieces = [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, gradients, strict=True)]
    return torch.cat([piece.flatten().double() for piece in pieces])
