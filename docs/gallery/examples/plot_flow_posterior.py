"""
A posterior that bends
======================

Two latents, one observation, x = z₂ - z₁² + noise: the posterior given x = 0 lies along a parabola. The best diagonal
normal covers a piece of it, and its bound pays for the rest; a flow bends along.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

from reparam.bounds import elbo, sampled_kl
from reparam.distributions import Normal
from reparam.models.vae.posteriors import DiagonalNormal, FlowPosterior

prior = Normal.from_log_scale(torch.zeros(2), torch.zeros(2))
x = torch.zeros(1, 1)


def likelihood(z):
    mean = z[..., 1:] - z[..., :1] ** 2
    return Normal(mean, torch.full_like(mean, 0.3))


class Posterior(nn.Module):
    """One posterior for one observation: what an encoder would give is learned as it is."""

    def __init__(self, family):
        super().__init__()
        self.family, self.output = family, nn.Parameter(torch.zeros(1, family.outputs))

    def forward(self):
        return self.family(self.output)


def fitted(family):
    torch.manual_seed(0)
    posterior = Posterior(family)
    optimizer = torch.optim.Adam(posterior.parameters(), 0.02)
    for _ in range(300):
        optimizer.zero_grad()
        loss = -elbo(x, posterior(), prior, likelihood, samples=128, kl=sampled_kl).elbo.mean()
        loss.backward()
        optimizer.step()
    return posterior


grid = torch.stack(torch.meshgrid(*[torch.linspace(-5, 5, 501)] * 2, indexing="xy"), dim=-1)
joint = prior.log_prob(grid) + likelihood(grid).log_prob(x)
evidence = joint.flatten().logsumexp(0) + 2 * torch.tensor(0.02).log()

families = {"a diagonal normal": DiagonalNormal(2), "a spline flow": FlowPosterior(2, 0, hidden=(32,), kind="spline")}
figure, panels = plt.subplots(1, 2, figsize=(8, 4), sharex=True, sharey=True, layout="constrained")
for axes, (name, family) in zip(panels, families.items(), strict=True):
    posterior = fitted(family)
    with torch.no_grad():
        bound = elbo(x, posterior(), prior, likelihood, samples=20_000, kl=sampled_kl).elbo.item()
        z = posterior().sample((500,))[:, 0]
    axes.contourf(grid[..., 0], grid[..., 1], joint.exp(), levels=12, cmap="Blues")
    axes.scatter(*z.T, s=4, color="C1")
    axes.set(title=f"{name}: bound {bound:.2f}", xlim=(-2.5, 2.5), ylim=(-2, 3), xlabel="z₁")
panels[0].set_ylabel("z₂")
figure.suptitle(f"log p(x) = {evidence:.2f} nats; the posterior, and draws of each")
