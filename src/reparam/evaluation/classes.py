"""Which classes the draws of a conditional model are of: one that was asked for, or random ones, which are told."""

from collections.abc import Callable

import torch
from torch import Tensor

from reparam.errors import UserError
from reparam.evaluation.codes.encoding import device_of
from reparam.models.protocols import Conditional, can, random_classes
from reparam.nearest import meant
from reparam.runs.run import Run

Classes = Callable[[int], Tensor]
"""From a number of draws to the codes of their classes, ``(n,)``; random ones from torch's global noise."""


def classes_of(run: Run, label: str | None) -> Classes | None:
    """The classes of a run's draws; None where its model is told none.

    Args:
        run: a trained run.
        label: the class that is asked for, if one is.

    Raises:
        UserError: if a class is asked for that there is not, or of a model that is told none.
    """
    model, names = run.model, run.record.classes
    if not can(model, Conditional):
        if label is None:
            return None
        raise UserError(f"this {type(model).__name__} was not told classes: train a gan with conditional=True")
    if label is None:
        return lambda n: random_classes(model, n, device_of(model))
    if label not in names:
        raise UserError(f"there is no class {label!r}{meant(label, names)}: the classes are {', '.join(names)}")
    return lambda n: torch.full((n,), names.index(label), device=device_of(model))


def drawer(model: Conditional, classes: Classes) -> Callable[[int], Tensor]:
    """Draws of a conditional model, of those classes."""
    return lambda n: model.sample(n, classes(n))
