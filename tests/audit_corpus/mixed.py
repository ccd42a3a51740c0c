"""Piecewise functions, layers with noise inside, other ways to write a sum, and what leaves torch."""

import torch
import torch.distributions as D
import torch.nn.functional as F

from audit_corpus.cases import draws
from audit_corpus.things import data, decoder, encoder, kl, log_scale, mean, policy, reconstruction, split, values


@draws("reparameterized")
def piecewise_inverse_of_a_distribution_function():
    """A triangular draw: the comparison only chooses between two pieces that meet."""
    loc, _ = split(data)
    peak = loc.sigmoid().clamp(0.05, 0.95)
    u = torch.rand_like(peak)
    return reconstruction(torch.where(u < peak, (u * peak).sqrt(), 1 - ((1 - u) * (1 - peak)).sqrt()))


@draws("blocked")
def choice_between_two_networks():
    """The same shape, but the pieces do not depend on the noise: the weight of the choice has no gradient."""
    loc, scale = split(data)
    u = torch.rand_like(loc)
    return reconstruction(torch.where(u < scale.sigmoid(), loc, -loc))


@draws("blocked", "reparameterized")
def mixture_with_a_sampled_component():
    component = torch.multinomial(encoder(data)[:, :2].softmax(-1), 1)
    return (mean[component] + torch.randn(6, 1)).square().sum()


@draws("blocked")
def index_of_the_largest():
    loc, scale = split(data)
    z = loc + scale * torch.randn_like(loc)
    return mean[z.argmax(-1)].square().sum()


@draws("blocked")
def sign_of_a_noisy_score():
    loc, scale = split(data)
    return reconstruction((loc + scale * torch.randn_like(loc)).sign())


@draws("reparameterized")
def sorted_draws():
    loc, scale = split(data)
    return reconstruction((loc + scale * torch.randn_like(loc)).sort(0).values)


@draws("reparameterized")
def guarded_against_what_is_not_a_number():
    loc, scale = split(data)
    z = torch.nan_to_num(loc + scale * torch.randn_like(loc)).clamp(-4, 4)
    return reconstruction(torch.where(torch.isfinite(z), z, torch.zeros_like(z)))


@draws("not needed")
def attention_with_dropout():
    q = encoder(data).view(1, 1, 6, 4)
    return F.scaled_dot_product_attention(q, q, q, dropout_p=0.1).square().sum()


@draws()
def attention_without_dropout():
    q = encoder(data).view(1, 1, 6, 4)
    return F.scaled_dot_product_attention(q, q, q).square().sum()


@draws("not needed")
def randomized_slopes():
    return F.rrelu(encoder(data), training=True).square().sum()


@draws("not needed")
def whole_channels_dropped():
    return F.dropout2d(encoder(data).view(6, 2, 2, 1), 0.2, True).square().sum()


@draws("reparameterized")
def written_as_addcmul():
    loc, scale = split(data)
    return reconstruction(torch.addcmul(loc, scale, torch.randn_like(loc)))


@draws("reparameterized")
def written_as_lerp():
    loc, scale = split(data)
    return reconstruction(torch.lerp(loc, torch.randn_like(loc), scale.sigmoid()))


@draws("reparameterized")
def written_as_einsum():
    loc, scale = split(data)
    return reconstruction(loc + torch.einsum("bij,bj->bi", torch.diag_embed(scale), torch.randn_like(loc)))


@draws("reparameterized")
def drawn_into_a_tensor_given_as_out():
    loc, scale = split(data)
    eps = torch.empty(6, 2)
    torch.randn(6, 2, out=eps)
    return reconstruction(loc + scale * eps)


@draws("blocked")
def blocked_draw_into_a_tensor_given_as_out():
    loc, scale = split(data)
    z = torch.empty(6, 2)
    torch.normal(loc.detach(), scale.detach(), out=z)
    return reconstruction(z) + kl(loc, scale)


@draws("reparameterized")
def stacked_row_by_row():
    loc, scale = split(data)
    eps = torch.randn(6, 2)
    return reconstruction(torch.stack([loc[i] + scale[i] * eps[i] for i in range(6)]))


