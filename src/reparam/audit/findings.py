"""What the audit sees in passing: groups of parameters, parameters out of reach, means where sums belong."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from reparam.audit.report import Group
from reparam.audit.tape import Draw, Step, Value

if TYPE_CHECKING:
    from reparam.audit.blame import Case
    from reparam.audit.verdicts import Judgement

Judged = Sequence[tuple[Draw, "Judgement"]]
# what leaves the terms of a sum the terms of a sum
LINEAR = frozenset(
    [
        "add",
        "sub",
        "rsub",
        "mul",
        "div",
        "neg",
        "mean",
        "sum",
        "stack",
        "cat",
        "squeeze",
        "unsqueeze",
        "together",
        "_to_copy",
        "clone",
    ]
)


def group(
    parameters: list[Tensor], gradients: list[Tensor | None], judged: Judged, case: "Case", losses: list[Value]
) -> list[Group]:
    """What each group of parameters is reached by."""
    registry = case.graph.registry
    numbers = [registry.mask([p]).bit_length() - 1 for p in parameters]
    names = [registry.names[n] if n >= 0 else "" for n in numbers]
    members: dict[str, list[int]] = {}
    for i, name in enumerate(_group_names(names)):
        members.setdefault(name, []).append(i)
    return [
        _group(
            name, [names[i] for i in chosen], [gradients[i] for i in chosen], [numbers[i] for i in chosen],
            judged, case, losses,
        )
        for name, chosen in members.items()
    ]  # fmt: skip


def _group(
    name: str,
    names: list[str],
    gradients: list[Tensor | None],
    numbers: list[int],
    judged: Judged,
    case: "Case",
    losses: list[Value],
) -> Group:
    mask = sum(1 << n for n in numbers if n >= 0)
    reached = case.graph.arrives(case.graph.roots) & mask
    inside = 0
    for value in losses:
        inside |= value.parameters & mask
    held = [draw for draw, j in judged if j.verdict == "blocked" and j.blocked & mask]
    estimated = any(j.verdict == "estimated" and j.depends & mask for _, j in judged)
    if not inside:
        verdict = "not in the loss"
    elif not reached:
        verdict = "not at all"
    elif held or reached != inside:
        verdict = "partly"
    else:
        verdict = "estimated" if estimated else "pathwise"
    known = [g for g in gradients if g is not None]
    norm = float(torch.stack([g.detach().float().norm() for g in known]).norm()) if known else None
    return Group(name, verdict, tuple(names), norm, tuple(dict.fromkeys(str(draw.place) for draw in held)))


def _group_names(names: list[str]) -> list[str]:
    """What parameters are grouped by: the first part of the name in which they differ.

    >>> _group_names(["net.encoder.0.weight", "net.encoder.0.bias", "net.decoder.weight"])
    ['net.encoder', 'net.encoder', 'net.decoder']
    """
    parts = [name.split(".") for name in names]
    shared = 0
    while all(len(part) > shared + 1 for part in parts) and len({part[shared] for part in parts}) == 1:
        shared += 1
    return [".".join(part[: shared + 1]) for part in parts]


def unreached(parameters: list[Tensor], case: "Case", losses: list[Value]) -> list[str]:
    """Parameters that the loss does not depend on."""
    mask = 0
    for value in losses:
        mask |= value.parameters
    names = case.graph.registry.names_of(case.graph.registry.mask(parameters) & ~mask)
    if not names or not losses:
        return []
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return [f"the loss does not depend on {shown}"]


def reduction_warnings(judged: Judged, losses: list[Value]) -> list[str]:
    """A term averaged over data dimensions beside a term summed over the dimensions of a sampled variable."""
    terms = _terms(losses)
    sampled = {draw.shape[-1:] for draw, j in judged if j.depends and draw.shape}
    means = [s for s in terms if s.op == "mean" and len(s.reduced or ()) > 1 and _draws(s)]
    sums = [s for s in terms if s.op == "sum" and not _draws(s) and (s.reduced or ())[-1:] in sampled]
    return [
        f"one term of the loss is a mean over data dimensions (shape {a.reduced}), another a sum over latent "
        f"ones (shape {b.reduced}): sum both over dimensions, or the second outweighs the first"
        for a, b in list(zip(means, sums, strict=False))[:1]
        if a.full > 1 and b.full > 1
    ]


def _draws(step: Step) -> int:
    mask = 0
    for value in step.inputs:
        mask |= value.draws
    return mask


def _terms(losses: list[Value]) -> list[Step]:
    """The reductions that the losses are linear in, the outermost that reduce more than a batch."""
    found: list[Step] = []
    seen: set[int] = set()
    left = list(losses)
    while left:
        step = left.pop().step
        if step is None or id(step) in seen:
            continue
        seen.add(id(step))
        if step.reduced is not None and len(step.reduced) > 1 and step.full > 1:
            found.append(step)
        elif step.op.rstrip("_") in LINEAR:
            left.extend(step.inputs)
    return found
