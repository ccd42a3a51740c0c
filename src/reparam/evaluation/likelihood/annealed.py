"""log p(x) by annealed importance sampling with Hamiltonian transitions: for any decoder, encoder or none."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from reparam import checks
from reparam.distributions import Distribution
from reparam.hardware import exact, in_float64, require_memory

Decode = Callable[[Tensor], Distribution]
TARGET_ACCEPTANCE = 0.65
ADAPTATION = 0.2


PER_TEMPERATURE = 4
"""Numbers that a temperature takes besides: it is held in float64, and as Python's."""


@dataclass(frozen=True)
class Annealing:
    """How chains go from the prior to the posterior.

    Args:
        steps: intermediate distributions.
        leapfrog: steps of each Hamiltonian trajectory.
        chains: chains per example.
        pilots: chains per example of the run before, which finds step sizes.
        step_size: where they start.

    Raises:
        UserError: if a number is not whole or below 1, or the step size is not positive.
    """

    steps: int = 500
    leapfrog: int = 10
    chains: int = 16
    pilots: int = 4
    step_size: float = 0.1

    def __post_init__(self) -> None:
        checks.wholes(steps=self.steps, leapfrog=self.leapfrog, chains=self.chains, pilots=self.pilots)
        checks.positive("step_size", self.step_size)

    def temperatures(self) -> Tensor:
        """0 = β_0 < ... < β_T = 1, close together at both ends: a sigmoid's values (Wu et al. 2017, section 3)."""
        ramp = torch.sigmoid(torch.linspace(-4, 4, self.steps + 1, dtype=torch.float64))
        return (ramp - ramp[0]) / (ramp[-1] - ramp[0])


