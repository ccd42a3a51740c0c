"""Whether parts go together: two rows of noise are pushed through them when a model is composed, never in training."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from reparam.errors import UserError
from reparam.randomness import noise

ROWS = 2
"""Of one, a network that forgets the batch would not be noticed."""


def require_module(name: str, value: object) -> None:
    """Refuse what is no module.

    Raises:
        UserError: naming the argument.
    """
    if not isinstance(value, nn.Module):
        raise UserError(f"{name} is a {type(value).__name__}: give an nn.Module")


def output_of(name: str, network: nn.Module, *inputs: Tensor) -> Tensor:
    """What a network makes of some inputs: in evaluation mode, without gradient, nothing about it changed.

    Args:
        name: of the argument that the network is.
        network: it is given the inputs where it is, floats in its number format.
        inputs: a batch of two each, such as :func:`rows` makes.

    Raises:
        UserError: if it fails on them, or gives anything but a tensor with a row for each.
    """
    require_module(name, network)
    with torch.no_grad(), noise(0, "composing"), evaluating(network):
        try:
            output = network(*(like_its_own(network, x) for x in inputs))
        except Exception as error:
            told = str(error).strip().partition("\n")[0] or type(error).__name__
            shapes = " and ".join(str(tuple(x.shape)) for x in inputs)
            raise UserError(f"{name} fails on an input of shape {shapes}: {told}; give one that takes it") from error
    if not isinstance(output, Tensor):
        raise UserError(f"{name} gives a {type(output).__name__}: give one that returns a tensor (batch, ...)")
    if output.shape[:1] != (ROWS,):
        raise UserError(f"{name} makes {tuple(output.shape)} of a batch of {ROWS}: give one that keeps the batch first")
    return output


def rows(shape: Sequence[int]) -> Tensor:
    """Two rows of values in [0, 1), which are data of most sorts: zeros have no variance and no logarithm."""
    with noise(0, "rows"):
        return torch.rand(ROWS, *shape)


def try_out(model: nn.Module, terms: Callable[[Tensor], object], data_shape: Sequence[int]) -> None:
    """Compute a loss once, so that parts whose shapes fit and which contradict each other all the same say so.

    What is no sentence of ours is left for training to meet: noise need not be data for parts of the user's own.

    Args:
        model: whose loss it is, put into evaluation mode meanwhile.
        terms: from x ``(batch, *data_shape)`` to anything.
        data_shape: of one example.

    Raises:
        UserError: what the parts say.
    """
    x = like_its_own(model, rows(data_shape))
    with torch.no_grad(), noise(0, "composing"), evaluating(model):
        try:
            terms(x)
        except UserError:
            raise
        except Exception:
            return


def shape_of(name: str, network: nn.Module, *shapes: Sequence[int]) -> tuple[int, ...]:
    """The shape of what a network makes of one example, given those of its inputs.

    >>> shape_of("decoder", nn.Linear(2, 5), (2,))
    (5,)
    """
    return tuple(output_of(name, network, *map(rows, shapes)).shape[1:])


def require_shape(name: str, network: nn.Module, given: Sequence[int], expected: Sequence[int], why: str) -> None:
    """Refuse a network that makes another shape than it should.

    Args:
        name: of the argument that the network is.
        network: the network.
        given: shape of its input, without the batch.
        expected: of its output.
        why: what expects that.

    Raises:
        UserError: naming both shapes.

    >>> require_shape("encoder", nn.Linear(4, 3), (4,), (6,), "a DiagonalNormal")
    Traceback (most recent call last):
    reparam.errors.UserError: encoder makes (3,) of an input (4,), and a DiagonalNormal takes (6,): give one that ...
    """
    found = shape_of(name, network, given)
    if found != tuple(expected):
        raise UserError(
            f"{name} makes {found} of an input {tuple(given)}, and {why} takes {tuple(expected)}: give one that makes "
            f"{tuple(expected)}"
        )


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Within the block a network is in evaluation mode; afterwards each of its modules is in its own again."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def like_its_own(network: nn.Module, x: Tensor) -> Tensor:
    """X where a network's weights are; floats in their number format."""
    own = next((parameter for parameter in network.parameters() if parameter.is_floating_point()), None)
    if own is None:
        return x
    return x.to(own.device, own.dtype) if x.is_floating_point() else x.to(own.device)
