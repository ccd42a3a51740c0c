"""What several labs share: training a discriminator on draws of two known distributions."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from reparam import adversarial

Sampler = Callable[[int], Tensor]


def train_discriminator(
    network: nn.Module, data: Sampler, model: Sampler, steps: int, batch: int = 512, learning_rate: float = 5e-3
) -> nn.Module:
    """Minimize the discriminator's loss of the minimax game on fresh draws, the rate falling to 0 as a cosine.

    Args:
        network: from ``(n, d)`` to logits ``(n, 1)``; trained in place.
        data: from n to draws of p*.
        model: from n to draws of p_θ.
        steps: updates by Adam.
        batch: draws of each per update.
        learning_rate: at the start.
    """
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        loss = adversarial.minimax_discriminator(network(data(batch)), network(model(batch)))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return network
