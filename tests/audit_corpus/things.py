"""What the corpus's losses share: small networks and data, made once."""

import torch
from torch import nn

_generator = torch.Generator().manual_seed(0)


def _fixed(*shape):
    return torch.randn(*shape, generator=_generator)


with torch.random.fork_rng(devices=[]):
    torch.manual_seed(0)
    encoder = nn.Linear(4, 4)
    decoder = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 4))
    policy = nn.Linear(4, 3)
    generator_net = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 4))
    discriminator = nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
data = _fixed(6, 4)
mean = _fixed(5).requires_grad_()
log_scale = (0.1 * _fixed(5)).requires_grad_()
logits = _fixed(6, 3).requires_grad_()
values = torch.tensor([1.0, -2.0, 0.5])


def split(x):
    """Mean and scale of a posterior."""
    loc, log = encoder(x).chunk(2, dim=-1)
    return loc, log.exp()


def reconstruction(z):
    """Squared error, summed over dimensions, averaged over examples."""
    return (decoder(z) - data).square().sum(-1).mean()


def kl(loc, scale):
    """KL to N(0, I)."""
    return 0.5 * (loc.square() + scale.square() - 2 * scale.log() - 1).sum(-1).mean()
