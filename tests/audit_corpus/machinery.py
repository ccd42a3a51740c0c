"""Losses that use autograd's machinery: transforms, checkpoints, autocast, compiled regions, functions by hand."""

import torch
import torch.nn.functional as F
from torch.autograd import Function
from torch.func import functional_call, grad, vmap
from torch.utils.checkpoint import checkpoint

from audit_corpus.cases import draws
from audit_corpus.things import (
    data,
    decoder,
    discriminator,
    encoder,
    generator_net,
    log_scale,
    mean,
    reconstruction,
    split,
)


class Reparameterize(Function):
    """Mean + scale * noise with its own backward."""

    @staticmethod
    def forward(ctx, loc, scale):
        noise = torch.randn_like(loc)
        ctx.save_for_backward(noise)
        return loc + scale * noise

    @staticmethod
    def backward(ctx, gradient):
        return gradient, gradient * ctx.saved_tensors[0]


class Forgetful(Function):
    """The same, with a backward that passes nothing on."""

    @staticmethod
    def forward(ctx, loc, scale):
        return loc + scale * torch.randn_like(loc)

    @staticmethod
    def backward(ctx, gradient):
        return None, None


class Zero(Function):
    """A draw whose backward returns zeros."""

    @staticmethod
    def forward(ctx, loc):
        return torch.normal(loc, 1.0)

    @staticmethod
    def backward(ctx, gradient):
        return torch.zeros_like(gradient)


class Coin(Function):
    """A coin whose backward is the identity (Bengio et al. 2013)."""

    @staticmethod
    def forward(ctx, p):
        return torch.bernoulli(p)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


@draws("reparameterized")
def function_by_hand():
    return reconstruction(Reparameterize.apply(*split(data)))


@draws("blocked")
def function_by_hand_that_forgets():
    return reconstruction(Forgetful.apply(*split(data)))


@draws("blocked")
def function_by_hand_that_returns_zeros():
    return reconstruction(Zero.apply(split(data)[0]))


@draws("straight-through")
def coin_by_hand():
    return reconstruction(Coin.apply(encoder(data)[:, :2].sigmoid()))


@draws("reparameterized")
def sampled_under_vmap():
    loc, scale = split(data)
    return reconstruction(vmap(lambda m, s: m + s * torch.randn(2), randomness="different")(loc, scale))


@draws("blocked")
def blocked_under_vmap():
    loc, _ = split(data)
    return reconstruction(vmap(lambda m: torch.normal(m, 1.0), randomness="different")(loc))


@draws("reparameterized")
def functional_call_with_parameters():
    weights = dict(encoder.named_parameters())
    loc, log = functional_call(encoder, weights, (data,)).chunk(2, -1)
    return reconstruction(loc + log.exp() * torch.randn_like(loc))


@draws("blocked")
def functional_call_with_detached_parameters():
    weights = {name: p.detach() for name, p in encoder.named_parameters()}
    loc, log = functional_call(encoder, weights, (data,)).chunk(2, -1)
    return reconstruction(loc + log.exp() * torch.randn_like(loc)), {"encoder": encoder, "decoder": decoder}


@draws("reparameterized")
def gradient_by_a_transform_inside_the_loss():
    loc, scale = split(data)
    z = loc + scale * torch.randn_like(loc)
    slope = grad(lambda v: decoder(v).square().sum())(z)
    return slope.square().sum()


@draws("reparameterized")
def checkpoint_without_reentrance():
    def sample(x):
        loc, scale = split(x)
        return loc + scale * torch.randn_like(loc)

    return reconstruction(checkpoint(sample, data, use_reentrant=False))


@draws("reparameterized")
def checkpoint_with_reentrance():
    def sample(hidden):
        loc, log = hidden.chunk(2, -1)
        return loc + log.exp() * torch.randn_like(loc)

    return reconstruction(checkpoint(sample, encoder(data), use_reentrant=True))


@draws("blocked")
def blocked_inside_a_checkpoint():
    def sample(hidden):
        loc, log = hidden.chunk(2, -1)
        return torch.normal(loc, log.exp())

    return reconstruction(checkpoint(sample, encoder(data), use_reentrant=True))


@draws("reparameterized")
def autocast():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loc, scale = split(data)
        z = loc + scale * torch.randn_like(loc)
        return reconstruction(z).float()


@draws("blocked")
def blocked_under_autocast():
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loc, scale = split(data)
        z = torch.normal(loc.float(), scale.float())
        return reconstruction(z).float()


def _sample(loc, scale):
    return loc + scale * torch.randn_like(loc)


def _sample_blocked(loc, scale):
    return torch.normal(loc, scale)


compiled = torch.compile(_sample, backend="eager")
compiled_blocked = torch.compile(_sample_blocked, backend="eager")


@draws("reparameterized")
def compiled_region():
    return reconstruction(compiled(*split(data)))


@draws("blocked")
def compiled_region_that_blocks():
    return reconstruction(compiled_blocked(*split(data)))


@draws("not needed", "not needed")
def gradient_penalty():
    fake = generator_net(torch.randn(6, 2)).detach()
    mix = torch.rand(6, 1)
    between = (mix * data + (1 - mix) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(between).sum(), between, create_graph=True)
    penalty = (slope.norm(dim=-1) - 1).square().mean()
    return discriminator(fake).mean() - discriminator(data).mean() + 10 * penalty, discriminator


@draws("reparameterized", "blocked")
def two_backward_passes_inside():
    first = (mean + log_scale.exp() * torch.randn(5)).square().sum()
    first.backward()
    second = torch.normal(mean, 1.0).square().sum()
    second.backward()
    return first + second


@draws("reparameterized")
def adaptive_weight_from_an_inner_gradient():
    loc, scale = split(data)
    z = loc + scale * torch.randn_like(loc)
    error = reconstruction(z)
    (slope,) = torch.autograd.grad(error, decoder[-1].weight, retain_graph=True)
    weight = 1 / (1 + slope.norm()).detach()
    return weight * error


@draws("reparameterized")
def importance_weighted_bound():
    loc, scale = split(data)
    eps = torch.randn(4, 6, 2)
    z = loc + scale * eps
    error = (decoder(z) - data).square().sum(-1)
    ratio = -error - 0.5 * z.square().sum(-1) + 0.5 * eps.square().sum(-1) + scale.log().sum(-1)
    return -torch.logsumexp(ratio, 0).mean()


@draws("blocked")
def detached_by_numpy():
    loc, scale = split(data)
    with torch.no_grad():
        z = loc + scale * torch.randn_like(loc)
    return reconstruction(torch.as_tensor(z)) + F.mse_loss(loc, torch.zeros_like(loc))


@draws("reparameterized")
def recorded_in_a_loss_normalized_by_its_own_value():
    error = (mean + torch.randn(5)).square().sum()
    return error / error.detach()
