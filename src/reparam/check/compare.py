"""A function beside ours: does it run, what shape has its result, are its values right, and its gradients?"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from reparam.check.known import close, recognized
from reparam.check.task import DRAWS, Inputs, Task
from reparam.check.verdict import Verdict
from reparam.randomness import generator, noise


def compare(task: Task, function: Callable[..., Any], seed: int) -> Verdict:
    """Compare a student's function with ours on random inputs.

    Args:
        task: what is asked for.
        function: theirs.
        seed: of the inputs.
    """
    pairs: list[tuple[Tensor, Tensor, Inputs]] = []
    for inputs in task.inputs(seed):
        theirs, fault = called(task, function, inputs)
        if fault is not None or theirs is None:
            return Verdict(task.name, (fault or "",))
        pairs.append((theirs, task.ours(*inputs), inputs))
    faults = _shapes(task, pairs) or _values(task, pairs) or _gradients(task, function, seed) or _hard(task, function)
    compared = "value" if task.learned == () else "value and gradient"
    return Verdict(task.name, tuple(faults), f"{compared} on {DRAWS} random inputs")


def called(task: Task, function: Callable[..., Any], inputs: Inputs) -> tuple[Tensor | None, str | None]:
    """The function's tensor, or the sentence that says why there is none."""
    try:
        with noise(0, "check", task.name):
            found = function(*(value.clone() for value in inputs))
    except NotImplementedError:
        return None, f"it is not written yet: it {task.asks}"
    except Exception as error:
        words = (str(error).splitlines() or [""])[0]
        return None, f"it raised {type(error).__name__}: {words} (given {task.shapes(inputs)}; it {task.asks})"
    if found is None or found is ...:
        return None, f"it returned nothing: it {task.asks}"
    if not isinstance(found, Tensor):
        kind = type(found).__name__
        return None, f"it returned {kind}, which no gradient passes: return the tensor itself (no .item(), no numpy)"
    return found, None


def _shapes(task: Task, pairs: list[tuple[Tensor, Tensor, Inputs]]) -> list[str]:
    for theirs, ours, inputs in pairs:
        if theirs.shape != ours.shape:
            told = recognized(task, [(t, i) for t, _, i in pairs])
            shape = f"its shape is {tuple(theirs.shape)} where {tuple(ours.shape)} is asked for"
            return [f"{shape} (given {task.shapes(inputs)})", *(told or _summed(theirs, ours, inputs))]
    return []


def _summed(theirs: Tensor, ours: Tensor, inputs: Inputs) -> list[str]:
    """What a shape alone betrays."""
    if ours.ndim == 1 and theirs.ndim == 0:
        return ["there is one number for the whole batch: one per example is asked for"]
    if theirs.shape == inputs[0].shape:
        return ["there is one number per dimension: something has not been added up"]
    return []


def _values(task: Task, pairs: list[tuple[Tensor, Tensor, Inputs]]) -> list[str]:
    bad = next((theirs for theirs, _, _ in pairs if not torch.isfinite(theirs).all()), None)
    if bad is not None and all(torch.isfinite(ours).all() for _, ours, _ in pairs):
        return ["some values are not finite (NaN or infinite) on ordinary inputs"]
    if all(close(theirs, ours) for theirs, ours, _ in pairs):
        return []
    if told := recognized(task, [(theirs, inputs) for theirs, _, inputs in pairs]):
        return told
    wrong = sum(not close(theirs, ours) for theirs, ours, _ in pairs)
    return [f"the shape is right, and the values are wrong on {wrong} of {len(pairs)} random inputs"]


def _gradients(task: Task, function: Callable[..., Any], seed: int) -> list[str]:
    faults: dict[str, str] = {}
    for number, inputs in enumerate(task.inputs(seed)):
        draws = generator(seed, "check direction", task.name, number)
        theirs = _gradient(function, inputs, draws.clone_state())
        ours = _gradient(task.ours, inputs, draws.clone_state())
        for name, found, right in zip(task.takes, theirs, ours, strict=True):
            if task.learned is None or name in task.learned:
                fault = _gradient_fault(name, found, right)
                faults |= {name: fault} if fault and name not in faults else {}
    return list(faults.values())


def _gradient(function: Callable[..., Any], inputs: Inputs, draws: torch.Generator) -> tuple[Tensor | None, ...]:
    """Of a random combination of the values, in each input."""
    leaves = [value.clone().requires_grad_() for value in inputs]
    with noise(0, "check"):
        found = function(*leaves)
    if not found.requires_grad:
        return (None,) * len(leaves)
    weights = torch.rand(found.shape, generator=draws, dtype=torch.float64) + 0.5
    return torch.autograd.grad((found * weights).sum(), leaves, allow_unused=True)


def _gradient_fault(name: str, found: Tensor | None, right: Tensor | None) -> str | None:
    moved = right is not None and bool(right.any())
    if not moved:
        return None
    assert right is not None
    if found is None or not found.any():
        return (
            f"the value is right, but no gradient reaches {name}: it is blocked (detach, no_grad, .data, .item, "
            "a new tensor made of the values)"
        )
    if not close(found, right):
        return f"the value is right, but its gradient in {name} is not: part of the computation is cut off from it"
    return None


def _hard(task: Task, function: Callable[..., Any]) -> list[str]:
    """Whether extreme inputs are survived, too."""
    if task.hard is None:
        return []
    inputs, what = task.hard
    theirs, fault = called(task, function, inputs)
    if fault is not None or theirs is None:
        return [f"it fails at {what}"]
    gradients = [g for g in _gradient(function, inputs, generator(0, "check hard")) if g is not None]
    if close(theirs, task.ours(*inputs)) and all(torch.isfinite(g).all() for g in gradients):
        return []
    return [f"it is right on ordinary inputs, and its value or gradient overflows or is cut off at {what}"]
