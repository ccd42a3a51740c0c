"""Normal and other continuous draws, functional style."""

import torch
import torch.distributions as D

from audit_corpus.cases import draws
from audit_corpus.things import data, encoder, kl, log_scale, mean, reconstruction, split


@draws("reparameterized")
def noise_times_scale_plus_mean():
    return (mean + log_scale.exp() * torch.randn(5)).square().sum()


@draws("blocked")
def torch_normal():
    return torch.normal(mean, log_scale.exp()).square().sum()


@draws("blocked")
def torch_normal_with_unit_scale():
    loc, _ = split(data)
    return reconstruction(torch.normal(loc, 1.0))


@draws("blocked")
def torch_normal_hidden_by_a_kl_that_trains_the_encoder():
    loc, scale = split(data)
    return reconstruction(torch.normal(loc, scale)) + kl(loc, scale)


@draws("reparameterized")
def vae_by_hand():
    loc, scale = split(data)
    return reconstruction(loc + scale * torch.randn_like(loc)) + kl(loc, scale)


@draws("reparameterized")
def rsample():
    q = D.Normal(*split(data))
    return reconstruction(q.rsample()) + D.kl_divergence(q, D.Normal(0.0, 1.0)).sum(-1).mean()


@draws("blocked")
def sample_where_rsample_was_meant():
    q = D.Normal(*split(data))
    return reconstruction(q.sample()) + D.kl_divergence(q, D.Normal(0.0, 1.0)).sum(-1).mean()


@draws("blocked")
def sample_with_a_sampled_kl():
    q, p = D.Normal(*split(data)), D.Normal(torch.zeros(2), torch.ones(2))
    z = q.sample()
    return reconstruction(z) + (q.log_prob(z) - p.log_prob(z)).sum(-1).mean()


@draws("reparameterized")
def rsample_with_a_sampled_kl():
    q, p = D.Normal(*split(data)), D.Normal(torch.zeros(2), torch.ones(2))
    z = q.rsample()
    return reconstruction(z) + (q.log_prob(z) - p.log_prob(z)).sum(-1).mean()


@draws("reparameterized")
def sticking_the_landing():
    loc, scale = split(data)
    z = loc + scale * torch.randn_like(loc)
    stopped = D.Normal(loc.detach(), scale.detach())
    return reconstruction(z) + (stopped.log_prob(z) - D.Normal(0.0, 1.0).log_prob(z)).sum(-1).mean()


@draws("blocked")
def detached_sample():
    loc, scale = split(data)
    z = (loc + scale * torch.randn_like(loc)).detach()
    return reconstruction(z) + kl(loc, scale)


@draws("blocked")
def sample_by_data():
    loc, scale = split(data)
    z = (loc + scale * torch.randn_like(loc)).data
    return reconstruction(z) + kl(loc, scale)


@draws("blocked")
def sample_under_no_grad():
    loc, scale = split(data)
    with torch.no_grad():
        z = loc + scale * torch.randn_like(loc)
    return reconstruction(z) + kl(loc, scale)


@draws("blocked")
def whole_encoder_under_no_grad():
    with torch.no_grad():
        loc, scale = split(data)
        z = torch.normal(loc, scale)
    loc, scale = split(data)
    return reconstruction(z) + kl(loc, scale)


@draws("reparameterized")
def grad_switched_on_again_inside_no_grad():
    with torch.no_grad():
        eps = torch.randn(6, 2)
        with torch.enable_grad():
            loc, scale = split(data)
            z = loc + scale * eps
            loss = reconstruction(z)
    return loss


@draws("blocked")
def no_grad_nested_in_enable_grad():
    with torch.enable_grad():
        loc, scale = split(data)
        with torch.no_grad(), torch.enable_grad(), torch.no_grad():
            z = loc + scale * torch.randn(6, 2)
        return reconstruction(z) + kl(loc, scale)


@draws("not needed")
def sampled_for_logging_only():
    loc, scale = split(data)
    torch.normal(loc, scale).mean().item()
    return reconstruction(loc)


@draws("not needed")
def denoising_by_torch_normal_around_data():
    loc, _ = encoder(torch.normal(data, 1.0)).chunk(2, -1)
    return reconstruction(loc)


@draws("blocked")
def scale_detached():
    loc, scale = split(data)
    return reconstruction(loc.detach() + scale.detach() * torch.randn_like(loc)) + kl(loc, scale)


@draws("reparameterized")
def full_covariance():
    raw = torch.stack([log_scale, mean])[:, :4].reshape(2, 2, 2)
    factor = raw.tril(-1) + torch.diag_embed(raw.diagonal(dim1=-2, dim2=-1).exp())
    return D.MultivariateNormal(mean[:2], scale_tril=factor).rsample().square().sum()


@draws("blocked")
def full_covariance_sampled():
    raw = torch.stack([log_scale, mean])[:, :4].reshape(2, 2, 2)
    factor = raw.tril(-1) + torch.diag_embed(raw.diagonal(dim1=-2, dim2=-1).exp())
    return D.MultivariateNormal(mean[:2], scale_tril=factor).sample().square().sum()


@draws("reparameterized")
def gamma_rsample():
    return D.Gamma(mean.exp(), log_scale.exp()).rsample().sum()


@draws("blocked")
def gamma_sample():
    return D.Gamma(mean.exp(), log_scale.exp()).sample().sum()


@draws("reparameterized")
def dirichlet_rsample():
    return D.Dirichlet(mean.exp()).rsample().square().sum()


@draws("blocked")
def dirichlet_sample():
    return D.Dirichlet(mean.exp()).sample().square().sum()


@draws("reparameterized")
def beta_rsample():
    return D.Beta(mean.exp(), log_scale.exp()).rsample().square().sum()


@draws("reparameterized")
def exponential_by_inverse_cdf():
    return (-torch.log1p(-torch.rand(5)) / mean.exp()).square().sum()


@draws("reparameterized")
def laplace_rsample():
    return D.Laplace(mean, log_scale.exp()).rsample().square().sum()


@draws("blocked")
def uniform_sample():
    return D.Uniform(mean, mean + log_scale.exp()).sample().square().sum()


@draws("reparameterized", "reparameterized")
def student_t_rsample():
    return D.StudentT(4.0 + mean.exp(), mean, log_scale.exp()).rsample().clamp(-5, 5).sum()


@draws("reparameterized", "blocked")
def two_latents_one_blocked():
    first = mean + torch.randn(5)
    second = torch.normal(first * log_scale, 1.0)
    return (first - second).square().sum()


@draws("not needed", "reparameterized")
def data_drawn_in_the_loss():
    x = torch.randn(6, 4)
    loc, scale = encoder(x).chunk(2, -1)
    return reconstruction(loc + scale.exp() * torch.randn_like(loc))


@draws("reparameterized")
def own_generator():
    eps = torch.randn(5, generator=torch.Generator().manual_seed(3))
    return (mean + eps).square().sum()


@draws("blocked")
def own_generator_blocked():
    return torch.normal(mean, 1.0, generator=torch.Generator().manual_seed(3)).square().sum()


@draws("reparameterized")
def noise_from_torch_normal_with_numbers():
    return (mean + log_scale.exp() * torch.normal(0.0, 1.0, (5,))).square().sum()


@draws("reparameterized")
def noise_from_a_standard_distribution():
    eps = D.Normal(torch.zeros(5), torch.ones(5)).sample()
    return (mean + log_scale.exp() * eps).square().sum()