@dataclass
class Target:
    """log p(z) + β log p(x|z) and its gradient, for codes of any shape as vectors, ``(chains, batch, units)``."""

    x: Tensor
    prior: Distribution
    decode: Decode

    def draw(self, chains: int) -> Tensor:
        """Codes of the prior for each x, as vectors."""
        return self.prior.sample((chains, len(self.x))).flatten(2)

    def parts(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Log p(z) and log p(x|z), each ``(chains, batch)``."""
        z = z.reshape(*z.shape[:2], *self.prior.event_shape)
        return self.prior.log_prob(z), self.decode(z).log_prob(self.x)

    def at(self, z: Tensor, beta: float) -> tuple[Tensor, Tensor, Tensor]:
        """The log-density at β, its gradient, and log p(x|z)."""
        z = z.detach().requires_grad_()
        with torch.enable_grad():
            log_prior, log_likelihood = self.parts(z)
            value = log_prior + beta * log_likelihood
            (gradient,) = torch.autograd.grad(value.sum(), z)  # whose graph ends here
        return value.detach(), gradient, log_likelihood.detach()


def moved(target: Target, z: Tensor, beta: float, size: Tensor, leapfrog: int) -> tuple[Tensor, Tensor, Tensor]:
    """One Hamiltonian trajectory with a Metropolis test (Neal 2011, section 5.3.2).

    Args:
        target: the densities.
        z: where the chains are, ``(chains, batch, units)``.
        beta: the temperature.
        size: step sizes ``(batch,)``.
        leapfrog: steps of the trajectory.

    Returns:
        Where the chains are then, log p(x|z) there, and which trajectories were accepted, ``(chains, batch)``.
    """
    momentum = torch.randn_like(z)
    before, gradient, likelihood_before = target.at(z, beta)
    after, likelihood_after, end, p, step = before, likelihood_before, z, momentum, size.unsqueeze(-1)
    for _ in range(leapfrog):
        p = p + 0.5 * step * gradient
        end = end + step * p
        after, gradient, likelihood_after = target.at(end, beta)
        p = p + 0.5 * step * gradient
    change = after - before - 0.5 * (p.square().sum(-1) - momentum.square().sum(-1))
    accept = torch.rand_like(change).log() < change  # false where the trajectory diverged to NaN
    likelihood = torch.where(accept, likelihood_after, likelihood_before)
    return torch.where(accept.unsqueeze(-1), end, z), likelihood, accept


@exact()
@torch.no_grad()
def tuned_step_sizes(
    x: Tensor,
    prior: Distribution,
    decode: Decode,
    settings: Annealing,
    step: Callable[[int], None] = lambda moved: None,
) -> Tensor:
    """Step sizes ``(steps, batch)`` by which about 0.65 of trajectories are accepted, from a run made for nothing else.

    A size that followed the very chains it moves would bias them.
    """
    _require_room(x, prior, settings)
    target = Target(x, prior, decode)
    z = target.draw(settings.pilots)
    size = torch.full((len(x),), settings.step_size, dtype=z.dtype, device=z.device)
    sizes = []
    for beta in settings.temperatures().tolist()[1:]:
        sizes.append(size)
        z, _, accept = moved(target, z, beta, size, settings.leapfrog)
        size = size * (ADAPTATION * (accept.to(size).mean(0) - TARGET_ACCEPTANCE)).exp()
        step(1)
    return torch.stack(sizes)


def _require_room(x: Tensor, prior: Distribution, settings: Annealing) -> None:
    """Refuse more temperatures, each with its step sizes, or more chains than memory holds.

    Raises:
        UserError: naming the most that would fit.
    """
    require_memory("steps", settings.steps, len(x) + PER_TEMPERATURE)
    require_memory("samples", settings.chains, len(x) * (math.prod(prior.event_shape) + math.prod(x.shape[1:])))


@dataclass(frozen=True)
class Annealed:
    """What annealed importance sampling found: ``log_mean`` ``(batch,)`` in nats, float64; and the chains' details.

    ``log_weights``: ``(chains, batch)``. ``acceptance``: the share of trajectories that were accepted.
    """

    log_weights: Tensor
    acceptance: float

    @property
    def log_mean(self) -> Tensor:
        """Log of the mean weight, ``(batch,)``: in expectation a lower bound of log p(x)."""
        return self.log_weights.logsumexp(0) - math.log(len(self.log_weights))

    @property
    def effective(self) -> Tensor:
        """The chains' effective sample size, ``(batch,)``."""
        return (2 * self.log_weights.logsumexp(0) - (2 * self.log_weights).logsumexp(0)).exp()


@exact()
@torch.no_grad()
def annealed_estimate(
    x: Tensor,
    prior: Distribution,
    decode: Decode,
    settings: Annealing | None = None,
    step: Callable[[int], None] = lambda moved: None,
) -> Annealed:
    """The evidence by annealing from the prior to the posterior (Neal 2001; Wu et al. 2017), from below in expectation.

    Args:
        x: ``(batch, *data_shape)``.
        prior: p(z), of batch shape ``()``.
        decode: from z ``(chains, batch, *event_shape)`` to p(x|z), differentiable.
        settings: of the chains; :class:`Annealing`'s defaults unless given.
        step: told after each temperature, twice: in the run that finds step sizes, and in the one that counts.
    """
    settings = settings or Annealing()
    sizes = tuned_step_sizes(x, prior, decode, settings, step)
    target, betas = Target(x, prior, decode), settings.temperatures().tolist()
    z = target.draw(settings.chains)
    likelihood = target.parts(z)[1]
    total, accepted = in_float64(torch.zeros_like(likelihood)), 0.0
    for (before, beta), size in zip(pairwise(betas), sizes, strict=True):
        total += (beta - before) * in_float64(likelihood)
        z, likelihood, accept = moved(target, z, beta, size, settings.leapfrog)
        accepted += in_float64(accept).mean().item() / settings.steps
        step(1)
    return Annealed(total.cpu(), accepted)


@exact()
@torch.no_grad()
def reverse_annealed_estimate(
    x: Tensor, z: Tensor, prior: Distribution, decode: Decode, settings: Annealing | None = None
) -> Annealed:
    """Minus the evidence, by annealing from exact posterior draws back to the prior: the evidence from above.

    For data that were simulated with their z (Grosse et al. 2015): the pair is an exact draw of the posterior.

    Args:
        x: ``(batch, *data_shape)``, drawn from ``decode(z)``.
        z: ``(batch, *event_shape)``, the same for all chains, or ``(chains, batch, *event_shape)``.
        prior: p(z).
        decode: from z to p(x|z).
        settings: of the chains.

    Returns:
        Weights whose log-mean estimates -log p(x), in expectation from below.
    """
    settings = settings or Annealing()
    sizes = tuned_step_sizes(x, prior, decode, settings)
    z = z.detach().flatten(z.dim() - prior.event_dims)
    z = z.expand(settings.chains, *z.shape[-2:]).clone()
    target, betas = Target(x, prior, decode), settings.temperatures().tolist()
    total, accepted = in_float64(torch.zeros(z.shape[:-1], device=z.device)), 0.0
    for (before, beta), size in reversed(list(zip(pairwise(betas), sizes, strict=True))):
        z, likelihood, accept = moved(target, z, beta, size, settings.leapfrog)
        total -= (beta - before) * in_float64(likelihood)
        accepted += in_float64(accept).mean().item() / settings.steps
    return Annealed(total.cpu(), accepted)


@dataclass(frozen=True)
class Gap:
    """Bounds of simulated data's mean log-likelihood, nats per example; in expectation the truth lies between."""

    lower: float
    upper: float

    @property
    def width(self) -> float:
        """Upper minus lower: how far annealing may be off on data like these."""
        return self.upper - self.lower


@exact()
@torch.no_grad()
def bidirectional_gap(prior: Distribution, decode: Decode, n: int = 10, settings: Annealing | None = None) -> Gap:
    """Bracket log p(x) of ``n`` simulated examples from below and from above (Grosse et al. 2015; Wu et al. 2017).

    Raises:
        UserError: if there is not even one example.
    """
    checks.whole("n", n)
    z = prior.sample((n,))
    x = decode(z).sample()
    lower = annealed_estimate(x, prior, decode, settings).log_mean
    upper = -reverse_annealed_estimate(x, z, prior, decode, settings).log_mean
    return Gap(lower.mean().item(), upper.mean().item())
