"""Discrete draws: blocked, estimated by the score function, relaxed, straight-through."""

import torch
import torch.distributions as D
import torch.nn.functional as F

from audit_corpus.cases import draws
from audit_corpus.things import data, decoder, encoder, logits, mean, policy, reconstruction, values


@draws("blocked")
def bernoulli():
    return reconstruction(torch.bernoulli(encoder(data)[:, :2].sigmoid()))


@draws("blocked")
def bernoulli_by_comparison():
    p = encoder(data)[:, :2].sigmoid()
    return reconstruction((torch.rand_like(p) < p).float())


@draws("blocked")
def bernoulli_in_place():
    p = encoder(data)[:, :2].sigmoid()
    return reconstruction(torch.empty_like(p).bernoulli_(p))


@draws("blocked")
def categorical_gather():
    action = torch.multinomial(logits.softmax(-1), 1)
    return values[action].sum()


@draws("blocked")
def categorical_by_gumbel_argmax():
    gumbel = -torch.log(-torch.log(torch.rand_like(logits)))
    return values[(logits + gumbel).argmax(-1)].sum()


@draws("blocked")
def categorical_by_searching_the_cumulative_sum():
    steps = logits.softmax(-1).cumsum(-1)
    return values[torch.searchsorted(steps, torch.rand(6, 1)).clamp(max=2)].sum()


@draws("blocked")
def poisson():
    return (torch.poisson(mean.exp()) - 2).square().sum()


@draws("blocked")
def binomial():
    return D.Binomial(4, logits=mean).sample().square().sum()


@draws("blocked")
def rounded():
    return (mean + torch.randn(5)).round().square().sum()


@draws("estimated")
def reinforce():
    q = D.Categorical(logits=logits)
    action = q.sample()
    return -(q.log_prob(action) * values[action]).mean()


@draws("estimated")
def reinforce_with_baseline_by_hand():
    log_p = policy(data).log_softmax(-1)
    action = torch.multinomial(log_p.exp().detach(), 1)
    reward = values[action]
    return -((reward - reward.mean()) * log_p.gather(-1, action)).mean()


@draws("estimated")
def score_function_for_a_normal():
    q = D.Normal(mean, 1.0)
    z = q.sample()
    return (q.log_prob(z).sum() * z.square().sum().detach()) + z.square().sum()


@draws("estimated")
def reinforce_trains_the_encoder_and_autograd_the_decoder():
    q = D.Bernoulli(logits=encoder(data)[:, :2])
    z = q.sample()
    error = (decoder(z) - data).square().sum(-1)
    return (error + error.detach() * q.log_prob(z).sum(-1)).mean()


@draws("estimated", "estimated")
def reinforce_over_two_steps():
    first = D.Categorical(logits=policy(data))
    a = first.sample()
    second = D.Categorical(logits=policy(data + values[a].unsqueeze(-1)))
    b = second.sample()
    gain = values[a] + values[b]
    return -((first.log_prob(a) + second.log_prob(b)) * gain).mean()


@draws("estimated")
def policy_gradient_by_cross_entropy():
    scores = policy(data)
    action = torch.multinomial(scores.softmax(-1), 1).squeeze(-1)
    return (F.cross_entropy(scores, action, reduction="none") * values[action]).mean()


@draws("estimated")
def likelihood_ratio_as_in_ppo():
    q = D.Categorical(logits=policy(data))
    action = q.sample()
    ratio = (q.log_prob(action) - q.log_prob(action).detach()).exp()
    return -(ratio * values[action]).mean()


@draws("blocked")
def reinforce_with_the_log_probability_detached():
    q = D.Categorical(logits=logits)
    action = q.sample()
    return -(q.log_prob(action).detach() * values[action]).mean() + 0.01 * q.probs.square().sum()


@draws("blocked")
def reinforce_with_a_reward_that_is_no_reward():
    q = D.Bernoulli(logits=encoder(data)[:, :2])
    z = q.sample()
    return reconstruction(z) + (q.log_prob(z).sum(-1) * data.square().sum(-1)).mean()


@draws("relaxed")
def gumbel_softmax():
    return (F.gumbel_softmax(logits, tau=0.5) @ values).sum()


@draws("straight-through")
def gumbel_softmax_hard():
    return (F.gumbel_softmax(logits, tau=0.5, hard=True) @ values).sum()


@draws("relaxed")
def gumbel_softmax_by_hand():
    uniform = torch.rand_like(logits).clamp(1e-6, 1 - 1e-6)
    return (((logits - (-uniform.log()).log()) / 0.7).softmax(-1) @ values).sum()


@draws("blocked")
def gumbel_softmax_hard_with_the_soft_part_forgotten():
    soft = F.gumbel_softmax(logits, tau=0.5)
    hard = F.one_hot(soft.argmax(-1), 3).float()
    return (hard @ values).sum()


@draws("relaxed")
def relaxed_one_hot_categorical():
    return (D.RelaxedOneHotCategorical(torch.tensor(0.5), logits=logits).rsample() @ values).sum()


@draws("relaxed")
def binary_concrete():
    u = torch.rand(6, 2).clamp(1e-6, 1 - 1e-6)
    return reconstruction(((encoder(data)[:, :2] + u.log() - torch.log1p(-u)) / 0.5).sigmoid())


@draws("straight-through")
def bernoulli_straight_through():
    p = encoder(data)[:, :2].sigmoid()
    return reconstruction(torch.bernoulli(p) + p - p.detach())


@draws("straight-through")
def bernoulli_straight_through_the_other_way_round():
    p = encoder(data)[:, :2].sigmoid()
    hard = torch.bernoulli(p.detach())
    return reconstruction(p + (hard - p).detach())


@draws("straight-through")
def one_hot_categorical_straight_through():
    return (D.OneHotCategoricalStraightThrough(logits=logits).rsample() @ values).sum()


@draws("straight-through")
def rounding_straight_through():
    z = 3 * (mean + torch.randn(5))
    return (z + (z.round() - z).detach()).square().sum()


@draws("blocked")
def straight_through_with_everything_detached():
    p = encoder(data)[:, :2].sigmoid()
    return reconstruction(torch.bernoulli(p) + (p - p).detach()) + p.square().mean()


@draws("not needed")
def mask_with_a_fixed_rate():
    return reconstruction(encoder(data)[:, :2] * torch.bernoulli(torch.full((6, 2), 0.5)))
