"""Where a gradient stops, and whether that is this draw's doing or another's."""

from dataclasses import dataclass, field
from typing import Any

from reparam.audit.graph import GradientGraph
from reparam.audit.operations import SELECTORS
from reparam.audit.tape import Draw, Meeting, Tape, Value, ancestry, bits

ABOVE, HERE, BEHIND = "above", "here", "behind"


@dataclass(frozen=True)
class Cut:
    """Parameters that no gradient reaches through a meeting.

    Attributes:
        meeting: where draw and parameters meet.
        kind: ``above``: what the meeting is given is cut off from them already; ``here``: the operation passes nothing
            on; ``behind``: its result does not carry the loss's gradient.
        parameters: mask of them.
    """

    meeting: Meeting
    kind: str
    parameters: int


@dataclass
class Case:
    """What judging needs: the tape, the graph, the values that the loss depends on, and the parameters meant."""

    tape: Tape
    graph: GradientGraph
    losses: list[Value]
    parameters: int
    relevant: set[int] = field(default_factory=set)
    _users: dict[int, list[Value]] = field(default_factory=dict)
    _by_draw: dict[int, list[Meeting]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.relevant, self._users = ancestry(self.losses)
        for meeting in self.tape.meetings:
            if meeting.parameters & self.parameters and id(meeting.value) in self.relevant:
                self._by_draw.setdefault(meeting.draw, []).append(meeting)

    def meetings_of(self, draw: Draw) -> list[Meeting]:
        """Where the draw first meets parameters that are meant, on a way to the loss."""
        return self.meetings_of_number(draw.number)

    def meetings_of_number(self, number: int) -> list[Meeting]:
        """The same by the draw's number."""
        return self._by_draw.get(number, [])

    def users_of(self, value: Value) -> list[Value]:
        """What was computed from a value, on a way to the loss."""
        return self._users.get(id(value), [])

    def nodes_of(self, meeting: Meeting) -> list[Any]:
        """The autograd nodes that the result of a meeting was used with.

        Inside of a function written by hand gradients are off: there it is the function's own result that has one.
        """
        nodes = list(meeting.value.grad_fns)
        left, seen = ([meeting.value] if not meeting.step.grad else []), {id(meeting.value)}
        while left:
            for value in self.users_of(left.pop()):
                if id(value) not in seen and value.step is not None and not value.step.grad:
                    seen.add(id(value))
                    left.append(value)
                    nodes += [node for node in value.grad_fns if hasattr(node, "_forward_cls")]
        return nodes

    def passes(self, meeting: Meeting) -> int:
        """The parameters that the loss's gradient reaches through a meeting."""
        return meeting.parameters & self.parameters & self.graph.arrives(self.nodes_of(meeting))


def cut_of(meeting: Meeting, case: Case) -> Cut | None:
    """What is cut off at a meeting, and how; None if nothing is, or if it is not the sample's matter."""
    if meeting.late:
        return None
    missing = meeting.parameters & case.parameters & ~case.passes(meeting)
    if not missing:
        return None
    offered = missing & _offered(meeting, case)
    if not meeting.step.grad:
        return Cut(meeting, HERE, missing)
    if not offered:
        # a weight detached before it meets a layer's input is not held back by the sample
        return Cut(meeting, ABOVE, missing) if meeting.forming else None
    handed_on = any(case.graph.reach(node) & offered for node in meeting.value.grad_fns)
    return Cut(meeting, BEHIND if handed_on else HERE, offered if not meeting.forming else missing)


def _offered(meeting: Meeting, case: Case) -> int:
    """Parameters that a gradient could reach through the operands of a meeting."""
    mask = 0
    for operand in meeting.operands:
        mask |= operand.value.parameters if operand.is_parameter else case.graph.reach(operand.grad_fn)
    return mask


def excused(cut: Cut, case: Case) -> bool:
    """Whether another draw is what cuts: the one that the operands come through, or the one that lies behind."""
    if cut.kind == ABOVE:
        others = 0
        for operand in cut.meeting.operands:
            others |= operand.value.draws
        others &= ~(1 << cut.meeting.draw)
        found = [_own_cut(m, case) for n in bits(others) for m in case.meetings_of_number(n)]
        stopped = 0
        for other in found:
            stopped |= other.parameters if other is not None else 0
        return cut.parameters & ~stopped == 0
    if cut.kind == BEHIND:
        walls = {
            id(m.value)
            for n, meetings in case._by_draw.items()
            if n != cut.meeting.draw
            for m in meetings
            if m.forming and _is_here(m, case)
        }
        reachable, _ = ancestry(case.losses, walls) if walls else (case.relevant, {})
        return id(cut.meeting.value) not in reachable
    return False


def is_choice(cut: Cut, case: Case) -> bool | None:
    """Whether a cut is but a choice between pieces of a function that is continuous in draw and parameters.

    Splines look up a bin by comparing noise with their knots: no gradient passes the comparison, and none needs to, as
    draw and parameters meet again as continuous quantities. None if that cannot be told: they meet again, but the
    comparison's result is used as a number, too.
    """
    value = cut.meeting.value
    if cut.kind != HERE or value.floating or not cut.meeting.step.grad:
        return False
    again = 0
    for meeting in case.meetings_of_number(cut.meeting.draw):
        again |= case.passes(meeting) if meeting.late else 0
    if cut.parameters & ~again:
        return False
    return True if _only_chooses(value, case) else None


def _only_chooses(value: Value, case: Case) -> bool:
    """Whether everything made of an integer or a mask merely selects by it."""
    left, seen = [value], {id(value)}
    while left:
        for used in case.users_of(left.pop()):
            if used.step is None or id(used) in seen:
                continue
            seen.add(id(used))
            if not used.floating:
                left.append(used)
            elif used.step.op.rstrip("_") not in SELECTORS:
                return False
    return True


def _own_cut(meeting: Meeting, case: Case) -> Cut | None:
    cut = cut_of(meeting, case)
    return cut if cut is not None and cut.kind != ABOVE else None


def _is_here(meeting: Meeting, case: Case) -> bool:
    cut = cut_of(meeting, case)
    return cut is not None and cut.kind == HERE
