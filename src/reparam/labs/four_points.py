"""Four one-hot points in a plane of codes: what a diagonal posterior cannot reach, and an adversarial one does."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn

from reparam.distributions import Normal
from reparam.divergences import grid
from reparam.divergences.nodes import Nodes
from reparam.labs.games import paced
from reparam.labs.lab import Check, Findings, Lab, Numbers
from reparam.models import VAE, StandardNormal
from reparam.models.model import Batch
from reparam.models.vae.avb import AVB, PairDiscriminator
from reparam.models.vae.implicit import ImplicitPosterior
from reparam.networks import MLP
from reparam.plots.style import BLUE, INK, ORANGE, SOFT, dress, new_figure
from reparam.training import each_step

TEXT = """
The data are four one-hot vectors, the codes lie in a plane, the likelihood is one Bernoulli per entry. A perfect model
gives each vector the mass 1/4, so that log p(x) = -log 4 = -1.386 nats. For the bound to be as high, the four
posteriors must share out the normal prior among them without overlap.

Diagonal normals cannot. With the best decoder for given posteriors, p(entry k is 1 | z) = q_k(z) / Σ q_j(z), the bound
is an integral over the plane in 16 numbers, the posteriors' means and scales; its maximum is -1.696, and that decoder's
log p(x) is -1.568. A VAE ends there, or at a local maximum a few hundredths of a nat below.

Adversarial variational Bayes has a posterior z = f(x, noise) of any shape. It cuts the plane into four wedges that
hardly overlap and comes close to -log 4. Its KL is known only as the mean logit T of a discriminator. Codes in a plane
are few-dimensional enough for a histogram of a great many draws to give the KL, too, and both must agree. The same
histogram of the VAE's posteriors must give the closed form of their KL, and no departure from a normal.

