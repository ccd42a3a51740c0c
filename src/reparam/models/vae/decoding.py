"""Calling networks: a decoder on z with any number of leading dimensions, and out of half precision."""

import torch
from torch import Tensor, nn


def decode(decoder: nn.Module, z: Tensor) -> Tensor:
    """The decoder's output ``(*leading, *data_shape)`` at z ``(*leading, latent_dim)``, in float32 or wider.

    A decoder sees one batch dimension only, so that convolutions work with several samples per example.

    >>> decode(nn.Linear(2, 5), torch.zeros(3, 4, 2)).shape
    torch.Size([3, 4, 5])
    """
    leading = z.shape[:-1]
    output: Tensor = decoder(z.reshape(-1, z.shape[-1]))
    return full_precision(output).reshape(*leading, *output.shape[1:])


def full_precision(output: Tensor) -> Tensor:
    """A network's output as it leaves autocast for densities and losses: half precision becomes float32."""
    return output.float() if output.dtype in (torch.bfloat16, torch.float16) else output
