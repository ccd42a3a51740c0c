"""Multilayer perceptrons."""

import math
from collections.abc import Sequence

from torch import nn

from reparam import checks
from reparam.networks.activations import activation_of
from reparam.recording import recorded


@recorded
class MLP(nn.Sequential):
    """A multilayer perceptron from tensors of one shape to tensors of another.

    Args:
        inputs: the input's shape without the batch, an integer for vectors; it is flattened.
        hidden: widths of the hidden layers.
        outputs: the output's shape without the batch, an integer for vectors.
        activation: one of ``reparam.networks.ACTIVATIONS``.

    Raises:
        UserError: if a width is no whole number of at least 1, or the activation is unknown.

    >>> import torch
    >>> MLP((1, 28, 28), [400], 40)(torch.zeros(7, 1, 28, 28)).shape
    torch.Size([7, 40])
    """

    def __init__(
        self,
        inputs: int | Sequence[int],
        hidden: Sequence[int],
        outputs: int | Sequence[int],
        activation: str = "relu",
    ) -> None:
        inputs, outputs = checks.shape("inputs", inputs), checks.shape("outputs", outputs)
        hidden, act = checks.widths("hidden", hidden), activation_of(activation)
        widths = [math.prod(inputs), *hidden]
        layers: list[nn.Module] = [nn.Flatten()] if len(inputs) > 1 else []
        for before, after in zip(widths, hidden, strict=False):
            layers += [nn.Linear(before, after), act()]
        layers.append(nn.Linear(widths[-1], math.prod(outputs)))
        if len(outputs) > 1:
            layers.append(nn.Unflatten(1, outputs))
        super().__init__(*layers)
