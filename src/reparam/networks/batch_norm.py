"""Batch norm over a batch that is computed in shards: each adds its sums to the others', and goes back through them.

torch's SyncBatchNorm has no second derivatives, which penalties on gradients need. Here the sum is an operation whose
gradient is the same sum of the shards' gradients, and all around it is plain arithmetic: it can be differentiated as
often as one likes. What a shard's loss gives is then the gradient of the sum of all shards' losses, through that shard.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from reparam.errors import UserError

Total = Callable[[Tensor], Tensor]
"""From a shard's vector to the sum of all shards' vectors, the same bits for each of them."""
KNOWN = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def named_norms(*modules: nn.Module) -> dict[_BatchNorm, str]:
    """The batch norms in modules and what they are called, those of the user's own included.

    >>> list(named_norms(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))).values())
    ['1']
    """
    found: dict[_BatchNorm, str] = {}
    for module in modules:
        for name, layer in module.named_modules():
            if isinstance(layer, _BatchNorm):
                found.setdefault(layer, name)
    return found


def norms_of(*modules: nn.Module) -> list[_BatchNorm]:
    """The batch norms in modules, each once.

    Raises:
        UserError: naming one that is not torch's own plain one: what it computes is not known.

    >>> [norm.num_features for norm in norms_of(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)))]
    [3]
    """
    found = named_norms(*modules)
    for layer, name in found.items():
        if type(layer) not in KNOWN or "forward" in vars(layer):
            raise UserError(
                f'batch_norm_over="batch" knows BatchNorm1d, 2d and 3d of torch.nn, and {name or "the network"} is '
                f"{type(layer).__name__} with a forward of its own: use one of those, or leave batch_norm_over out"
            )
    return list(found)


@contextmanager
def normed_over_all(total: Total, layers: list[_BatchNorm]) -> Iterator[None]:
    """Within the block batch norms have the mean and variance of all shards.

    Args:
        total: adds up vectors of all shards; every shard must call it as often, and in the same order.
        layers: see :func:`norms_of`.
    """
    for layer in layers:
        layer.forward = partial(normalized, layer, total)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


def normalized(layer: _BatchNorm, total: Total, x: Tensor) -> Tensor:
    """What a batch norm gives for a shard ``(rows, channels, ...)``, by all shards' mean and variance.

    Sums are of differences from the shard's own means, in float64 from there on, so that a large mean costs no digits.

    >>> layer, x = nn.BatchNorm1d(3), torch.randn(8, 3)
    >>> bool(torch.allclose(normalized(layer, lambda vector: vector, x), layer(x), atol=1e-5))
    True
    """
    layer._check_input_dim(x)  # type: ignore[no-untyped-call]
    if not layer.training and layer.running_mean is not None:
        return type(layer).forward(layer, x)
    _check_weights(layer)
    wide = x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
    dims, shape = [0, *range(2, x.dim())], [1, -1, *[1] * (x.dim() - 2)]
    centre = wide.detach().mean(dims)
    apart = wide - centre.view(shape)
    mean, variance, count = moments(apart.sum(dims), apart.square().sum(dims), centre, x.numel() // x.shape[1], total)
    _remember(layer, mean.detach(), variance.detach(), count)
    scale = (variance + layer.eps).rsqrt()
    if layer.weight is not None:
        scale = scale * layer.weight
    shift = (centre - mean) * scale
    if layer.bias is not None:
        shift = shift + layer.bias
    return (apart * scale.to(wide.dtype).view(shape) + shift.to(wide.dtype).view(shape)).to(x.dtype)


def moments(apart: Tensor, squares: Tensor, centre: Tensor, count: int, total: Total) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and variance of all shards' values, ``(channels,)`` in float64, and how many they are, ``()``.

    Args:
        apart: the sum of this shard's differences from ``centre``.
        squares: that of their squares.
        centre: any numbers near this shard's values; the result does not depend on them.
        count: of this shard's values in a channel.
        total: adds up vectors of all shards.

    >>> x = torch.tensor([[1.0], [2.0], [6.0]])
    >>> [value.item() for value in moments(x.sum(0), x.square().sum(0), torch.zeros(1), 3, lambda vector: vector)][:1]
    [3.0]
    """
    apart, squares, centre = (value.double() for value in (apart, squares, centre))
    sums = apart + count * centre
    of_squares = squares + 2 * centre * apart + count * centre.square()
    vector = torch.cat([sums, of_squares, sums.new_full((1,), count)])
    added: Tensor = _Added.apply(vector, total)  # type: ignore[no-untyped-call]
    number = added[-1].detach()
    mean, square = (added[:-1] / number).chunk(2)
    return mean, (square - mean.square()).clamp(min=0), number


class _Added(torch.autograd.Function):
    """The sum over shards. All shards' losses depend on it: its gradient is the sum of theirs, again differentiable."""

    @staticmethod
    def forward(ctx: Any, vector: Tensor, total: Total) -> Tensor:
        """Meet the other shards."""
        ctx.total = total
        return total(vector)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, None]:
        """Meet them again on the way back."""
        apply: Callable[[Tensor, Total], Tensor] = _Added.apply
        return apply(gradients[0], ctx.total), None


def _check_weights(layer: _BatchNorm) -> None:
    """Refuse weights that are a step ahead: each shard would look ahead by gradients of its own."""
    if layer.weight is not None and not layer.weight.is_leaf:
        raise UserError(
            'batch_norm_over="batch" does not go with a look ahead through a player that has a batch norm: leave '
            "unroll=... out, or batch_norm_over"
        )


@torch.no_grad()
def _remember(layer: _BatchNorm, mean: Tensor, variance: Tensor, count: Tensor) -> None:
    """Move a norm's running averages, as torch does."""
    if layer.running_mean is None or layer.running_var is None or not layer.training:
        return
    assert layer.num_batches_tracked is not None
    layer.num_batches_tracked.add_(1)
    share = layer.num_batches_tracked.double().reciprocal() if layer.momentum is None else layer.momentum
    for average, now in ((layer.running_mean, mean), (layer.running_var, variance * count / (count - 1))):
        average.add_(share * (now - average))
