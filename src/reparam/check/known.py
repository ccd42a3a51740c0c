"""Mistakes that are known by their numbers: one of the task, a wrong sign, a wrong factor, a mean for a sum."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import torch
from torch import Tensor

from reparam.check.task import Inputs, Mistake, Task

RELATIVE, ABSOLUTE = 1e-4, 1e-6
"""What float32 constants within a function may cost; a wrong formula differs by far more on random inputs."""
FACTORS = {
    1.0: "",
    -1.0: "the sign is wrong",
    2.0: "everything is twice as large as it should be: a factor of one half is missing",
    0.5: "everything is half as large as it should be: there is a factor of one half too much",
    -2.0: "the sign is wrong, and everything is twice as large as it should be",
    -0.5: "the sign is wrong, and everything is half as large as it should be",
    1 / 0.6931471805599453: "the logarithm has base 2: it is asked for in nats",
    1 / 2.302585092994046: "the logarithm has base 10: it is asked for in nats",
}
MEAN = "it is the mean over {what} where the sum is asked for"
SUM = "it is the sum over the batch where the mean is asked for"


def recognized(task: Task, found: Sequence[tuple[Tensor, Inputs]]) -> list[str]:
    """What is wrong, if every result is that of one known mistake, perhaps with a wrong factor; else nothing.

    Args:
        task: what is asked for.
        found: a student's results, and what each was given.
    """
    expected: list[tuple[str, list[Tensor]]] = []
    for said, function in _candidates(task):
        with suppress(ValueError, RuntimeError, IndexError):  # inputs that this mistake has no answer for
            expected.append((said, [function(*inputs) for _, inputs in found]))
    # every mistake as it is before any of them with a factor: half of one may be another
    for factor, words in FACTORS.items():
        for said, results in expected:
            agree = all(close(t, factor * e) for (t, _), e in zip(found, results, strict=True))
            if (said or words) and agree:
                return [sentence for sentence in (said, words) if sentence]
    return []


def _candidates(task: Task) -> Iterator[tuple[str, Callable[..., Tensor]]]:
    """Ours, the task's own mistakes, then reductions of ours that are wrong."""
    yield "", task.ours
    for mistake in task.mistakes:
        yield mistake.what, mistake.does
    yield MEAN.format(what="the dimensions"), lambda *x: task.ours(*x) / x[0].shape[-1]
    yield "it is averaged over the batch: one number per example is asked for", lambda *x: task.ours(*x).mean()
    yield "it is added up over the batch: one number per example is asked for", lambda *x: task.ours(*x).sum()
    yield SUM, lambda *x: task.ours(*x) * len(x[0])
    for mistake in task.mistakes:
        yield f"{mistake.what}; {MEAN.format(what='the dimensions')}", _over_dimensions(mistake)


def _over_dimensions(mistake: Mistake) -> Callable[..., Tensor]:
    return lambda *x: mistake.does(*x) / x[0].shape[-1]


def close(theirs: Tensor, ours: Tensor) -> bool:
    """Whether two results agree, in shape too.

    >>> close(torch.tensor([1.0]), torch.tensor([1.0 + 1e-7])), close(torch.tensor(1.0), torch.tensor([1.0]))
    (True, False)
    """
    if theirs.shape != ours.shape:
        return False
    return torch.allclose(theirs.detach().double(), ours.detach().double(), rtol=RELATIVE, atol=ABSOLUTE)
