"""Readings that show a game's diseases while they happen."""

import torch
from torch import Tensor

from reparam.adversarial import value
from reparam.models.model import Terms

TWIN = 0.1


@torch.no_grad()
def readings(on_real: Tensor, on_fake: Tensor) -> Terms:
    """What is logged of logits: V(D, G) in nats, mean outputs, and how far apart both sides are."""
    return {
        "value": value(on_real, on_fake),
        "output_real": on_real.sigmoid().mean(),
        "output_fake": on_fake.sigmoid().mean(),
        "margin": on_real.mean() - on_fake.mean(),
    }


@torch.no_grad()
def duplicate_rate(fake: Tensor, real: Tensor) -> Tensor:
    """The share of generated examples whose nearest other generated example is a twin.

    A twin is nearer than a tenth of the real batch's mean nearest-neighbour distance, repeated real examples
    counting as 0.

    Args:
        fake: generated examples, ``(n, *data_shape)``, n at least 2.
        real: as many real ones or so.

    >>> duplicate_rate(torch.zeros(4, 2), torch.eye(4))
    tensor(1.)
    """
    return (_nearest(fake) < TWIN * _nearest(real).mean()).float().mean()


def _nearest(x: Tensor) -> Tensor:
    """The distance of each example to its nearest other, ``(n,)``."""
    flat = x.flatten(1)
    distances = torch.cdist(flat, flat)
    return distances.fill_diagonal_(torch.inf).amin(1)