@draws("blocked")
def stacked_row_by_row_and_blocked():
    loc, scale = split(data)
    z = torch.normal(loc, scale)
    return reconstruction(torch.stack([z[i] for i in range(6)])) + kl(loc, scale)


@draws("reparameterized")
def in_double_precision_and_back():
    loc, scale = split(data)
    z = loc.double() + scale.double() * torch.randn(6, 2, dtype=torch.float64)
    return reconstruction(z.float())


@draws("blocked")
def blocked_in_double_precision():
    loc, scale = split(data)
    return reconstruction(torch.normal(loc.double(), scale.double()).float()) + kl(loc, scale)


@draws("unknown")
def through_numpy():
    loc, scale = split(data)
    z = loc + scale * torch.randn_like(loc)
    return reconstruction(torch.from_numpy(z.detach().numpy().copy()))


@draws("blocked")
def mean_as_a_python_number():
    return (torch.normal(mean[0].item(), 1.0, (5,)) - mean).square().sum()


@draws("estimated")
def actions_drawn_under_no_grad():
    with torch.no_grad():
        action = torch.multinomial(policy(data).softmax(-1), 1)
    log_p = policy(data).log_softmax(-1).gather(1, action)
    return -(log_p * values[action]).mean()


@draws("estimated")
def reinforce_with_an_entropy_bonus():
    q = D.Categorical(logits=policy(data))
    action = q.sample()
    return -(q.log_prob(action) * values[action]).mean() - 0.01 * q.entropy().mean()


@draws("estimated")
def reward_as_the_weight_of_a_cross_entropy():
    scores = encoder(data)[:, :2]
    z = torch.bernoulli(scores.sigmoid())
    reward = (decoder(z) - data).square().sum(-1, keepdim=True).detach()
    return F.binary_cross_entropy_with_logits(scores, z, weight=reward.expand(6, 2))


@draws("blocked")
def score_of_another_distribution():
    q = D.Bernoulli(logits=encoder(data)[:, :2])
    other = D.Bernoulli(logits=encoder(data)[:, 2:])
    z = q.sample()
    reward = (decoder(z) - data).square().sum(-1)
    return (reward + other.log_prob(z).sum(-1) * reward.detach()).mean()


@draws("blocked")
def cross_entropy_that_trains_on_its_own_draw():
    scores = policy(data)
    action = torch.multinomial(scores.softmax(-1), 1).squeeze(-1)
    return F.cross_entropy(scores, action) + values[action].mean()


@draws("blocked", "reparameterized")
def second_latent_of_a_blocked_first():
    loc, scale = split(data)
    first = torch.normal(loc, scale)
    return reconstruction(first * log_scale[:2] + scale * torch.randn_like(first))


@draws("blocked", "not needed")
def dropout_after_a_detached_draw():
    loc, scale = split(data)
    z = (loc + scale * torch.randn_like(loc)).detach()
    return reconstruction(F.dropout(z, 0.2)) + kl(loc, scale)


@draws("blocked")
def exponential_sample():
    return (D.Exponential(mean.exp()).sample() - log_scale).square().sum()


@draws("blocked")
def laplace_sample():
    return D.Laplace(mean, log_scale.exp()).sample().square().sum()


@draws("blocked", "blocked")
def student_t_sample():
    return D.StudentT(4.0 + mean.exp()).sample().clamp(-5, 5).sum() + mean.sum()


@draws("blocked")
def geometric():
    return D.Geometric(logits=mean).sample().clamp(max=9).sum() + mean.sum()


@draws("blocked")
def one_hot_categorical():
    return (D.OneHotCategorical(logits=policy(data)).sample() @ values).sum()


@draws("blocked")
def threshold_of_a_gaussian():
    return ((mean + torch.randn(5)) > 0).float().sum() + mean.square().sum()


@draws("reparameterized")
def compiled_inside_of_the_loss():
    compiled = torch.compile(lambda a, b: a + b * torch.randn_like(a), backend="eager")
    return reconstruction(compiled(*split(data)))
