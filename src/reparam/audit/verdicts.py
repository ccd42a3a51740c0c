"""From tape and gradient graph to a verdict for each draw."""

from dataclasses import dataclass
from typing import Any

from reparam.audit import families
from reparam.audit.blame import ABOVE, BEHIND, Case, Cut, cut_of, excused, is_choice
from reparam.audit.sources import Place
from reparam.audit.surrogates import find_estimator, is_straight_through
from reparam.audit.tape import Draw, Meeting

BLOCKED, UNKNOWN, ESTIMATED = "blocked", "unknown", "estimated"
REPARAMETERIZED, RELAXED, STRAIGHT_THROUGH, NOT_NEEDED = "reparameterized", "relaxed", "straight-through", "not needed"


@dataclass(frozen=True)
class Judgement:
    """A verdict with its reason.

    Attributes:
        verdict: one of the words above.
        reason: the evidence, in a sentence.
        depends: mask of the parameters that the sample's law depends on.
        blocked: mask of those that no gradient reaches through it.
        advice: what to write instead.
    """

    verdict: str
    reason: str
    depends: int = 0
    blocked: int = 0
    advice: str = ""


def judge(draw: Draw, case: Case) -> Judgement:
    """The verdict on one draw."""
    meetings = case.meetings_of(draw)
    depends = (_union(m.parameters for m in meetings if m.forming) | draw.forms) & case.parameters
    escaped = _escaped(draw, case)
    if escaped is not None:
        return escaped
    if not meetings:
        in_loss = id(draw.value) in case.relevant
        if not in_loss and (place := _left_torch(draw, case)) is not None:
            return Judgement(UNKNOWN, f"its values left torch at {place} ({place.text}): the audit cannot follow them")
        return Judgement(NOT_NEEDED, "no parameter acts on it" if in_loss else "the loss does not depend on it")
    passed = _union(case.passes(m) for m in meetings if not m.late)
    cuts = [cut for cut in (cut_of(m, case) for m in meetings) if cut is not None and not excused(cut, case)]
    cuts = [cut for cut in cuts if is_choice(cut, case) is not True]
    blocked = _union(cut.parameters for cut in cuts) & ~passed
    if not blocked:
        return _free(draw, meetings, depends, case)
    # a layer cut off behind the draw (a critic whose reward is detached) does not decide on the draw's own law
    law = blocked & depends or blocked
    return _stuck(draw, next(c for c in cuts if c.parameters & law), depends | blocked, blocked, law, case)


def _free(draw: Draw, meetings: list[Meeting], depends: int, case: Case) -> Judgement:
    """A draw that holds no gradient back: which kind."""
    hand = _hand_written(meetings, case)
    discrete = families.family(draw.op).discrete
    sampled = draw.value.parameters & case.parameters
    if is_straight_through(draw, depends, case):
        return Judgement(
            STRAIGHT_THROUGH, "its value is the hard one, its gradient that of a soft one: biased", depends
        )
    if discrete and sampled:
        return Judgement(
            STRAIGHT_THROUGH, f"the gradient is that of {hand or 'a stand-in'}: biased in general", depends
        )
    if draw.relaxed:
        return Judgement(RELAXED, "a continuous relaxation: the gradient is that of the relaxed loss", depends)
    if sampled:
        reason = f"the gradient passes {hand or 'the draw itself (implicit reparameterization)'}"
        return Judgement(REPARAMETERIZED, reason, depends)
    forming = (draw.forms or any(m.forming for m in meetings)) and not (discrete or (draw.fixed and not draw.scaled))
    if forming and depends:
        by = f", by way of {hand}" if hand else ""
        return Judgement(REPARAMETERIZED, f"parameter-free noise, transformed by parameters{by}", depends)
    return Judgement(NOT_NEEDED, "its distribution does not depend on parameters")


def _stuck(draw: Draw, cut: Cut, depends: int, blocked: int, law: int, case: Case) -> Judgement:
    """A draw through which no gradient passes: whether something stands in for it."""
    if is_straight_through(draw, law, case):
        return Judgement(
            STRAIGHT_THROUGH, "its value is the hard one, its gradient that of a soft one: biased", depends
        )
    if is_choice(cut, case) is None:
        words = "noise and parameters meet in a comparison whose result is used as a number, and again continuously"
        return Judgement(UNKNOWN, f"{words}: whether the gradient is complete cannot be told", depends, blocked)
    estimator = find_estimator(draw, law, case)
    if estimator is not None and estimator.sure:
        return Judgement(ESTIMATED, estimator.reason, depends)
    if estimator is not None:
        return Judgement(UNKNOWN, estimator.reason, depends, blocked)
    reason, advice = _explain(draw, cut)
    return Judgement(BLOCKED, reason, depends, blocked, advice)


def _explain(draw: Draw, cut: Cut) -> tuple[str, str]:
    """Where the gradient stops, and what to write instead."""
    own = cut.meeting.step is draw.value.step
    step = cut.meeting.step
    what = f"torch's {draw.op}" if own else f"`{step.op}`, where the noise meets the parameters at {step.place},"
    pathwise = families.family(draw.op).advice if own else "leave the sample attached to its graph"
    if cut.kind == ABOVE:
        return f"what {what} is given was detached before", "do not detach what the sample is made of"
    if not step.grad:
        advice = f"{families.family(draw.op).advice}, outside of no_grad" if own else "draw it outside of no_grad"
        return f"{what} ran under no_grad, or in a function whose backward passes nothing on", advice
    if own:
        return f"{what} passes no gradient to its arguments", pathwise
    if cut.kind == BEHIND:
        return f"the result of {what} is cut off from the loss afterwards (.detach(), rounding, argmax)", pathwise
    return f"{what} passes no gradient (a comparison or the like)", families.COIN


def _escaped(draw: Draw, case: Case) -> Judgement | None:
    """A verdict on a draw whose distribution is given by a number that left torch: ``torch.normal(mean.item(), 1)``."""
    numbers = {value for value in draw.arguments.values() if isinstance(value, float)} - {0.0, 1.0}
    for value, place, number in case.tape.escapes:
        mask = value.parameters & case.parameters
        if number in numbers and mask and id(draw.value) in case.relevant:
            reason = f"its distribution is given by a number that left torch at {place} ({place.text})"
            return Judgement(BLOCKED, reason, mask, mask, "keep the number a tensor")
    return None


def _left_torch(draw: Draw, case: Case) -> Place | None:
    """Where an array computed from a draw and parameters left torch; single numbers are taken for logging."""
    for value, place, number in case.tape.escapes:
        if number is None and value.draws >> draw.number & 1 and value.parameters & case.parameters:
            return place
    return None


def _hand_written(meetings: list[Meeting], case: Case) -> str | None:
    """The hand-written autograd function that passes the gradient of a meeting, if one does."""
    for meeting in meetings:
        for node in case.nodes_of(meeting):
            if node in case.graph.live and hasattr(node, "_forward_cls") and node.name() != "_DirichletBackward":
                return f"the backward of {node.name().removesuffix('Backward')} (written by hand: the check tests it)"
    return None


def _union(masks: Any) -> int:
    mask = 0
    for each in masks:
        mask |= each
    return mask
