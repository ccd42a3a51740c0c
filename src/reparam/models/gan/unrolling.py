"""Looking ahead: the opponent after some more updates, as a function the player can be differentiated through."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call

Network = Callable[..., Tensor]


def look_ahead(network: nn.Module, loss: Callable[[Network], Tensor], steps: int, rate: float) -> Network:
    """The network after ``steps`` gradient descent updates on ``loss``, which are part of the graph.

    The network itself does not change (Metz et al. 2017, equations 7 to 9, with plain gradient descent as the inner
    optimizer). With no steps it is the network as it is.

    Args:
        network: the opponent.
        loss: its loss as a function of a network with its weights.
        steps: how many updates.
        rate: their step size.
    """
    weights: dict[str, Tensor] = dict(network.named_parameters())
    for _ in range(steps):
        gradients = torch.autograd.grad(loss(_with(network, weights)), list(weights.values()), create_graph=True)
        weights = {
            name: weight - rate * gradient for (name, weight), gradient in zip(weights.items(), gradients, strict=True)
        }
    return _with(network, weights)


def _with(network: nn.Module, weights: dict[str, Tensor]) -> Network:
    return lambda *inputs: functional_call(network, weights, inputs)