What mattered: two turns of the discriminator for one of the encoder, at three times the encoder's rate, both falling to
0, since T lags behind posteriors that move (with one turn, the posteriors' mixture stayed 0.13 nats from the prior
where two left 0.03). Sixteen dimensions of noise: two or three, and smooth activations, are folded into the plane with
creases where the density is infinite, and T stays 0.05 to 0.15 nats too low. Adaptive contrast was not needed.
"""
SOURCE = "Mescheder, Nowozin & Geiger 2017, the synthetic example of their experiments with generative models"
POINTS, NOISE, WIDTH, BATCH = 4, 16, 64, 256
RATES = {"vae": 3e-3, "discriminator": 3e-3, "autoencoder": 1e-3}
QUICK_RATES = {"vae": 5e-3, "discriminator": 5e-3, "autoencoder": 3e-3}  # less exact, sooner there
OPTIMUM = -math.log(POINTS)
STARTS = 6
SIDE, LIMIT = 200, 5.0  # cells of the histogram along each axis, and where it ends


def measure(seed: int, quick: bool) -> Findings:
    """The best diagonal bound by optimization, both models trained, and their posteriors measured alike."""
    best = best_diagonal()
    vae, adversarial = _vae(), _avb()
    rates, (few, many) = (QUICK_RATES, (400, 600)) if quick else (RATES, (2500, 5000))
    histories = {"vae": _train(vae, few, rates), "avb": _train(adversarial, many, rates)}
    draws = 80_000 if quick else 1_000_000
    normal, implicit = (Posteriors.of(model, draws) for model in (vae, adversarial))
    checks = (*_about_vae(vae, best, normal, quick), *_about_avb(adversarial, best, implicit, quick))
    numbers = {
        "vae": normal.some,
        "avb": implicit.some,
        "best": np.array([best.bound, best.evidence]),
        **{f"{name}_{key}": array for name, history in histories.items() for key, array in history.items()},
        **{f"{name}_map": _map(model) for name, model in (("vae", vae), ("avb", adversarial))},
    }
    return Findings(checks, numbers)


def _about_vae(vae: VAE, best: "Best", found: "Posteriors", quick: bool) -> tuple[Check, ...]:
    bound, kl = exact_bound(vae)
    slack = 0.1 if quick else 0.06
    return (
        Check("best bound of diagonal posteriors, any decoder, nats", OPTIMUM - 0.3, best.bound, relation="<="),
        Check("VAE: bound, at most the best one, nats", best.bound, bound, 1e-3, "<="),
        Check("VAE: bound, nats", best.bound, bound, slack),
        Check("VAE: log p(x) by quadrature, nats", best.evidence, evidence(vae), slack),
        Check("VAE: KL of the posteriors' mixture to the prior, nats", best.mixture, found.mixture, slack),
        Check("VAE: KL of the histogram against the closed form, nats", kl, found.kl, 0.02 if quick else 0.01),
        Check("VAE: departure of the posteriors from normal, nats", 0.0, found.departure, 0.02 if quick else 0.01),
    )


def _about_avb(avb: AVB, best: "Best", found: "Posteriors", quick: bool) -> tuple[Check, ...]:
    estimated, bound = _estimated_kl(avb), found.reconstruction - found.kl
    gain = 0.05 if quick else 0.1
    return (
        Check("AVB: log p(x) by quadrature, nats", OPTIMUM, evidence(avb), 0.2 if quick else 0.05),
        Check("AVB: log p(x), at least this, nats", best.evidence + gain, evidence(avb), relation=">="),
        Check("AVB: bound with the histogram's KL, at least this, nats", best.bound + gain, bound, relation=">="),
        Check(
            "AVB: KL by the discriminator against the histogram's, nats", found.kl, estimated, 0.2 if quick else 0.05
        ),
        Check("AVB: KL of the posteriors' mixture to the prior, nats", 0.0, found.mixture, 0.1 if quick else 0.03),
        Check("AVB: departure of the posteriors from normal, nats", gain, found.departure, relation=">="),
    )


# --- what diagonal posteriors can reach -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Best:
    """The best diagonal posteriors, in nats: ``bound``, ``evidence`` of their decoder, ``mixture``: KL to the prior."""

    bound: float
    evidence: float
    mixture: float


def best_diagonal() -> Best:
    """The highest of the maxima found from ``STARTS`` starts, the bound being integrated by quadrature."""
    nodes = _plane()
    return max((_ascend(nodes) for _ in range(STARTS)), key=lambda best: best.bound)


def _ascend(nodes: Nodes) -> Best:
    """Maximize the bound over four means and scales from a random start."""
    means = torch.randn(POINTS, 2, dtype=torch.float64).requires_grad_()
    log_scales = torch.full((POINTS, 2), -0.5, dtype=torch.float64).requires_grad_()
    optimizer = torch.optim.LBFGS([means, log_scales], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        negative = -bound_of_diagonal(means, log_scales, nodes)[0]
        negative.backward()  # type: ignore[no-untyped-call]
        return negative

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        return Best(*(value.item() for value in bound_of_diagonal(means, log_scales, nodes)))


def bound_of_diagonal(means: Tensor, log_scales: Tensor, nodes: Nodes) -> tuple[Tensor, Tensor, Tensor]:
    """Bound with the best decoder, that decoder's log p(x), and the KL of the mixture to the prior: means over points.

    The decoder's probability that entry k is 1 is the posterior's share at z, which maximizes the reconstruction.
    """
    q, prior = Normal.from_log_scale(means[:, None], log_scales[:, None]), _standard()
    log_q, log_p = q.log_prob(nodes.points), prior.log_prob(nodes.points)
    one, zero = log_q.log_softmax(0), _log_others(log_q)
    log_mixture = log_q.logsumexp(0) - math.log(POINTS)
    reconstruction = nodes.integrate(log_mixture.exp() * (one.exp() * one + zero.exp() * zero).sum(0))
    likelihood = one + zero.sum(0) - zero
    log_evidence = (likelihood + log_p + nodes.weights.log()).logsumexp(-1).mean()
    mixture = nodes.integrate(log_mixture.exp() * (log_mixture - log_p))
    return reconstruction - Normal.from_log_scale(means, log_scales).kl(prior).mean(), log_evidence, mixture


def _log_others(log_q: Tensor) -> Tensor:
    """Log of the share of all but the k-th, ``(points, n)``, without the cancellation of one minus a share near one."""
    others = [torch.cat([log_q[:k], log_q[k + 1 :]]).logsumexp(0) for k in range(len(log_q))]
    return torch.stack(others) - log_q.logsumexp(0)


# --- both models ----------------------------------------------------------------------------------------------------


def _vae() -> VAE:
    return VAE(MLP(POINTS, [WIDTH, WIDTH], 4), MLP(2, [WIDTH, WIDTH], POINTS), StandardNormal(2))


def _avb() -> AVB:
    """One network from data point and noise to the code; one from data point and code to T."""
    posterior = ImplicitPosterior(2, POINTS, NOISE, (WIDTH, WIDTH))
    discriminator = PairDiscriminator(nn.Identity(), MLP(POINTS + 2, [WIDTH, WIDTH], 1))
    decoder = MLP(2, [WIDTH, WIDTH], POINTS)
    return AVB(nn.Identity(), posterior, decoder, discriminator, StandardNormal(2), discriminator_turns=2)


def _train(model: VAE | AVB, steps: int, rates: Mapping[str, float]) -> dict[str, np.ndarray]:
    """Play the model's turns, their rates falling to 0 as a cosine; log p(x) on the way."""
    x, history = torch.eye(POINTS).repeat(BATCH // POINTS, 1), [(0, evidence(model))]
    for step in each_step(paced(model, rates), lambda number: x, steps):
        if step % (steps // 40) == 0:
            history.append((step, evidence(model)))
    return dict(zip(("steps", "evidence"), np.array(history).T, strict=True))


# --- quadrature over the plane of codes -----------------------------------------------------------------------------


def _plane() -> Nodes:
    return grid([-6.0, -6.0], [6.0, 6.0], 10)


def _standard() -> Normal:
    return Normal(torch.zeros(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64))


@torch.no_grad()
def _log_likelihoods(model: VAE | AVB, z: Tensor) -> Tensor:
    """Log p(x|z) of every data point at codes ``(n, 2)``: ``(points, n)``."""
    return model.decode(z.float().unsqueeze(1)).log_prob(torch.eye(POINTS)).double().T


def evidence(model: VAE | AVB) -> float:
    """Log p(x) by quadrature over the prior, in nats, averaged over the four points."""
    nodes = _plane()
    log_joint = _log_likelihoods(model, nodes.points) + _standard().log_prob(nodes.points)
    return float((log_joint + nodes.weights.log()).logsumexp(-1).mean())


@torch.no_grad()
def exact_bound(vae: VAE) -> tuple[float, float]:
    """A VAE's bound, its reconstruction integrated over the posteriors, and the closed form of its KL: nats."""
    nodes, encoded = _plane(), vae.encode(torch.eye(POINTS))
    assert isinstance(encoded, Normal)
    q = Normal(encoded.mean.double(), encoded.scale.double())
    density = Normal(q.mean[:, None], q.scale[:, None]).log_prob(nodes.points).exp()
    reconstruction = nodes.integrate(density * _log_likelihoods(vae, nodes.points)).mean()
    kl = q.kl(_standard()).mean()
    return float(reconstruction - kl), float(kl)


@torch.no_grad()
def _estimated_kl(avb: AVB) -> float:
    """The mean of T over draws of the posteriors, nats."""
    x = torch.eye(POINTS).repeat(25_000, 1)
    return avb.evaluate(Batch(x))["estimated_kl"].mean().item()


# --- posteriors measured from their draws alone ---------------------------------------------------------------------


@dataclass(frozen=True)
class Posteriors:
    """What draws of the four posteriors say, in nats, averaged over them.

    Attributes:
        kl: KL(q(z|x) ‖ p(z)).
        departure: KL of q(z|x) to the normal of its mean and full covariance.
        mixture: KL of the mixture of all four to the prior.
        reconstruction: E_q[log p(x|z)].
        some: a few draws to be shown, ``(n, points, 2)``.
    """

    kl: float
    departure: float
    mixture: float
    reconstruction: float
    some: np.ndarray

    @classmethod
    def of(cls, model: VAE | AVB, draws: int) -> "Posteriors":
        """Measured from so many draws of each posterior, taken in parts that fit memory."""
        parts = [_draw(model, 20_000) for _ in range(draws // 20_000)]
        z, likelihood = (torch.cat(part).double() for part in zip(*parts, strict=True))
        prior = _standard().log_prob(z).mean(0)
        counts = [_count(z[:, k]) for k in range(POINTS)]
        entropies = torch.tensor([_entropy(count) for count in counts])
        normal = torch.tensor([_normal_entropy(z[:, k]) for k in range(POINTS)])
        kl, departure = (float((other - entropies).mean()) for other in (-prior, normal))
        mixture = float(-prior.mean() - _entropy(np.sum(counts, axis=0)))
        return cls(kl, departure, mixture, float(likelihood.mean()), z[:1500].numpy())


@torch.no_grad()
def _draw(model: VAE | AVB, n: int) -> tuple[Tensor, Tensor]:
    """Codes ``(n, points, 2)``, and log p(x|z) at each, ``(n, points)``."""
    x = torch.eye(POINTS)
    z = model.encode(x).sample((n,))
    return z, model.decode(z).log_prob(x)


def _count(z: Tensor) -> np.ndarray:
    """How many codes ``(n, 2)`` lie in each cell; those outside count in the cell at the edge."""
    inside = z.clamp(-LIMIT, LIMIT).numpy()
    counts: np.ndarray = np.histogram2d(inside[:, 0], inside[:, 1], bins=SIDE, range=[[-LIMIT, LIMIT]] * 2)[0]
    return counts


def _entropy(counts: np.ndarray) -> float:
    """Differential entropy in nats of the density that is constant on each cell, with Miller and Madow's correction."""
    total = counts.sum()
    share = counts[counts > 0] / total
    return float(-(share * np.log(share)).sum() + (len(share) - 1) / (2 * total) + 2 * math.log(2 * LIMIT / SIDE))


def _normal_entropy(z: Tensor) -> float:
    """Entropy of the normal with these codes' covariance: the highest there is with that covariance."""
    return float(0.5 * torch.logdet(2 * math.pi * math.e * torch.cov(z.T)))


# --- the figure -----------------------------------------------------------------------------------------------------

HUES = (BLUE, ORANGE, "#44aa99", "#882255")
SHOWN = 120


def _map(model: VAE | AVB) -> np.ndarray:
    """How far each point leads the others in log p(x|z) on a regular grid of codes, ``(points, SHOWN, SHOWN)``."""
    side = torch.linspace(-3.5, 3.5, SHOWN)
    found = _log_likelihoods(model, torch.cartesian_prod(side, side))
    others = [torch.cat([found[:k], found[k + 1 :]]).max(0).values for k in range(POINTS)]
    return (found - torch.stack(others)).reshape(POINTS, SHOWN, SHOWN).numpy()


def draw(numbers: Numbers) -> Figure:
    """Draws of the posteriors over the decoder's regions, of both models, and log p(x) while training."""
    figure = new_figure(12.6, 4.4)
    left, middle, right = figure.subplots(1, 3)
    _codes(left, numbers, "vae", "VAE: diagonal normal posteriors")
    _codes(middle, numbers, "avb", "AVB: posteriors z = f(x, noise)")
    dress(right, x="share of the training", y="nats per example", title="log p(x) by quadrature")
    for name, colour, label in (("avb", ORANGE, "AVB"), ("vae", BLUE, "VAE")):
        steps = numbers[f"{name}_steps"]
        right.plot(steps / steps[-1], numbers[f"{name}_evidence"], color=colour, label=label)
    right.axhline(OPTIMUM, color=INK, linestyle="--", linewidth=1, label="-log 4")
    right.axhline(numbers["best"][1], color=SOFT, linestyle=":", label="decoder of the best diagonal posteriors")
    right.axhline(numbers["best"][0], color=SOFT, linestyle="-.", linewidth=1, label="their bound")
    right.set_ylim(-2.3, -1.3)
    right.legend(fontsize=8, frameon=False, loc="lower right")
    return figure


def _codes(axes: Axes, numbers: Numbers, name: str, title: str) -> None:
    """Draws of the four posteriors, each in its colour, and the borders between the decoder's answers."""
    dress(axes, x="z₁", y="z₂", title=title)
    axes.grid(visible=False)
    for k, colour in enumerate(HUES):
        points: Any = numbers[name][:, k].T
        axes.plot(*points, ".", color=colour, markersize=3, alpha=0.7, markeredgewidth=0)
    side = np.linspace(-3.5, 3.5, SHOWN)
    for lead in numbers[f"{name}_map"]:
        axes.contour(side, side, lead.T, levels=[0.0], colors=INK, linewidths=0.7)
    axes.set_xlim(-3.5, 3.5)
    axes.set_ylim(-3.5, 3.5)
    axes.set_aspect("equal")


LAB = Lab("four-points", "Four points: posteriors that tile the prior", TEXT, SOURCE, measure, draw)
run = LAB.run
