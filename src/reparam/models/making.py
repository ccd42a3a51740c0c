"""While a model of many parts is made it is said how far that is: a thousand transforms of a flow take minutes."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from reparam.pace import Progress

MAKERS = (torch.empty, torch.zeros, torch.ones, torch.randn, torch.rand)
"""What weights are made by: those of torch.nn's layers by the first, priors' and others' by the rest."""


@contextmanager
def made(check: Callable[[int], object] = lambda weights: None) -> Iterator[None]:
    """Within the block models are made; after two seconds it is said how many weights there are so far.

    Args:
        check: told of that number whenever a layer asks room for its own, before it gets it.
    """
    progress = Progress("making the model, weights so far", 0)

    def told(weights: int) -> None:
        check(weights)
        progress.to(weights)

    try:
        with _Counted(told):
            yield
    finally:
        progress.end()


class _Counted(TorchFunctionMode):
    """Counts the numbers that layers ask room for, before they get it.

    Args:
        told: of the sum so far.
    """

    def __init__(self, told: Callable[[int], None]) -> None:
        super().__init__()
        self.told, self.made = told, 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in MAKERS and args and isinstance(args[0], int | tuple | list):
            size = math.prod(args if isinstance(args[0], int) else args[0])
            self.told(max(self.made, size) if func is not torch.empty else self.made + size)
            self.made += size if func is torch.empty else 0  # others' may be noise that is gone before the next
        return func(*args, **(kwargs or {}))
