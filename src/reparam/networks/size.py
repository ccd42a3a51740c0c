"""How large a network is."""

from torch import nn


def count_parameters(module: nn.Module) -> int:
    """How many numbers a module learns.

    >>> count_parameters(nn.Linear(3, 2))
    8
    """
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
