"""Losses written with modules, in-place operations and views."""

import torch
import torch.nn.functional as F
from torch import nn

from audit_corpus.cases import draws
from audit_corpus.things import (
    data,
    decoder,
    discriminator,
    encoder,
    generator_net,
    kl,
    log_scale,
    mean,
    reconstruction,
    split,
)


class Sampler(nn.Module):
    """A layer that samples around its input."""

    def __init__(self, pathwise: bool) -> None:
        super().__init__()
        self.log_scale, self.pathwise = nn.Parameter(torch.zeros(2)), pathwise

    def forward(self, loc):
        scale = self.log_scale.exp().expand_as(loc)
        return loc + scale * torch.randn_like(loc) if self.pathwise else torch.normal(loc, scale)


with torch.random.fork_rng(devices=[]):
    torch.manual_seed(1)
    pathwise, stuck = Sampler(True), Sampler(False)
    noisy = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.3), nn.ReLU(), nn.Linear(8, 4))
    quiet = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.3), nn.ReLU(), nn.Linear(8, 4)).eval()
    normalized = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 4))
    recurrent = nn.LSTM(4, 2, num_layers=1, batch_first=True)


@draws("reparameterized")
def sampling_layer():
    return reconstruction(pathwise(encoder(data)[:, :2]))


@draws("blocked")
def sampling_layer_that_blocks():
    return reconstruction(stuck(encoder(data)[:, :2]))


@draws("blocked", "reparameterized")
def one_layer_of_each():
    return reconstruction(pathwise(stuck(encoder(data)[:, :2])))


@draws("not needed")
def dropout():
    return (noisy(data) - data).square().mean()


@draws()
def dropout_in_evaluation_mode():
    return (quiet(data) - data).square().mean()


@draws("not needed")
def dropout_by_hand():
    hidden = encoder(data)
    return (hidden * (torch.rand_like(hidden) < 0.8) / 0.8).square().mean()


@draws("blocked")
def dropout_with_a_learned_rate():
    hidden = encoder(data)
    keep = mean[:4].sigmoid()
    return (hidden.detach() * (torch.rand(6, 4) < keep) / keep.detach()).square().mean()


@draws("not needed")
def generators_turn():
    return F.softplus(-discriminator(generator_net(torch.randn(6, 2)))).mean()


@draws("blocked")
def discriminators_turn_with_all_parameters_meant():
    fake = generator_net(torch.randn(6, 2)).detach()
    return (F.softplus(discriminator(fake)) + F.softplus(-discriminator(data))).mean()


@draws("not needed")
def discriminators_turn_with_its_parameters_named():
    fake = generator_net(torch.randn(6, 2)).detach()
    loss = (F.softplus(discriminator(fake)) + F.softplus(-discriminator(data))).mean()
    return loss, discriminator


@draws("not needed")
def discriminators_turn_under_no_grad():
    with torch.no_grad():
        fake = generator_net(torch.randn(6, 2))
    loss = (F.softplus(discriminator(fake)) + F.softplus(-discriminator(data))).mean()
    return loss, dict(discriminator.named_parameters())


@draws("blocked")
def generators_turn_with_its_sample_detached():
    fake = generator_net(torch.randn(6, 2)).detach()
    return F.softplus(-discriminator(fake)).mean(), generator_net


@draws("reparameterized")
def in_place_arithmetic():
    z = torch.empty(5).normal_()
    z.mul_(log_scale.exp()).add_(mean)
    return z.square().sum()


@draws("blocked")
def in_place_normal_over_a_mean():
    z = mean.exp()
    with torch.no_grad():
        z2 = z.clone()
        z2.add_(torch.empty_like(z2).normal_())
    return z2.square().sum() + z.sum()


@draws("reparameterized")
def noise_written_into_a_view():
    z = torch.zeros(2, 5)
    z[1].normal_()
    return (z[1] * log_scale.exp() + mean).square().sum()


@draws("reparameterized", "not needed")
def two_draws_in_one_buffer():
    buffer = torch.empty(2, 5)
    buffer[0].normal_()
    buffer[1].normal_()
    return (mean + buffer[0] * log_scale.exp()).square().sum() + buffer[1].square().sum()


@draws("blocked", "reparameterized")
def a_blocked_draw_copied_into_a_buffer():
    buffer = torch.empty(2, 5)
    buffer[0] = torch.normal(mean, 1.0)
    buffer[1] = mean + log_scale.exp() * torch.randn(5)
    return buffer.square().sum()


@draws("reparameterized")
def through_views_and_transposes():
    loc, scale = split(data)
    z = (loc.t() + scale.t() * torch.randn(12).view(6, 2).t()).t().contiguous()
    return reconstruction(z[:, [1, 0]].flip(-1))


@draws("blocked")
def a_view_of_a_blocked_draw():
    loc, scale = split(data)
    z = torch.normal(loc, scale).unsqueeze(0).expand(3, -1, -1).reshape(18, 2)[:6]
    return reconstruction(z) + kl(loc, scale)


@draws("not needed")
def batch_normalization_of_fakes():
    fake = generator_net(torch.randn(6, 2))
    return normalized(fake).square().mean() + normalized(data).square().mean()


@draws("reparameterized", "reparameterized", "reparameterized")
def a_loop_of_draws():
    state = mean
    for _ in range(3):
        state = 0.9 * state + log_scale.exp() * torch.randn(5)
    return state.square().sum()


@draws("reparameterized", "blocked", "reparameterized")
def a_loop_with_a_detach_in_the_middle():
    total = 0.0
    for step in range(3):
        z = mean + log_scale.exp() * torch.randn(5)
        total = total + (z.detach() if step == 1 else z).square().sum()
    return total


@draws("reparameterized")
def recurrent_decoder():
    loc, scale = split(data)
    z = loc + scale * torch.randn_like(loc)
    out, _ = recurrent(torch.cat([z, z], -1).unsqueeze(1))
    return out.square().sum()


@draws("not needed")
def conditional_input():
    hidden = encoder(data)[:, :1]
    return (decoder(torch.cat([hidden, torch.randn(6, 1)], -1)) - data).square().mean()


@draws("not needed", "not needed")
def diffusion():
    t = torch.randint(0, 10, (6,))
    keep = torch.linspace(0.9, 0.1, 10)[t].unsqueeze(-1)
    noise = torch.randn_like(data)
    return (encoder(keep.sqrt() * data + (1 - keep).sqrt() * noise) - noise).square().mean()
